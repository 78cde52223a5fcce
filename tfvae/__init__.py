"""Generative autoencoders on TensorFlow and Keras 3."""

from __future__ import annotations

from tfvae.startup import import_tensorflow

import_tensorflow()

from tfvae.errors import InputError  # noqa: E402
from tfvae.models.autoencoder import Autoencoder  # noqa: E402
from tfvae.models.center_vae import CenterVAE  # noqa: E402
from tfvae.models.dcgan import DCGAN  # noqa: E402
from tfvae.models.vae import VAE  # noqa: E402
from tfvae.networks.dense import dense_decoder, dense_encoder  # noqa: E402

__version__ = "0.1.0"

__all__ = ["DCGAN", "VAE", "Autoencoder", "CenterVAE", "InputError", "dense_decoder", "dense_encoder"]
