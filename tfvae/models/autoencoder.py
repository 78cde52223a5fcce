"""Autoencoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import distributions
from tfvae.errors import InputError
from tfvae.models.base import Terms
from tfvae.models.inference import float_array, in_batches, inference_batch_size
from tfvae.models.latent_variable import LatentVariableModel
from tfvae.models.noise import Noise


@keras.saving.register_keras_serializable("tfvae")
class Autoencoder(LatentVariableModel):
    """Deterministic autoencoder, trained by the likelihood of the reconstruction.

    loss = mean(-log p(x | code)),  code = encoder(x)

    Args:
        encoder: functional network, float [batch, *image_shape] -> float [batch, latent_dim].
        decoder: functional network, float [batch, latent_dim] -> float [batch, *image_shape], the likelihood's
            parameters (logits for `distributions.bernoulli`).
        likelihood: function of the decoder's output to p(x | code), a distribution with event shape `image_shape`.
        prior: function of `latent_dim` to the distribution of the codes in `sample`; the loss does not use it.
        seed: int >= 0, seed of the noise; this model's loss uses none.

    Raises:
        InputError: if the networks do not fit together.

    Reference:
        Report 2, the autoencoder baseline.
    """

    term_names: Sequence[str] = ("reconstruction",)
    part_names: Sequence[str] = ("encoder", "decoder", "likelihood", "prior")
    parameters_per_code = 1

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        likelihood: Callable[[tf.Tensor], tfd.Distribution] = distributions.bernoulli,
        prior: Callable[[int], tfd.Distribution] = distributions.standard_normal,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.likelihood = likelihood
        self.prior = prior
        self.latent_dim = int(decoder.input_shape[-1])
        self.image_shape: tuple[int, ...] = tuple(encoder.input_shape[1:])
        self._check_encoder()
        _check_decoder(decoder, self.image_shape)
        self.built = True

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool) -> Terms:
        codes = self.encoder(images, training=training)
        return {"reconstruction": -self.likelihood(self.decoder(codes, training=training)).log_prob(images)}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        return self.minimize(self.objective, data, self.trainable_variables, self.optimizer)

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """float [batch, *image_shape]: the reconstruction, from the code without noise."""
        return self.decode_step(self.encode_step(images))

    def encode_step(self, images: tf.Tensor) -> tf.Tensor:
        """float32 [batch, *image_shape] -> float32 [batch, latent_dim], in the graph."""
        return tf.cast(self.encoder(images, training=False), tf.float32)

    def decode_step(self, codes: tf.Tensor) -> tf.Tensor:
        """float32 [batch, latent_dim] -> float32 [batch, *image_shape], the likelihood's mean, in the graph."""
        return self.likelihood(self.decoder(codes, training=False)).mean()

    def encode(self, images: Any, *, batch_size: int | None = None) -> np.ndarray:
        """Encodes images to codes, the posterior mean of a stochastic encoder.

        Args:
            images: float [count, *image_shape] in the value range of the training images.
            batch_size: int >= 1; None for `inference_batch_size`.

        Returns:
            float32 [count, latent_dim].

        Raises:
            InputError: if the images have another shape or no float dtype.
        """
        images = float_array(images, self.image_shape, "images")
        batch_size = inference_batch_size(self.image_shape) if batch_size is None else batch_size
        return in_batches(self.compiled_step(self.encode_step), images, batch_size=batch_size)

    def reconstruct(self, images: Any, *, batch_size: int | None = None) -> np.ndarray:
        """`decode(encode(images))`, float32 [count, *image_shape]."""
        return self.decode(self.encode(images, batch_size=batch_size), batch_size=batch_size)

    def _check_encoder(self) -> None:
        if self.encoder.output_shape[-1] != self.parameters_per_code * self.latent_dim:
            raise InputError(
                f"Expected an encoder with {self.parameters_per_code} * {self.latent_dim} outputs for a decoder of "
                f"{self.latent_dim}-dimensional codes. Received: encoder.output_shape={self.encoder.output_shape}. "
                "Change the last layer of one."
            )


class StochasticAutoencoder(Autoencoder):
    """Autoencoder with a Gaussian posterior, q(z | x) = N(z; mean, diag(scale**2)).

    The encoder returns 2 * latent_dim values for each example: means, then log-variances. `encode` returns the means.
    """

    parameters_per_code = 2
    # The terms of `elbo_terms`; empty where nothing makes codes follow the prior, so that there is no ELBO to speak of.
    elbo_term_names: Sequence[str] = ("reconstruction", "kl")

    @property
    def noise_dim(self) -> int:
        """Standard normal numbers that one draw of an image's latent variables takes."""
        return self.latent_dim

    def posterior(self, images: tf.Tensor, *, training: bool = False) -> tfd.Distribution:
        """q(z | x): batch shape [batch], event shape [latent_dim], in the graph."""
        return distributions.diagonal_normal(self.encoder(images, training=training))

    def draw(self, posterior: tfd.Distribution, noise: Noise) -> tf.Tensor:
        """A reparameterized sample, mean + scale * noise, float32 [batch, latent_dim]."""
        mean = posterior.mean()
        return mean + posterior.stddev() * noise.normal(tf.shape(mean), "codes")

    def encode_step(self, images: tf.Tensor) -> tf.Tensor:
        return self.posterior(images).mean()

    def elbo_terms(self, images: tf.Tensor, noise: tf.Tensor) -> Terms:
        """Terms of the negative evidence lower bound, float32 [batch] in nats, unweighted, by one draw of the code.

        -elbo = -log p(x | z) + KL(q(z | x) || p(z)),  z = mean + scale * noise

        Args:
            images: float32 [batch, *image_shape].
            noise: float32 [batch, noise_dim], standard normal.
        """
        posterior, codes, likelihood = self._drawn(images, noise)
        kl = distributions.kl_divergence(posterior, self.prior(self.latent_dim), codes)
        return {"reconstruction": -likelihood.log_prob(images), "kl": kl}

    def log_weights(self, images: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Log importance weights, float32 [batch]; the mean of their exponentials over draws estimates p(x).

        log weight = log p(x | z) + log p(z) - log q(z | x),  z = mean + scale * noise

        Args:
            images: float32 [batch, *image_shape].
            noise: float32 [batch, noise_dim], standard normal.
        """
        posterior, codes, likelihood = self._drawn(images, noise)
        return likelihood.log_prob(images) + self.prior(self.latent_dim).log_prob(codes) - posterior.log_prob(codes)

    def _drawn(self, images: tf.Tensor, noise: tf.Tensor) -> tuple[tfd.Distribution, tf.Tensor, tfd.Distribution]:
        """q(z | x), the code that `noise` picks from it, and p(x | code)."""
        posterior = self.posterior(images)
        codes = posterior.mean() + posterior.stddev() * noise
        return posterior, codes, self.likelihood(self.decoder(codes, training=False))


def _check_decoder(decoder: keras.Model, image_shape: tuple[int, ...]) -> None:
    if tuple(decoder.output_shape[1:]) != image_shape:
        raise InputError(
            f"Expected a decoder whose output has the encoder's input shape {image_shape}. "
            f"Received: decoder.output_shape={decoder.output_shape}. Change the last layer of the decoder."
        )
