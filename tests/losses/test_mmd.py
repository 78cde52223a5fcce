"""Maximum mean discrepancy: against a float64 double loop, and on two replicas."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.losses.mmd import (
    gaussian_kernel,
    infovae_bandwidths,
    maximum_mean_discrepancy,
    multi_scale_bandwidths,
    per_example_mmd,
)
from tfvae.models.replicas import gather_over_replicas
from tfvae.training.strategy import choose_strategy

WIDTHS = (0.7, 2.0)


def normal(seed: int, rows: int = 24, columns: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)


def double_loop(x: np.ndarray, y: np.ndarray, widths: tuple[float, ...]) -> float:
    def mean_kernel(first, second):
        total = 0.0
        for a in first.astype(np.float64):
            for b in second.astype(np.float64):
                total += sum(math.exp(-float(np.sum((a - b) ** 2)) / (2 * w**2)) for w in widths) / len(widths)
        return total / (len(first) * len(second))

    return mean_kernel(x, x) + mean_kernel(y, y) - 2 * mean_kernel(x, y)


@pytest.mark.parametrize("widths", [(1.5,), WIDTHS])
def test_mmd_matches_double_loop_for_sets_of_different_sizes(widths):
    x, y = normal(0), normal(1, rows=17) + 0.5
    assert float(maximum_mean_discrepancy(x, y, bandwidths=widths)) == pytest.approx(
        double_loop(x, y, widths), abs=1e-6
    )


def test_mmd_of_two_points_matches_hand_computed_value():
    # k(0, 0) = 1 on each side; between them exp(-2**2 / (2 * 1)) = exp(-2).
    value = maximum_mean_discrepancy(tf.constant([[0.0]]), tf.constant([[2.0]]), bandwidths=(1.0,))
    assert float(value) == pytest.approx(2 - 2 * math.exp(-2), rel=1e-6)


def test_mmd_of_equal_sets_is_zero_and_grows_with_shift():
    x = normal(0)
    values = [float(maximum_mean_discrepancy(x, x + shift, bandwidths=WIDTHS)) for shift in (0.0, 0.2, 0.5, 1.0, 2.0)]
    assert values[0] == 0.0
    assert all(later > earlier for earlier, later in itertools.pairwise(values))


def test_gaussian_kernel_matches_hand_computed_values():
    kernel = gaussian_kernel(tf.constant([[0.0, 0.0]]), tf.constant([[0.0, 0.0], [3.0, 4.0]]), bandwidths=(5.0,))
    np.testing.assert_allclose(kernel, [[1.0, math.exp(-0.5)]], rtol=1e-6)


def test_mean_of_per_example_mmd_is_mmd_of_whole_batch():
    x, y = normal(0), normal(1) + 0.3
    parts = [slice(0, 10), slice(10, 24)]
    losses = [per_example_mmd(x[part], y[part], x, y, bandwidths=WIDTHS) for part in parts]
    whole = float(maximum_mean_discrepancy(x, y, bandwidths=WIDTHS))
    assert np.mean(np.concatenate(losses)) == pytest.approx(whole, abs=1e-6)


def test_per_example_mmd_on_two_replicas_has_value_and_gradient_of_one():
    x, y = normal(0), normal(1) + 0.3
    with tf.GradientTape() as tape:
        codes = tf.constant(x)
        tape.watch(codes)
        value = maximum_mean_discrepancy(codes, tf.constant(y), bandwidths=WIDTHS)
    gradient = tape.gradient(value, codes)
    strategy = choose_strategy("mirrored")
    halves = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(np.stack([x, y])[:, 12 * context.replica_id_in_sync_group :][:, :12])
    )

    def step(pair: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(pair)
            own, prior = pair[0], pair[1]
            everything = gather_over_replicas(own), gather_over_replicas(prior)
            loss = tf.reduce_sum(per_example_mmd(own, prior, *everything, bandwidths=WIDTHS)) / len(x)
        return loss, tape.gradient(loss, pair)[0]

    losses, gradients = tf.function(lambda: strategy.run(step, (halves,)))()
    total = sum(float(loss) for loss in strategy.experimental_local_results(losses))
    assert total == pytest.approx(float(value), abs=1e-6)
    np.testing.assert_allclose(np.concatenate(strategy.experimental_local_results(gradients)), gradient, atol=1e-6)


def test_infovae_bandwidth_gives_published_kernel():
    # InfoVAE's published kernel: exp(-mean((a - b)**2) / D).
    a, b = normal(0, rows=1, columns=5), normal(1, rows=1, columns=5)
    kernel = gaussian_kernel(tf.constant(a), tf.constant(b), bandwidths=infovae_bandwidths(5))
    assert float(kernel[0, 0]) == pytest.approx(math.exp(-np.mean((a - b) ** 2) / 5), rel=1e-5)


def test_multi_scale_bandwidths_scale_with_rms_distance_of_samples():
    assert multi_scale_bandwidths(8) == (1.0, 2.0, 4.0, 8.0)
    distances = np.linalg.norm(normal(0, 5000, 8) - normal(1, 5000, 8), axis=1)
    assert np.sqrt(np.mean(distances**2)) == pytest.approx(multi_scale_bandwidths(8)[2], rel=0.03)


@pytest.mark.parametrize("widths", [(), (0.0,), (1.0, -1.0), (float("nan"),), (float("inf"),)])
def test_invalid_bandwidths_are_rejected(widths):
    with pytest.raises(InputError, match=THREE_PARTS):
        maximum_mean_discrepancy(normal(0), normal(1), bandwidths=widths)
