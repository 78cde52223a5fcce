"""Fitted mixtures: recovery of true parameters, classes of components, refused inputs."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.sampling import (
    GaussianMixtureSampler,
    fit_class_gaussians,
    fit_mixture,
    fit_mixture_per_class,
    match_components,
)

THREE_PARTS = r"(?s)^Expected .+\. Received: .+\. [A-Z].+\.$"

# Three classes far apart, with labels that are neither contiguous nor in order of the means.
TRUTH = GaussianMixtureSampler(
    weights=np.array([0.5, 0.3, 0.2]),
    means=np.array([[0.0, 0.0], [10.0, -10.0], [-12.0, 8.0]]),
    covariances=np.array([[[1.0, 0.6], [0.6, 2.0]], [[0.5, 0.0], [0.0, 0.5]], [[3.0, -1.0], [-1.0, 1.0]]]),
    labels=np.array([4, 0, 7]),
)
BY_LABEL = np.argsort(TRUTH.labels)


@pytest.fixture(scope="module")
def drawn():
    return TRUTH.sample(6000, seed=5)


def assert_close_to_truth(fitted):
    """Five standard errors of the rarest component, 1,200 of the 6,000 codes, whose variances reach 3.

    Of a mean: sqrt(3 / 1200) = 0.05. Of a variance v: v * sqrt(2 / 1200) = 0.12. Of a share p = 0.5:
    sqrt(p * (1 - p) / 6000) = 0.0065.
    """
    order = np.argsort(fitted.labels)
    np.testing.assert_array_equal(fitted.labels[order], [0, 4, 7])
    np.testing.assert_allclose(fitted.means[order], TRUTH.means[BY_LABEL], atol=5 * 0.05)
    np.testing.assert_allclose(fitted.covariances[order], TRUTH.covariances[BY_LABEL], atol=5 * 0.12)
    np.testing.assert_allclose(fitted.weights[order], TRUTH.weights[BY_LABEL], atol=5 * 0.0065)


def test_mixture_initialized_from_classes_recovers_true_parameters(drawn):
    codes, labels = drawn
    assert_close_to_truth(fit_mixture(codes, components=3, labels=labels, seed=0))


def test_matched_components_of_unlabeled_mixture_have_true_classes(drawn):
    codes, labels = drawn
    unnamed = fit_mixture(codes, components=3, seed=0)
    assert unnamed.labels is None
    assert_close_to_truth(match_components(unnamed, codes, labels))


def test_expectation_maximization_improves_on_wrong_initial_labels():
    # A third of the labels are wrong: the per-class fit keeps the blend, EM unmixes it.
    codes, labels = TRUTH.sample(3000, seed=6)
    wrong = labels.copy()
    wrong[::3] = np.roll(labels, 1)[::3]
    blended = fit_class_gaussians(codes, wrong)
    unmixed = fit_mixture(codes, components=3, labels=wrong, seed=0)
    assert np.abs(blended.component_means() - TRUTH.component_means()).max() > 1.0
    np.testing.assert_array_equal(unmixed.labels, [0, 4, 7])
    assert np.abs(unmixed.component_means() - TRUTH.component_means()).max() < 0.4


def test_regularization_is_added_to_every_variance():
    codes = np.array([[0.0], [2.0], [10.0], [14.0]])
    labels = np.array([0, 0, 1, 1])
    fitted = fit_mixture(codes, components=2, labels=labels, seed=0, regularization=0.25)
    # Classes so far apart (in deviations) that every code belongs to its own: variances 1 and 4.
    np.testing.assert_allclose(fitted.covariances.ravel(), [1.25, 4.25], atol=1e-3)


def test_mixture_per_class_finds_the_two_clusters_of_each_class():
    generator = np.random.default_rng(0)
    centers = np.array([[-20.0], [-10.0], [10.0], [20.0]])
    codes = centers[np.repeat([0, 1, 2, 3], [600, 200, 100, 100])] + generator.standard_normal((1000, 1))
    labels = np.repeat([2, 5], [800, 200])
    fitted = fit_mixture_per_class(codes, labels, components=2, seed=0)
    np.testing.assert_array_equal(fitted.labels, [2, 2, 5, 5])
    order = np.argsort(fitted.means[:, 0])
    np.testing.assert_allclose(fitted.means[order], centers, atol=5 / np.sqrt(100))
    np.testing.assert_allclose(fitted.weights[order], [0.6, 0.2, 0.1, 0.1], atol=1e-3)
    np.testing.assert_array_equal(fitted.labels[order], [2, 2, 5, 5])


def line_of_components(means):
    """Unlabeled one-dimensional components of unit variance and equal weight."""
    count = len(means)
    return GaussianMixtureSampler(
        weights=np.full(count, 1 / count),
        means=np.reshape(means, (count, 1)),
        covariances=np.ones((count, 1, 1)),
    )


def test_matching_gives_each_class_a_component_before_majority():
    # Class 0 has the majority at both places; class 1 is found at 10 only, where it is the minority.
    codes = np.repeat([[0.0], [10.0]], [10, 10], axis=0)
    labels = np.concatenate([np.zeros(10, int), np.zeros(6, int), np.ones(4, int)])
    matched = match_components(line_of_components([0.0, 10.0]), codes, labels)
    np.testing.assert_array_equal(matched.labels, [0, 1])


def test_matching_leaves_the_other_components_to_the_majority():
    codes = np.repeat([[0.0], [10.0], [20.0]], [5, 8, 9], axis=0)
    labels = np.repeat([3, 6, 3], [5, 8, 9])
    matched = match_components(line_of_components([0.0, 10.0, 20.0]), codes, labels)
    np.testing.assert_array_equal(matched.labels, [3, 6, 3])


def test_matching_fewer_components_than_classes_takes_the_majority():
    codes = np.repeat([[0.0], [10.0]], [9, 9], axis=0)
    labels = np.repeat([0, 1, 0, 2], [6, 3, 5, 4])
    matched = match_components(line_of_components([0.0, 10.0]), codes, labels)
    np.testing.assert_array_equal(matched.labels, [0, 0])


def test_a_collapsed_dimension_does_not_stop_a_fit():
    generator = np.random.default_rng(0)
    codes = np.column_stack([generator.standard_normal(60), np.zeros(60)])
    labels = np.repeat([0, 1], 30)
    for fitted in (
        fit_mixture(codes, components=2, labels=labels, seed=0),
        fit_mixture_per_class(codes, labels, components=2, seed=0),
        fit_class_gaussians(codes, labels),
    ):
        assert np.isfinite(fitted.sample(10, seed=0)[0]).all()


CODES = np.random.default_rng(1).standard_normal((20, 2))
LABELS = np.repeat([0, 1], 10)
BROKEN = np.where(np.arange(40).reshape(20, 2) == 7, np.nan, CODES)
WRONG = {
    "NaN codes": lambda: fit_mixture(BROKEN, components=2, seed=0),
    "one-dimensional codes": lambda: fit_mixture(CODES[:, 0], components=2, seed=0),
    "text": lambda: fit_mixture(np.array([["a", "b"]]), components=1, seed=0),
    "no codes": lambda: fit_mixture(CODES[:0], components=1, seed=0),
    "fewer codes than dimensions": lambda: fit_mixture(CODES[:2], components=1, seed=0),
    "components > codes": lambda: fit_mixture(CODES, components=21, seed=0),
    "no components": lambda: fit_mixture(CODES, components=0, seed=0),
    "components is no integer": lambda: fit_mixture(CODES, components=2.0, seed=0),
    "a negative seed": lambda: fit_mixture(CODES, components=2, seed=-1),
    "negative regularization": lambda: fit_mixture(CODES, components=2, seed=0, regularization=-1.0),
    "no iterations": lambda: fit_mixture(CODES, components=2, seed=0, iterations=0),
    "components != classes": lambda: fit_mixture(CODES, components=3, labels=LABELS, seed=0),
    "labels too short": lambda: fit_mixture(CODES, components=2, labels=LABELS[1:], seed=0),
    "labels no integers": lambda: fit_mixture(CODES, components=2, labels=LABELS + 0.5, seed=0),
    "negative labels": lambda: fit_mixture(CODES, components=2, labels=LABELS - 1, seed=0),
    "a small class": lambda: fit_mixture(CODES, components=2, labels=np.arange(20) == 3, seed=0),
    "per class: components > codes": lambda: fit_mixture_per_class(CODES, LABELS, components=11, seed=0),
    "per class: a small class": lambda: fit_mixture_per_class(
        CODES, np.minimum(np.arange(20), 18) // 18, components=1, seed=0
    ),
    "per class: labels too short": lambda: fit_mixture_per_class(CODES, LABELS[1:], components=1, seed=0),
    "matching other dimensions": lambda: match_components(line_of_components([0.0]), CODES, LABELS),
    "matching with labels too long": lambda: match_components(TRUTH, CODES, np.append(LABELS, 0)),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_input_is_refused_with_three_parts(call):
    with pytest.raises(InputError, match=THREE_PARTS):
        call()


def test_fit_with_several_starts_keeps_the_most_likely():
    codes = np.random.default_rng(3).uniform(size=(300, 2))  # no groups, so every start ends in a place of its own

    def log_likelihood(seed: int, starts: int) -> float:
        fitted = fit_mixture(codes, components=6, seed=seed, starts=starts)
        densities = np.zeros(len(codes))
        for weight, mean, covariance in zip(fitted.weights, fitted.means, fitted.covariances, strict=True):
            squares = np.einsum("ni,ij,nj->n", codes - mean, np.linalg.inv(covariance), codes - mean)
            densities += weight * np.exp(-0.5 * squares) / np.sqrt(np.linalg.det(2 * np.pi * covariance))
        return float(np.mean(np.log(densities)))

    # The first of several starts is the single one, so several are never worse.
    gains = np.array([log_likelihood(seed, 5) - log_likelihood(seed, 1) for seed in range(4)])
    assert gains.min() > -1e-6 and gains.max() > 0.005
    with pytest.raises(InputError, match="starts"):
        fit_mixture(codes, components=6, seed=0, starts=0)
