"""Simple, Medium-1 and Medium-2: their moments by hand, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts import THREE_PARTS
from tests.sampling.test_class_gaussian import CODES as FEW_CODES
from tests.sampling.test_class_gaussian import LABELS as FEW_LABELS
from tfvae.errors import InputError
from tfvae.sampling import GaussianMixtureSampler, Medium1, Medium2, Simple, facing_axes

GENERATORS = (Simple, Medium1, Medium2)
# Class 0: mean (1, 2), variances 1 and 4. Class 1: mean (10, 0), variances 6 and 2/3 (see test_class_gaussian.py).
CODES, LABELS = FEW_CODES, np.where(FEW_LABELS == 3, 0, 1)
MEANS, DEVIATIONS = np.array([[1.0, 2.0], [10.0, 0.0]]), np.sqrt([[1.0, 4.0], [6.0, 2 / 3]])
THETAS = {Simple: [0.6, 4], Medium1: [0.5, 0.1], Medium2: [[0.5, 0.1], [0.0, 1.0]]}
SCALES = {
    Simple: [[0.3, 0.3], [0.3, 0.3]],  # 0.6 / sqrt(4)
    Medium1: [[0.5, 0.1], [0.5, 0.1]],
    Medium2: [[0.5, 0.1], [0.0, 1.0]],
}


@pytest.mark.parametrize("kind", GENERATORS)
def test_fit_takes_means_and_deviations_from_the_codes(kind):
    fitted = kind.fit(CODES, LABELS)
    np.testing.assert_allclose(fitted.means, MEANS)
    np.testing.assert_allclose(fitted.axes, DEVIATIONS[:, :, np.newaxis] * np.eye(2))
    np.testing.assert_allclose(fitted.shares, [4 / 7, 3 / 7])
    assert fitted.classes == (0, 1) and fitted.latent_dim == 2


@pytest.mark.parametrize("kind", GENERATORS)
def test_theta_multiplies_the_deviation(kind):
    generator = kind.fit(CODES, LABELS).with_theta(THETAS[kind])
    expected = np.array(SCALES[kind]) * DEVIATIONS
    for label in (0, 1):
        codes, labels = generator.sample(40_000, seed=1, label=label)
        assert (labels == label).all() and codes.dtype == np.float32
        # Five standard errors: of a mean sigma / sqrt(n), of a deviation sigma / sqrt(2 n).
        error = expected[label] / np.sqrt(40_000) + 1e-5
        np.testing.assert_array_less(np.abs(codes.mean(axis=0) - MEANS[label]), 5 * error)
        np.testing.assert_array_less(np.abs(codes.std(axis=0) - expected[label]), 5 * error)


def test_mean_of_n_codes_is_one_code_of_a_smaller_deviation():
    """Simple never averages: here is the report's equation 3 as it is written, beside it."""
    rng = np.random.default_rng(0)
    literal = np.mean(MEANS[0] + 0.6 * DEVIATIONS[0] * rng.normal(size=(4, 40_000, 2)), axis=0)
    codes, _ = Simple.fit(CODES, LABELS).with_theta([0.6, 4]).sample(40_000, seed=0, label=0)
    np.testing.assert_allclose(codes.mean(axis=0), literal.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(codes.std(axis=0), literal.std(axis=0), rtol=0.02)


@pytest.mark.parametrize("kind", GENERATORS)
def test_saved_mixture_of_a_generator_draws_the_same_codes(kind, tmp_path):
    generator = kind.fit(CODES, LABELS).with_theta(THETAS[kind])
    loaded = GaussianMixtureSampler.load(generator.mixture().save(tmp_path / "generator.npz"))
    np.testing.assert_array_equal(loaded.sample(50, seed=3)[0], generator.sample(50, seed=3)[0])


def test_facing_axes_are_covariance_roots_ordered_by_nearest_class():
    rng = np.random.default_rng(0)
    # Class 0 around 0; class 1 near it along (1, 1), class 2 far from it along (1, -1).
    centers = np.array([[0.0, 0.0], [3.0, 3.0], [30.0, -30.0]])
    labels = np.repeat([0, 1, 2], 3000)
    codes = centers[labels] + rng.normal(size=(9000, 2)) @ np.array([[2.0, 0.5], [0.0, 1.0]])
    axes = Medium1.fit(codes, labels, axes=facing_axes).axes
    np.testing.assert_allclose(axes @ np.swapaxes(axes, 1, 2), [np.cov(codes[labels == c].T, ddof=0) for c in range(3)])
    # In units of its own covariance, class 0 sees class 1 along the first axis.
    seen = np.linalg.solve(axes[0], centers[1] - centers[0])
    assert abs(seen[1]) < 0.1 * abs(seen[0])


def test_samples_along_facing_axes_have_the_class_covariance():
    codes = np.random.default_rng(0).normal(size=(500, 2)) @ np.array([[1.0, 0.9], [0.0, 0.3]])
    labels = np.arange(500) % 2
    drawn, _ = Medium2.fit(codes, labels, axes=facing_axes).sample(50_000, seed=0, label=1)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(codes[labels == 1].T, ddof=0), rtol=0.05)


def test_constant_latent_dimension_stays_constant():
    codes = np.concatenate([CODES, np.full((len(CODES), 1), 7.0)], axis=1)
    drawn, _ = Medium1.fit(np.concatenate([codes, codes]), np.concatenate([LABELS, LABELS])).sample(100, seed=0)
    np.testing.assert_allclose(drawn[:, 2], 7.0, atol=1e-4)


WRONG = {
    "theta above 1": lambda: Simple.fit(CODES, LABELS).with_theta([1.1, 1]),
    "a negative theta": lambda: Simple.fit(CODES, LABELS).with_theta([-0.1, 1]),
    "n of 0": lambda: Simple.fit(CODES, LABELS).with_theta([0.5, 0]),
    "n of a half": lambda: Simple.fit(CODES, LABELS).with_theta([0.5, 1.5]),
    "theta without n": lambda: Simple.fit(CODES, LABELS).with_theta([0.5]),
    "a negative theta of a dimension": lambda: Medium1.fit(CODES, LABELS).with_theta([0.5, -0.5]),
    "a NaN theta": lambda: Medium1.fit(CODES, LABELS).with_theta([0.5, float("nan")]),
    "a theta for one of two dimensions": lambda: Medium1.fit(CODES, LABELS).with_theta([0.5]),
    "a row for one of two classes": lambda: Medium2.fit(CODES, LABELS).with_theta([[0.5, 0.5]]),
    "a theta above 1 of a class": lambda: Medium2.fit(CODES, LABELS).with_theta([[0.5, 0.5], [0.5, 2.0]]),
    "a label without codes": lambda: Simple.fit(CODES, 2 * LABELS),
    "a class without codes": lambda: Simple.fit(CODES, LABELS, classes=3),
    "a label that is no class": lambda: Simple.fit(CODES, LABELS, classes=1),
    "fewer codes than dimensions": lambda: Simple.fit(CODES[:6], LABELS[:6]),
    "labels of other codes": lambda: Simple.fit(CODES, LABELS[:-1]),
    "no codes": lambda: Simple.fit(CODES[:0], LABELS[:0]),
    "a class that was not fitted": lambda: Simple.fit(CODES, LABELS).sample(1, seed=0, label=2),
    "no samples": lambda: Simple.fit(CODES, LABELS).sample(0, seed=0),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_input_is_refused_with_three_parts(wrong):
    with pytest.raises(InputError, match=THREE_PARTS):
        wrong()


def test_error_names_the_label_without_codes():
    with pytest.raises(InputError, match=r"none of \[1\]"):
        Simple.fit(CODES, 2 * LABELS)
