"""Variational autoencoder (Kingma and Welling, 2013)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import distributions
from tfvae.errors import InputError
from tfvae.models.autoencoder import StochasticAutoencoder
from tfvae.models.base import Terms
from tfvae.models.noise import Noise


@keras.saving.register_keras_serializable("tfvae")
class VAE(StochasticAutoencoder):
    """Variational autoencoder with a Gaussian posterior and any prior.

    loss = mean(-log p(x | z) + beta * KL(q(z | x) || p(z))),  z = mean + scale * noise

    Args:
        encoder: functional network, float [batch, *image_shape] -> float [batch, 2 * latent_dim], means and then
            log-variances of q(z | x).
        decoder: functional network, float [batch, latent_dim] -> float [batch, *image_shape], the likelihood's
            parameters (logits for `distributions.bernoulli`).
        beta: float >= 0, weight of the KL term; 1 for the negative ELBO.
        likelihood: function of the decoder's output to p(x | z), a distribution with event shape `image_shape`.
        prior: function of `latent_dim` to p(z). The KL term is analytic if TFP registers a closed form, otherwise a
            one-sample Monte Carlo estimate.
        seed: int >= 0, seed of the noise.

    Raises:
        InputError: if the networks' shapes do not match, or `beta` is negative.

    Reference:
        Kingma and Welling 2013, eq. 10; report 0, section III.A.
    """

    term_names: Sequence[str] = ("reconstruction", "kl")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        beta: float = 1.0,
        likelihood: Callable[[tf.Tensor], tfd.Distribution] = distributions.bernoulli,
        prior: Callable[[int], tfd.Distribution] = distributions.standard_normal,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, likelihood=likelihood, prior=prior, seed=seed, **kwargs)
        if not beta >= 0:
            raise InputError(f"Expected a weight beta >= 0. Received: beta={beta}. Use 0 to leave the KL term out.")
        self.beta = beta

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool) -> Terms:
        posterior = self.posterior(images, training=training)
        codes = self.draw(posterior, noise)
        likelihood = self.likelihood(self.decoder(codes, training=training))
        kl = distributions.kl_divergence(posterior, self.prior(self.latent_dim), codes)
        return {"reconstruction": -likelihood.log_prob(images), "kl": self.beta * kl}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        return self.minimize(self.objective, data, self.trainable_variables, self.optimizer)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta": self.beta}
