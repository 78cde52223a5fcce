"""Report 4: the networks of its models, the updates of the GANs and their optimizers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from experiments.gan_vs_vae.fields import DCGANConfig, SlimConfig, VAEConfig
from tfvae.data.images import ImageData
from tfvae.models.dcgan import DCGAN
from tfvae.models.vae import VAE
from tfvae.networks.convolutional import (
    convolutional_decoder,
    convolutional_encoder,
    dcgan_discriminator,
    dcgan_generator,
)

UPDATES = ("discriminator_steps", "generator_steps", "gradient_penalty", "penalty_share", "average_decay")


def scaled(width: float, *layers: Sequence[int]) -> list[tuple[int, ...]]:
    """Filters or units of each part of a network times `width`, rounded, and at least 1."""
    return [tuple(max(1, round(size * width)) for size in sizes) for sizes in layers]


def build_dcgan(config: DCGANConfig, data: ImageData, seed: int) -> DCGAN:
    """Section 3.2.1: the report's networks; those of dcgan-r1 too."""
    widths, filters, convolutions = scaled(config.width, (7 * 7 * 128,), (256, 64), (64, 128, 256, 512))
    generator = dcgan_generator(100, data.image_shape, widths=widths, filters=filters)
    discriminator = dcgan_discriminator(data.image_shape, filters=convolutions)
    return DCGAN(generator, discriminator, seed=seed, **updates(config.gan, getattr(config, "steadying", None)))


def build_slim(config: SlimConfig, data: ImageData, seed: int) -> DCGAN:
    """No wide dense layer, kernels of 4, a multiple of the stride, and learned categories."""
    slim, shape = config.slim, data.image_shape
    layers = ((slim.full_size_filters, 128, 64), slim.discriminator_filters, slim.discriminator_widths)
    (full, *filters), convolutions, widths = scaled(config.relative_width * config.width, *layers)
    generator = dcgan_generator(
        config.latent_dim,
        shape,
        widths=(),
        filters=filters,
        kernel=4,
        normalize=True,
        full_size_filters=full if slim.full_size_filters else 0,
        categories=config.latent_dim // 2 if slim.categorical else 0,
    )
    discriminator = dcgan_discriminator(shape, filters=convolutions, widths=widths, kernel=4)
    return DCGAN(generator, discriminator, seed=seed, **updates(config.gan, slim))


def build_vae(config: VAEConfig, data: ImageData, seed: int) -> VAE:
    """Section 3.3: the report's convolutional VAE, with a Bernoulli likelihood."""
    layers = ((32, 64), (512, 256), (256, 512), (64, 64))
    filters, down, up, maps = scaled(config.relative_width * config.width, *layers)
    encoder = convolutional_encoder(data.image_shape, 2 * config.latent_dim, filters=filters, widths=down)
    return VAE(encoder, convolutional_decoder(config.latent_dim, data.image_shape, filters=maps, widths=up), seed=seed)


def updates(*sections: Any) -> dict[str, Any]:
    """The arguments of a `DCGAN` that sections of a configuration give."""
    return {name: getattr(section, name) for section in sections for name in UPDATES if hasattr(section, name)}


def two_adams(config: DCGANConfig | SlimConfig) -> dict[str, Any]:
    """An Adam for each network; without XLA on a CPU, where it has no fast gradient of their layers."""
    optimizers = {
        f"{network}_optimizer": keras.optimizers.Adam(config.training.learning_rate, beta_1=config.gan.beta_1)
        for network in ("generator", "discriminator")
    }
    return optimizers if tf.config.list_physical_devices("GPU") else {**optimizers, "jit_compile": False}
