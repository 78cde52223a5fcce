"""Report 2: the models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from experiments.gmvae.fields import DeepConfig, MixtureConfig, PlaneConfig
from tfvae import distributions
from tfvae.data.labeled import LabeledData
from tfvae.data.pipeline import steps_per_epoch
from tfvae.data.signals import SignalData
from tfvae.models.autoencoder import Autoencoder
from tfvae.models.clustering_gmvae import ClusteringGMVAE
from tfvae.models.gmvae import GMVAE
from tfvae.models.vae import VAE
from tfvae.networks.augmentation import RandomAffine
from tfvae.networks.dense import dense_decoder, dense_encoder
from tfvae.networks.mixture_prior import dense_mixture_prior, joined_encoders

STYLE_WIDTHS = (128,)


def networks(widths: Sequence[int], data: Any, parameters: int, latent_dim: int) -> tuple[keras.Model, keras.Model]:
    """Dense encoder and decoder; the report does not give its own."""
    encoder = dense_encoder(data.image_shape, parameters, widths=widths)
    return encoder, dense_decoder(latent_dim, data.image_shape, widths=widths[::-1])


def likelihood(data: LabeledData) -> Any:
    """Bernoulli for pixels, Gaussian of unit variance for standardized signals."""
    return distributions.unit_normal if isinstance(data, SignalData) else distributions.bernoulli


def build_autoencoder(config: PlaneConfig, data: LabeledData, seed: int) -> Autoencoder:
    """Section 1: reconstruction alone."""
    pair = networks(config.widths, data, config.latent_dim, config.latent_dim)
    return Autoencoder(*pair, likelihood=likelihood(data), seed=seed)


def build_vae(config: PlaneConfig | DeepConfig, data: LabeledData, seed: int) -> VAE:
    """Section 2: reconstruction and KL divergence."""
    pair = networks(config.widths, data, 2 * config.latent_dim, config.latent_dim)
    return VAE(*pair, likelihood=likelihood(data), seed=seed)


def build_gmvae(
    config: MixtureConfig, data: LabeledData, seed: int, *, augmentation: RandomAffine | None = None
) -> GMVAE:
    """Section 3; with an augmentation, a small encoder of its own for the style."""
    mixture, separate = config.mixture, augmentation is not None
    of_codes, of_styles = 2 * mixture.latent_dim, 2 * mixture.style_dim
    parameters = of_codes if separate else of_codes + of_styles
    encoder, decoder = networks(mixture.widths, data, parameters, mixture.latent_dim)
    if separate:
        encoder = joined_encoders(encoder, dense_encoder(data.image_shape, of_styles, widths=STYLE_WIDTHS))
    sizes = (mixture.style_dim, mixture.clusters, mixture.latent_dim)
    prior_network = dense_mixture_prior(*sizes, spread=mixture.spread, seed=seed)
    options = {
        "threshold": mixture.threshold,
        "num_samples": mixture.draws,
        "likelihood": likelihood(data),
        "seed": seed,
    }
    if not mixture.pretraining_epochs and not separate:
        return GMVAE(encoder, decoder, prior_network, **options)
    return ClusteringGMVAE(
        encoder,
        decoder,
        prior_network,
        pretraining_steps=mixture.pretraining_epochs * steps_per_epoch(data, config.training.batch_size),
        pretraining_weight=mixture.pretraining_weight,
        augmentation=augmentation,
        **options,
    )
