"""Frontiers on fresh samples: similarity at an accuracy, and the figure of several runs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluation.halves import evaluation_of_halves
from tfvae.evaluation.measured_frontiers import Candidates, kept_frontiers, measured_frontiers, similarity_at, tradeoff
from tfvae.files import write_json
from tfvae.sampling import Frontier, Simple

KEPT = {
    "real": {"cosine_similarity": 0.5, "report_accuracy": 0.99, "class_accuracy": 0.98},
    "samples": 100,
    "generators": {
        "simple": {
            "cosine_similarity": [0.4, 0.8, 0.9],
            "report_accuracy": [0.90, 0.98, 0.97],
            "class_accuracy": [0.88, 0.96, 0.95],
            "theta": [[1.0, 1.0], [0.5, 1.0], [0.3, 1.0]],
        }
    },
}


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    evaluation = evaluation_of_halves(tmp_path_factory.mktemp("run"))
    write_json(evaluation.folder / "frontiers.json", KEPT)
    return evaluation


@pytest.mark.parametrize(
    ("accuracy", "similarity"),
    [
        (0.90, 0.4),
        # Between (0.90, 0.4) and (0.97, 0.9): 0.4 + 0.5 * 0.035 / 0.07.
        (0.935, 0.65),
        (0.98, 0.8),
    ],
)
def test_similarity_at_an_accuracy_is_interpolated(evaluation, accuracy, similarity):
    (metric,) = similarity_at("simple", accuracy)(evaluation).items()
    assert metric[0] == f"simple/cosine_similarity_at_{accuracy:g}"
    assert metric[1].value == pytest.approx(similarity) and metric[1].samples == 100


@pytest.mark.parametrize("accuracy", [0.89, 0.99])
def test_similarity_outside_the_measured_accuracies_is_no_metric(evaluation, accuracy):
    assert similarity_at("simple", accuracy)(evaluation) == {}


def test_measured_settings_lie_along_the_frontier_and_are_scored_on_fresh_samples(evaluation):
    simple = Simple.fit(evaluation.train_codes, evaluation.data.train_labels)
    thetas = np.array([[theta, 1.0] for theta in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.0)])
    similarities = np.array([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.5])[:, np.newaxis] * np.ones(2)
    accuracies = np.array([1.0, 0.99, 0.98, 0.97, 0.96, 0.95, 0.90])[:, np.newaxis] * np.ones(2)
    frontier = Frontier(thetas, accuracies, similarities, 100)
    found = measured_frontiers(
        evaluation, {"simple": Candidates(frontier, lambda theta: simple.with_theta(theta).mixture())}
    )
    curve = found["generators"]["simple"]
    # Six settings are on the frontier; three of them, evenly, the ends included.
    assert curve["theta"] == [[1.0, 1.0], [0.6, 1.0], [0.0, 1.0]] or curve["theta"] == [
        [1.0, 1.0],
        [0.4, 1.0],
        [0.0, 1.0],
    ]
    assert curve["cosine_similarity"] == sorted(curve["cosine_similarity"]) and found["samples"] == 100
    assert curve["cosine_similarity"][-1] == pytest.approx(1.0, abs=1e-6), "no noise, one image a class"
    assert 0.9 < found["real"]["report_accuracy"] <= 1


def test_tradeoff_has_a_panel_for_each_run_and_classifier():
    without = {**KEPT, "real": {"cosine_similarity": 0.5, "report_accuracy": 0.99}, "samples": 50}
    figure = tradeoff({"elbo-20": KEPT, "mmd-20": without}, {"simple": "Simple"}, {"report": (0.9, 0.995)})
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        "elbo-20, by the report's classifier",
        "elbo-20, by mnist_cnn",
        "mmd-20, by the report's classifier",
    ]
    assert [axes.get_title(loc="left") for axes in tradeoff({"mmd-20": KEPT}, {}, {}).axes] == [
        "the report's classifier",
        "mnist_cnn",
    ]


def test_kept_frontiers_are_read_from_the_folder(evaluation):
    assert kept_frontiers(evaluation.folder) == KEPT
