"""Threshold on a divergence term: values and gradients below and above."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfvae.losses.threshold import above_threshold

VALUES = tf.constant([0.25, 1.0, 1.75])


def of_the_batch(values: tf.Tensor, threshold: float) -> tf.Tensor:
    return above_threshold(values, tf.reduce_mean(values), threshold=threshold)


def of_each_example(values: tf.Tensor, threshold: float) -> tf.Tensor:
    return above_threshold(values, values, threshold=threshold)


@pytest.mark.parametrize(
    ("term", "threshold", "expected", "gradients"),
    [
        # The mean is 1: above 0.5 the values stay, up to 1 they are all the threshold.
        (of_the_batch, 0.5, [0.25, 1.0, 1.75], [1, 1, 1]),
        (of_the_batch, 1.0, [1.0, 1.0, 1.0], [0, 0, 0]),
        (of_the_batch, 1.5, [1.5, 1.5, 1.5], [0, 0, 0]),
        (of_the_batch, 0.0, [0.25, 1.0, 1.75], [1, 1, 1]),
        (of_each_example, 0.5, [0.5, 1.0, 1.75], [0, 1, 1]),
        (of_each_example, 1.5, [1.5, 1.5, 1.75], [0, 0, 1]),
    ],
)
def test_above_threshold_has_expected_values_and_gradients(term, threshold, expected, gradients):
    with tf.GradientTape() as tape:
        tape.watch(VALUES)
        values = term(VALUES, threshold)
    np.testing.assert_allclose(values, expected)
    np.testing.assert_array_equal(tape.gradient(values, VALUES), gradients)
    if term is of_the_batch:
        assert np.mean(values) == pytest.approx(max(threshold, 1.0))


def test_above_threshold_uses_mean_of_whole_batch():
    halves = tf.constant([[0.0, 0.2], [1.6, 2.2]])
    whole = of_the_batch(tf.reshape(halves, [-1]), 0.5)
    mean = tf.reduce_mean(halves)
    parts = [above_threshold(half, mean, threshold=0.5) for half in halves]
    np.testing.assert_allclose(np.concatenate(parts), whole)
    assert np.abs(np.concatenate([of_the_batch(half, 0.5) for half in halves]) - whole).max() > 0.3
