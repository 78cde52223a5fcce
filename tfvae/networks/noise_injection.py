"""Noise injection whose noise is a deterministic function of the code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from tfvae.errors import InputError


@keras.saving.register_keras_serializable("tfvae")
class NoiseInjection(layers.Layer):
    """Adds scaled noise to maps, like StyleGAN, from random Fourier features of the code.

        out[i, j, c] = maps[i, j, c] + strength[c] * sqrt(2) * cos(row[i] @ code + column[j] @ code + phase[i, j])

    `row`, `column` ~ N(0, turn**2 / (2 * latent_dim)) and `phase` ~ U(0, 2 pi) are fixed by the seed; `strength` is
    trained, from 0. Over codes from N(0, I) the noise has mean 0 and variance 1, is uncorrelated between pixels, and
    has correlation exp(-turn**2) between codes. A decoder can use it for texture that the code does not encode. Unlike
    in StyleGAN, the image is a smooth function of the code, and there is no state. The noise has no gradient with
    respect to the code.

    Args:
        turn: float > 0, standard deviation of the phase over codes, in radians.
        seed: int >= 0, of the fixed weights.
        **kwargs: `name` and `dtype` of `keras.layers.Layer`.

    Call arguments:
        maps: float [batch, height, width, channels].
        codes: float [batch, latent_dim].

    Returns:
        The shape of `maps`.

    Raises:
        InputError: if an argument is out of its range.

    Reference:
        Karras et al. 2019, section 2, for noise injection; Rahimi and Recht 2007, for random Fourier features.
    """

    def __init__(self, *, turn: float = 3.0, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 < turn < math.inf or seed != int(seed) or seed < 0:
            raise InputError(
                f"Expected a turn > 0 and a whole seed >= 0. Received: turn={turn}, seed={seed}. Use the defaults."
            )
        self.turn = turn
        self.seed = seed

    def build(self, maps_shape: Sequence[Any], codes_shape: Sequence[Any]) -> None:
        _, height, width, channels = maps_shape
        latent_dim = codes_shape[-1]
        fixed = {"trainable": False, "dtype": "float32", "autocast": False}  # bfloat16 is too coarse for angles
        spread = self.turn / math.sqrt(2 * latent_dim)
        normals = [keras.initializers.RandomNormal(stddev=spread, seed=2 * self.seed + number) for number in (0, 1)]
        self.row = self.add_weight(name="row", shape=(latent_dim, height), initializer=normals[0], **fixed)
        self.column = self.add_weight(name="column", shape=(latent_dim, width), initializer=normals[1], **fixed)
        uniform = keras.initializers.RandomUniform(0, 2 * math.pi, seed=self.seed)
        self.phase = self.add_weight(name="phase", shape=(height, width), initializer=uniform, **fixed)
        self.strength = self.add_weight(name="strength", shape=(channels,), initializer="zeros")
        self.built = True

    def call(self, maps: tf.Tensor, codes: tf.Tensor) -> tf.Tensor:
        codes = tf.stop_gradient(tf.cast(codes, tf.float32))
        rows, columns = tf.matmul(codes, self.row), tf.matmul(codes, self.column)
        angle = rows[:, :, tf.newaxis] + columns[:, tf.newaxis, :] + self.phase
        noise = tf.cast(math.sqrt(2) * tf.cos(angle), maps.dtype)
        return maps + tf.cast(self.strength, maps.dtype) * noise[..., tf.newaxis]

    def compute_output_shape(self, maps_shape: Sequence[Any], codes_shape: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(maps_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "turn": self.turn, "seed": self.seed}


@keras.saving.register_keras_serializable("tfvae")
class Grain(NoiseInjection):
    """`NoiseInjection` under its name in older files, which also names its weights there."""
