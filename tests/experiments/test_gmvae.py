"""Report 2's experiment from its command line: the contract, images and signals in one command, and what is its own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from experiments.gmvae import EXPERIMENT, after_epoch, own_config, start_from_mixture
from experiments.gmvae_measure import class_of_cluster, code_sampler
from tests.experiments.contract import ExperimentContract
from tfvae.cli import main as tfvae_command
from tfvae.data.synthetic import load_synthetic
from tfvae.metrics.clustering import cluster_accuracy
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.training.command import parse
from tfvae.training.runner import build_model
from tfvae.training.strategy import choose_strategy


class TestGMVAEExperiment(ExperimentContract):
    experiment = EXPERIMENT
    smoke = (
        *("--preset", "smoke", "--data", "digits", "--samples", "200", "--projected", "50"),
        *("--training-images", "400", "--test-images", "200"),
        *("--widths", "16", "--best.widths", "16", "--synthetic.widths", "16"),
    )
    variants = ("mnist-autoencoder", "mnist-gmvae-best", "synthetic-gmvae")

    def test_each_variant_trains_on_its_own_data(self, out: Path) -> None:
        names = {}
        for variant in self.variants:
            record = json.loads((self.folder(out, variant) / "metrics.json").read_text())
            names[variant] = record["dataset"]
        assert names == {
            "mnist-autoencoder": "digits",
            "mnist-gmvae-best": "deskewed:digits",
            "synthetic-gmvae": "synthetic",
        }

    def test_samples_are_pictures_or_signals(self, out: Path) -> None:
        for variant in self.variants:
            shape, dtype = ((200, 64), np.float32) if variant == "synthetic-gmvae" else ((200, 28, 28, 1), np.uint8)
            with np.load(self.folder(out, variant) / "samples.npz", allow_pickle=False) as samples:
                assert samples["images"].shape == shape and samples["images"].dtype == dtype
                assert ("labels" in samples) == (variant != "mnist-autoencoder")

    def test_metrics_say_what_clusters_are_worth(self, out: Path) -> None:
        for variant in self.variants[1:]:
            values = {name: metric["value"] for name, metric in self.metrics(out, variant).items()}
            assert 0 < values["cluster_accuracy"] <= values["majority_accuracy"] <= 1
            assert values["used_clusters"] + values["unused_clusters"] == 10
            assert values["elbo"] < 0 <= values["z_prior"] <= np.log(10)
        assert "cluster/fid" in self.metrics(out, "mnist-gmvae-best")
        assert "fitted_label_accuracy" in self.metrics(out, "synthetic-gmvae")
        assert {"prior/fid", "kmeans_accuracy"} < set(self.metrics(out, "mnist-autoencoder"))
        assert "cluster_accuracy" not in self.metrics(out, "mnist-autoencoder")

    def test_what_tells_a_collapse_is_kept_each_epoch(self, out: Path) -> None:
        for variant in self.variants:
            rows = json.loads((self.folder(out, variant) / "history.json").read_text())
            names = {"active_units"}
            if variant != "mnist-autoencoder":
                names |= {"used_clusters", "cluster_entropy", "cluster_information"}
            assert [set(row["watched"]) for row in rows] == [names] * 2

    def test_the_projector_has_codes_labels_clusters_and_thumbnails(self, out: Path) -> None:
        for variant, columns in (
            ("mnist-autoencoder", ["label", "place"]),
            ("mnist-gmvae-best", ["label", "place", "cluster", "probability"]),
            ("synthetic-gmvae", ["label", "place", "fitted label", "cluster", "probability"]),
        ):
            folder = self.folder(out, variant)
            lines = (folder / "projector/metadata.tsv").read_text().splitlines()
            assert lines[0].split("\t") == columns and len(lines) == 51
            assert len((folder / "projector/codes.tsv").read_text().splitlines()) == 50
            assert (folder / "projector/sprite.png").exists() and (folder / "projector_config.pbtxt").exists()

    def test_a_run_on_signals_can_be_sampled_by_cluster_and_exported(self, out: Path, tmp_path: Path) -> None:
        run = str(self.folder(out, "synthetic-gmvae"))
        for words in (
            ["sample", run, "--count", "5", "--label", "3", "--out", str(tmp_path / "some.npz")],
            ["sample", run, "--count", "5", "--out", str(tmp_path / "some.png")],
            ["export", run, str(tmp_path / "export")],
        ):
            with pytest.raises(SystemExit) as ended:
                tfvae_command(words)
            assert ended.value.code == 0
        with np.load(tmp_path / "some.npz") as samples:
            assert samples["images"].shape == (5, 64) and samples["images"].dtype == np.float32
            assert samples["labels"].tolist() == [3] * 5
        assert Image.open(tmp_path / "some.png").size == (3 * 66 - 2, 2 * 50 - 2)
        served = tf.saved_model.load(str(tmp_path / "export" / "1")).signatures
        signals = load_synthetic(train=20, test=10).test_images
        assert served["encode"](images=tf.constant(signals))["codes"].shape == (10, 10)
        with pytest.raises(SystemExit) as ended:
            tfvae_command(["sample", run, "--count", "5", "--label", "10", "--out", str(tmp_path / "none.npz")])
        assert ended.value.code == 2 and not (tmp_path / "none.npz").exists()

    def test_the_report_judges_its_claims_and_names_collapses(self, out: Path) -> None:
        page = (out / "gmvae/report.md").read_text()
        assert len(re.findall(r"\*\*(Holds|Does not hold):\*\*", page)) == 4
        for variant in self.variants[1:]:
            unused = self.metrics(out, variant)["unused_clusters"]["value"]
            assert (f"**Collapsed:** {variant}" in page) == (unused > 0)
        assert "one-to-one (Hungarian)" in page and "majority rule" in page

    def test_a_field_that_a_variant_does_not_read_may_change(
        self, out: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = [*self.smoke, "--out", str(out), "--best.threshold", "1.0", "--variants"]
        assert self.command(*words, "synthetic-gmvae", "mnist-autoencoder") == 0
        assert "0 of 2 runs to do" in capsys.readouterr().out
        assert self.command(*words, "mnist-gmvae-best") == 2
        assert "best.threshold: 2.31 -> 1.0" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--mnist.clusters", "1"], "at least 2 clusters. Received: clusters=1"),
            (["--synthetic.threshold", "-0.5"], "a threshold >= 0. Received: threshold=-0.5"),
            (["--best.pretraining-epochs", "2"], "fewer pre-training epochs than epochs (2)"),
            (["--data", "synthetic", "--variants", "mnist-vae"], "pictures for the mnist-* variants"),
            (["--latent-dim", "1"], "at least 2 dimensions"),
            (["--variants", "mnist-gmvea"], "mnist-gmvae"),
            (["--test-images", "60"], "at least 100 images"),
        ],
    )
    def test_its_own_wrong_words_are_refused(
        self, words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.assert_refused(words, said, tmp_path, capsys)


def config(*words: str):
    return parse(EXPERIMENT, None, ["--preset", "smoke", "--synthetic.widths", "32", *words])


def test_the_synthetic_set_can_be_named_on_the_command_line() -> None:
    named = config("--data", "synthetic")
    assert own_config(named, "synthetic-vae").data == "synthetic"
    assert own_config(config(), "mnist-gmvae-best").data == "upright:mnist"
    assert own_config(config("--data", "upright:digits"), "mnist-gmvae-best").data == "upright:digits"


@pytest.fixture(scope="module")
def started():
    """A model on signals, with an encoder that tells the modes apart, and its clusters started from a mixture."""
    data = load_synthetic(train=600, test=200)
    told = config("--variants", "synthetic-gmvae", "--synthetic.pretraining-epochs", "1")
    model = build_model(EXPERIMENT, told, data, choose_strategy("one"), "synthetic-gmvae", 0)
    targets = np.zeros((600, 2 * 10 + 2 * 2), np.float32)
    targets[:, :10] = 3.0 * np.eye(10)[data.train_labels]
    targets[:, 10:20] = -2.0
    model.encoder.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mse")
    model.encoder.fit(data.train_images, targets, epochs=40, batch_size=50, verbose=0)
    start_from_mixture(model, data, seed=0)
    return model, data


def test_clusters_start_where_the_codes_have_groups(started) -> None:
    model, data = started
    found = model.cluster(data.test_images).argmax(axis=1)
    assert cluster_accuracy(found, data.test_labels) > 0.95
    classes = class_of_cluster(model, data)
    assert sorted(classes) == list(range(10))
    assert np.mean(classes[found] == data.test_labels) == cluster_accuracy(found, data.test_labels)


def test_the_saved_sampler_has_the_moments_of_each_cluster(started, tmp_path) -> None:
    model, _ = started
    name, sampler = code_sampler(model, seed=0)
    loaded = GaussianMixtureSampler.load(sampler.save(tmp_path / f"{name}.npz"))
    assert loaded.classes == tuple(range(10))
    codes, _ = loaded.sample(4000, seed=1, label=7)
    own, _ = model.sample_codes(4000, cluster=7, seed=2)
    error = own.std(axis=0) / np.sqrt(1000)
    np.testing.assert_allclose((codes.mean(axis=0) - own.mean(axis=0)) / error, 0, atol=5)
    np.testing.assert_allclose(codes.std(axis=0) / own.std(axis=0), 1, atol=0.1)


def test_the_learning_rate_falls_along_two_cosines(started) -> None:
    model, data = started
    told = config("--training.epochs", "5", "--synthetic.pretraining-epochs", "2", "--synthetic.learning-rate", "0.5")
    rates = []
    for epoch in (1, 3, 4, 5):  # not at 2, where the clusters start
        after_epoch(model, data, told, "synthetic-gmvae", seed=0, epoch=epoch)
        rates.append(float(model.optimizer.learning_rate.numpy()))
    # Half of the first cosine, then thirds of the second: (1 + cos(pi / 3)) / 2 and (1 + cos(2 pi / 3)) / 2.
    assert rates == pytest.approx([0.0005, 0.375, 0.125, 0.125], rel=1e-5)


def test_adam_starts_afresh_with_the_clusters(started) -> None:
    model, data = started
    told = config("--training.epochs", "5", "--synthetic.pretraining-epochs", "2")
    model.optimizer.build(model.trainable_variables)
    for variable in model.optimizer.variables:
        variable.assign(keras.ops.ones_like(variable))
    model.optimizer.learning_rate = 0.25
    after_epoch(model, data, told, "synthetic-gmvae", seed=0, epoch=2)
    assert model.optimizer.iterations.numpy() == 0 and float(model.optimizer.learning_rate.numpy()) == 0.25
    moments = [variable for variable in model.optimizer.variables if variable.ndim]
    assert moments and not any(variable.numpy().any() for variable in moments)
