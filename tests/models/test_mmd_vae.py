"""MMDVAE: contract, hand-computed terms, effect of the weight."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import BATCH, THREE_PARTS, ModelContract, compiled, small_images, small_networks
from tfvae.errors import InputError
from tfvae.losses.mmd import maximum_mean_discrepancy, multi_scale_bandwidths
from tfvae.models.mmd_vae import MMDVAE
from tfvae.models.noise import Noise


def mmd_vae(**options) -> MMDVAE:
    return MMDVAE(*small_networks(2), **options)


class TestMMDVAE(ModelContract):
    @staticmethod
    def make():
        return mmd_vae(mmd_weight=5.0, bandwidths=(0.5, 2.0), seed=2)


def test_terms_are_likelihood_and_weighted_mmd():
    model = mmd_vae(mmd_weight=7.0, bandwidths=(0.8,))
    images, _ = small_images(BATCH)
    noise = Noise(0, tf.constant(0, tf.int64))
    terms = model.objective(tf.constant(images), None, noise=noise, training=False)
    codes = model.draw(model.posterior(tf.constant(images)), noise)
    prior_codes = noise.sample(model.prior(model.latent_dim), BATCH, "prior")
    expected = 7.0 * maximum_mean_discrepancy(codes, prior_codes, bandwidths=(0.8,))
    assert np.mean(terms["mmd"]) == pytest.approx(float(expected), rel=1e-4)
    decoded = model.decode(codes.numpy()).astype(np.float64)
    entropy = -np.sum(images * np.log(decoded) + (1 - images) * np.log(1 - decoded), axis=(1, 2, 3))
    np.testing.assert_allclose(terms["reconstruction"], entropy, rtol=1e-4)


def test_default_bandwidth_is_infovaes():
    assert mmd_vae().bandwidths == pytest.approx((np.sqrt(2.0),))


def test_larger_mmd_weight_brings_codes_closer_to_prior():
    images, labels = small_images(480)
    distances = []
    for weight in (0.0, 300.0):
        keras.utils.set_random_seed(0)
        model = compiled(mmd_vae(mmd_weight=weight, bandwidths=multi_scale_bandwidths(2)))
        model.fit(images, labels, epochs=30, batch_size=48, verbose=0)
        codes = model.encode(images)
        prior = np.random.default_rng(0).normal(size=codes.shape).astype(np.float32)
        distances.append(float(maximum_mean_discrepancy(codes, prior, bandwidths=model.bandwidths)))
    assert distances[1] < 0.7 * distances[0]


@pytest.mark.parametrize(
    "options", [{"mmd_weight": -1.0}, {"mmd_weight": float("nan")}, {"bandwidths": ()}, {"bandwidths": (1.0, 0.0)}]
)
def test_arguments_out_of_range_are_rejected(options):
    with pytest.raises(InputError, match=THREE_PARTS):
        mmd_vae(**options)
