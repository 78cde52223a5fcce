"""What every model with a latent code shares: images from codes, and samples from codes of the prior."""

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
    """A generative model with codes: a subclass gives `decode_step`, and `latent_dim` and `image_shape` as attributes.

    x = decode(z),  z ~ prior

    `part_names` are the constructor's networks and functions, which files keep beside the numbers.
    """

    latent_dim: int
    image_shape: tuple[int, ...]
    prior: Callable[[int], tfd.Distribution] = staticmethod(distributions.standard_normal)
    part_names: Sequence[str] = ()

    def decode_step(self, codes: tf.Tensor) -> tf.Tensor:
        """float32 [batch, latent_dim] -> float32 [batch, *image_shape], in the graph."""
        raise NotImplementedError(f"{type(self).__name__} must define `decode_step`.")

    def decode(self, codes: Any, *, batch_size: int | None = None) -> np.ndarray:
        """The image of each code.

        Args:
            codes: float [count, latent_dim].
            batch_size: int >= 1, codes at a time; None for `inference_batch_size`.

        Returns:
            float32 [count, *image_shape].

        Raises:
            InputError: if the codes have another number of dimensions.
        """
        codes = float_array(codes, (self.latent_dim,), "codes")
        batch_size = inference_batch_size(self.image_shape) if batch_size is None else batch_size
        return in_batches(self.compiled_step(self.decode_step), codes, batch_size=batch_size)

    def sample(self, count: int, *, seed: int = 0, batch_size: int | None = None) -> np.ndarray:
        """Images decoded from codes of the prior.

        Args:
            count: int >= 1, number of images.
            seed: int, the same seed gives the same images.
            batch_size: int >= 1, images at a time; None for `inference_batch_size`.

        Returns:
            float32 [count, *image_shape].

        Raises:
            InputError: if `count` is below 1 or no whole number.
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
