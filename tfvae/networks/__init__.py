"""Networks: functions that build functional Keras models, to be passed to models, and their layers."""

from __future__ import annotations

from tfvae.startup import import_tensorflow

import_tensorflow()

from tfvae.networks.augmentation import RandomAffine
from tfvae.networks.block_convolution import BlockConv2D, BlockConv2DTranspose
from tfvae.networks.classifier import convolutional_classifier, feature_model, pooling_classifier
from tfvae.networks.convolutional import (
    chosen_categories,
    convolutional_decoder,
    convolutional_encoder,
    dcgan_discriminator,
    dcgan_generator,
)
from tfvae.networks.dense import dense_decoder, dense_encoder
from tfvae.networks.mixture_prior import dense_mixture_prior, joined_encoders
from tfvae.networks.noise_injection import NoiseInjection
from tfvae.networks.patchgan import patchgan_discriminator
from tfvae.networks.resnet_v2 import resnet_v2_decoder, resnet_v2_encoder

__all__ = [
    "BlockConv2D",
    "BlockConv2DTranspose",
    "NoiseInjection",
    "RandomAffine",
    "chosen_categories",
    "convolutional_classifier",
    "convolutional_decoder",
    "convolutional_encoder",
    "dcgan_discriminator",
    "dcgan_generator",
    "dense_decoder",
    "dense_encoder",
    "dense_mixture_prior",
    "feature_model",
    "joined_encoders",
    "patchgan_discriminator",
    "pooling_classifier",
    "resnet_v2_decoder",
    "resnet_v2_encoder",
]
