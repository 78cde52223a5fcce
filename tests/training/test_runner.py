"""The runner on an experiment of seconds: what it writes, what it refuses, and when it stops."""

from __future__ import annotations

import io

import keras
import numpy as np
import pytest
from rich.console import Console
from rich.progress import Progress
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.training.commands import built, run_folder
from tests.training.tiny import CONFIG, EXPERIMENT, FAILING_STEP, SETTINGS
from tfvae import data as datasets
from tfvae.cli import experiment as experiment_command
from tfvae.data.images import ImageData
from tfvae.errors import InputError, NonFiniteLoss
from tfvae.files import read_json, write_json
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.training import runner
from tfvae.training.arguments import parse
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.published import Published
from tfvae.training.run import Run
from tfvae.training.run_folder import RunFolder
from tfvae.training.runner import run_variants


def run(out, *words, epochs=1, **options):
    """Runs the tiny experiment; returns its result and what it printed."""
    printed = io.StringIO()
    words = words if "--training.epochs" in words else ("--training.epochs", str(epochs), *words)
    plan = parse(SETTINGS, ["--out", str(out), *words])
    result = run_variants("tiny", "Tiny", EXPERIMENT.by_name, plan, Console(file=printed, width=200), **options)
    return result, printed.getvalue()


PUBLISHED = (Published("elbo", -98.5, "vae", "table 1"), Published("elbo", -77.0, "center", "table 1"))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The output folder of a finished run of `vae`, and what was printed."""
    out = tmp_path_factory.mktemp("out")
    return out, run(out, published=PUBLISHED)[1]


@pytest.fixture
def training_is_an_error(monkeypatch):
    def train(*arguments, **options):
        raise AssertionError("nothing should be trained")

    monkeypatch.setattr(runner, "train", train)


def test_run_writes_every_file(done):
    folder = run_folder(done[0], "vae")
    record = read_json(folder.metrics)
    assert (record["experiment"], record["variant"], record["seed"]) == ("tiny", "vae", 0)
    assert (record["preset"], record["dataset"], record["epochs"]) == ("report", "digits", 1)
    expected = {"elbo", "reconstruction_bce", "reconstruction_mse", "reconstruction_l1", "active_units", "silhouette"}
    assert expected <= set(record["metrics"])
    keys = ["value", "std", "samples", "real_samples", "split", "extractor", "extractor_sha256", "reported", "source"]
    assert all(list(measurement) == keys for measurement in record["metrics"].values())
    assert record["train_seconds"] >= record["seconds_per_epoch"] > 0 and record["versions"]["keras"]
    assert np.load(folder.samples)["images"].shape == (100, 28, 28, 1)
    assert GaussianMixtureSampler.load(folder.samplers / "prior.npz").latent_dim == 2
    assert read_json(folder.samplers / "index.json") == {"sampler": "prior", "class_sampler": None}
    assert (folder.figures / "blank.png").stat().st_size > 0


def test_record_counts_parameters_and_keeps_the_settings(done):
    """784-16-4 and 2-16-784, with biases."""
    record = read_json(run_folder(done[0], "vae").metrics)
    assert record["parameters"] == 784 * 16 + 16 + 16 * 4 + 4 + 2 * 16 + 16 + 16 * 784 + 784
    assert record["settings"]["beta"] == 1.0 and record["settings"]["training.batch_size"] == 10
    assert record["settings"]["latent_dim"] == 2 and record["settings"]["samples"] == 100


def test_published_number_stands_beside_the_same_metric_of_its_variant(done):
    metrics = read_json(run_folder(done[0], "vae").metrics)["metrics"]
    assert (metrics["elbo"]["reported"], metrics["elbo"]["source"]) == (-98.5, "table 1")
    assert all(metric["reported"] is None for name, metric in metrics.items() if name != "elbo")


def test_config_json_holds_everything_that_was_used(done):
    config = read_json(run_folder(done[0], "vae").config)
    expected = {
        "experiment": "tiny",
        "variant": "vae",
        "seed": 0,
        "preset": "report",
        "strategy": "auto",
        "dataset": "digits",
        "data": "digits",
        "training_images": 100,
        "test_images": 100,
        "precision": "float32",
        "samples": 100,
        "training.epochs": 1,
        "training.batch_size": 10,
        "training.learning_rate": 1e-3,
    }
    fingerprint = config["fingerprint"]
    assert len(fingerprint.pop("dataset_sha256")) == 64 and fingerprint == expected
    assert config["value_range"] == [0.0, 1.0] and config["device"] and config["versions"]["tensorflow"]


def test_interrupted_epoch_does_not_count_in_the_time(tmp_path):
    words = ("--training.batch-size", "50")
    run(tmp_path, *words, epochs=3)
    folder = run_folder(tmp_path, "vae")
    history = read_json(folder.history)
    write_json(
        folder.history, [{**row, "seconds": seconds} for row, seconds in zip(history, (2, 9000, 3), strict=True)]
    )
    folder.metrics.unlink()
    run(tmp_path, *words, epochs=3)
    record = read_json(folder.metrics)
    assert (record["seconds_per_epoch"], record["train_seconds"]) == (3, 9)


def test_saved_model_gives_the_saved_samples(done):
    folder = run_folder(done[0], "vae")
    model = keras.saving.load_model(folder.model)
    codes, _ = GaussianMixtureSampler.load(folder.samplers / "prior.npz").sample(100, seed=0)
    expected = np.round(255 * model.decode(codes)).astype(np.uint8)
    np.testing.assert_array_equal(np.load(folder.samples)["images"], expected)


def test_tensorboard_shows_metrics_config_and_curves(done):
    folder = run_folder(done[0], "vae")
    own = EventAccumulator(str(folder.path)).Reload()
    assert {"metrics/elbo", "config", "samples"} <= set(own.Tags()["tensors"])
    terms = {"terms/loss", "terms/reconstruction", "terms/kl"}
    for part, others in (("train", {"epoch/steps", "epoch/rate"}), ("validation", set())):
        curves = EventAccumulator(str(folder.path / part)).Reload().Tags()["tensors"]
        assert set(curves) == terms | others


def test_announcement_names_runs_data_and_time(done):
    assert "1 of 1 runs to do, 1 epochs on 100 images of digits" in done[1]
    assert "Estimated training time" in done[1]


def test_summary_and_page_show_the_metrics(done, training_is_an_error):
    printed = io.StringIO()
    plan = parse(SETTINGS, ["--out", str(done[0]), "--training.epochs", "1"])
    experiment_command.run(EXPERIMENT, plan, Console(file=printed, width=200))
    page = done[0] / "tiny" / "report.md"
    value = read_json(run_folder(done[0], "vae").metrics)["metrics"]["elbo"]["value"]
    assert f"{value:.1f}" in printed.getvalue() and str(page) in printed.getvalue()
    assert f"| elbo | {value:.1f} |" in page.read_text()
    assert "Too short to judge" in printed.getvalue() and "**Too short to judge:**" in page.read_text()


def test_finished_run_is_skipped(done, training_is_an_error):
    result, printed = run(done[0])
    assert "0 of 1 runs to do" in printed
    assert [folder.path for folder in result.runs] == [run_folder(done[0], "vae").path]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--training.epochs", "2"), r"training\.epochs: 1 -> 2"),
        (("--test-images", "110"), "test_images: 100 -> 110"),
        (("--precision", "bfloat16"), "precision: float32 -> bfloat16"),
        (("--training.schedule", "cosine"), r"training\.schedule: not set -> cosine"),
        (("--training.early-stopping", "2"), r"training\.early_stopping: not set -> 2"),
    ],
)
def test_changed_config_is_refused_with_the_field(done, training_is_an_error, words, named):
    with pytest.raises(InputError, match=named):
        run(done[0], *words)


@pytest.mark.parametrize(
    "words",
    [
        ("--data", "none"),
        ("--data", "synthetic"),
        ("--training.batch-size", "101"),
        ("--strategy", "mirrored", "--training.batch-size", "5"),
        ("--samples", "99"),
    ],
    ids=["data", "kind-of-data", "batch-above-data", "batch-between-devices", "few-samples"],
)
def test_impossible_request_is_refused_before_anything_is_written(tmp_path, training_is_an_error, words):
    with pytest.raises(InputError, match=r"(?s)^Expected .+ Received: "):
        run(tmp_path, *words)
    assert list(tmp_path.iterdir()) == []


def test_overwrite_starts_afresh_and_every_seed_has_a_run_of_its_own(done):
    out, _ = done
    folder = run_folder(out, "vae")
    before = read_json(folder.metrics)["metrics"]["elbo"]["value"]
    (folder.figures / "old.png").write_text("")
    result, printed = run(out, "--seeds", "0", "1", "--overwrite", published=PUBLISHED)
    assert "2 of 2 runs to do" in printed
    assert not (folder.figures / "old.png").exists()
    assert len(read_json(folder.history)) == 1
    first, second = (read_json(place.metrics) for place in result.runs)
    assert (first["seed"], second["seed"]) == (0, 1)
    assert first["metrics"]["elbo"]["value"] == before  # the same seed
    assert second["metrics"]["elbo"]["value"] != before


def test_non_finite_loss_stops_the_run_and_keeps_a_good_checkpoint(tmp_path):
    with pytest.raises(NonFiniteLoss, match=rf"'kl' was not finite at step {FAILING_STEP}\."):
        run(tmp_path, "--variants", "failing", epochs=3)
    folder = run_folder(tmp_path, "failing")
    assert not folder.finished and not folder.model.exists()
    model = built("failing")
    assert Checkpointer(folder.checkpoints, model).restore() == Position(1, 6)  # before the execution of steps 6 to 8
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


@pytest.mark.parametrize(
    "words",
    [("--strategy", "mirrored", "--training.schedule", "cosine"), ("--precision", "bfloat16")],
    ids=lambda words: words[1],
)
def test_two_devices_and_bfloat16_end_like_one_device_in_float32(done, tmp_path, words):
    run(tmp_path, *words)
    ours, theirs = (read_json(run_folder(out, "vae").metrics)["metrics"] for out in (tmp_path, done[0]))
    assert ours["elbo"]["value"] == pytest.approx(theirs["elbo"]["value"], rel=0.02)
    assert keras.config.dtype_policy().name == "float32"
    assert keras.saving.load_model(run_folder(tmp_path, "vae").model).sample(1).dtype == np.float32


def test_presets_typed_one_after_the_other_have_folders_of_their_own(tmp_path):
    for preset, variant, epochs in (("smoke", "center", 1), ("quick", "vae", 2), ("report", "vae", 3)):
        plan = parse(SETTINGS, ["--out", str(tmp_path), "--preset", preset])
        experiment_command.run(EXPERIMENT, plan, Console(file=io.StringIO()))
        record = read_json(run_folder(tmp_path, variant, preset).metrics)
        assert (record["preset"], record["variant"], record["epochs"]) == (preset, variant, epochs)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny", "tiny-quick", "tiny-smoke"]
    assert all((path / "report.md").exists() for path in tmp_path.iterdir())


def test_note_of_a_flag_that_some_variants_lack_is_printed(done, training_is_an_error):
    plan = parse(SETTINGS, ["--out", str(done[0]), "--training.epochs", "1"])
    printed = io.StringIO()
    noted = type(plan)(plan.options, plan.configs, plan.defaults, ("--x reaches a; b lacks it.",))
    run_variants("tiny", "Tiny", EXPERIMENT.by_name, noted, Console(file=printed, width=200))
    assert "--x reaches a; b lacks it." in printed.getvalue().splitlines()


def test_variants_are_trained_on_data_in_their_own_value_range():
    variant, data = EXPERIMENT.by_name["vae"], datasets.load("digits")
    assert variant.data_in_range(data) is data
    changed = type(variant)("vae", CONFIG, variant.build, value_range=(-1.0, 1.0)).data_in_range(data)
    assert isinstance(changed, ImageData) and changed.value_range == (-1.0, 1.0)
    assert changed.train_images is data.train_images or np.shares_memory(changed.train_images, data.train_images)


def test_scores_refer_to_all_test_images_whatever_the_run_trains_on(tmp_path):
    """digits has 360 test images, of which the run takes 100."""
    plan = parse(SETTINGS, [])
    task = runner._tasks(EXPERIMENT.by_name, plan)["vae"]
    assert (len(task.data.test_labels), len(task.whole.test_labels)) == (100, 360)
    place = RunFolder(tmp_path)
    run = Run("tiny", "report", task.variant, task.config, task.data, task.whole, 0, place, "one", Progress())
    reference = run.evaluation(built("vae")).reference
    assert reference is not None and len(reference.test.features) == 360
