"""Generative autoencoders on TensorFlow and Keras 3."""

from __future__ import annotations

from tfvae.errors import InputError
from tfvae.models.autoencoder import Autoencoder
from tfvae.models.center_vae import CenterVAE
from tfvae.models.vae import VAE
from tfvae.networks.dense import dense_decoder, dense_encoder

__version__ = "0.1.0"

__all__ = ["VAE", "Autoencoder", "CenterVAE", "InputError", "dense_decoder", "dense_encoder"]
