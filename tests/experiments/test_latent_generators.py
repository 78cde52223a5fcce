"""Report 1's experiment from its command line: the contract, and what is its own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from experiments.latent_generators import EXPERIMENT
from experiments.latent_generators_search import REPORTED
from tests.experiments.contract import ExperimentContract
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.training.command import parse

GENERATORS = ("simple", "medium1", "medium2", "medium1@facing", "medium2@facing", "beyond")


class TestLatentGenerators(ExperimentContract):
    experiment = EXPERIMENT
    smoke = (
        *("--preset", "smoke", "--data", "digits", "--widths", "32", "--samples", "200", "--generators.budget", "5"),
        *("--training-images", "600", "--test-images", "200"),
    )
    variants = ("mmd-10", "elbo-20")

    def test_metrics_carry_their_judge_and_the_report_s_numbers(self, out: Path) -> None:
        for variant, generators in (
            ("mmd-10", (*GENERATORS, "medium1@prioritized", "medium2@prioritized")),
            ("elbo-20", (*GENERATORS, "simple@reported")),
        ):
            metrics = self.metrics(out, variant)
            for name in generators:
                accuracy, cosine = (metrics[f"{name}/{key}"] for key in ("report_accuracy", "cosine_similarity"))
                assert accuracy["extractor"] == "reconstruction_classifier" and len(accuracy["extractor_sha256"]) == 64
                assert accuracy["samples"] == cosine["samples"] == 200
                assert accuracy["std"] >= 0 and 0 <= cosine["value"] <= 1
                reported = REPORTED.get((variant, name), (None, None))
                assert (cosine["reported"], accuracy["reported"]) == reported
                assert metrics[f"{name}/class_accuracy"]["extractor"] == "mnist_cnn"
            assert 0 < metrics["beyond/acceptance_rate"]["value"] <= 1
        assert "elbo" in self.metrics(out, "elbo-20") and "elbo" not in self.metrics(out, "mmd-10")
        reported = self.metrics(out, "elbo-20")
        assert (reported["simple@reported/theta"]["value"], reported["simple@reported/draws"]["value"]) == (0.4, 2.0)

    def test_a_chosen_setting_is_the_sampler_that_was_saved(self, out: Path) -> None:
        run = self.folder(out, "mmd-10")
        chosen = json.loads((run / "frontiers.json").read_text())["chosen"]
        sampler = GaussianMixtureSampler.load(run / "samplers" / "medium1.npz")
        full = GaussianMixtureSampler.load(run / "samplers" / "class_gaussian.npz")
        deviations = np.sqrt(np.diagonal(full.covariances, axis1=1, axis2=2))
        scaled = np.sqrt(np.diagonal(sampler.covariances, axis1=1, axis2=2))
        np.testing.assert_allclose(scaled, np.maximum(chosen["medium1"], 1e-6) * deviations, rtol=1e-3, atol=1e-5)

    def test_every_search_is_kept_and_goes_on(self, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
        run = self.folder(out, "mmd-10")
        searches = {path: path.read_text() for path in (run / "searches").glob("*.jsonl")}
        assert len(searches) == 1 + 6 * 2  # the grid; six searches, each scored again on other noise
        before, metrics = self.metrics(out, "mmd-10"), run / "metrics.json"
        kept = run / "searches" / "medium2.jsonl"
        lines = kept.read_text().splitlines(keepends=True)
        kept.write_text("".join(lines[:-1]))
        metrics.unlink()  # as if it had been stopped in its evaluation
        assert self.command(*self.smoke, "--variants", "mmd-10", "--out", str(out)) == 0
        assert {path: path.read_text() for path in searches} == searches
        after = self.metrics(out, "mmd-10")
        assert {name: metric["value"] for name, metric in after.items()} == pytest.approx(
            {name: metric["value"] for name, metric in before.items()}, rel=1e-5
        )

    def test_the_page_has_table_4_and_judges_each_claim(self, out: Path) -> None:
        page = (out / "latent_generators" / "report.md").read_text()
        assert "## Table 4, finished" in page and "| mmd-10 | Medium-2, facing axes |" in page
        judged = page.count("**Holds:**") + page.count("**Does not hold:**")
        assert judged == 1 + 4 + 2, "Simple on ELBO-20, both Mediums along both axes, and two of the mixture"

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--variants", "mmd-5"], "mmd-20"),
            (["--mmd.weight-10", "-1"], "mmd-weight-10=-1"),
            (["--generators.samples", "1"], "generators-samples=1"),
            (["--generators.budget", "0"], "generators-budget=0"),
            (["--generators.spread", "1"], "generators-spread=1"),
            (["--samples", "99"], "samples=99"),
            (["--widths", "0"], "widths"),
            (["--training-images", "100", "--training.batch-size", "10"], "training images of each class"),
        ],
    )
    def test_a_wrong_word_of_its_own_is_refused(
        self, words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.assert_refused(words, said, tmp_path, capsys)


def test_presets_keep_what_is_not_named() -> None:
    config = parse(EXPERIMENT, None, ["--preset", "quick", "--generators.components", "5"])
    assert (config.training.epochs, config.generators.components, config.generators.samples) == (8, 5, 200)
    assert parse(EXPERIMENT, None, []).training.epochs == 40
