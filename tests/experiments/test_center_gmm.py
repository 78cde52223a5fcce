"""Report 0's experiment from its command line: the contract on the bundled digits, and what is its own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from experiments.center_gmm.config import SETTINGS
from experiments.center_gmm.variants import EXPERIMENT
from tests.experiments.contract import ExperimentContract, command
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.training.arguments import parse


class TestCenterGMM(ExperimentContract):
    experiment = EXPERIMENT
    smoke = (
        *("--preset", "smoke", "--data", "digits", "--widths", "32"),
        *("--training-images", "1000", "--test-images", "300"),
    )
    variants = ("vanilla-6", "center-6")

    def test_samples_of_the_center_model_have_classes(self, out: Path) -> None:
        for variant in self.variants:
            with np.load(self.folder(out, variant) / "samples.npz", allow_pickle=False) as samples:
                assert samples["images"].dtype == np.uint8 and samples["images"].shape == (500, 28, 28, 1)
                assert ("labels" in samples) == (variant == "center-6")

    def test_metrics_carry_their_labels(self, out: Path) -> None:
        record = json.loads((out / "center_gmm-smoke/center-6/seed-0/metrics.json").read_text())
        assert record["dataset"] == "digits" and record["epochs"] == 2 and record["fallback_for"] is None
        assert record["settings"]["center_weight"] == 3.0 and len(record["dataset_sha256"]) == 64
        metrics = record["metrics"]
        for sampler in (
            "prior",
            "class_gaussian",
            "class_gaussian@1.5",
            "class_gaussian@3",
            "mixture",
            "class_mixture",
        ):
            fid = metrics[f"{sampler}/fid"]
            assert fid["extractor"] == "mnist_cnn" and len(fid["extractor_sha256"]) == 64
            assert fid["samples"] == 500 and fid["split"] == "test" and fid["value"] > 0
        assert "elbo" not in metrics, "a model without a KL term follows no prior"
        assert 0 <= metrics["class_gaussian@1.5/class_accuracy"]["value"] <= 1

    def test_the_elbo_is_no_better_than_the_importance_sampled_likelihood(self, out: Path) -> None:
        metrics = json.loads((out / "center_gmm-smoke/vanilla-6/seed-0/metrics.json").read_text())["metrics"]
        assert metrics["elbo"]["value"] < 0
        # Over other images, and so with their spread: -nll is the tighter bound by more than that spread allows back.
        assert -metrics["nll"]["value"] > metrics["elbo"]["value"] - 10

    def test_samplers_are_saved_with_the_run(self, out: Path) -> None:
        folder = out / "center_gmm-smoke/center-6/seed-0/samplers"
        plain = GaussianMixtureSampler.load(folder / "class_gaussian.npz")
        shrunk = GaussianMixtureSampler.load(folder / "class_gaussian@1.5.npz")
        np.testing.assert_allclose(shrunk.covariances * 1.5, plain.covariances)
        assert json.loads((folder / "index.json").read_text())["class_sampler"] == "class_gaussian@1.5"

    def test_report_has_a_verdict_per_claim_and_an_overview(self, out: Path) -> None:
        page = self.page(out)
        assert len(re.findall(r"\*\*Too short to judge:\*\*", page.read_text())) == len(EXPERIMENT.claims) == 5
        assert (page.parent / "overview.png").stat().st_size > 1000

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--center.weight", "-1"], "center-weight=-1"),
            (["--center.step", "0"], "center-step=0"),
            (["--variants", "vanila-6"], "vanilla-6"),
            (["--training.batch-size", "5000"], "5000"),
            (["--test-images", "12"], "test images of each class"),
            (["--samples", "60"], "samples=60"),
            (["--training-images", "40", "--training.batch-size", "10"], "training images of each class"),
            (["--data", "synthetic"], "a data set of images"),
        ],
    )
    def test_its_own_wrong_words_are_refused(
        self, words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.assert_refused(words, said, tmp_path, capsys)


def test_preset_sets_fields_that_no_flag_names() -> None:
    config = parse(SETTINGS, ["--preset", "quick", "--variants", "center-6", "--center.weight", "2"]).configs[
        "center-6"
    ]
    assert (config.training.epochs, config.samples, config.center.weight) == (8, 5000, 2.0)  # type: ignore[attr-defined]
    assert parse(SETTINGS, []).configs["vanilla-6"].training.epochs == 50


def test_where_mnist_cannot_be_had_the_demo_takes_digits_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.delenv("TFVAE_DATA_DIR", raising=False)
    monkeypatch.setattr(keras.datasets.mnist, "load_data", unreachable)
    small = ["--preset", "smoke", "--widths", "16", "--training-images", "500", "--training.epochs", "1"]
    words = [*small, "--variants", "vanilla-3", "--out", str(tmp_path)]
    assert command(EXPERIMENT, *words) == 2, "without the flag it is refused"
    assert command(EXPERIMENT, *words, "--fallback-to-digits") == 0
    printed = capsys.readouterr().out
    assert "NOT MNIST" in printed and "'digits'" in printed
    folder = tmp_path / "digits-instead-of-mnist/center_gmm-smoke"
    record = json.loads((folder / "vanilla-3/seed-0/metrics.json").read_text())
    assert (record["dataset"], record["fallback_for"], record["epochs"]) == ("digits", "mnist", 10)
    assert "NOT mnist" in (folder / "report.md").read_text()
