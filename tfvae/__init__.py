"""Generative autoencoders on TensorFlow and Keras 3."""

from __future__ import annotations

from tfvae.startup import import_tensorflow

import_tensorflow()

from tfvae.errors import InputError  # noqa: E402
from tfvae.models.adversarial_vae import AdversarialVAE  # noqa: E402
from tfvae.models.autoencoder import Autoencoder  # noqa: E402
from tfvae.models.center_vae import CenterVAE  # noqa: E402
from tfvae.models.clustering_gmvae import ClusteringGMVAE  # noqa: E402
from tfvae.models.dcgan import DCGAN  # noqa: E402
from tfvae.models.gamix_vae import GaMixVAE  # noqa: E402
from tfvae.models.gmvae import GMVAE  # noqa: E402
from tfvae.models.mmd_vae import MMDVAE  # noqa: E402
from tfvae.models.vae import VAE  # noqa: E402
from tfvae.networks.convolutional import (  # noqa: E402
    chosen_categories,
    convolutional_decoder,
    convolutional_encoder,
    dcgan_discriminator,
    dcgan_generator,
)
from tfvae.networks.dense import dense_decoder, dense_encoder  # noqa: E402
from tfvae.networks.mixture_prior import dense_mixture_prior  # noqa: E402
from tfvae.networks.patchgan import patchgan_discriminator  # noqa: E402
from tfvae.networks.resnet_v2 import resnet_v2_decoder, resnet_v2_encoder  # noqa: E402

__version__ = "0.1.0"

__all__ = [
    "DCGAN",
    "GMVAE",
    "MMDVAE",
    "VAE",
    "AdversarialVAE",
    "Autoencoder",
    "CenterVAE",
    "ClusteringGMVAE",
    "GaMixVAE",
    "InputError",
    "chosen_categories",
    "convolutional_decoder",
    "convolutional_encoder",
    "dcgan_discriminator",
    "dcgan_generator",
    "dense_decoder",
    "dense_encoder",
    "dense_mixture_prior",
    "patchgan_discriminator",
    "resnet_v2_decoder",
    "resnet_v2_encoder",
]
