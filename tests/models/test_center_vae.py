"""CenterVAE: contract, hand-computed terms and center updates."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import CLASSES, LATENT_DIM, THREE_PARTS, ModelContract, compiled, small_images, small_networks
from tfvae.errors import InputError
from tfvae.models.center_vae import CenterVAE
from tfvae.models.noise import Noise


def center_vae(**options):
    return CenterVAE(*small_networks(2), **{"classes": CLASSES, **options})


class TestCenterVAE(ModelContract):
    @staticmethod
    def make():
        return center_vae(center_weight=0.5, center_step=0.25, center_spread=0.5, seed=2)


def test_center_term_is_weighted_half_squared_distance():
    model = center_vae(center_weight=3.0)
    model.centers.assign([[1.0, 2.0], [-1.0, 0.0], [0.5, 0.5]])
    images, labels = small_images(4)
    terms = model.objective(
        tf.constant(images), tf.constant(labels), noise=Noise(0, tf.constant(0, tf.int64)), training=False
    )
    distances = np.sum((model.encode(images) - model.centers.numpy()[labels]) ** 2, axis=-1)
    np.testing.assert_allclose(terms["center"], 3.0 * distances / 2, rtol=1e-5)
    assert set(terms) == {"reconstruction", "center"}


def test_update_centers_matches_hand_computed_value():
    model = center_vae(center_step=0.5)
    model.centers.assign([[0.0, 0.0], [1.0, 1.0], [5.0, 5.0]])
    codes = tf.constant([[3.0, 0.0], [3.0, 6.0], [2.0, 1.0]])
    model.update_centers(codes, tf.constant([0, 0, 1]))
    # Class 0: (6, 6) * 0.5 / (1 + 2) = (1, 1). Class 1: (1, 0) * 0.5 / (1 + 1) = (0.25, 0). Class 2 has no code.
    np.testing.assert_allclose(model.centers, [[1.0, 1.0], [1.25, 1.0], [5.0, 5.0]])


def test_train_step_updates_centers_with_codes_before_the_update():
    images, labels = small_images(8)
    model = compiled(center_vae(center_step=1.0))
    codes, before = model.encode(images), model.centers.numpy()
    model.train_on_batch(images, labels)
    for label in range(CLASSES):
        offsets = (codes - before[label])[labels == label]
        expected = before[label] + offsets.sum(axis=0) / (1 + len(offsets))
        np.testing.assert_allclose(model.centers[label], expected, atol=1e-5)


def test_initial_centers_have_spread_and_depend_on_seed():
    def first_centers(**options) -> np.ndarray:
        return CenterVAE(*small_networks(2), classes=1000, **options).centers.numpy()

    centers = first_centers(center_spread=3.0, seed=1)
    # Five standard errors of a standard deviation from 2,000 numbers: 5 * 3 / sqrt(2 * 2000).
    assert np.std(centers) == pytest.approx(3.0, abs=0.24)
    np.testing.assert_array_equal(first_centers(center_spread=3.0, seed=1), centers)
    assert np.abs(first_centers(center_spread=3.0, seed=2) - centers).min() > 0
    np.testing.assert_array_equal(first_centers(center_spread=0.0), np.zeros((1000, LATENT_DIM)))


def test_centers_are_not_trainable():
    model = center_vae()
    assert model.centers.path not in [variable.path for variable in model.trainable_variables]
    assert model.centers.shape == (CLASSES, LATENT_DIM)


@pytest.mark.parametrize(
    "options",
    [
        {"classes": 1},
        {"center_weight": -1.0},
        {"center_weight": float("nan")},
        {"center_step": 0.0},
        {"center_step": 1.5},
        {"center_spread": -1.0},
    ],
)
def test_arguments_out_of_range_are_rejected(options):
    with pytest.raises(InputError, match=r"^Expected .+\. Received: .+\."):
        center_vae(**options)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        lambda labels: labels[:, np.newaxis],
        lambda labels: keras.utils.to_categorical(labels, CLASSES),
        lambda labels: labels.astype(np.float32),
    ],
    ids=["none", "column", "one-hot", "float"],
)
def test_invalid_labels_are_rejected(wrong):
    images, labels = small_images(8)
    model = compiled(center_vae())
    with pytest.raises(InputError, match=THREE_PARTS):
        model.fit(images, None if wrong is None else wrong(labels), verbose=0)
