"""Random affine transformations of images, in the graph."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Self

import keras
import tensorflow as tf

from tfvae.errors import InputError


@keras.saving.register_keras_serializable("tfvae")
@dataclass(frozen=True)
class RandomAffine:
    """Random rotation, shear, scaling and translation of each image, with bilinear resampling.

    out(p) = image(R(angle) @ [[1, slant], [0, 1]] @ diag(scale) @ (p - middle) + middle + shift)

    Args:
        rotation: float >= 0, degrees; the angle is uniform in [-rotation, rotation], and so are the others.
        slant: float >= 0, horizontal shear in pixels per vertical pixel.
        log_scale: float >= 0, logarithm of the scale of each axis.
        shift: float >= 0, pixels along each axis.

    Raises:
        InputError: if a number is negative.
    """

    rotation: float = 12.0
    slant: float = 0.15
    log_scale: float = 0.12
    shift: float = 1.5

    def __post_init__(self) -> None:
        if not min(self.rotation, self.slant, self.log_scale, self.shift) >= 0:
            raise InputError(f"Expected numbers >= 0. Received: {self}. Use 0 for none.")

    def __call__(self, images: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """The transformed images.

        Args:
            images: float32 [batch, height, width, channels].
            noise: float32 [batch, 6] from N(0, 1), mapped to uniform numbers by the normal CDF.

        Returns:
            float32, the same shape; 0 outside the image.
        """
        limits = (math.radians(self.rotation), self.slant, self.log_scale, self.log_scale, self.shift, self.shift)
        angle, slant, log_x, log_y, shift_x, shift_y = tf.unstack(tf.math.erf(noise / math.sqrt(2)) * limits, axis=1)
        cosine, sine, scale_x, scale_y = tf.cos(angle), tf.sin(angle), tf.exp(log_x), tf.exp(log_y)
        rows = [
            [cosine * scale_x, (cosine * slant - sine) * scale_y, shift_x],
            [sine * scale_x, (sine * slant + cosine) * scale_y, shift_y],
        ]
        return affine(images, tf.stack([tf.stack(row, axis=1) for row in rows], axis=1))

    def get_config(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config)


def affine(images: tf.Tensor, matrices: tf.Tensor) -> tf.Tensor:
    """Images resampled at affinely transformed coordinates around the center.

    out(x, y) = image(matrix @ (x - middle_x, y - middle_y, 1) + (middle_x, middle_y)),  0 outside the image

    Args:
        images: float32 [batch, height, width, channels].
        matrices: float32 [batch, 2, 3], in pixels; [[1, 0, 0], [0, 1, 0]] is the identity.

    Returns:
        float32, the same shape.
    """
    height, width, channels = images.shape[1:]
    middle = tf.constant([(width - 1) / 2, (height - 1) / 2])
    right, down = tf.meshgrid(
        tf.range(width, dtype=tf.float32) - middle[0], tf.range(height, dtype=tf.float32) - middle[1]
    )
    places = tf.reshape(tf.stack([right, down, tf.ones_like(right)]), [3, -1])
    sources = tf.matmul(matrices, places[tf.newaxis] + tf.zeros_like(matrices[:, :1, :1])) + middle[:, tf.newaxis]
    corners = tf.floor(sources)
    share = sources - corners
    left, top = tf.unstack(tf.cast(corners, tf.int32), axis=1)
    flat = tf.reshape(images, [-1, height * width, channels])
    result = tf.zeros_like(flat)
    for step_x in (0, 1):
        for step_y in (0, 1):
            x, y = left + step_x, top + step_y
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            weight = (share[:, 0] if step_x else 1 - share[:, 0]) * (share[:, 1] if step_y else 1 - share[:, 1])
            place = tf.clip_by_value(y, 0, height - 1) * width + tf.clip_by_value(x, 0, width - 1)
            values = tf.gather(flat, place, batch_dims=1)
            result += tf.where(inside, weight, 0.0)[..., tf.newaxis] * values
    return tf.reshape(result, tf.shape(images))
