"""Models: a file for each has its loss and its training step; `base.py` has the training code they share."""

from __future__ import annotations

from tfvae.startup import import_tensorflow

import_tensorflow()

import tfvae.networks as _networks  # noqa: F401  # registers the layers that the file of a model may have
from tfvae.models.adversarial_vae import AdversarialVAE
from tfvae.models.autoencoder import Autoencoder
from tfvae.models.center_vae import CenterVAE
from tfvae.models.clustering_gmvae import ClusteringGMVAE
from tfvae.models.dcgan import DCGAN
from tfvae.models.gamix_vae import GaMixVAE
from tfvae.models.gmvae import GMVAE
from tfvae.models.mmd_vae import MMDVAE
from tfvae.models.vae import VAE

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
]
