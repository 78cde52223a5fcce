"""Multiply-adds counted by hand, and times in words."""

from __future__ import annotations

import keras
import pytest

from tests.contracts import small_networks
from tfvae.models.vae import VAE
from tfvae.training import estimate


def test_multiply_adds_of_a_dense_model():
    # 30-16-4 and 2-16-30; biases do not count.
    assert estimate.multiply_adds(VAE(*small_networks(2))) == 30 * 16 + 16 * 4 + 2 * 16 + 16 * 30


def test_multiply_adds_of_convolutions():
    inputs = keras.Input((8, 6, 3))
    down = keras.layers.Conv2D(5, 3, strides=2, padding="same")(inputs)  # to 4 x 3
    up = keras.layers.Conv2DTranspose(2, 4, strides=2, padding="same")(down)  # from 4 x 3
    expected = 4 * 3 * (3 * 3 * 3 * 5) + 4 * 3 * (4 * 4 * 2 * 5)
    assert estimate.multiply_adds(keras.Model(inputs, up)) == expected


def test_training_seconds_are_multiply_adds_by_the_rate_of_the_device(monkeypatch):
    monkeypatch.setattr(estimate, "_rate", lambda: 1e6)
    products = 30 * 16 + 16 * 4 + 2 * 16 + 16 * 30
    factor = estimate.TRAINING_PER_FORWARD * estimate.OVERHEAD
    assert estimate.training_seconds(VAE(*small_networks(2)), 1000) == pytest.approx(products * factor / 1e3)


def test_measured_rate_is_plausible():
    assert 1e8 < estimate._rate() < 1e15


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "about 1 s"),
        (41.7, "about 42 s"),
        (89.0, "about 89 s"),
        (90.0, "about 2 min"),
        (720.0, "about 12 min"),
        (5400.0, "about 1.5 h"),
        (12600.0, "about 3.5 h"),
    ],
)
def test_seconds_in_words(seconds, words):
    assert estimate.in_words(seconds) == words
