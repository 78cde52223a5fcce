"""Base class of models with latent codes: decoding, and sampling from the prior."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import distributions
from tfvae.errors import InputError
from tfvae.models.base import GenerativeModel
from tfvae.models.inference import float_array, in_batches, inference_batch_size


class LatentVariableModel(GenerativeModel):
    """A generative model of latent codes: x = decode(z),  z ~ prior.

    A subclass defines `decode_step`, sets `latent_dim` and `image_shape`, and lists in `part_names` the networks and
    functions among its constructor's arguments, which a `.keras` file stores as configs.
    """

    latent_dim: int
    image_shape: tuple[int, ...]
    prior: Callable[[int], tfd.Distribution] = staticmethod(distributions.standard_normal)
    part_names: Sequence[str] = ()

    def decode_step(self, codes: tf.Tensor) -> tf.Tensor:
        """float32 [batch, latent_dim] -> float32 [batch, *image_shape], in the graph."""
        raise NotImplementedError(f"{type(self).__name__} must define `decode_step`.")

    def decode(self, codes: Any, *, batch_size: int | None = None) -> np.ndarray:
        """Decodes codes to images, the mean of the likelihood.

        Args:
            codes: float [count, latent_dim].
            batch_size: int >= 1; None for `inference_batch_size`.

        Returns:
            float32 [count, *image_shape].

        Raises:
            InputError: if the codes have another shape or no float dtype.
        """
        codes = float_array(codes, (self.latent_dim,), "codes")
        batch_size = inference_batch_size(self.image_shape) if batch_size is None else batch_size
        return in_batches(self.compiled_step(self.decode_step), codes, batch_size=batch_size)

    def sample(self, count: int, *, seed: int = 0, batch_size: int | None = None) -> np.ndarray:
        """Samples images: codes from the prior, decoded.

        Args:
            count: int >= 1, number of images.
            seed: int, of the codes.
            batch_size: int >= 1; None for `inference_batch_size`.

        Returns:
            float32 [count, *image_shape].

        Raises:
            InputError: if `count` is not a whole number >= 1.
        """
        if count != int(count) or count < 1:
            raise InputError(f"Expected a whole count >= 1. Received: count={count}. Ask for one sample or more.")
        codes = self.prior(self.latent_dim).sample(count, seed=tf.constant([0, seed], tf.int32))
        return self.decode(codes, batch_size=batch_size)

    def get_config(self) -> dict[str, Any]:
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in self.part_names}
        return {**parts, "seed": self.seed, "name": self.name, "dtype": self.dtype_policy.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        nested = {key: value for key, value in config.items() if isinstance(value, dict)}
        parts = {key: keras.saving.deserialize_keras_object(value, custom_objects) for key, value in nested.items()}
        return cls(**{**config, **parts})
