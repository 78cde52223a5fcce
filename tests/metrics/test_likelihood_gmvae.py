"""ELBO and NLL of a GMVAE: against importance sampling in NumPy, a closed form, and its own objective."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from tfvae.distributions import unit_normal
from tfvae.metrics.likelihood import (
    evidence_lower_bound,
    evidence_lower_bound_terms,
    has_likelihood,
    negative_log_likelihood,
)
from tfvae.models.gmvae import GMVAE
from tfvae.models.vae import VAE
from tfvae.networks.dense import dense_decoder, dense_encoder
from tfvae.networks.mixture_prior import dense_mixture_prior, initialize_clusters


def gmvae(seed: int = 0, num_samples: int = 1) -> GMVAE:
    """A small GMVAE of 5 pixels whose networks were never trained: its clusters, styles and posteriors all differ."""
    keras.utils.set_random_seed(seed)
    networks = (
        dense_encoder((5, 1, 1), 2 * 2 + 2 * 3, widths=(16,)),
        dense_decoder(2, (5, 1, 1), widths=(16,)),
        dense_mixture_prior(3, 4, 2, widths=(8,)),
    )
    generator = np.random.default_rng(seed)
    for network in networks:
        network.set_weights([weight + 0.3 * generator.normal(size=weight.shape) for weight in network.get_weights()])
    # Posteriors wider than the prior, so that no importance weight is large.
    kernel, _ = networks[0].layers[-1].get_weights()
    networks[0].layers[-1].set_weights([0.3 * kernel, np.repeat([0.3, 1.5, -0.2, 0.5], [2, 2, 3, 3])])
    return GMVAE(*networks, num_samples=num_samples)


def pixels(count: int) -> np.ndarray:
    return np.random.default_rng(5).uniform(size=(count, 5, 1, 1)).astype(np.float32)


def log_normal(x: np.ndarray, mean: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
    return -0.5 * np.sum((x - mean) ** 2 / np.exp(log_variance) + np.log(2 * np.pi) + log_variance, axis=-1)


def importance_sampled_gmvae(model: GMVAE, image: np.ndarray, count: int) -> tuple[float, float]:
    """log p(y) of one image by importance sampling in NumPy, float64, with draws of its own, and its standard error."""
    generator = np.random.default_rng(11)
    parameters = model.encoder(image[np.newaxis]).numpy().astype(np.float64)[0]
    x_mean, x_log_variance, w_mean, w_log_variance = np.split(parameters, [2, 4, 7])
    x = x_mean + np.exp(x_log_variance / 2) * generator.standard_normal((count, 2))
    w = w_mean + np.exp(w_log_variance / 2) * generator.standard_normal((count, 3))
    logits = model.decoder(x.astype(np.float32)).numpy().astype(np.float64).reshape(count, 5)
    flat = image.reshape(5).astype(np.float64)
    log_likelihood = np.sum(flat * logits - np.logaddexp(0, logits), axis=1)
    means, log_variances = np.split(model.prior_network(w.astype(np.float32)).numpy().astype(np.float64), 2, axis=-1)
    log_clusters = logsumexp(log_normal(x[:, np.newaxis], means, log_variances), axis=1) - np.log(4)
    log_prior = log_clusters + log_normal(w, 0 * w, 0 * w)
    log_posterior = log_normal(x, x_mean, x_log_variance) + log_normal(w, w_mean, w_log_variance)
    weights = np.exp(log_likelihood + log_prior - log_posterior)
    return float(np.log(weights.mean())), float(weights.std() / np.sqrt(count) / weights.mean())


def test_gmvae_likelihood_agrees_with_importance_sampling_in_numpy():
    model, images = gmvae(), pixels(3)
    assert has_likelihood(model)
    estimates = [importance_sampled_gmvae(model, image, 100_000) for image in images]
    expected, errors = (np.array(values) for values in zip(*estimates, strict=True))
    assert errors.max() < 0.02
    nll = negative_log_likelihood(model, images, num_samples=4000)
    # 4,000 samples have 25 times the variance of 100,000.
    assert nll == pytest.approx(-expected.mean(), abs=5 * np.sqrt(np.sum(26 * errors**2)) / 3)
    # With N(0, I) in place of the mixture the number is another.
    standard = VAE(_codes_encoder(model), model.decoder)
    assert abs(negative_log_likelihood(standard, images, num_samples=2000) - nll) > 0.1


def _codes_encoder(model: GMVAE) -> keras.Model:
    return keras.Model(model.encoder.input, keras.layers.Lambda(lambda x: x[:, :4])(model.encoder.output))


def test_gmvae_with_a_linear_decoder_has_the_evidence_of_a_mixture():
    # Clusters that no style moves: y ~ mean over k of N(W m[k] + b, I + W diag(v[k]) W').
    keras.utils.set_random_seed(0)
    prior = dense_mixture_prior(1, 2, 1, widths=())
    means, log_variances = np.array([[2.0], [-1.0]]), np.log(np.array([[0.5], [1.5]]))
    initialize_clusters(prior, means, np.exp(log_variances), seed=0)
    for layer in prior.layers:
        if layer.get_weights():
            kernel, *bias = layer.get_weights()
            layer.set_weights([0 * kernel, *bias])
    got = prior(np.zeros((1, 1), np.float32)).numpy()[0]
    np.testing.assert_allclose(got, np.concatenate([means, log_variances], axis=1), atol=1e-5)
    encoder = dense_encoder((2, 1, 1), 4, widths=())
    weights, bias = np.array([1.0, -2.0]), np.array([0.5, 0.0])
    slope = weights / 6  # of the posterior's mean under N(0, 1): W / (1 + W' W)
    heads = np.zeros((2, 4))
    heads[:, 0] = slope
    # log-variance 0 of x, and the posterior of w is its prior
    encoder.set_weights([heads, np.array([-slope @ bias, 0.0, 0.0, 0.0])])
    decoder = dense_decoder(1, (2, 1, 1), widths=())
    decoder.set_weights([weights[np.newaxis], bias])
    model = GMVAE(encoder, decoder, prior, likelihood=unit_normal)
    generator = np.random.default_rng(0)
    images = generator.normal(size=(100, 1)) * weights + bias + generator.normal(size=(100, 2))
    components = [
        multivariate_normal(weights * mean + bias, np.eye(2) + np.exp(log_variance) * np.outer(weights, weights))
        for mean, log_variance in zip(means[:, 0], log_variances[:, 0], strict=True)
    ]
    exact = np.mean(logsumexp([component.logpdf(images) for component in components], axis=0) - np.log(2))
    standard = multivariate_normal(bias, np.eye(2) + np.outer(weights, weights)).logpdf(images).mean()
    assert abs(exact - standard) > 0.1, "N(0, I) in place of the mixture gives another number"
    images = images.reshape(100, 2, 1, 1).astype(np.float32)
    assert negative_log_likelihood(model, images, num_samples=1000) == pytest.approx(-exact, abs=0.02)
    assert evidence_lower_bound(model, images, num_samples=50) < exact


class GivenNoise:
    """Noise that gives the arrays it was made of."""

    def __init__(self, **arrays: np.ndarray) -> None:
        self.arrays = arrays

    def normal(self, shape: tf.Tensor, name: str) -> tf.Tensor:
        return tf.constant(self.arrays[name])[tf.newaxis]


def test_gmvae_elbo_is_that_of_its_objective_without_the_threshold():
    model, images = gmvae(), pixels(6)
    noise = np.random.default_rng(4).standard_normal((6, 5), np.float32)
    given = GivenNoise(codes=noise[:, :2], styles=noise[:, 2:])
    batch = tf.constant(images)
    expected = model.divergences(batch, model.posteriors(batch), given, training=False)
    terms = evidence_lower_bound_terms(model, images, num_samples=1, seed=4)
    assert terms == pytest.approx({name: float(np.mean(term)) for name, term in expected.items()}, rel=1e-5)
    assert evidence_lower_bound(model, images, num_samples=1, seed=4) == -sum(terms.values())
    assert evidence_lower_bound(model, images) < -negative_log_likelihood(model, images, num_samples=2000)


def test_gmvae_elbo_does_not_depend_on_the_draws_of_its_training():
    images = pixels(4)
    assert evidence_lower_bound(gmvae(num_samples=3), images) == pytest.approx(
        evidence_lower_bound(gmvae(), images), rel=1e-6
    )
