"""A run that is killed with SIGKILL, several times, ends bit for bit as one that never was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from tests.contracts import states
from tests.training.tiny import CONFIG, EXPERIMENT
from tfvae import data as datasets
from tfvae.files import read_json
from tfvae.training import command
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.run_folder import RunFolder
from tfvae.training.runner import build_model
from tfvae.training.strategy import choose_strategy

REPOSITORY = Path(__file__).parents[2]
VARIANT = "center"  # noise, an optimizer, and centers that no optimizer moves


def run_folder(out: Path) -> RunFolder:
    return RunFolder(out / "tiny" / VARIANT / "seed-0")


def started(out: Path, moment: str = "") -> subprocess.Popen[str]:
    environment = {**os.environ, "STAND_STILL_AT": moment, "STAND_STILL_FILE": str(out / moment)}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.training.tiny", "--out", str(out), "--variants", VARIANT],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(process: subprocess.Popen[str], out: Path, moment: str) -> None:
    deadline = time.monotonic() + 200
    while not (out / moment).exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"never came to {moment}: {process.communicate()[1]}")
        time.sleep(0.1)


def killed(process: subprocess.Popen[str]) -> str:
    """Kills the process, which has no time to do anything about it; returns what it had said."""
    process.kill()
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL
    return errors


def finished(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors


def exit_code(out: Path, monkeypatch, *words: str) -> int:
    """The same command in this process."""
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # put back after the test
    with pytest.raises(SystemExit) as exit_:
        command.main(EXPERIMENT, None, ["--out", str(out), "--variants", VARIANT, *words])
    return int(exit_.value.code or 0)


def final_states(out: Path) -> tuple[Position, list[np.ndarray]]:
    """The position and every weight, counter and optimizer variable of the newest checkpoint."""
    data = datasets.load("digits").subset(train=CONFIG.training_images, test=CONFIG.test_images)
    model = build_model(EXPERIMENT, CONFIG, data, choose_strategy("one"), VARIANT, 0)
    return Checkpointer(run_folder(out).checkpoints, model).restore(), states(model)


def newest_checkpoint(out: Path) -> Path:
    indices = run_folder(out).checkpoints.glob("ckpt-*.index")
    return max(indices, key=lambda path: int(path.stem.rpartition("-")[2])).with_suffix("")


def test_a_killed_run_ends_as_one_that_never_was(tmp_path, monkeypatch, capfd):
    out, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    out.mkdir()

    # Within epoch 2: three steps are done since the newest checkpoint.
    process = started(out, "step-18")
    wait_until(process, out, "step-18")
    refused = exit_code(out, monkeypatch)
    assert refused == 2 and "a living process holds" in " ".join(capfd.readouterr().err.split())
    killed(process)
    assert newest_checkpoint(out).name == "ckpt-5"  # after steps 3, 6, 9 and 10 of epoch 1, and 3 of epoch 2

    # Between the last step of epoch 2 and its checkpoint; then the newest checkpoint is found cut in half.
    process = started(out, "epoch-2")
    wait_until(process, out, "epoch-2")
    killed(process)
    assert newest_checkpoint(out).name == "ckpt-7"  # after steps 6 and 9 of epoch 2
    content = Path(f"{newest_checkpoint(out)}.data-00000-of-00001")
    content.write_bytes(content.read_bytes()[: content.stat().st_size // 2])

    # Trained to the end, before anything is measured.
    reference = started(undisturbed)
    process = started(out, "evaluation")
    wait_until(process, out, "evaluation")
    said = killed(process)
    assert "ckpt-7 is damaged" in " ".join(said.split())
    assert not run_folder(out).finished

    process = started(out)
    finished(process)
    finished(reference)

    position, ours = final_states(out)
    assert position == Position(3, 0)
    for value, expected in zip(ours, final_states(undisturbed)[1], strict=True):
        np.testing.assert_array_equal(value, expected)
    run, other = run_folder(out), run_folder(undisturbed)
    assert read_json(run.metrics)["metrics"] == read_json(other.metrics)["metrics"]
    rows, others = (
        [(row["epoch"], row["train"], row["validation"]) for row in read_json(folder.history)]
        for folder in (run, other)
    )
    assert rows == others and len(rows) == 3
    assert read_json(run.steps) == read_json(other.steps)
    assert [row["step"] for row in read_json(run.steps)] == [3, 6, 9, 10, 13, 16, 19, 20, 23, 26, 29, 30]
    np.testing.assert_array_equal(np.load(run.samples)["images"], np.load(other.samples)["images"])

    # Finished: nothing is trained or measured again.
    written = {path: path.stat().st_mtime_ns for path in run.path.rglob("*") if path.is_file()}
    assert exit_code(out, monkeypatch) == 0
    assert {path: path.stat().st_mtime_ns for path in written} == written
