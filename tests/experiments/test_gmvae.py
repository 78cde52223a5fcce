"""Report 2's experiment from its command line: the contract on images and on signals, and what is its own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from experiments.gmvae.config import SETTINGS
from experiments.gmvae.variants import EXPERIMENT
from tests.experiments.contract import ExperimentContract, command
from tfvae.cli import main as tfvae_command
from tfvae.data.synthetic import load_synthetic
from tfvae.errors import InputError
from tfvae.training.arguments import parse
from tfvae.training.config import fingerprint
from tfvae.training.run_folder import changed_fields, recorded_fingerprint

USAGE = {"used_clusters", "cluster_entropy", "cluster_information"}
REFERENCE = Path(__file__).parents[2] / "tensorboard_logs/reference/gmvae"
SMALL = (
    "--preset",
    "smoke",
    "--samples",
    "200",
    "--projected",
    "50",
    "--training-images",
    "400",
    "--test-images",
    "200",
)


class TestGMVAE(ExperimentContract):
    experiment = EXPERIMENT
    smoke = (*SMALL, "--data", "digits")
    variants = ("mnist-autoencoder", "mnist-gmvae-best")
    mixtures = ("mnist-gmvae-best", "synthetic-gmvae")

    @pytest.fixture(scope="class")
    @classmethod
    def out(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Smoke runs on images and on signals, whose data no flag names."""
        folder = tmp_path_factory.mktemp("runs")
        for words in ((*cls.smoke, "--variants", *cls.variants), (*SMALL, "--variants", "synthetic-gmvae")):
            assert command(EXPERIMENT, *words, "--out", str(folder)) == 0
        return folder

    def test_each_variant_trains_on_its_own_data(self, out: Path) -> None:
        records = [self.folder(out, name) / "metrics.json" for name in (*self.variants, "synthetic-gmvae")]
        names = [json.loads(record.read_text())["dataset"] for record in records]
        assert names == ["digits", "deskewed:digits", "synthetic"]

    def test_samples_are_images_or_signals_and_those_of_clusters_have_classes(self, out: Path) -> None:
        for variant in (*self.variants, "synthetic-gmvae"):
            shape, dtype = ((200, 64), np.float32) if variant == "synthetic-gmvae" else ((200, 28, 28, 1), np.uint8)
            with np.load(self.folder(out, variant) / "samples.npz", allow_pickle=False) as samples:
                assert samples["images"].shape == shape and samples["images"].dtype == dtype
                assert ("labels" in samples) == (variant in self.mixtures)

    def test_metrics_of_clusters_are_consistent(self, out: Path) -> None:
        for variant in self.mixtures:
            values = {name: metric["value"] for name, metric in self.metrics(out, variant).items()}
            assert 0 < values["cluster_accuracy"] <= values["majority_accuracy"] <= 1
            assert values["used_clusters"] + values["unused_clusters"] == 10
            terms = ("reconstruction", "conditional_prior", "w_prior", "z_prior")
            assert values["elbo"] == pytest.approx(-sum(values[name] for name in terms), abs=1e-6)
            assert values["elbo"] < 0 <= values["z_prior"] <= np.log(10)
        assert "cluster/fid" in self.metrics(out, "mnist-gmvae-best")
        assert "fitted_label_accuracy" in self.metrics(out, "synthetic-gmvae")
        assert not [name for name in self.metrics(out, "synthetic-gmvae") if "/" in name], "no images to score"
        assert {"prior/fid", "kmeans_accuracy"} < set(self.metrics(out, "mnist-autoencoder"))
        assert "cluster_accuracy" not in self.metrics(out, "mnist-autoencoder")

    def test_signs_of_collapse_are_in_the_history_of_each_epoch(self, out: Path) -> None:
        for variant, names in (("mnist-autoencoder", set()), *((name, USAGE) for name in self.mixtures)):
            rows = json.loads((self.folder(out, variant) / "history.json").read_text())
            assert [set(row["epoch_metrics"]) for row in rows] == [{"active_units"} | names] * 2

    def test_terms_of_every_few_steps_are_kept_for_mixtures_alone(self, out: Path) -> None:
        for variant in self.mixtures:
            lines = (self.folder(out, variant) / "steps.jsonl").read_text().splitlines()
            assert lines and all(json.loads(line)["train"]["z_prior"] > 0 for line in lines)
        assert not (self.folder(out, "mnist-autoencoder") / "steps.jsonl").exists()

    def test_projector_has_codes_labels_clusters_and_thumbnails(self, out: Path) -> None:
        for variant, columns in (
            ("mnist-autoencoder", ["label", "index"]),
            ("mnist-gmvae-best", ["label", "index", "cluster", "probability"]),
            ("synthetic-gmvae", ["label", "index", "fitted label", "cluster", "probability"]),
        ):
            folder = self.folder(out, variant)
            lines = (folder / "projector/metadata.tsv").read_text().splitlines()
            assert lines[0].split("\t") == columns and len(lines) == 51
            assert len((folder / "projector/codes.tsv").read_text().splitlines()) == 50
            assert (folder / "projector/sprite.png").exists() and (folder / "projector_config.pbtxt").exists()

    def test_report_judges_claims_of_finished_variants_and_warns_of_collapse(self, out: Path) -> None:
        page = self.page(out).read_text()
        done = {*self.variants, "synthetic-gmvae"}
        judged = [claim for claim in EXPERIMENT.claims if set(claim.condition.variants()) <= done]
        assert len(re.findall(r"\*\*Too short to judge:\*\*", page)) == len(judged) == 4
        for variant in self.mixtures:
            unused = self.metrics(out, variant)["unused_clusters"]["value"]
            assert (f"> {variant}, seed 0: **Collapsed.**" in page) == (unused > 0)
        assert "one-to-one (Hungarian)" in page and "majority rule" in page

    def test_run_on_signals_can_be_sampled_by_cluster_and_exported(self, out: Path, tmp_path: Path) -> None:
        run = str(self.folder(out, "synthetic-gmvae"))
        for words in (
            ["sample", run, "--count", "5", "--label", "3", "--out", str(tmp_path / "some.npz")],
            ["sample", run, "--count", "5", "--out", str(tmp_path / "some.png")],
            ["export", run, str(tmp_path / "export")],
        ):
            assert tfvae_exit_code(words) == 0
        with np.load(tmp_path / "some.npz") as samples:
            assert samples["images"].shape == (5, 64) and samples["images"].dtype == np.float32
            assert samples["labels"].tolist() == [3] * 5
        assert Image.open(tmp_path / "some.png").size == (3 * 66 - 2, 2 * 50 - 2)
        served = tf.saved_model.load(str(tmp_path / "export" / "1")).signatures
        signals = load_synthetic(train=20, test=10).test_images
        assert served["encode"](images=tf.constant(signals))["codes"].shape == (10, 10)
        none = ["sample", run, "--count", "5", "--label", "10", "--out", str(tmp_path / "none.npz")]
        assert tfvae_exit_code(none) == 2 and not (tmp_path / "none.npz").exists()

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--mnist.clusters", "1"], "clusters >= 2. Received: clusters=1"),
            (["--synthetic.threshold", "-0.5"], "threshold >= 0. Received: threshold=-0.5"),
            (["--best.pretraining-epochs", "2"], "best.pretraining-epochs=2"),
            (["--training.epochs", "1"], "best.pretraining-epochs=1"),
            (["--training.schedule", "cosine"], "--best.learning-rate"),
            (["--data", "synthetic", "--variants", "mnist-vae"], "a data set of images for mnist-vae"),
            (["--variants", "synthetic-vae"], "--data, which synthetic-vae lacks"),
            (["--latent-dim", "1"], "latent-dim >= 2"),
            (["--variants", "mnist-gmvea"], "mnist-gmvae"),
            (["--samples", "60"], "samples=60"),
        ],
    )
    def test_its_own_wrong_words_are_refused(
        self, words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.assert_refused(words, said, tmp_path, capsys)


def tfvae_exit_code(words: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        tfvae_command(words)
    return int(ended.value.code or 0)


def configs(*words: str) -> dict:
    return dict(parse(SETTINGS, words).configs)


def test_data_flag_reaches_the_image_variants_and_says_so() -> None:
    plan = parse(SETTINGS, ["--preset", "smoke", "--data", "digits"])
    assert {config.dataset for name, config in plan.configs.items() if name.startswith("synthetic")} == {"synthetic"}
    assert plan.configs["mnist-vae"].dataset == "digits"
    assert any("--data" in note and "synthetic-gmvae lack" in note for note in plan.notes)


@pytest.mark.parametrize("prefix", ["", "deskewed:", "upright:"])
def test_best_variant_deskews_once(prefix: str) -> None:
    chosen = configs("--variants", "mnist-gmvae-best", "--data", f"{prefix}digits")
    assert chosen["mnist-gmvae-best"].dataset == "deskewed:digits"


def test_training_flags_reach_every_variant_and_best_training_one() -> None:
    epochs = {name: config.training.epochs for name, config in configs("--training.epochs", "12").items()}
    assert set(epochs.values()) == {12} and len(epochs) == 8
    both = configs("--training.epochs", "12", "--best-training.epochs", "15", "--best-training.batch-size=64")
    epochs = {name: config.training.epochs for name, config in both.items()}
    assert epochs.pop("mnist-gmvae-best") == 15 and set(epochs.values()) == {12}
    sizes = {name: config.training.batch_size for name, config in both.items()}
    assert sizes.pop("mnist-gmvae-best") == 64 and set(sizes.values()) == {100}
    with pytest.raises(InputError, match=r"Expected one of mnist-gmvae-best for --best-training\.epochs"):
        configs("--variants", "mnist-vae", "--best-training.epochs", "15")


def test_latent_dim_of_the_mnist_section_reaches_the_vae_beside_the_gmvae() -> None:
    chosen = configs("--variants", "mnist-vae-128", "mnist-gmvae", "--mnist.latent-dim", "7")
    assert [config.mnist.latent_dim for config in chosen.values()] == [7, 7]
    with pytest.raises(InputError, match=r"--mnist\.threshold, which mnist-vae-128 lacks"):
        configs("--variants", "mnist-vae-128", "mnist-gmvae", "--mnist.threshold", "1")


@pytest.mark.parametrize("variant", list(SETTINGS.configs))
def test_committed_run_has_the_fingerprint_of_the_report_preset(variant: str) -> None:
    plan = parse(SETTINGS, ["--variants", variant])
    now = fingerprint(plan.configs[variant], plan.defaults[variant])
    recorded = recorded_fingerprint(REFERENCE / variant / "seed-0/config.json", now)
    assert now.keys() == recorded.keys() and changed_fields(recorded, now) == []
