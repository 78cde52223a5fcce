"""Report 4's experiment from its command line: the contract on the bundled digits, and what is its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from experiments.gan_vs_vae.claims import CLAIMS
from experiments.gan_vs_vae.config import SETTINGS, SWEEP
from experiments.gan_vs_vae.models import scaled
from experiments.gan_vs_vae.variants import EXPERIMENT
from tests.experiments.contract import ExperimentContract, command
from tfvae import cli
from tfvae.data import load
from tfvae.reporting.page import render
from tfvae.reporting.records import FinishedRun
from tfvae.sampling.prior import standard_normal_sampler
from tfvae.training.arguments import parse
from tfvae.training.config import fingerprint
from tfvae.training.run_folder import RunFolder, recorded_fingerprint

REFERENCE = Path(__file__).parents[2] / "tensorboard_logs" / "reference" / "gan_vs_vae"
RUN = ("dcgan", "vae", "sweep-dcgan-latent-4")
SLIM = RUN[2]


class TestGANAgainstVAE(ExperimentContract):
    experiment = EXPERIMENT
    smoke = (
        *("--preset", "smoke", "--data", "digits"),
        *("--training-images", "500", "--test-images", "200", "--samples", "200"),
    )
    variants = RUN

    def settings(self, out: Path, variant: str) -> dict[str, float]:
        return json.loads((self.folder(out, variant) / "metrics.json").read_text())["settings"]

    def history(self, out: Path, variant: str) -> list[dict]:
        return json.loads((self.folder(out, variant) / "history.json").read_text())

    def test_every_number_of_the_report_is_measured(self, out: Path) -> None:
        gan, vae, slim = (self.metrics(out, variant) for variant in RUN)
        both = {"fid", "kid", "inception_score", "precision", "recall", "density", "coverage", "mode_coverage"}
        both |= {"rarest_class_share", "near_copy_ratio", "near_copy_share", "unrecognizable_share"}
        costs = {"weights_mb", "peak_memory_mb", "images_per_second"}
        assert {f"prior/{name}" for name in both} | costs <= gan.keys() & vae.keys()
        assert {"generator_parameters", "discriminator_parameters"} <= gan.keys() - vae.keys()
        errors = {"encoder_parameters", "decoder_parameters", "reconstruction_bce", "reconstruction_mse", "elbo"}
        assert errors <= vae.keys() - gan.keys()
        assert "prior/category_purity" not in gan.keys() | vae.keys() and "prior/category_purity" in slim
        assert Image.open(self.folder(out, SLIM) / "figures/categories.png").size[0] > 100

    def test_numbers_of_the_report_stand_only_beside_those_of_their_feature_space(self, out: Path) -> None:
        gan, vae = (self.metrics(out, variant) for variant in RUN[:2])
        assert vae["reconstruction_bce"]["reported"] == vae["reconstruction_mse"]["reported"] == 0.092
        samples = [metric for run in (gan, vae) for name, metric in run.items() if name.startswith("prior/")]
        assert [metric["reported"] for metric in samples if metric["reported"] is not None] == []
        page = self.page(out).read_text()
        for line in ("fid_inception of dcgan: 18.24", "fid_inception of vae: 28.56"):
            assert f"- prior/{line} (section 3.8)\n" in page
        assert "- prior/inception_score_inception of dcgan: 2.76 (section 3.8.1)\n" in page
        rows = [line for line in page.splitlines() if line.startswith("| prior/")]
        assert rows and not re.search(r"18\.24|28\.56|2\.76", "\n".join(rows))

    def test_each_variant_is_trained_on_pixels_in_its_own_range(self, out: Path) -> None:
        ranges = {v: json.loads((self.folder(out, v) / "config.json").read_text())["value_range"] for v in RUN}
        assert ranges == {"dcgan": [-1.0, 1.0], "vae": [0.0, 1.0], SLIM: [-1.0, 1.0]}
        model = keras.saving.load_model(self.folder(out, SLIM) / "model.keras")
        with np.load(self.folder(out, SLIM) / "samples.npz") as samples:
            images = samples["images"]
        codes, _ = standard_normal_sampler(model.latent_dim).sample(200, seed=0)
        np.testing.assert_array_equal(images, np.rint((model.decode(codes) + 1) / 2 * 255).astype(np.uint8))
        assert model.optimizer.beta_1 == model.discriminator_optimizer.beta_1 == 0.5
        assert model.optimizer.iterations.numpy() == model.discriminator_optimizer.iterations.numpy() == 2 * (500 // 32)

    def test_only_the_slim_gan_has_penalty_average_and_falling_learning_rate(self, out: Path) -> None:
        report, slim = (keras.saving.load_model(self.folder(out, name) / "model.keras") for name in ("dcgan", SLIM))
        assert (report.gradient_penalty, report.average_decay) == (0, 0)
        assert (slim.gradient_penalty, slim.penalty_share, slim.average_decay) == (0.2, 0.25, 0.9995)
        rates = [
            [float(optimizer.learning_rate) for optimizer, _ in model.optimizers_and_variables()]
            for model in (report, slim)
        ]
        # Half of a cosine over two epochs is at its middle in the second.
        assert rates == [pytest.approx([2e-4] * 2), pytest.approx([5e-4] * 2)]
        train = self.history(out, SLIM)[-1]["train"]
        assert train["gradient_penalty"] > 0 and "gradient_penalty" not in self.history(out, "dcgan")[-1]["train"]

    def test_gan_is_sampled_and_exported_by_the_command_line(self, out: Path, tmp_path: Path) -> None:
        run = str(self.folder(out, SLIM))
        sample = ["sample", run, "--count", "3", "--out", f"{tmp_path}/a.npz"]
        for words in (sample, ["export", run, f"{tmp_path}/served"]):
            with pytest.raises(SystemExit) as ended:
                cli.main(words)
            assert not ended.value.code
        with np.load(tmp_path / "a.npz") as written:
            assert written["images"].shape == (3, 28, 28, 1) and np.ptp(written["images"]) > 0
        assert json.loads((tmp_path / "served/1/assets.extra/tfvae.json").read_text())["value_range"] == [-1.0, 1.0]

    def test_snapshots_and_epoch_metrics_are_kept(self, out: Path) -> None:
        run = self.folder(out, "vae")
        for name in ("samples", "codes"):
            assert Image.open(run / f"figures/epoch-001_{name}.png").size[0] > 100
        measured = [set(row["epoch_metrics"]) for row in self.history(out, "vae")]
        assert measured == [{"classes", "rarest_class_share"}] * 2
        assert {"samples", "codes"} <= set(EventAccumulator(str(run)).Reload().Tags()["tensors"])
        assert "epoch/classes" in EventAccumulator(str(run / "train")).Reload().Tags()["tensors"]

    def test_settings_of_the_sweep_are_hyperparameters(self, out: Path) -> None:
        settings = self.settings(out, SLIM)
        assert (settings["latent_dim"], settings["relative_width"]) == (4, 1.0)
        assert self.settings(out, "vae")["latent_dim"] == 10

    def test_page_has_verdicts_warnings_and_the_sweep(self, out: Path) -> None:
        page = self.page(out)
        text = page.read_text()
        assert text.count("**Too short to judge:**") == 5 and "since dcgan-r1, dcgan-slim were not run: 6" in text
        assert "- dcgan seed 0: warned at epochs 1, 2; the last: signs of mode collapse" in text
        assert "## Customization" in text and "| sweep-dcgan-latent-4 | 4 |" in text
        assert min((page.parent / f"{name}.png").stat().st_size for name in ("customization", "overview")) > 1000

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--gan.discriminator-steps", "0"], "discriminator_steps=0"),
            (["--gan.generator-steps", "0"], "generator_steps=0"),
            (["--gan.beta-1", "1"], "gan-beta-1=1"),
            (["--slim.learning-rate", "0"], "training-learning-rate=0"),
            (["--slim.batch-size", "0"], "training-batch-size=0"),
            (["--slim.gradient-penalty", "-1"], "gradient_penalty=-1"),
            (["--slim.penalty-share", "0"], "penalty_share=0"),
            (["--steadying.penalty-share", "2"], "penalty_share=2"),
            (["--slim.average-decay", "1"], "average_decay=1"),
            (["--slim.full-size-filters", "-1"], "slim-full-size-filters=-1"),
            (["--slim.discriminator-filters", "32", "0"], "slim-discriminator-filters=(32, 0)"),
            (["--slim.discriminator-widths", "0"], "slim-discriminator-widths=(0,)"),
            (["--latent-dim", "1", "--variants", "vae"], "latent-dim=1"),
            (["--relative-width", "0", "--variants", "vae"], "relative-width=0"),
            (["--width", "0"], "width=0"),
            (["--width", "inf"], "width=inf"),
            (["--samples", "10"], "samples=10"),
            (["--copies", "0"], "copies=0"),
            (["--samples", "200000"], "at least 400 samples and images"),
            (["--inception", "nowhere"], "Received: nowhere"),
            (["--data", "synthetic"], "a data set of images"),
        ],
    )
    def test_its_own_wrong_words_are_refused(
        self, words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.assert_refused(words, said, tmp_path, capsys)


def test_image_size_that_the_strides_cannot_make_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(0)
    for name in "ab":
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for number in range(300):
            picture = random.integers(0, 256, (30, 30), np.uint8)
            Image.fromarray(picture).save(tmp_path / "pictures" / name / f"{number}.png")
    words = ["--preset", "smoke", "--data", f"folder:{tmp_path / 'pictures'}", "--out", str(tmp_path / "runs")]
    small = ["--training-images", "200", "--variants", "vae"]
    assert command(EXPERIMENT, *words, *small) == 2
    assert "multiples of 4" in capsys.readouterr().err


def test_default_is_the_setting_of_the_report() -> None:
    configs = parse(SETTINGS, []).configs
    rows = {name: config.training for name, config in configs.items()}
    assert list(rows) == ["dcgan", "dcgan-r1", "vae", "dcgan-slim"]
    sizes = {name: (row.epochs, row.batch_size, row.learning_rate, row.schedule) for name, row in rows.items()}
    usual = (100, 128, 2e-4)
    assert sizes["dcgan"] == sizes["vae"] == (*usual, "constant")
    assert sizes["dcgan-r1"] == (*usual, "cosine") and sizes["dcgan-slim"] == (100, 32, 1e-3, "cosine")
    quick = parse(SETTINGS, ["--preset", "quick"]).configs
    assert list(quick) == ["vae", "dcgan-slim"] and quick["vae"].samples == 5000
    rows = {name: config.training for name, config in quick.items()}
    assert [(row.epochs, row.batch_size) for row in rows.values()] == [(5, 128), (5, 32)]


def test_flags_of_training_reach_the_slim_dcgan() -> None:
    words = ["--variants", "dcgan-slim", "--training.learning-rate", "0.123", "--training.batch-size", "77"]
    training = parse(SETTINGS, words).configs["dcgan-slim"].training
    assert (training.learning_rate, training.batch_size) == (0.123, 77)


def test_earlier_flags_of_the_slim_dcgans_reach_them_alone() -> None:
    words = ["--variants", "dcgan", "dcgan-slim", "sweep-dcgan-width-0.5", "sweep-vae"]
    words += ["--slim.batch-size", "16", "--slim.learning-rate=0.01", "--training.batch-size", "64"]
    rows = {name: config.training for name, config in parse(SETTINGS, words).configs.items()}
    sizes = {name: (row.batch_size, row.learning_rate) for name, row in rows.items()}
    assert sizes["dcgan"] == sizes["sweep-vae"] == (64, 2e-4)
    assert sizes["dcgan-slim"] == sizes["sweep-dcgan-width-0.5"] == (16, 0.01)


@pytest.mark.parametrize("line", SETTINGS.reference)
def test_committed_runs_are_those_that_the_reference_commands_make(line: str) -> None:
    plan = parse(SETTINGS, line.split())
    for name, config in plan.configs.items():
        for seed in plan.options.seeds:
            made = fingerprint(config, plan.defaults[name])
            recorded = recorded_fingerprint(REFERENCE / name / f"seed-{seed}" / "config.json", made)
            assert recorded == made, "a run folder of version 0.1.0 is accepted"


def test_field_of_the_sweep_is_part_of_the_fingerprint_where_it_is_changed() -> None:
    plan = parse(SETTINGS, ["--variants", "sweep-vae-latent-2", "--latent-dim", "3"])
    made = fingerprint(plan.configs["sweep-vae-latent-2"], plan.defaults["sweep-vae-latent-2"])
    assert made["latent_dim"] == 3 and "relative_width" not in made


def test_dcgan_r1_has_the_networks_of_the_report_s_dcgan() -> None:
    configs = parse(SETTINGS, ["--preset", "smoke"]).configs
    data = load("digits").with_value_range(-1.0, 1.0)
    plain, steadied = (EXPERIMENT.by_name[name].build(configs[name], data, 0) for name in ("dcgan", "dcgan-r1"))
    for network in ("generator", "discriminator"):
        shapes = [[weight.shape for weight in getattr(model, network).weights] for model in (plain, steadied)]
        assert shapes[0] == shapes[1]
    assert (plain.gradient_penalty, steadied.gradient_penalty, steadied.average_decay) == (0, 2.0, 0.9995)
    assert plain.average is None and steadied.average is not None
    assert scaled(0.1, (32, 5), (20,)) == [(3, 1), (2,)]


def test_sweep_varies_latent_dimensions_and_widths() -> None:
    points = {name: (config.latent_dim, config.relative_width) for name, config in SWEEP.items()}
    assert len(points) == 12 and points["sweep-dcgan"] == (128, 1.0) and points["sweep-vae-latent-30"] == (30, 1.0)
    assert points["sweep-dcgan-width-0.25"] == (128, 0.25) and points["sweep-vae-width-0.5"] == (10, 0.5)


def finished(variant: str, seed: int, epochs: int, folder: Path = Path(), **values: float) -> FinishedRun:
    """A run of 60,000 images; `values` are metrics of samples of the prior, but for the numbers of the record."""
    own = {"parameters": 7.0, "seconds_per_epoch": 1.0, "train_seconds": 1.0}
    metric = {"std": None, "samples": 5, "split": None, "extractor": "e", "extractor_sha256": "ab" * 32}
    metrics = {f"prior/{name}": {**metric, "value": value} for name, value in values.items() if name not in own}
    record: dict[str, Any] = {
        **{"preset": "report", "dataset": "mnist", "dataset_sha256": "ab" * 32, "device": "CPU", "git_commit": None},
        **{"fallback_for": None, "versions": {"tensorflow": "2", "keras": "3"}, "metrics": metrics},
        **{"epochs": epochs, "training_images": 60_000, "settings": {"latent_dim": 4, "relative_width": 1.0}},
        **{name: values.get(name, usual) for name, usual in own.items()},
    }
    return FinishedRun(variant, seed, RunFolder(folder / variant / f"seed-{seed}"), record)


def test_claims_use_the_mean_over_seeds_and_name_different_lengths_of_training() -> None:
    realism = next(claim for claim in CLAIMS if "dcgan" in claim.condition.variants())
    runs = {"dcgan": [finished("dcgan", 0, 20, fid=2.0)]}
    runs["vae"] = [finished("vae", 0, 100, fid=2.4), finished("vae", 1, 100, fid=4.4)]
    # 3.4 / 2 is above the report's ratio, 1.57; 2.4 / 2, of the first seed, is not.
    assert realism.verdict(runs) == "Holds"
    written = realism.written(runs)
    assert "a ratio of 1.7" in written and "after 100 epochs of vae, 20 epochs of dcgan" in written
    short = {"dcgan": [finished("dcgan", 0, 2, fid=2.0)], "vae": runs["vae"]}
    assert realism.verdict(short) == "Too short to judge"


def test_page_names_lowest_and_highest_point_of_the_sweep(tmp_path: Path) -> None:
    ratios = {"sweep-dcgan": 20.0, "sweep-dcgan-latent-4": 70.0, "sweep-vae": 40.0}
    runs = [finished(variant, 0, 5, tmp_path, fid_ratio=ratio) for variant, ratio in ratios.items()]
    text = render(EXPERIMENT, runs, tmp_path)
    assert "Of the slim DCGAN, lowest prior/fid_ratio: sweep-dcgan, 20.00; highest: sweep-dcgan-latent-4, 70.00" in text
    assert "Of the VAE, lowest" not in text, "one point is neither"
    assert "customization.png" not in text, "a link without a picture"


def test_page_of_runs_without_scores_has_no_verdict_on_them(tmp_path: Path) -> None:
    epochs = {"dcgan": 20, "vae": 100, "dcgan-slim": 100, "sweep-dcgan": 5, "sweep-vae": 10}
    text = render(EXPERIMENT, [finished(variant, 0, count, tmp_path) for variant, count in epochs.items()], tmp_path)
    assert "nan" not in text and len(re.findall(r"\*\*(Holds|Does not hold):\*\*", text)) == 2  # sizes, seconds
    assert "- `python -m experiments.gan_vs_vae --data-dir DIR --variants dcgan --training.epochs 20`" in text
    assert "- `python -m experiments.gan_vs_vae --data-dir DIR --variants vae dcgan-slim`" in text


def test_earlier_name_of_the_sweep_still_runs() -> None:
    shown = subprocess.run([sys.executable, "-m", "experiments.gan_vs_vae_sweep", "--help"], capture_output=True)
    assert shown.returncode == 0 and b"python -m experiments.gan_vs_vae.sweep" in shown.stdout
