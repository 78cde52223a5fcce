"""Moments of the posteriors: by hand, against the model, and against the codes drawn from them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import small_images, small_networks
from tfvae.errors import InputError
from tfvae.metrics.posterior import posterior_moments, posterior_statistics
from tfvae.models.vae import VAE


def test_posterior_statistics_match_hand_computed_values():
    means = np.array([[0.0, 1.0], [4.0, 1.0]])
    variances = np.array([[0.5, 3.0], [1.5, 1.0]])
    found = posterior_statistics(means, variances)
    np.testing.assert_allclose(found.mean_of_means, [2.0, 1.0])
    np.testing.assert_allclose(found.variance_of_means, [4.0, 0.0])
    np.testing.assert_allclose(found.mean_of_variances, [1.0, 2.0])
    np.testing.assert_allclose(found.variance_of_variances, [0.25, 1.0])


def test_posterior_statistics_add_up_to_the_variance_of_the_codes():
    generator = np.random.default_rng(0)
    means, variances = generator.normal(1.0, 2.0, (50_000, 2)), generator.uniform(0.1, 3.0, (50_000, 2))
    codes = means + np.sqrt(variances) * generator.standard_normal(means.shape)
    found = posterior_statistics(means, variances)
    np.testing.assert_allclose(found.mean_of_means, codes.mean(axis=0), atol=0.06)
    np.testing.assert_allclose(found.variance_of_means + found.mean_of_variances, codes.var(axis=0), rtol=0.03)


def test_posterior_moments_are_those_of_the_model():
    model, (images, _) = VAE(*small_networks(2)), small_images()
    many = np.tile(images, (20, 1, 1, 1))  # more than one batch of 1000
    means, variances = posterior_moments(model, many)
    posterior = model.posterior(tf.constant(images))
    assert means.shape == variances.shape == (1200, 2)
    np.testing.assert_allclose(means, np.tile(posterior.mean(), (20, 1)), atol=1e-5)
    np.testing.assert_allclose(variances, np.tile(posterior.variance(), (20, 1)), rtol=1e-5)
    with pytest.raises(InputError, match="Received: "):
        posterior_moments(model, (255 * images).astype(np.uint8))


@pytest.mark.parametrize(
    ("means", "variances", "phrase"),
    [
        (np.zeros((3, 2)), np.ones((3, 1)), "one shape"),
        (np.zeros(3), np.ones(3), "`means`"),
        (np.zeros((3, 2)), np.full((3, 2), np.nan), "finite `variances`"),
        (np.zeros((3, 2)), np.full((3, 2), -4.0), "variances >= 0"),
    ],
)
def test_posterior_statistics_refuse_wrong_moments(means, variances, phrase):
    with pytest.raises(InputError, match="Received: ") as refused:
        posterior_statistics(means, variances)
    assert phrase in str(refused.value)
