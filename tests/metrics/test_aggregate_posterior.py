"""Codes against the prior: moments by hand, and a discrepancy that agrees with the loss."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import small_images, small_networks
from tfvae.errors import InputError
from tfvae.losses.mmd import maximum_mean_discrepancy
from tfvae.metrics.aggregate_posterior import aggregate_moments, posterior_samples, prior_discrepancy
from tfvae.models.vae import VAE


def test_aggregate_moments_match_hand_computed_values():
    codes = np.array([[0.0, -3.0], [2.0, -1.0], [4.0, -5.0]])
    # Means 2 and -3; variances (4 + 0 + 4) / 3 and (0 + 4 + 4) / 3.
    assert aggregate_moments(codes) == pytest.approx(
        {"code_mean_largest": 3.0, "code_variance_smallest": 8 / 3, "code_variance_largest": 8 / 3}
    )


def test_prior_discrepancy_equals_the_mmd_loss_and_exceeds_its_floor_only_for_other_codes():
    generator = np.random.default_rng(5)
    prior = np.random.default_rng(0).standard_normal((2, 300, 3))[0]
    near, far = generator.standard_normal((300, 3)), 2 + generator.standard_normal((300, 3))
    for codes in (near, far):
        expected = maximum_mean_discrepancy(
            tf.constant(codes, tf.float32), tf.constant(prior, tf.float32), bandwidths=(1.0, 3.0)
        )
        found = prior_discrepancy(codes, bandwidths=(1.0, 3.0), seed=0)
        assert found["mmd"] == pytest.approx(float(expected), abs=1e-6)
    assert (
        prior_discrepancy(near, bandwidths=(1.0,))["mmd"] < 3 * prior_discrepancy(near, bandwidths=(1.0,))["mmd_floor"]
    )
    assert found["mmd"] > 20 * found["mmd_floor"]


def test_prior_discrepancy_does_not_depend_on_the_order_of_the_codes():
    codes = np.random.default_rng(3).standard_normal((12_000, 2))
    by_value = codes[np.argsort(codes[:, 0])]
    for many in (codes, by_value):
        found = prior_discrepancy(many, bandwidths=(1.0,))
        # The first 5,000 of the sorted codes would give 0.1.
        assert 0 <= found["mmd"] < 0.002
    assert prior_discrepancy(by_value[:5000], bandwidths=(1.0,))["mmd"] > 0.05
    assert prior_discrepancy(by_value, bandwidths=(1.0,)) == prior_discrepancy(by_value, bandwidths=(1.0,))


def test_posterior_samples_have_the_moments_of_the_posterior_and_repeat():
    model, (images, _) = VAE(*small_networks(2)), small_images(1)
    many = np.repeat(images, 20_000, axis=0)
    codes = posterior_samples(model, many, seed=1)
    posterior = model.posterior(tf.constant(images))
    mean, deviation = posterior.mean().numpy()[0], posterior.stddev().numpy()[0]
    np.testing.assert_allclose(codes.mean(axis=0), mean, atol=float(5 * deviation.max() / np.sqrt(20_000)))
    np.testing.assert_allclose(codes.std(axis=0), deviation, rtol=0.03)
    np.testing.assert_array_equal(codes[:10], posterior_samples(model, many, seed=1)[:10])


@pytest.mark.parametrize("bandwidths", [(), (0.0,), (1.0, -1.0)])
def test_prior_discrepancy_refuses_bandwidths_that_are_not_positive(bandwidths):
    with pytest.raises(InputError, match=r"^Expected .+\. Received: .+"):
        prior_discrepancy(np.zeros((4, 2)), bandwidths=bandwidths)
