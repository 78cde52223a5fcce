"""MMD-VAE (InfoVAE; Zhao et al., 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfvae.errors import InputError
from tfvae.losses.mmd import check_bandwidths, infovae_bandwidths, per_example_mmd
from tfvae.models.autoencoder import StochasticAutoencoder
from tfvae.models.base import Terms
from tfvae.models.noise import Noise
from tfvae.models.replicas import gather_over_replicas


@keras.saving.register_keras_serializable("tfvae")
class MMDVAE(StochasticAutoencoder):
    """VAE with the maximum mean discrepancy between codes and prior in place of the KL term.

    loss = mean(-log p(x | z)) + mmd_weight * mmd(z, y),  z = mean + scale * noise,  y ~ p(z)

    The discrepancy is computed on the global batch, over all replicas. The kernel is Gaussian, or the mean of several
    Gaussian kernels.

    Args:
        encoder: functional network, float [batch, *image_shape] -> float [batch, 2 * latent_dim], means and then
            log-variances of q(z | x).
        decoder: functional network, float [batch, latent_dim] -> float [batch, *image_shape], the likelihood's
            parameters (logits for `distributions.bernoulli`).
        mmd_weight: float >= 0, lambda in InfoVAE (with alpha = 1), in nats.
        bandwidths: floats > 0, kernel widths in units of the codes, such as `losses.mmd.multi_scale_bandwidths` gives;
            None for InfoVAE's, `losses.mmd.infovae_bandwidths(latent_dim)`.
        **kwargs: `likelihood`, `prior`, `seed` as in `VAE`.

    Raises:
        InputError: if the weight is negative, or a kernel width is not positive and finite.

    Reference:
        Zhao et al. 2017, InfoVAE, eq. 6; report 1, eq. 2.
    """

    term_names = ("reconstruction", "mmd")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        mmd_weight: float = 1000.0,
        bandwidths: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        if not mmd_weight >= 0:
            raise InputError(f"Expected mmd_weight >= 0. Received: mmd_weight={mmd_weight}. Use 0 to leave it out.")
        widths = infovae_bandwidths(self.latent_dim) if bandwidths is None else bandwidths
        check_bandwidths(widths)
        self.mmd_weight = mmd_weight
        self.bandwidths = tuple(float(width) for width in widths)

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool) -> Terms:
        codes = self.draw(self.posterior(images, training=training), noise)
        likelihood = self.likelihood(self.decoder(codes, training=training))
        prior_codes = noise.sample(self.prior(self.latent_dim), tf.shape(codes)[0], "prior")
        mmd = per_example_mmd(
            codes,
            prior_codes,
            gather_over_replicas(codes),
            gather_over_replicas(prior_codes),
            bandwidths=self.bandwidths,
        )
        return {"reconstruction": -likelihood.log_prob(images), "mmd": self.mmd_weight * mmd}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        return self.minimize(self.objective, data, self.trainable_variables, self.optimizer)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mmd_weight": self.mmd_weight, "bandwidths": list(self.bandwidths)}
