"""Report 4's experiment from its command line, on the bundled digits."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from experiments import gan_vs_vae_sweep
from experiments.gan_vs_vae import (
    EXPERIMENT,
    PRESETS,
    SWEEP,
    VARIANTS,
    after_epoch,
    compiling,
    own_config,
    scaled,
)
from experiments.gan_vs_vae_measure import measure_categories, measure_copies
from experiments.gan_vs_vae_report import alarm, report
from tests.experiments.contract import ExperimentContract, command
from tfvae import cli
from tfvae.data import load
from tfvae.metrics.features import GraphExtractor
from tfvae.sampling.prior import standard_normal_sampler
from tfvae.training.command import parse
from tfvae.training.experiment import FinishedRun
from tfvae.training.results import find_runs
from tfvae.training.run_folder import RunFolder

SMOKE = (
    *("--preset", "smoke", "--data", "digits"),
    *("--training-images", "500", "--test-images", "200", "--samples", "200"),
)
RUN = ("dcgan", "vae", "sweep-dcgan-latent-4")
SLIM = RUN[2]


class TestGanVsVae(ExperimentContract):
    experiment = EXPERIMENT
    smoke = SMOKE
    variants = RUN

    def settings(self, out: Path, variant: str) -> dict[str, float]:
        return json.loads((self.folder(out, variant) / "metrics.json").read_text())["settings"]

    def history(self, out: Path, variant: str) -> list[dict]:
        return json.loads((self.folder(out, variant) / "history.json").read_text())

    def test_every_number_of_the_report_is_measured(self, out: Path) -> None:
        gan, vae, slim = (self.metrics(out, variant) for variant in RUN)
        both = {"fid", "kid", "inception_score", "precision", "recall", "density", "coverage", "mode_coverage"}
        both |= {"rarest_class_share", "near_copy_ratio", "near_copy_share"}
        costs = {"weights_mb", "peak_memory_mb", "images_per_second"}
        assert {f"prior/{name}" for name in both} | costs <= gan.keys() & vae.keys()
        assert {"generator_parameters", "discriminator_parameters"} <= gan.keys() - vae.keys()
        errors = {"encoder_parameters", "decoder_parameters", "reconstruction_bce", "reconstruction_mse"}
        assert errors <= vae.keys() - gan.keys()
        assert (vae["prior/fid"]["reported"], vae["reconstruction_bce"]["reported"]) == (28.56, 0.092)
        assert "Inception" in vae["prior/fid"]["source"] and vae["prior/fid"]["extractor"] == "mnist_cnn"
        assert (gan["prior/fid"]["reported"], gan["prior/inception_score"]["reported"]) == (18.24, 2.76)
        assert slim["prior/fid"]["reported"] is None
        assert "prior/category_purity" not in gan.keys() | vae.keys()
        assert "prior/category_purity" in slim
        assert Image.open(self.folder(out, SLIM) / "figures/categories.png").size[0] > 100

    def test_each_variant_sees_pixels_in_its_own_range(self, out: Path) -> None:
        ranges = {v: json.loads((self.folder(out, v) / "config.json").read_text())["value_range"] for v in RUN}
        assert ranges == {"dcgan": [-1.0, 1.0], "vae": [0.0, 1.0], SLIM: [-1.0, 1.0]}
        model = keras.saving.load_model(self.folder(out, SLIM) / "model.keras")
        with np.load(self.folder(out, SLIM) / "samples.npz") as samples:
            images = samples["images"]
        codes, _ = standard_normal_sampler(model.latent_dim).sample(200, seed=0)
        np.testing.assert_array_equal(images, np.rint((model.decode(codes) + 1) / 2 * 255).astype(np.uint8))
        assert model.optimizer.beta_1 == model.discriminator_optimizer.beta_1 == 0.5
        assert model.optimizer.iterations.numpy() == model.discriminator_optimizer.iterations.numpy() == 2 * (500 // 32)

    def test_only_the_slim_gan_s_training_is_steadied(self, out: Path) -> None:
        report, slim = (keras.saving.load_model(self.folder(out, name) / "model.keras") for name in ("dcgan", SLIM))
        assert (report.gradient_penalty, report.average_decay) == (0, 0)
        assert (slim.gradient_penalty, slim.penalty_share) == (0.2, 0.25) and slim.average_decay > 0.9
        rates = [
            [float(player.learning_rate) for player, _ in model.optimizers_and_variables()] for model in (report, slim)
        ]
        assert rates == [pytest.approx([2e-4] * 2), pytest.approx([0.0] * 2)], "half a cosine ends at 0"
        train = self.history(out, SLIM)[-1]["train"]
        assert train["gradient_penalty"] > 0 and "gradient_penalty" not in self.history(out, "dcgan")[-1]["train"]

    def test_the_command_line_samples_and_exports_a_gan(self, out: Path, tmp_path: Path) -> None:
        run = str(self.folder(out, SLIM))
        sample = ["sample", run, "--count", "3", "--out", f"{tmp_path}/a.npz"]
        for words in (sample, ["export", run, f"{tmp_path}/served"]):
            with pytest.raises(SystemExit) as ended:
                cli.main(words)
            assert not ended.value.code
        with np.load(tmp_path / "a.npz") as written:
            assert written["images"].shape == (3, 28, 28, 1) and np.ptp(written["images"]) > 0
        assert json.loads((tmp_path / "served/1/assets.extra/tfvae.json").read_text())["value_range"] == [-1.0, 1.0]

    def test_snapshots_and_what_is_watched_are_kept(self, out: Path) -> None:
        run = self.folder(out, "vae")
        for name in ("samples", "codes"):
            assert Image.open(run / f"figures/epoch-001_{name}.png").size[0] > 100
        assert [set(row["watched"]) for row in self.history(out, "vae")] == [{"classes", "rarest_class_share"}] * 2
        events = EventAccumulator(str(run)).Reload()
        assert {"watched/classes", "samples", "codes"} <= set(events.Tags()["tensors"])

    def test_the_sweep_s_points_have_their_numbers_in_the_hparams(self, out: Path) -> None:
        settings = self.settings(out, SLIM)
        assert (settings["latent_dim"], settings["relative_width"]) == (4, 1.0)
        assert self.settings(out, "vae")["latent_dim"] == 10

    def test_the_report_judges_each_claim_and_shows_the_sweep(self, out: Path) -> None:
        folder = out / "gan_vs_vae"
        text = (folder / "report.md").read_text()
        assert len(re.findall(r"\*\*(Holds|Does not hold):\*\*", text)) == 5
        assert "- dcgan seed 0: " in text and "## Customization" in text
        assert "gan_vs_vae_sweep --data-dir DIR --training.epochs 2 --preset smoke` makes these, " in text
        assert min((folder / f"{name}.png").stat().st_size for name in ("customization", "overview")) > 1000

    def test_the_page_names_the_best_and_the_worst_point_of_the_sweep(self, out: Path) -> None:
        run = next(run for run in find_runs(out) if run.variant == SLIM)
        metric = run.record["metrics"]["prior/category_purity"]
        points = []
        for variant, size, ratio in (("sweep-dcgan", 128, 20), ("sweep-dcgan-latent-4", 4, 70), ("sweep-vae", 10, 40)):
            metrics = {"prior/fid_ratio": {**metric, "value": float(ratio)}}
            record = {**run.record, "settings": {"latent_dim": size, "relative_width": 1.0}, "metrics": metrics}
            points.append(replace(run, variant=variant, record=record))
        text = report(points).text
        assert "the dcgan's points, 128-D has the lowest FID over that of real images, 20.00, and 4-D" in text
        assert "the vae's points" not in text, "one point is neither the best nor the worst"


def row(epoch: int, discriminator: float | None, classes: int | None, rarest: float = 0.06) -> dict:
    train = {} if discriminator is None else {"discriminator_real": discriminator, "discriminator_fake": discriminator}
    watched = {} if classes is None else {"watched": {"classes": classes, "rarest_class_share": rarest}}
    return {"epoch": epoch, "train": train, **watched}


def test_a_discriminator_that_is_no_better_than_a_coin_is_named() -> None:
    assert alarm([row(1, 0.688, None)]) is None, "a good generator leaves it little, but something"
    flat = alarm([row(1, 0.6, 10), row(2, 0.693, 10)])
    assert flat and "within 0.002 nats of chance" in flat and "collapse" not in flat
    both = alarm([row(1, 0.6, 10), row(2, 0.693, 7)])
    assert both and "mode collapse" in both and "chance" in both


def test_early_signs_of_mode_collapse_are_named() -> None:
    assert alarm([]) is None
    assert alarm([row(1, 0.5, 10), row(2, 0.4, 10)]) is None
    falling = alarm([row(1, 0.5, 10), row(2, 0.4, 7)])
    assert falling and "mode collapse" in falling and "7 classes after 10" in falling
    fading = alarm([row(1, 0.5, 10, 0.05), row(2, 0.4, 10, 0.02)])
    assert fading and "mode collapse" in fading and "2.0% of the samples after 5.0%" in fading
    assert alarm([row(1, 0.5, 10, 0.05), row(2, 0.4, 10, 0.03)]) is None, "a share of a thousand samples wavers"
    rare = alarm([row(1, 0.5, 10, 0.012), row(2, 0.4, 10, 0.013)])
    assert rare and "mode collapse" in rare and "less than 2% of the samples" in rare
    sure = alarm([row(1, 0.04, None)])
    assert sure and "mode collapse" in sure and "below 0.1 nats" in sure
    assert alarm([row(1, None, 9), row(2, None, 10)]) is None, "a VAE has no discriminator"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--gan.discriminator-steps", "0"], "gan-discriminator-steps=0"),
        (["--gan.generator-steps", "0"], "gan-generator-steps=0"),
        (["--gan.beta-1", "1"], "gan-beta-1=1"),
        (["--slim.learning-rate", "0"], "slim-learning-rate=0"),
        (["--slim.gradient-penalty", "-1"], "slim-gradient-penalty=-1"),
        (["--slim.penalty-share", "0"], "slim-penalty-share=0"),
        (["--steadying.penalty-share", "2"], "steadying-penalty-share=2"),
        (["--slim.average-decay", "1"], "slim-average-decay=1"),
        (["--slim.average-decay", "0"], "slim-average-decay=0"),
        (["--slim.full-size-filters", "-1"], "slim-full-size-filters=-1"),
        (["--slim.discriminator-filters", "32", "0"], "slim-discriminator-filters=(32, 0)"),
        (["--slim.discriminator-widths", "0"], "slim-discriminator-widths=(0,)"),
        (["--slim.batch-size", "0"], "slim-batch-size=0"),
        (["--width", "0"], "width=0"),
        (["--samples", "10"], "samples=10"),
        (["--copies", "0"], "copies=0"),
        (["--test-images", "60"], "images=60"),
        (["--width", "inf"], "width=inf"),
        (["--samples", "150000"], "at least 300 samples and images"),
        (["--inception", "nowhere"], "Received: nowhere"),
    ],
)
def test_a_wrong_word_gets_one_message_and_exit_code_2(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    TestGanVsVae().assert_refused(words, said, tmp_path, capsys)


def test_pictures_of_a_size_that_the_strides_cannot_make_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    for name in "ab":
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(70):
            picture = random.integers(0, 256, (30, 30), np.uint8)
            Image.fromarray(picture).save(tmp_path / "pictures" / name / f"{number}.png")
    words = ["--preset", "smoke", "--data", f"folder:{tmp_path / 'pictures'}", "--out", str(tmp_path / "runs")]
    assert command(EXPERIMENT, *words, "--training-images", "60", "--training.batch-size", "16") == 2
    assert "multiples of 4" in capsys.readouterr().err


def test_purity_is_the_share_of_each_vector_s_usual_class() -> None:
    def first_pixel(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.zeros([tf.shape(images)[0], 1]), tf.one_hot(images[:, 0, 0, 0], 10)

    space = GraphExtractor("first pixel", "ab" * 32, None, None, first_pixel, default_batch_size=4)
    model = VARIANTS["sweep-dcgan-latent-4"](PRESETS["smoke"], load("digits").with_value_range(-1.0, 1.0), 0)
    codes = np.array([[2, 1, 0, 0], [3, -1, 0, 0], [0, 1, 0, 0], [-2, -1, 0, 0]], np.float32)
    images = np.zeros((4, 2, 2, 1), np.uint8)
    images[:, 0, 0, 0] = [3, 3, 5, 7]
    purity = measure_categories(model, codes, images, space)["prior/category_purity"]
    assert (purity.value, purity.samples, purity.extractor) == (0.75, 4, "first pixel")


def test_copies_are_not_measured_where_half_of_the_test_images_were_trained_on() -> None:
    digits = load("digits").subset(train=100, test=20)
    known = replace(digits, sha256="", test_images=np.concatenate([digits.train_images[:10], digits.test_images[:10]]))
    assert set(measure_copies(digits.test_images, digits, 20)) == {"prior/near_copy_ratio", "prior/near_copy_share"}
    assert measure_copies(digits.test_images, known, 20) == {}


def test_the_slim_dcgan_takes_the_others_steps_where_it_names_none() -> None:
    config = parse(EXPERIMENT, None, ["--slim.batch-size", "None", "--slim.learning-rate", "None"])
    assert own_config(config, "dcgan-slim").training == config.training


def test_the_page_of_pictures_without_a_judge_has_no_verdict_on_them(tmp_path: Path) -> None:
    record = {
        **dict.fromkeys(("fallback_for", "git_commit")),
        **dict.fromkeys(("parameters", "train_seconds", "seconds_per_epoch"), 1.0),
        "parameters": 7,
        "dataset": "textures",
        "dataset_sha256": "ab" * 32,
        "preset": "report",
        "device": "CPU",
        "versions": {"tensorflow": "2", "keras": "3"},
        "settings": {"latent_dim": 4, "relative_width": 1.0},
        "metrics": {name: {"value": 0.1} for name in ("reconstruction_bce", "reconstruction_mse")},
    }
    epochs = {"dcgan": 20, "vae": 100, "dcgan-slim": 100, "sweep-dcgan": 5, "sweep-vae": 10}
    runs = [
        FinishedRun(variant, 0, RunFolder(tmp_path / variant), {**record, "epochs": count})
        for variant, count in epochs.items()
    ]
    text = report(runs).text
    assert len(re.findall(r"\*\*(Holds|Does not hold):\*\*", text)) == 3 and "nan" not in text
    assert "customization.png" not in text, "a link without a picture"
    command = "`python -m experiments.gan_vs_vae --data-dir DIR --variants"
    shorter, whole = "dcgan --training.epochs 20`", "vae dcgan-slim --training.epochs 100`"
    assert f"{command} {shorter} and {command} {whole} make this page." in text
    assert "`python -m experiments.gan_vs_vae_sweep --data-dir DIR` makes these" in text, "of two lengths it names none"


def test_the_report_s_setting_is_the_default() -> None:
    config = parse(EXPERIMENT, None, [])
    training = config.training
    assert (training.epochs, training.batch_size, training.learning_rate) == (100, 128, 2e-4)
    players = compiling(config, "dcgan")
    rates = [float(players[f"{player}_optimizer"].learning_rate) for player in ("generator", "discriminator")]
    assert rates == pytest.approx([2e-4, 2e-4])
    assert "optimizer" in compiling(config, "sweep-vae-latent-2")
    quick = PRESETS["quick"]
    own = [own_config(quick, name).training for name in ("dcgan-r1", "dcgan-slim", "sweep-dcgan-width-0.5")]
    assert [(training.batch_size, training.learning_rate) for training in own] == [(128, 2e-4), *[(32, 1e-3)] * 2]


def test_the_report_s_networks_can_be_steadied() -> None:
    config = PRESETS["smoke"]
    data = load("digits").with_value_range(-1.0, 1.0)
    plain, steadied = (VARIANTS[name](config, data, 0) for name in ("dcgan", "dcgan-r1"))
    for network in ("generator", "discriminator"):
        shapes = [[weight.shape for weight in getattr(model, network).weights] for model in (plain, steadied)]
        assert shapes[0] == shapes[1]
    assert (plain.gradient_penalty, steadied.gradient_penalty) == (0, config.steadying.gradient_penalty)
    assert plain.average is None and steadied.average_decay == config.steadying.average_decay
    steadied.compile(**compiling(config, "dcgan-r1"))
    after_epoch(steadied, data, config, "dcgan-r1", 0, 1)
    assert float(steadied.optimizer.learning_rate) == pytest.approx(1e-4), "half of two epochs, half of the step size"
    assert scaled((32, 5), 0.1) == (3, 1)


def test_the_sweep_is_a_process_for_each_point(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = []

    def run(command: list[str]) -> subprocess.CompletedProcess:
        commands.append(command)
        return subprocess.CompletedProcess(command, 3 if command[-1] == "sweep-vae" else 0)

    monkeypatch.setattr(subprocess, "run", run)
    assert gan_vs_vae_sweep.sweep(["--training.epochs", "2"]) == 3, "it stops at the first that fails"
    points = list(SWEEP)[: list(SWEEP).index("sweep-vae") + 1]
    assert [command[-1] for command in commands] == points
    assert commands[0][:5] == [sys.executable, "-m", "experiments.gan_vs_vae", "--training.epochs", "2"]
    assert gan_vs_vae_sweep.sweep(["--variants", "vae"]) == 2
    assert gan_vs_vae_sweep.sweep(["--help"]) == 0 and len(commands) == len(points), "help trains nothing"
