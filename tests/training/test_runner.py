"""The runner on an experiment of seconds: what it writes, what it refuses, and when it stops."""

from __future__ import annotations

import dataclasses
import io

import keras
import numpy as np
import pytest
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.training.tiny import CONFIG, EXPERIMENT, FAILING_STEP
from tfvae import data as datasets
from tfvae.errors import InputError
from tfvae.files import read_json, write_json
from tfvae.sampling import GaussianMixtureSampler
from tfvae.training import runner
from tfvae.training.callbacks import NonFiniteLoss
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.config import Training
from tfvae.training.run_folder import RunFolder
from tfvae.training.runner import run_experiment
from tfvae.training.strategy import choose_strategy

SHORT = dataclasses.replace(CONFIG, training=dataclasses.replace(CONFIG.training, epochs=1))


def run(out, **changes):
    """Runs the tiny experiment; returns its runs and what it printed."""
    printed = io.StringIO()
    runs = run_experiment(EXPERIMENT, dataclasses.replace(SHORT, out=out, **changes), Console(file=printed, width=200))
    return runs, printed.getvalue()


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The output folder of a finished run of `vae`, and what was printed."""
    out = tmp_path_factory.mktemp("out")
    return out, run(out)[1]


@pytest.fixture
def training_is_an_error(monkeypatch):
    def train(*arguments, **options):
        raise AssertionError("nothing should be trained")

    monkeypatch.setattr(runner, "train", train)


def folder_of(out, variant="vae") -> RunFolder:
    return RunFolder(out / "tiny" / variant / "seed-0")


def test_a_run_writes_everything_that_the_contract_names(done):
    out, _ = done
    folder = folder_of(out)
    record = read_json(folder.metrics)
    assert (record["experiment"], record["variant"], record["seed"]) == ("tiny", "vae", 0)
    assert (record["preset"], record["dataset"], record["epochs"]) == ("report", "digits", 1)
    assert set(record["metrics"]) == {"elbo", "reconstruction_bce", "reconstruction_mse", "reconstruction_l1"}
    keys = ["value", "std", "samples", "split", "extractor", "extractor_sha256", "reported", "source"]
    assert all(list(measurement) == keys for measurement in record["metrics"].values())
    assert record["train_seconds"] >= record["seconds_per_epoch"] > 0 and record["versions"]["keras"]
    assert np.load(folder.samples)["images"].shape == (4, 28, 28, 1)
    assert GaussianMixtureSampler.load(folder.samplers / "prior.npz").latent_dim == 2
    assert read_json(folder.samplers / "index.json") == {"sampler": "prior", "class_sampler": None}
    assert (folder.figures / "blank.png").stat().st_size > 0
    assert (out / "tiny" / "report.md").read_text() == f"vae {record['metrics']['elbo']['value']}\n"


def test_an_epoch_that_was_suspended_does_not_count_in_the_time(tmp_path):
    three = Training(epochs=3, batch_size=50)
    run(tmp_path, training=three)
    folder = folder_of(tmp_path)
    history = read_json(folder.history)
    write_json(
        folder.history, [{**row, "seconds": seconds} for row, seconds in zip(history, (2, 9000, 3), strict=True)]
    )
    folder.metrics.unlink()
    run(tmp_path, training=three)
    record = read_json(folder.metrics)
    assert (record["seconds_per_epoch"], record["train_seconds"]) == (3, 9)


def test_the_saved_model_is_the_trained_one(done):
    folder = folder_of(done[0])
    model = keras.saving.load_model(folder.model)
    np.testing.assert_array_equal(np.load(folder.samples)["images"], np.round(255 * model.sample(4)).astype(np.uint8))


def test_tensorboard_shows_metrics_config_and_curves(done):
    folder = folder_of(done[0])
    own = EventAccumulator(str(folder.path)).Reload()
    assert {"metrics/elbo", "config", "samples"} <= set(own.Tags()["tensors"])
    for part in ("train", "validation"):
        curves = EventAccumulator(str(folder.path / part)).Reload().Tags()["tensors"]
        assert set(curves) == {"terms/loss", "terms/reconstruction", "terms/kl"}


def test_what_runs_and_where_it_went_is_said(done):
    out, printed = done
    assert "1 of 1 runs to do, 1 epochs on 100 images of digits" in printed
    assert "Estimated training time" in printed and str(out / "tiny" / "report.md") in printed
    value = read_json(folder_of(out).metrics)["metrics"]["elbo"]["value"]
    assert f"{value:.1f}" in printed


def test_a_finished_run_is_skipped(done, training_is_an_error):
    runs, printed = run(done[0])
    assert "0 of 1 runs to do" in printed and [finished.variant for finished in runs] == ["vae"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"training": dataclasses.replace(SHORT.training, epochs=2)}, r"training\.epochs: 1 -> 2"),
        ({"test_images": 20}, "test_images: 30 -> 20"),
        ({"precision": "bfloat16"}, "precision: float32 -> bfloat16"),
    ],
)
def test_a_changed_config_is_refused_and_named(done, training_is_an_error, changes, named):
    with pytest.raises(InputError, match=named):
        run(done[0], **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"variants": ("vae", "none")},
        {"data": "none"},
        {"training": Training(batch_size=101)},
        {"strategy": "mirrored", "training": Training(batch_size=5)},
    ],
    ids=["variant", "data", "batch-above-data", "batch-between-devices"],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(tmp_path, training_is_an_error, changes):
    with pytest.raises(InputError, match=r"(?s)^Expected .+ Received: "):
        run(tmp_path, **changes)
    assert list(tmp_path.iterdir()) == []


def test_overwrite_starts_afresh_and_every_seed_is_a_run_of_its_own(done):
    out, _ = done
    folder = folder_of(out)
    before = read_json(folder.metrics)["metrics"]
    (folder.figures / "old.png").write_text("")
    runs, printed = run(out, seeds=(0, 1), overwrite=True)
    assert "2 of 2 runs to do" in printed
    assert not (folder.figures / "old.png").exists()
    assert read_json(folder.metrics)["metrics"] == before  # the same seed
    assert len(read_json(folder.history)) == 1
    first, second = (finished.record for finished in runs)
    assert (first["seed"], second["seed"]) == (0, 1)
    assert first["metrics"]["elbo"] != second["metrics"]["elbo"]


def test_a_loss_that_is_not_finite_stops_the_run_and_a_good_checkpoint_stays(tmp_path):
    with pytest.raises(NonFiniteLoss, match=rf"'kl' was not finite at step {FAILING_STEP}\."):
        run(tmp_path, variants=("failing",), training=CONFIG.training)
    folder = folder_of(tmp_path, "failing")
    assert not folder.finished and not folder.model.exists()
    data = datasets.load("digits").subset(train=CONFIG.training_images, test=CONFIG.test_images)
    model = runner.build_model(EXPERIMENT, CONFIG, data, choose_strategy("one"), "failing", 0)
    assert Checkpointer(folder.checkpoints, model).restore() == Position(1, 6)  # before the execution of steps 6 to 8
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


@pytest.mark.parametrize("changes", [{"strategy": "mirrored"}, {"precision": "bfloat16"}], ids=["mirrored", "bfloat16"])
def test_a_run_on_two_devices_or_in_bfloat16_ends_like_one_in_float32(done, tmp_path, changes):
    run(tmp_path, **changes)
    ours, theirs = (read_json(folder_of(out).metrics)["metrics"] for out in (tmp_path, done[0]))
    assert ours["elbo"]["value"] == pytest.approx(theirs["elbo"]["value"], rel=0.02)
    assert keras.config.dtype_policy().name == "float32"
    assert keras.saving.load_model(folder_of(tmp_path).model).sample(1).dtype == np.float32
