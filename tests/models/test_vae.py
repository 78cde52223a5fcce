"""VAE: contract, hand-computed terms, priors."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tests.contracts import LATENT_DIM, THREE_PARTS, ModelContract, compiled, fitted, small_images, small_networks
from tfvae.errors import InputError
from tfvae.models.noise import Noise
from tfvae.models.vae import VAE


@keras.saving.register_keras_serializable("tests")
def two_modes(latent_dim: int) -> tfd.Distribution:
    """A mixture of two Gaussians, whose KL term has no closed form."""
    means = tf.stack([-2 * tf.ones(latent_dim), 2 * tf.ones(latent_dim)])
    components = tfd.MultivariateNormalDiag(means, tf.ones_like(means))
    return tfd.MixtureSameFamily(tfd.Categorical(probs=[0.5, 0.5]), components)


class TestVAE(ModelContract):
    @staticmethod
    def make():
        return VAE(*small_networks(2), beta=0.5, seed=3)


def test_terms_match_hand_computed_negative_elbo():
    beta = 0.25
    model = VAE(*small_networks(2), beta=beta)
    images, _ = small_images(4)
    noise = Noise(0, tf.constant(0, tf.int64))
    terms = model.objective(tf.constant(images), None, noise=noise, training=False)
    mean, log_variance = np.split(model.encoder(images).numpy().astype(np.float64), 2, axis=-1)
    epsilon = noise.normal(mean.shape, "codes").numpy()
    logits = model.decoder((mean + np.exp(log_variance / 2) * epsilon).astype(np.float32)).numpy().astype(np.float64)
    # -x * log(sigmoid(l)) - (1 - x) * log(1 - sigmoid(l)) = log(1 + exp(l)) - x * l
    reconstruction = np.sum(np.log1p(np.exp(logits)) - images * logits, axis=(1, 2, 3))
    kl = 0.5 * np.sum(mean**2 + np.exp(log_variance) - log_variance - 1, axis=-1)
    np.testing.assert_allclose(terms["reconstruction"], reconstruction, rtol=1e-5)
    np.testing.assert_allclose(terms["kl"], beta * kl, rtol=1e-4)


def test_kl_with_mixture_prior_is_one_sample_estimate_and_trains(tmp_path):
    model = compiled(VAE(*small_networks(2), prior=two_modes))
    history = fitted(model, epochs=15)
    assert history["loss"][-1] < 0.9 * history["loss"][0]
    images, _ = small_images(4)
    noise = Noise(0, tf.constant(0, tf.int64))
    posterior = model.posterior(tf.constant(images))
    codes = model.draw(posterior, noise).numpy()
    # log q(z | x) - log p(z) of the very code that was drawn, the constants of the two cancelling.
    log_q = -0.5 * np.sum(((codes - posterior.mean()) / posterior.stddev()) ** 2, axis=-1)
    log_q -= np.sum(np.log(posterior.stddev()), axis=-1)
    squares = [np.sum((codes - mode) ** 2, axis=-1) for mode in (-2, 2)]
    log_p = np.logaddexp(*(np.log(0.5) - 0.5 * square for square in squares))
    terms = model.objective(tf.constant(images), None, noise=noise, training=False)
    np.testing.assert_allclose(terms["kl"], log_q - log_p, atol=1e-4)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "model.keras").sample(3), model.sample(3))


def test_samples_follow_given_prior():
    model = VAE(*small_networks(2), prior=two_modes)
    codes = model.prior(LATENT_DIM).sample(2000, seed=tf.constant([0, 7])).numpy()
    np.testing.assert_array_equal(model.sample(2000, seed=7), model.decode(codes))
    # Each coordinate is N(-2, 1) or N(2, 1): variance 1 + 4, mean 0, within five standard errors.
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=5 * np.sqrt(5 / 2000))


def test_training_noise_depends_on_seed():
    def weights_after_training(seed: int) -> np.ndarray:
        keras.utils.set_random_seed(0)
        model = compiled(VAE(*small_networks(2), seed=seed), run_eagerly=True)
        fitted(model, epochs=1)
        return model.encoder.get_weights()[0]

    first = weights_after_training(1)
    np.testing.assert_allclose(weights_after_training(1), first, atol=1e-6)
    assert np.abs(weights_after_training(2) - first).max() > 1e-4


@pytest.mark.parametrize("beta", [-0.1, float("nan")])
def test_invalid_beta_is_rejected(beta):
    with pytest.raises(InputError, match=THREE_PARTS):
        VAE(*small_networks(2), beta=beta)


def test_encoder_without_variances_is_rejected():
    with pytest.raises(InputError, match=THREE_PARTS):
        VAE(*small_networks(1))
