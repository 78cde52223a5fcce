"""GaMix-VAE's regularization terms: hand-computed values, and gradients against autodiff of eq. 8."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfvae.losses.gamix import aggregate_kl, posterior_variance_penalty


def plain(means: tf.Tensor) -> tf.Tensor:
    """Eq. 8 as the report writes it."""
    mean = tf.reduce_mean(means, axis=0)
    variance = tf.reduce_mean(tf.square(means - mean), axis=0)
    return 0.5 * tf.reduce_sum(variance + mean**2 - 1 - tf.math.log(variance))


def moments(means: np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.constant(means.mean(axis=0)), tf.constant(means.var(axis=0))


def test_aggregate_kl_matches_hand_computed_value():
    # Means 1 and 3 have mean 2 and variance 1; -1 and 3 have mean 1 and variance 4.
    means = np.array([[1.0, -1.0], [3.0, 3.0]], np.float32)
    expected = 0.5 * ((1 + 4 - 1 - 0) + (4 + 1 - 1 - np.log(4)))
    np.testing.assert_allclose(aggregate_kl(tf.constant(means), *moments(means)), [expected, expected], rtol=1e-6)


def test_aggregate_kl_of_standardized_means_is_zero():
    means = np.array([[1.0], [-1.0]], np.float32)
    np.testing.assert_allclose(aggregate_kl(tf.constant(means), *moments(means)), 0, atol=1e-6)


@pytest.mark.parametrize("parts", [1, 3])
def test_gradient_of_mean_aggregate_kl_is_that_of_eq_8(parts):
    means = np.random.default_rng(0).normal(0.5, 0.7, size=(12, 4)).astype(np.float32)
    rows = tf.constant(means)
    with tf.GradientTape() as tape:
        tape.watch(rows)
        value = plain(rows)
    expected = tape.gradient(value, rows)
    gradients = []
    for some in np.split(means, parts):
        part = tf.constant(some)
        with tf.GradientTape() as tape:
            tape.watch(part)
            losses = aggregate_kl(part, *moments(means))
            loss = tf.reduce_sum(losses) / len(means)
        np.testing.assert_allclose(losses, float(value), rtol=1e-5)
        gradients.append(tape.gradient(loss, part))
    np.testing.assert_allclose(np.concatenate(gradients), expected, atol=1e-6)


def test_aggregate_kl_of_collapsed_dimension_is_finite():
    rows = tf.zeros([4, 2])
    with tf.GradientTape() as tape:
        tape.watch(rows)
        losses = aggregate_kl(rows, tf.zeros(2), tf.zeros(2))
    assert np.isfinite(losses).all() and np.isfinite(tape.gradient(losses, rows)).all()


def test_posterior_variance_penalty_matches_hand_computed_value():
    variance = tf.constant([[1.0, 1.0], [np.e, 0.5]], tf.float32)
    expected = [0, (np.e - 1 - 1) + (0.5 - 1 + np.log(2))]
    np.testing.assert_allclose(posterior_variance_penalty(variance), expected, rtol=1e-6)


def test_posterior_variance_penalty_grows_as_variance_vanishes():
    values = posterior_variance_penalty(tf.constant([[1e-1], [1e-3], [1e-8]])).numpy()
    assert (np.diff(values) > 4).all()
