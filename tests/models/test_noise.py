"""Noise: repeatable, different by seed, step, replica and name, and standard normal."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import tensorflow as tf

from tfvae.models.noise import Noise


@functools.cache
def noise_graph(seed: int, name: str, count: int, xla: bool):
    def draw(step, replica):
        return Noise(seed, step, replica).normal((count,), name)

    return tf.function(draw, jit_compile=xla)


@pytest.fixture(params=[False, True], ids=["graph", "xla"])
def noise_at(request):
    """Noise of (seed, step, replica, name), with and without XLA."""

    def draw(seed=0, step=0, replica=0, name="codes", count=4) -> np.ndarray:
        graph = noise_graph(seed, name, count, request.param)
        return graph(tf.constant(step, tf.int64), tf.constant(replica)).numpy()

    return draw


def test_same_arguments_give_same_noise(noise_at):
    np.testing.assert_array_equal(noise_at(3, 5, 1), noise_at(3, 5, 1))


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ({"seed": 1}, {"seed": 0}),
        ({"step": 1}, {"step": 0}),
        ({"replica": 1}, {"replica": 0}),
        ({"name": "prior"}, {"name": "codes"}),
        ({"step": 1, "replica": 0}, {"step": 0, "replica": 1}),
    ],
)
def test_different_arguments_give_different_noise(noise_at, here, there):
    assert np.abs(noise_at(**here) - noise_at(**there)).min() > 1e-6


def test_noise_is_standard_normal_and_uncorrelated_between_steps(noise_at):
    draws = np.stack([noise_at(step=step, count=20_000) for step in range(3)])
    # Five standard errors: 1 / sqrt(20000) of a mean and a correlation, sqrt(2 / 20000) of a variance.
    np.testing.assert_allclose(draws.mean(axis=1), 0, atol=5 * 0.0071)
    np.testing.assert_allclose(np.cov(draws), np.eye(3), atol=5 * 0.01)
