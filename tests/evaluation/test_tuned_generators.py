"""Tuned generators: what is chosen, what is kept in the run's folder, and how a search is resumed."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from tests.contracts import THREE_PARTS
from tests.evaluation.halves import evaluation_of_halves
from tfvae.errors import InputError
from tfvae.evaluation.measured_frontiers import kept_frontiers
from tfvae.evaluation.tuned_generators import TunedGenerators, Tuning, grid, prioritized
from tfvae.sampling import Medium1, Medium2, RejectionSampler, Simple, facing_axes

GENERATORS = TunedGenerators(
    {
        "simple": Tuning(Simple, 0.97, search=grid),
        "medium2@facing": Tuning(Medium2, 0.97, axes=facing_axes),
        "medium1@prioritized": Tuning(Medium1, 0.97, search=prioritized, samples="budget_samples"),
    },
    given={"simple@reported": (0.4, 2)},
    min_accuracy=0.9,
)
SAMPLERS = [
    *("class_mixture", "simple", "medium2@facing", "medium1@prioritized", "simple@objective", "simple@reported"),
    "beyond",
]


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    evaluation = evaluation_of_halves(tmp_path_factory.mktemp("run"))
    evaluation.samplers = dict(GENERATORS.fit(evaluation))
    return evaluation


def test_samplers_have_the_order_in_which_they_are_scored(evaluation):
    assert list(evaluation.samplers) == SAMPLERS
    assert isinstance(evaluation.samplers["beyond"], RejectionSampler)


def test_chosen_setting_scales_the_deviations_of_the_saved_sampler(evaluation):
    theta = kept_frontiers(evaluation.folder)["chosen"]["medium1@prioritized"]
    codes, labels = evaluation.train_codes, evaluation.data.train_labels
    sampler = evaluation.samplers["medium1@prioritized"]
    for label in range(2):
        expected = np.maximum(theta, 1e-6) * codes[labels == label].std(axis=0)
        np.testing.assert_allclose(np.sqrt(np.diag(sampler.covariances[label])), expected, rtol=1e-3, atol=1e-6)


def test_setting_of_the_objective_is_that_of_equation_4(evaluation):
    file = evaluation.folder / "searches" / "simple.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()[1:]]
    objective = [np.mean(row["similarities"]) + 1 - np.mean(row["accuracies"]) for row in rows]
    best = rows[int(np.argmin(objective))]["theta"]
    assert len(rows) == 44 and kept_frontiers(evaluation.folder)["chosen"]["simple@objective"] == best


def test_searches_are_kept_and_each_but_the_grid_is_scored_again_on_other_noise(evaluation):
    files = sorted(file.name for file in (evaluation.folder / "searches").iterdir())
    names = ["medium1@prioritized", "medium2@facing"]
    assert files == sorted(["simple.jsonl", *(f"{name}{part}.jsonl" for name in names for part in ("", "-again"))])


def test_fit_goes_on_from_the_files_of_an_interrupted_run_of_an_earlier_version(evaluation):
    searches = evaluation.folder / "searches"
    before = {file: file.read_text() for file in searches.iterdir()}
    chosen = kept_frontiers(evaluation.folder)["chosen"]
    file = searches / "medium1@prioritized.jsonl"
    lines = [line.replace("Prioritized", "Prioritised") for line in before[file].splitlines(keepends=True)]
    file.unlink()
    (searches / "medium1@prioritised.jsonl").write_text("".join(lines[:-3]))
    GENERATORS.fit(evaluation)
    assert kept_frontiers(evaluation.folder)["chosen"] == chosen
    assert {path: path.read_text() for path in searches.iterdir()} == {**before, file: "".join(lines)}


def test_measured_settings_and_acceptance_rate(evaluation):
    metrics = GENERATORS.measure(evaluation)
    assert (metrics["simple@reported/theta"].value, metrics["simple@reported/n"].value) == (0.4, 2)
    chosen = kept_frontiers(evaluation.folder)["chosen"]
    assert metrics["medium2@facing/theta"].value == pytest.approx(np.mean(chosen["medium2@facing"]))
    assert metrics["beyond/theta"].value == chosen["beyond"] and "medium1@prioritized/n" not in metrics
    rate = metrics["beyond/acceptance_rate"]
    assert 0 < rate.value <= 1 and rate.samples == 10_000 and rate.extractor == "reconstruction_classifier"


def test_images_too_small_for_the_classifier_are_refused():
    data = SimpleNamespace(
        name="tiny",
        classes=2,
        class_names=("a", "b"),
        train_images=np.zeros((20, 5, 8, 1), np.uint8),
        train_labels=np.arange(20) % 2,
        test_labels=np.arange(10) % 2,
    )
    with pytest.raises(InputError, match=THREE_PARTS) as refused:
        GENERATORS.check(data, 2)  # type: ignore[arg-type]
    assert "6 x 6" in str(refused.value)
    with pytest.raises(InputError, match="training images of each class"):
        GENERATORS.check(data, 12)  # type: ignore[arg-type]
