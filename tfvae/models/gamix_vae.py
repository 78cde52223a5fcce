"""GaMix-VAE (report 3): regularizes the mixture of all posteriors rather than each posterior."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import distributions
from tfvae.errors import InputError
from tfvae.losses.gamix import aggregate_kl, posterior_variance_penalty
from tfvae.models.adversarial_vae import AdversarialVAE
from tfvae.models.base import Terms
from tfvae.models.micro_batches import split_batch
from tfvae.models.replicas import moments_over_batch, num_replicas

MIN_BATCH = 32


@keras.saving.register_keras_serializable("tfvae")
class GaMixVAE(AdversarialVAE):
    """Autoencoder whose aggregate posterior, the mixture of the posteriors of a batch, is regularized to the prior.

    loss = mean(betas[0] * aggregate_kl + betas[1] * posterior_variance + betas[2] * -log p(x | z))
           + the adversarial terms of `AdversarialVAE`

    aggregate_kl = KL(N(m, v) || N(0, I)),  m and v the mean and variance of the posterior means of the global batch
    posterior_variance = sum over j of (variance[j] - 1 - log(variance[j])),  of each posterior

    The standard KL term regularizes every posterior mean to 0; here only the mean and variance over the batch are. The
    moments are those of the global batch, over all replicas and micro-batches (`parts`), for which the encoder runs
    twice. They are poorly estimated from fewer than 32 examples: a warning is issued.

    Args:
        encoder, decoder, discriminator: as in `AdversarialVAE`; the discriminator may be None.
        betas: three floats >= 0, beta_1 to beta_3 in the report.
        **options: `adversarial_weight`, `cap`, `warm_up_steps`, `parts`, `likelihood` and `seed` of `AdversarialVAE`;
            the prior is N(0, I).

    Raises:
        InputError: if the networks' shapes do not match, or an argument is out of its range.

    Reference:
        Report 3, eq. 8 to 13.
    """

    own_term_names = ("reconstruction", "aggregate_kl", "posterior_variance")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        discriminator: keras.Model | None = None,
        *,
        betas: Sequence[float] = (1.0, 1.0, 1.0),
        **options: Any,
    ) -> None:
        if "beta" in options:
            raise InputError(f"Expected `betas` and no `beta`. Received: beta={options['beta']}. Use betas=(1, 1, 1).")
        if options.get("prior", distributions.standard_normal) is not distributions.standard_normal:
            raise InputError(
                f"Expected the prior N(0, I), which the loss assumes. Received: prior={options['prior']}. Omit it."
            )
        super().__init__(encoder, decoder, discriminator, **options)
        if len(betas) != 3 or not all(math.isfinite(beta) and beta >= 0 for beta in betas):
            raise InputError(f"Expected three weights >= 0, beta_1 to beta_3. Received: betas={betas}. Use (1, 1, 1).")
        self.betas = tuple(float(beta) for beta in betas)

    def reconstruction_loss(self, images: tf.Tensor, decoded: tf.Tensor) -> tf.Tensor:
        return self.betas[2] * super().reconstruction_loss(images, decoded)

    def regularizers(
        self, posterior: tfd.Distribution, codes: tf.Tensor, *, moments: tuple[tf.Tensor, tf.Tensor] | None = None
    ) -> Terms:
        """Eq. 8 and 11; `moments` are those of the whole batch, or None to compute them from these posteriors."""
        means = posterior.mean()
        mean, variance = moments or moments_over_batch(means)
        return {
            "aggregate_kl": self.betas[0] * aggregate_kl(means, mean, variance),
            "posterior_variance": self.betas[1] * posterior_variance_penalty(posterior.variance()),
        }

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        images, labels = self.training_images(data)
        _warn_about_small_batch(images)
        objective = self.objective
        if self.parts > 1:
            objective = functools.partial(objective, moments=moments_over_batch(self._posterior_means(images)))
        optimized = self.optimizers_and_variables()
        return self.record(self.gradient_step(objective, (images, labels), optimized, parts=self.parts))

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "betas": self.betas}
        del config["beta"]
        return config

    def _posterior_means(self, images: tf.Tensor) -> tf.Tensor:
        """float32 [batch, latent_dim]: the posterior means, computed in micro-batches."""
        split = split_batch(images, self.parts)
        means = tf.map_fn(
            lambda part: self.posterior(part, training=True).mean(),
            split,
            parallel_iterations=1,
            fn_output_signature=tf.TensorSpec([split.shape[1], self.latent_dim], tf.float32),
        )
        return tf.reshape(means, [-1, self.latent_dim])


def _warn_about_small_batch(images: tf.Tensor) -> None:
    count = None if images.shape[0] is None else images.shape[0] * num_replicas()
    if count is not None and count < MIN_BATCH:
        warnings.warn(
            f"Expected batches of at least {MIN_BATCH} examples. Received: {count}. The mean and variance of the "
            "posterior means are estimated from the batch, too noisily from so few. Use a larger batch; `parts` saves "
            "memory.",
            stacklevel=2,
        )
