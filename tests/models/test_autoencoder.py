"""Autoencoder: contract and reconstruction term."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import IMAGE_SHAPE, THREE_PARTS, ModelContract, small_images, small_networks
from tfvae import distributions
from tfvae.errors import InputError
from tfvae.models.autoencoder import Autoencoder
from tfvae.models.noise import Noise
from tfvae.networks.dense import dense_decoder, dense_encoder


class TestAutoencoder(ModelContract):
    @staticmethod
    def make():
        return Autoencoder(*small_networks(1))


def test_reconstruction_under_unit_normal_is_half_squared_error():
    model = Autoencoder(*small_networks(1), likelihood=distributions.unit_normal)
    images, _ = small_images(4)
    terms = model.objective(tf.constant(images), None, noise=Noise(0, tf.constant(0)), training=False)
    # -log N(x; m, 1) = (x - m)**2 / 2 + log(2 * pi) / 2, summed over 30 pixels.
    errors = np.sum((images - model.reconstruct(images)) ** 2, axis=(1, 2, 3))
    np.testing.assert_allclose(terms["reconstruction"], errors / 2 + 15 * np.log(2 * np.pi), rtol=1e-5)


def test_encoder_of_wrong_output_size_is_rejected():
    with pytest.raises(InputError, match=THREE_PARTS):
        Autoencoder(dense_encoder(IMAGE_SHAPE, 3), dense_decoder(2, IMAGE_SHAPE))


def test_decoder_of_wrong_image_shape_is_rejected():
    with pytest.raises(InputError, match=THREE_PARTS):
        Autoencoder(dense_encoder(IMAGE_SHAPE, 2), dense_decoder(2, (5, 6, 1)))
