"""Random affine transformations: known matrices, ranges, config."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.networks.augmentation import RandomAffine, affine

IMAGE = np.arange(1.0, 10.0, dtype=np.float32).reshape(1, 3, 3, 1)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([[1, 0, 0], [0, 1, 0]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
        # One pixel to the right is taken, and nothing comes in from beyond the edge.
        ([[1, 0, 1], [0, 1, 0]], [[2, 3, 0], [5, 6, 0], [8, 9, 0]]),
        ([[1, 0, 0], [0, 1, 0.5]], [[2.5, 3.5, 4.5], [5.5, 6.5, 7.5], [3.5, 4, 4.5]]),
        # A quarter turn: out(x, y) = image(-y, x).
        ([[0, -1, 0], [1, 0, 0]], [[3, 6, 9], [2, 5, 8], [1, 4, 7]]),
        # A slant of one pixel a row about the middle row.
        ([[1, 1, 0], [0, 1, 0]], [[0, 1, 2], [4, 5, 6], [8, 9, 0]]),
        ([[0.5, 0, 0], [0, 1, 0]], [[1.5, 2, 2.5], [4.5, 5, 5.5], [7.5, 8, 8.5]]),
    ],
)
def test_affine_matches_hand_computed_images(matrix, expected):
    moved = affine(tf.constant(IMAGE), tf.constant([matrix], tf.float32))
    np.testing.assert_allclose(moved[0, :, :, 0], expected, atol=1e-5)


def test_random_affine_transforms_each_image_within_limits():
    images = np.zeros((400, 21, 21, 1), np.float32)
    images[:, 10, 10] = 1.0
    noise = np.random.default_rng(0).standard_normal((400, 6)).astype(np.float32)
    moved = RandomAffine(rotation=0, slant=0, log_scale=0, shift=3.0)(tf.constant(images), tf.constant(noise)).numpy()
    np.testing.assert_allclose(moved.sum(axis=(1, 2, 3)), 1.0, atol=1e-4)
    offsets = np.einsum("nijc,i->n", moved, np.arange(21.0)) - 10
    assert np.abs(offsets).max() <= 3.0
    # Uniform in [-3, 3]: variance 3, with five standard errors of a uniform's variance.
    assert offsets.var() == pytest.approx(3.0, abs=5 * 3.0 * np.sqrt(0.8 / 400))
    still = RandomAffine(rotation=0, slant=0, log_scale=0, shift=0)(tf.constant(images), tf.constant(noise))
    np.testing.assert_array_equal(still, images)


def test_random_affine_rotation_under_xla_matches_eager():
    image = np.random.default_rng(1).uniform(size=(1, 9, 9, 1)).astype(np.float32)
    noise = tf.constant([[10.0, 0, 0, 0, 0, 0]])  # erf is 1 there: the whole angle
    quarter = RandomAffine(rotation=90.0)
    np.testing.assert_allclose(quarter(image, noise)[0, :, :, 0], np.rot90(image[0, :, :, 0], 1), atol=1e-4)
    compiled = tf.function(quarter, jit_compile=True)
    random = tf.constant(np.random.default_rng(2).standard_normal((1, 6)), tf.float32)
    np.testing.assert_allclose(compiled(image, random), quarter(image, random), atol=1e-5)


def test_random_affine_config_round_trips():
    augmentation = RandomAffine(rotation=3.0, shift=0.5)
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(augmentation)) == augmentation


def test_negative_limits_are_rejected():
    with pytest.raises(InputError, match=THREE_PARTS):
        RandomAffine(slant=-0.1)
