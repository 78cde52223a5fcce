"""Scores of class-conditional samplers over sets of samples."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluation.halves import evaluation_of_halves
from tfvae.evaluation.conditional import FIRST_SEED, class_sheets, over_sets, score_sets
from tfvae.evaluation.evaluation import Samples
from tfvae.evaluation.samples import draw_classes
from tfvae.sampling import GaussianMixtureSampler, standard_normal_sampler


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    """Scored: the prior, and a Gaussian of each class, of which class 1 is sampled as class 0 by one in two."""
    evaluation = evaluation_of_halves(tmp_path_factory.mktemp("run"), spread=3)
    means = np.array([[-0.8, 0.0], [0.8, 0.0], [-0.8, 0.0]])
    covariances = np.stack([0.01 * np.eye(2)] * 3)
    evaluation.samplers = {
        "prior": standard_normal_sampler(2),
        "half": GaussianMixtureSampler(np.array([0.5, 0.25, 0.25]), means, covariances, np.array([0, 1, 1])),
    }
    score_sets(evaluation)
    return evaluation


def test_class_sampler_is_scored_on_equal_counts_and_the_prior_without_classes(evaluation):
    assert np.bincount(evaluation.samples["half"].labels).tolist() == [100, 100]
    assert evaluation.samples["prior"].labels is None and len(evaluation.samples["prior"].images) == 200
    assert not any(name.startswith("prior/") for name in evaluation.metrics)


def test_accuracy_of_a_sampler_that_is_wrong_in_a_quarter(evaluation):
    accuracy = evaluation.metrics["half/report_accuracy"]
    # Class 0 is right, class 1 in one of two samples: 0.75, with a standard error of 0.5 / sqrt(300) / 2 = 0.014.
    assert accuracy.value == pytest.approx(0.75, abs=0.06) and 0 < accuracy.std < 0.1
    assert accuracy.samples == 200 and accuracy.extractor == "reconstruction_classifier"


def test_sets_of_samples_have_their_own_seeds(evaluation):
    sampler = evaluation.samplers["half"]
    first, second = (
        draw_classes(evaluation, sampler, seed=seed, samples=200) for seed in (FIRST_SEED, FIRST_SEED + 1000)
    )
    np.testing.assert_array_equal(first.images, evaluation.samples["half"].images)
    assert (first.images != second.images).any()


def test_mean_and_standard_deviation_over_two_sets(evaluation):
    labels = np.array([0, 0, 1, 1])
    alike = np.full((4, 8, 8, 1), 200, np.uint8)
    orthogonal = np.zeros((4, 8, 8, 1), np.uint8)
    orthogonal[::2, 0], orthogonal[1::2, 7] = 200, 200
    similarity = over_sets(evaluation, [Samples(alike, labels), Samples(orthogonal, labels)])["cosine_similarity"]
    # Similarities of 1 and 0: mean 0.5, deviation sqrt(2 * 0.5**2 / (2 - 1)).
    assert (similarity.value, similarity.std) == pytest.approx((0.5, np.sqrt(0.5)))
    assert similarity.samples == 4 and similarity.extractor is None


def test_class_sheets_draw_only_the_samplers_that_were_scored(evaluation):
    sheets = class_sheets("half", "missing", titles={"half": "Half", "missing": "Missing"})(evaluation)
    assert list(sheets) == ["samples_half"]
