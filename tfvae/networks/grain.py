"""Fine structure that an image has besides what its code tells: a decoder's noise, as a function of the code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from tfvae.errors import InputError


@keras.saving.register_keras_serializable("tfvae")
class Grain(layers.Layer):
    """Adds a pattern to maps that looks like white noise, yet belongs to the code and changes smoothly with it.

        out[i, j, c] = maps[i, j, c] + strength[c] * sqrt(2) * cos(row[i] @ code + column[j] @ code + phase[i, j])

    `row`, `column` ~ N(0, turn**2 / (2 * latent_dim)) and `phase` ~ U(0, 2 pi) are drawn once from the seed and stay;
    `strength` is trained, from 0. For codes from N(0, I) the pattern has mean 0, variance 1 and no correlation between
    pixels or, but for exp(-turn**2), between codes. What a decoder cannot know of skin and hair it can make of that,
    as StyleGAN does of the noise in each of its layers; unlike that, the image stays a function of the code alone, and
    there is no state. No gradient flows into the code from here.

    Args:
        turn: float > 0, radians by which the pattern's phases differ between codes, as a standard deviation over
            sqrt(2).
        seed: int >= 0 of the fixed numbers.
        **kwargs: `name` and `dtype` of `keras.layers.Layer`.

    Call with (maps, codes), float [batch, height, width, channels] and [batch, latent_dim]; gives the maps' shape.

    Raises:
        InputError: if an argument is out of its range.

    Reference:
        Karras et al. 2019, section 2, for noise a layer; Rahimi and Recht 2007, for cosines of random projections.
    """

    def __init__(self, *, turn: float = 3.0, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 < turn < math.inf or seed != int(seed) or seed < 0:
            raise InputError(
                f"Expected a turn > 0 and a whole seed >= 0. Received: turn={turn}, seed={seed}. Leave them out if any "
                "will do."
            )
        self.turn = turn
        self.seed = seed

    def build(self, maps_shape: Sequence[Any], codes_shape: Sequence[Any]) -> None:
        _, height, width, channels = maps_shape
        latent_dim = codes_shape[-1]
        fixed = {"trainable": False, "dtype": "float32", "autocast": False}  # bfloat16 would round the angles
        spread = self.turn / math.sqrt(2 * latent_dim)
        draws = [keras.initializers.RandomNormal(stddev=spread, seed=2 * self.seed + number) for number in (0, 1)]
        self.row = self.add_weight(name="row", shape=(latent_dim, height), initializer=draws[0], **fixed)
        self.column = self.add_weight(name="column", shape=(latent_dim, width), initializer=draws[1], **fixed)
        turns = keras.initializers.RandomUniform(0, 2 * math.pi, seed=self.seed)
        self.phase = self.add_weight(name="phase", shape=(height, width), initializer=turns, **fixed)
        self.strength = self.add_weight(name="strength", shape=(channels,), initializer="zeros")
        self.built = True

    def call(self, maps: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
        codes = tf.stop_gradient(tf.cast(codes, tf.float32))
        rows, columns = tf.matmul(codes, self.row), tf.matmul(codes, self.column)
        angle = rows[:, :, tf.newaxis] + columns[:, tf.newaxis, :] + self.phase
        pattern = tf.cast(math.sqrt(2) * tf.cos(angle), maps.dtype)
        return maps + tf.cast(self.strength, maps.dtype) * pattern[..., tf.newaxis]

    def compute_output_shape(self, maps_shape: Sequence[Any], codes_shape: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(maps_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "turn": self.turn, "seed": self.seed}
