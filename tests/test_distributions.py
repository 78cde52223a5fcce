"""Log-probabilities and KL terms against hand-computed values and Monte Carlo estimates."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae.distributions import (
    bernoulli,
    diagonal_normal,
    gaussian_mixture,
    kl_divergence,
    laplace,
    standard_normal,
    unit_normal,
)


def mixture() -> tfd.Distribution:
    means = tf.constant([[-2.0, 0.0], [2.0, 1.0]])
    return tfd.MixtureSameFamily(
        tfd.Categorical(probs=[0.3, 0.7]), tfd.MultivariateNormalDiag(means, tf.constant([[1.0, 0.5], [1.5, 1.0]]))
    )


def test_bernoulli_log_prob_is_binary_cross_entropy_of_gray_pixels():
    # logits log(3) and -log(3): p = 3/4 and 1/4.
    logits = np.log(3) * np.array([[[[1.0], [-1.0]]], [[[1.0], [1.0]]]])
    images = np.array([[[[1.0], [0.0]]], [[[0.5], [0.25]]]], np.float32)
    # Image 1: 2 log(3/4). Image 2: (log(3/4) + log(1/4)) / 2 + log(3/4) / 4 + 3 log(1/4) / 4.
    first = 2 * np.log(0.75)
    second = 0.5 * (np.log(0.75) + np.log(0.25)) + 0.25 * np.log(0.75) + 0.75 * np.log(0.25)
    likelihood = bernoulli(tf.constant(logits))
    np.testing.assert_allclose(likelihood.log_prob(images), [first, second], rtol=1e-6)
    np.testing.assert_allclose(np.ravel(likelihood.mean()), [0.75, 0.25, 0.75, 0.75], rtol=1e-6)


def test_bernoulli_is_finite_for_extreme_logits():
    likelihood = bernoulli(tf.constant([[200.0, -200.0]]))
    np.testing.assert_allclose(likelihood.log_prob([[0.0, 1.0]]), [-400.0])
    np.testing.assert_allclose(likelihood.log_prob([[1.0, 0.0]]), [0.0], atol=1e-6)


def test_unit_normal_log_prob_is_half_squared_error():
    likelihood = unit_normal(tf.constant([[[1.0, 2.0], [0.0, -1.0]]]))
    # Errors 1, 2, 0 and 2: -(1 + 4 + 0 + 4) / 2 - 4 * log(2 * pi) / 2
    expected = -4.5 - 2 * np.log(2 * np.pi)
    np.testing.assert_allclose(likelihood.log_prob([[[2.0, 0.0], [0.0, 1.0]]]), [expected], rtol=1e-6)


def test_likelihoods_compute_in_float32():
    for likelihood in (bernoulli, unit_normal):
        assert likelihood(tf.zeros((2, 3), tf.bfloat16)).log_prob(tf.zeros((2, 3))).dtype == tf.float32
    assert diagonal_normal(tf.zeros((2, 4), tf.bfloat16)).mean().dtype == tf.float32


def test_diagonal_normal_splits_means_and_log_variances():
    posterior = diagonal_normal(tf.constant([[1.0, -2.0, 0.0, np.log(4.0)]]))
    np.testing.assert_allclose(posterior.mean(), [[1.0, -2.0]])
    np.testing.assert_allclose(posterior.stddev(), [[1.0, 2.0]], rtol=1e-6)
    assert posterior.batch_shape == (1,) and posterior.event_shape == (2,)


def test_gaussian_mixture_has_equal_weights():
    # Two components in one dimension: N(0, 1) and N(2, 4), at x = 2.
    mixture = gaussian_mixture(tf.constant([[[0.0, 0.0], [2.0, np.log(4.0)]]]))
    densities = np.array([np.exp(-2), 0.5]) / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(mixture.log_prob([[2.0]]), [np.log(densities.mean())], rtol=1e-6)
    posterior = mixture.posterior_marginal(tf.constant([[2.0]]))
    np.testing.assert_allclose(posterior.probs_parameter(), [densities / densities.sum()], rtol=1e-6)
    assert mixture.batch_shape == (1,) and mixture.event_shape == (1,)


def test_kl_to_standard_normal_matches_closed_form():
    posterior = diagonal_normal(tf.constant([[1.0, -2.0, 0.0, np.log(4.0)], [0.0, 0.0, 0.0, 0.0]]))
    # (mean**2 + variance - log(variance) - 1) / 2: (1 + 1 - 0 - 1) / 2 + (4 + 4 - log(4) - 1) / 2
    expected = [0.5 + (7 - np.log(4)) / 2, 0.0]
    np.testing.assert_allclose(kl_divergence(posterior, standard_normal(2), tf.zeros((2, 2))), expected, rtol=1e-6)


def test_extreme_log_variances_have_finite_kl_and_gradients():
    parameters = tf.constant([[0.0, 0.0, 1e6, -1e6], [1e3, -1e3, 500.0, -500.0]])
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        posterior = diagonal_normal(parameters)
        codes = posterior.mean() + posterior.stddev() * 3.0
        terms = kl_divergence(posterior, standard_normal(2), codes) + posterior.log_prob(codes)
    np.testing.assert_allclose(posterior.stddev()[0], np.exp([5.0, -10.0]), rtol=1e-6)
    assert np.isfinite(terms).all() and np.isfinite(tape.gradient(terms, parameters)).all()


def test_one_sample_kl_estimate_is_unbiased():
    posterior = diagonal_normal(tf.constant([[0.5, -0.5, np.log(0.5), 0.0], [-2.0, 0.0, 0.0, np.log(0.25)]]))
    count = 20_000
    draws = posterior.sample(count, seed=tf.constant([0, 1]))
    estimates = kl_divergence(posterior, mixture(), draws).numpy()
    assert estimates.shape == (count, 2)

    # A second source: the integral itself, on a grid of 401 x 401 codes in float64.
    axis = np.linspace(-8, 8, 401)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    area = (axis[1] - axis[0]) ** 2
    for column, (mean, variance) in enumerate([([0.5, -0.5], [0.5, 1.0]), ([-2.0, 0.0], [1.0, 0.25])]):
        q = normal_density(grid, mean, variance)
        p = 0.3 * normal_density(grid, [-2, 0], [1, 0.25]) + 0.7 * normal_density(grid, [2, 1], [2.25, 1])
        exact = np.sum(q * (np.log(np.maximum(q, 1e-300)) - np.log(p))) * area
        error = estimates[:, column].std() / np.sqrt(count)
        assert abs(estimates[:, column].mean() - exact) < 5 * error


def normal_density(x: np.ndarray, mean: list[float], variance: list[float]) -> np.ndarray:
    exponent = -0.5 * np.sum((x - np.array(mean)) ** 2 / np.array(variance), axis=-1)
    return np.exp(exponent) / (2 * np.pi * np.sqrt(np.prod(variance)))


def test_standard_normal_prior_matches_density():
    np.testing.assert_allclose(standard_normal(3).log_prob([0.0, 1.0, -2.0]), -2.5 - 1.5 * np.log(2 * np.pi), rtol=1e-6)


def test_laplace_log_prob_is_l1_error():
    images = np.random.default_rng(0).uniform(size=(3, 4, 2, 1)).astype(np.float32)
    decoded = np.random.default_rng(1).uniform(size=images.shape).astype(np.float32)
    expected = -np.abs(images - decoded).sum(axis=(1, 2, 3)) - 8 * np.log(2)
    np.testing.assert_allclose(laplace(tf.constant(decoded)).log_prob(images), expected, rtol=1e-6)
