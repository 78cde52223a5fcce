"""Generative autoencoders on TensorFlow and Keras 3.

`import tfvae` does not import TensorFlow; the first use of a public name does, and registers all classes with Keras.
`keras.saving.load_model` therefore finds the classes of a file after `import keras, tfvae` in this order, or after
the first use of a public name, such as `from tfvae import VAE`.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from tfvae.errors import InputError

if TYPE_CHECKING:
    from tfvae.models import (
        DCGAN,
        GMVAE,
        MMDVAE,
        VAE,
        AdversarialVAE,
        Autoencoder,
        CenterVAE,
        ClusteringGMVAE,
        GaMixVAE,
    )
    from tfvae.networks import (
        chosen_categories,
        convolutional_decoder,
        convolutional_encoder,
        dcgan_discriminator,
        dcgan_generator,
        dense_decoder,
        dense_encoder,
        dense_mixture_prior,
        patchgan_discriminator,
        resnet_v2_decoder,
        resnet_v2_encoder,
    )

__version__ = "0.2.0"

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

_SUBPACKAGES = (
    "data",
    "distributions",
    "figures",
    "losses",
    "metrics",
    "models",
    "networks",
    "sampling",
    "serving",
)


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES:
        return importlib.import_module(f"tfvae.{name}")
    if name not in __all__:
        raise AttributeError(f"module 'tfvae' has no attribute {name!r}")
    _register_classes()
    package = next(package for package in ("models", "networks") if name in sys.modules[f"tfvae.{package}"].__all__)
    value = getattr(sys.modules[f"tfvae.{package}"], name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_SUBPACKAGES, "__version__"])


def _register_classes() -> None:
    """Imports all classes that a `.keras` file may have; the models import the networks."""
    importlib.import_module("tfvae.models")


if "keras" in sys.modules:
    _register_classes()
