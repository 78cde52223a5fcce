"""A run that is killed with SIGKILL, several times, ends bit for bit as one that never was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.contracts import states
from tests.training.commands import (
    assert_equal_arrays,
    built,
    command,
    history_without_seconds,
    run_folder,
    saved_weights,
)
from tfvae.files import read_json
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.run_folder import step_rows

REPOSITORY = Path(__file__).parents[2]
VARIANT = "center"  # noise, an optimizer, and centers that no optimizer moves
WORDS = ("--variants", VARIANT, "--training.schedule", "cosine")


def started(out: Path, moment: str = "") -> subprocess.Popen[str]:
    environment = {**os.environ, "STAND_STILL_AT": moment, "STAND_STILL_FILE": str(out / moment)}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.training.tiny", "--out", str(out), *WORDS],
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


def final_states(out: Path) -> tuple[Position, list[np.ndarray]]:
    """The position and every weight, counter and optimizer variable of the newest checkpoint."""
    model = built(VARIANT)
    return Checkpointer(run_folder(out, VARIANT).checkpoints, model).restore(), states(model)


def newest_checkpoint(out: Path) -> Path:
    indices = run_folder(out, VARIANT).checkpoints.glob("ckpt-*.index")
    return max(indices, key=lambda path: int(path.stem.rpartition("-")[2])).with_suffix("")


def test_killed_run_ends_as_an_undisturbed_one(tmp_path, capfd):
    out, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    out.mkdir()

    # Within epoch 2: three steps are done since the newest checkpoint.
    process = started(out, "step-18")
    wait_until(process, out, "step-18")
    assert command(out, *WORDS) == 2
    assert "a living process holds" in " ".join(capfd.readouterr().err.split())
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
    assert not run_folder(out, VARIANT).finished

    process = started(out)
    finished(process)
    finished(reference)

    position, ours = final_states(out)
    assert position == Position(3, 0)
    assert_equal_arrays(ours, final_states(undisturbed)[1])
    run, other = run_folder(out, VARIANT), run_folder(undisturbed, VARIANT)
    assert_equal_arrays(saved_weights(run), saved_weights(other))
    metrics = [read_json(folder.metrics)["metrics"] for folder in (run, other)]
    assert metrics[0] == metrics[1]
    rows = history_without_seconds(run)
    assert rows == history_without_seconds(other) and len(rows) == 3
    # Half a cosine over three epochs: 1e-3 * (1 + cos(pi * epoch / 3)) / 2.
    assert [row["epoch_metrics"]["rate"] for row in rows] == pytest.approx([1e-3, 0.75e-3, 0.25e-3])
    assert step_rows(run) == step_rows(other)
    assert [row["step"] for row in step_rows(run)] == [3, 6, 9, 10, 13, 16, 19, 20, 23, 26, 29, 30]
    np.testing.assert_array_equal(np.load(run.samples)["images"], np.load(other.samples)["images"])

    # Finished: nothing is trained or measured again.
    written = {path: path.stat().st_mtime_ns for path in run.path.rglob("*") if path.is_file()}
    assert command(out, *WORDS) == 0
    assert {path: path.stat().st_mtime_ns for path in written} == written
