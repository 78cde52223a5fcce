"""GaMix-VAE: the posteriors of all images as one mixture of Gaussians."""

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
from tfvae.models.micro_batches import equal_parts
from tfvae.models.replicas import moments_over_batch, replicas

LEAST_BATCH = 32


@keras.saving.register_keras_serializable("tfvae")
class GaMixVAE(AdversarialVAE):
    """Autoencoder whose posteriors follow the prior together, as a mixture, and not each by itself.

    loss = mean(betas[0] * aggregate_kl + betas[1] * posterior_variance + betas[2] * -log p(x | z)) + the game's terms

    aggregate_kl = KL(N(m, v) || N(0, I)),  m and v the mean and variance of the posterior means of the global batch
    posterior_variance = sum over j of (variance[j] - 1 - log(variance[j])),  of each posterior

    The standard KL term draws every posterior mean to 0 and every variance to 1; here only their mean and spread over
    the batch are held. The moments are those of the whole batch, whether it lies on several replicas or goes through
    the networks in `parts`, for which the encoder runs twice. Fewer than 32 examples estimate them badly: a warning
    says so.

    Args:
        encoder, decoder, discriminator: as `AdversarialVAE` takes them; without a discriminator there is no game.
        betas: three floats >= 0, the weights beta_1 to beta_3 of the report.
        **options: `adversarial_weight`, `cap`, `warm_up_steps`, `parts`, `likelihood` and `seed` of `AdversarialVAE`;
            the prior is N(0, I), which eq. 8 is of.

    Raises:
        InputError: if the networks do not fit together, or an argument is out of its range.

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
            raise InputError(f"Expected betas, three weights. Received: beta={options['beta']}. Use betas=(1, 1, 1).")
        if options.get("prior", distributions.standard_normal) is not distributions.standard_normal:
            raise InputError(
                f"Expected the prior N(0, I), which the loss is of. Received: prior={options['prior']}. Leave it out."
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
        """Eq. 8 and 11; `moments` are those of the batch that these posteriors are a part of, all of it if None."""
        means = posterior.mean()
        mean, variance = moments or moments_over_batch(means)
        return {
            "aggregate_kl": self.betas[0] * aggregate_kl(means, mean, variance),
            "posterior_variance": self.betas[1] * posterior_variance_penalty(posterior.variance()),
        }

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        images, labels = self.training_images(data)
        _warn_of_a_small_batch(images)
        objective = self.objective
        if self.parts > 1:
            objective = functools.partial(objective, moments=moments_over_batch(self._means_in_parts(images)))
        return self.record(self.descend_together(objective, (images, labels), self.players(), parts=self.parts))

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), "betas": self.betas}
        del config["beta"]
        return config

    def _means_in_parts(self, images: tf.Tensor) -> tf.Tensor:
        """float32 [batch, latent_dim]: the posterior means, through the encoder in parts."""
        shares = equal_parts(images, self.parts)
        means = tf.map_fn(
            lambda share: self.posterior(share, training=True).mean(),
            shares,
            parallel_iterations=1,
            fn_output_signature=tf.TensorSpec([shares.shape[1], self.latent_dim], tf.float32),
        )
        return tf.reshape(means, [-1, self.latent_dim])


def _warn_of_a_small_batch(images: tf.Tensor) -> None:
    count = None if images.shape[0] is None else images.shape[0] * replicas()
    if count is not None and count < LEAST_BATCH:
        warnings.warn(
            f"Expected batches of at least {LEAST_BATCH} examples. Received: {count}. The mean and variance of the "
            "posterior means are estimated from the batch, and from so few they are mostly noise. Use a larger batch; "
            "`parts` makes room for it in memory.",
            stacklevel=2,
        )
