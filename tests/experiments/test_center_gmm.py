"""Report 0's experiment from its command line: the whole contract on the bundled digits, and every wrong input."""

from __future__ import annotations

import json
import os
import re
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from experiments.center_gmm import EXPERIMENT
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.training.command import main, parse

SMOKE = ["--preset", "smoke", "--data", "digits", "--widths", "32", "--training-images", "1000", "--test-images", "300"]
RUN_FILES = ("config.json", "history.json", "metrics.json", "model.keras", "samples.npz", "samplers/index.json")


def command(*words: str) -> int:
    """The exit code of `python -m experiments.center_gmm WORDS`."""
    with pytest.raises(SystemExit) as ended:
        main(EXPERIMENT, "test", words)
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished smoke run of the pair."""
    folder = tmp_path_factory.mktemp("runs")
    assert command(*SMOKE, "--variants", "vanilla-6", "center-6", "--out", str(folder)) == 0
    return folder


def test_every_file_of_the_contract_is_written(out: Path) -> None:
    for variant in ("vanilla-6", "center-6"):
        run = out / "center_gmm" / variant / "seed-0"
        assert [name for name in RUN_FILES if not (run / name).exists()] == []
        assert list(run.glob("events*")) and list((run / "train").glob("events*"))
        assert list((run / "validation").glob("events*")) and list((run / "checkpoints").glob("*.index"))
        with np.load(run / "samples.npz", allow_pickle=False) as samples:
            assert samples["images"].dtype == np.uint8 and samples["images"].shape == (500, 28, 28, 1)
            assert ("labels" in samples) == (variant == "center-6")


def test_metrics_carry_their_labels(out: Path) -> None:
    record = json.loads((out / "center_gmm/center-6/seed-0/metrics.json").read_text())
    assert record["dataset"] == "digits" and record["epochs"] == 2 and record["fallback_for"] is None
    assert record["settings"]["center_weight"] == 3.0 and len(record["dataset_sha256"]) == 64
    metrics = record["metrics"]
    for sampler in ("prior", "class_gaussian", "class_gaussian@1.5", "class_gaussian@3", "mixture", "class_mixture"):
        fid = metrics[f"{sampler}/fid"]
        assert fid["extractor"] == "mnist_cnn" and len(fid["extractor_sha256"]) == 64
        assert fid["samples"] == 500 and fid["split"] == "test" and fid["value"] > 0
    assert "elbo" not in metrics, "a model without a KL term follows no prior"
    assert 0 <= metrics["class_gaussian@1.5/class_accuracy"]["value"] <= 1


def test_the_elbo_is_no_better_than_the_importance_sampled_likelihood(out: Path) -> None:
    metrics = json.loads((out / "center_gmm/vanilla-6/seed-0/metrics.json").read_text())["metrics"]
    assert metrics["elbo"]["value"] < 0
    # Over other images, and so with their spread: -nll is the tighter bound by more than that spread allows back.
    assert -metrics["nll"]["value"] > metrics["elbo"]["value"] - 10


def test_samplers_are_saved_with_the_run(out: Path) -> None:
    folder = out / "center_gmm/center-6/seed-0/samplers"
    plain = GaussianMixtureSampler.load(folder / "class_gaussian.npz")
    shrunk = GaussianMixtureSampler.load(folder / "class_gaussian@1.5.npz")
    np.testing.assert_allclose(shrunk.covariances * 1.5, plain.covariances)
    assert json.loads((folder / "index.json").read_text())["class_sampler"] == "class_gaussian@1.5"


def test_the_report_links_pictures_that_exist_and_judges_each_claim(out: Path) -> None:
    page = out / "center_gmm/report.md"
    links = re.findall(r"\]\(([^)]+\.png)\)", page.read_text())
    assert len(links) >= 12
    assert [link for link in links if not (page.parent / link).exists()] == []
    assert len(re.findall(r"\*\*(Holds|Does not hold):\*\*", page.read_text())) == 5
    assert (page.parent / "overview.png").stat().st_size > 1000


def test_the_same_command_skips_what_is_finished(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = out / "center_gmm/vanilla-6/seed-0/metrics.json"
    before = record.stat().st_mtime_ns
    assert command(*SMOKE, "--variants", "vanilla-6", "center-6", "--out", str(out)) == 0
    assert record.stat().st_mtime_ns == before
    assert "0 of 2 runs to do" in capsys.readouterr().out


def test_a_changed_config_is_refused_and_names_the_field(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*SMOKE, "--variants", "vanilla-6", "--out", str(out), "--training.learning-rate", "0.01"]
    assert command(*words) == 2
    assert "training.learning_rate: 0.001 -> 0.01" in capsys.readouterr().err
    assert (out / "center_gmm/vanilla-6/seed-0/metrics.json").exists()


def _npz(path: Path, **arrays: np.ndarray) -> str:
    np.savez(path / "mnist.npz", **arrays)
    return str(path)


def _truncated(path: Path) -> str:
    _npz(path, x_train=np.zeros((100, 28, 28), np.uint8))
    content = (path / "mnist.npz").read_bytes()
    (path / "mnist.npz").write_bytes(content[: len(content) // 2])
    assert not zipfile.is_zipfile(path / "mnist.npz")
    return str(path)


def _empty(path: Path) -> str:
    (path / "pictures").mkdir()
    return f"folder:{path / 'pictures'}"


def _file(path: Path) -> str:
    (path / "file").write_text("")
    return str(path / "file" / "runs")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--preset", "thorough"], "quick"),
        (["--training.epoch", "3"], "training.epochs"),
        (["--training.epochs", "many"], "many"),
        (["--training.epochs", "0"], "training-epochs=0"),
        (["--center.weight", "-1"], "center-weight=-1"),
        (["--center.step", "0"], "center-step=0"),
        (["--samples", "0"], "samples=0"),
        (["--variants", "vanila-6"], "vanilla-6"),
        (["--seeds", "1", "1"], "each seed once"),
        (["--data", "minst"], "mnist"),
        (["--training.batch-size", "5000"], "5000"),
        (["--test-images", "12"], "test images of each class"),
        (["--test-images", "60"], "images=60"),
        (["--training-images", "40", "--training.batch-size", "10"], "training images of each class"),
    ],
)
def test_a_wrong_word_gets_one_message_and_exit_code_2(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*SMOKE, "--out", str(tmp_path / "runs"), *words) == 2
    printed = capsys.readouterr()
    assert said in printed.err + printed.out and "Traceback" not in printed.err
    assert not list(tmp_path.rglob("*.index")), "nothing was trained"


@pytest.mark.parametrize(
    ("flag", "make", "said"),
    [
        ("--data-dir", lambda path: str(path / "nowhere"), "nowhere"),
        ("--data-dir", _truncated, "mnist.npz"),
        ("--data-dir", lambda path: _npz(path, images=np.zeros(3, np.uint8)), "x_train"),
        ("--data", _empty, "pictures"),
        ("--out", _file, "file"),
    ],
)
def test_a_wrong_folder_gets_one_message_and_exit_code_2(
    flag: str, make: object, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", "mnist"] if flag == "--data-dir" else []
    assert command(*SMOKE, *data, "--out", str(tmp_path / "runs"), flag, make(tmp_path)) == 2  # type: ignore[operator]
    error = capsys.readouterr().err
    assert error.startswith("error: Expected") or "expected" in error
    assert said in error and "Traceback" not in error


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Permissions do not stop root, under which continuous integration often runs; nobody can write to /proc.
    tmp_path.chmod(0o500)
    out = "/proc/runs" if os.geteuid() == 0 else str(tmp_path / "runs")
    assert command(*SMOKE, "--out", out) == 2
    assert "can be written" in capsys.readouterr().err


def test_fields_of_the_preset_hold_where_none_is_named() -> None:
    config = parse(EXPERIMENT, None, ["--preset", "quick", "--center.weight", "3"])
    assert (config.training.epochs, config.samples, config.center.weight) == (8, 5000, 3.0)
    assert parse(EXPERIMENT, None, []).training.epochs == 50


def test_where_mnist_cannot_be_had_the_demo_takes_digits_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.delenv("TFVAE_DATA_DIR", raising=False)
    monkeypatch.setattr(keras.datasets.mnist, "load_data", unreachable)
    small = ["--preset", "smoke", "--widths", "16", "--training-images", "500", "--training.epochs", "1"]
    words = [*small, "--variants", "vanilla-3", "--out", str(tmp_path)]
    assert command(*words) == 2, "without the flag it is refused"
    assert command(*words, "--fallback-to-digits") == 0
    printed = capsys.readouterr().out
    assert "NOT MNIST" in printed and "'digits'" in printed
    record = json.loads((tmp_path / "digits-instead-of-mnist/center_gmm/vanilla-3/seed-0/metrics.json").read_text())
    assert (record["dataset"], record["fallback_for"], record["epochs"]) == ("digits", "mnist", 10)
    assert "NOT mnist" in (tmp_path / "digits-instead-of-mnist/center_gmm/report.md").read_text()
