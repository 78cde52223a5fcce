"""Report 1's experiment from its command line: the contract on the bundled digits, and what is its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.latent_generators.claims import TABLE_4
from experiments.latent_generators.config import SETTINGS
from experiments.latent_generators.variants import EXPERIMENT
from tests.experiments.contract import ExperimentContract, command
from tfvae.errors import InputError
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.training.arguments import parse
from tfvae.training.config import fingerprint, flat_fields, replaced
from tfvae.training.run_folder import RunFolder

GENERATORS = ("simple", "medium1", "medium2", "medium1@facing", "medium2@facing", "beyond")


class TestLatentGenerators(ExperimentContract):
    experiment = EXPERIMENT
    smoke = (
        *("--preset", "smoke", "--data", "digits", "--widths", "32", "--samples", "200"),
        *("--training-images", "600", "--test-images", "200"),
    )
    variants = ("mmd-10", "elbo-20")

    def test_metrics_carry_their_classifier_and_the_published_numbers(self, out: Path) -> None:
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
                reported = TABLE_4.get((variant, name.removesuffix("@reported")), (None, None))
                assert (cosine["reported"], accuracy["reported"]) == reported
                assert metrics[f"{name}/class_accuracy"]["extractor"] == "mnist_cnn"
            assert 0 < metrics["beyond/acceptance_rate"]["value"] <= 1
        reported = self.metrics(out, "elbo-20")
        assert (reported["simple@reported/theta"]["value"], reported["simple@reported/n"]["value"]) == (0.4, 2.0)

    def test_samples_have_as_many_of_each_class(self, out: Path) -> None:
        for variant in self.variants:
            with np.load(self.folder(out, variant) / "samples.npz", allow_pickle=False) as samples:
                assert samples["images"].shape == (200, 28, 28, 1) and samples["images"].dtype == np.uint8
                assert np.bincount(samples["labels"]).tolist() == [20] * 10
            index = json.loads((self.folder(out, variant) / "samplers/index.json").read_text())
            assert index == {"sampler": "beyond", "class_sampler": "beyond"}

    def test_chosen_setting_is_the_sampler_that_was_saved(self, out: Path) -> None:
        run = self.folder(out, "mmd-10")
        chosen = json.loads((run / "frontiers.json").read_text())["chosen"]
        sampler = GaussianMixtureSampler.load(run / "samplers" / "medium1.npz")
        full = GaussianMixtureSampler.load(run / "samplers" / "class_gaussian.npz")
        deviations = np.sqrt(np.diagonal(full.covariances, axis1=1, axis2=2))
        scaled = np.sqrt(np.diagonal(sampler.covariances, axis1=1, axis2=2))
        np.testing.assert_allclose(scaled, np.maximum(chosen["medium1"], 1e-6) * deviations, rtol=1e-3, atol=1e-5)

    def test_searches_are_kept_and_resumed(self, out: Path) -> None:
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

    def test_page_has_table_4_and_a_verdict_per_claim(self, out: Path) -> None:
        page = self.page(out).read_text()
        assert "## Table 4, finished" in page and "| mmd-10 | Medium-2, axes toward other classes |" in page
        # Simple on elbo-20, and both Mediums along both axes; five more read elbo-10 or mmd-20.
        assert page.count("**Too short to judge:**") == 5 and len(EXPERIMENT.claims) == 10
        assert "elbo-10, mmd-20 were not run: 5 more claims" in page

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
    def test_its_own_wrong_words_are_refused(
        self, words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.assert_refused(words, said, tmp_path, capsys)


@pytest.mark.parametrize("variant", SETTINGS.configs)
def test_each_variant_has_exactly_the_fields_that_it_reads(variant: str) -> None:
    fields = set(flat_fields(SETTINGS.configs[variant]))
    dimensions = variant.partition("-")[2]
    assert {name for name in fields if name.startswith("mmd.")} == (
        {f"mmd.weight_{dimensions}", "mmd.several_widths"} if variant.startswith("mmd") else set()
    )
    assert ("generators.steps" in fields) == (dimensions != "2")
    assert {"generators.budget", "generators.budget_samples"} & fields == (
        {"generators.budget", "generators.budget_samples"} if variant == "mmd-10" else set()
    )


def test_preset_keeps_what_is_not_named() -> None:
    words = ["--preset", "quick", "--generators.components", "5", "--mmd.weight-10", "3", "--generators.budget", "7"]
    plan = parse(SETTINGS, words)
    config: Any = plan.configs["mmd-10"]
    assert (config.training.epochs, config.generators.components, config.generators.samples) == (8, 5, 200)
    assert (config.mmd.weight_10, config.generators.budget, config.generators.frontier_points) == (3.0, 7, 6)
    assert plan.configs["mmd-20"].mmd.weight_20 == 30.0  # type: ignore[attr-defined]
    assert parse(SETTINGS, []).configs["elbo-2"].training.epochs == 40


def test_classes_too_small_for_the_mixture_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*TestLatentGenerators.smoke, "--generators.components", "70", "--out", str(tmp_path)]
    assert command(EXPERIMENT, *words, "--variants", "elbo-2") == 2
    assert "a mixture of 70 Gaussians" in capsys.readouterr().err


COMMITTED = sorted((Path(__file__).parents[2] / "tensorboard_logs/reference/latent_generators").glob("*/seed-*"))


@pytest.mark.parametrize("folder", COMMITTED, ids=lambda folder: folder.parent.name)
def test_committed_runs_of_version_0_1_0_are_still_the_same_runs(folder: Path) -> None:
    config = SETTINGS.configs[folder.parent.name]
    recorded = json.loads((folder / "config.json").read_text())
    run = dict.fromkeys(("experiment", "variant", "seed", "preset", "strategy", "dataset", "dataset_sha256"))
    of_run = {name: recorded.get("identity", recorded.get("fingerprint"))[name] for name in run}
    RunFolder(folder).check({**of_run, **fingerprint(config, config)})
    changed = replaced(config, {"generators.components": 9})
    with pytest.raises(InputError, match=r"generators.components: 10 -> 9"):
        RunFolder(folder).check({**of_run, **fingerprint(changed, config)})
