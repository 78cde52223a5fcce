"""Repeatable noise."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from tensorflow_probability import distributions as tfd


@dataclass(frozen=True)
class Noise:
    """Standard normal noise as a pure function of (seed, step, replica, name).

    Attributes:
        seed: int, of the model.
        step: int64 [], counts the draws of one kind (training or evaluation).
        replica: int32 [], position of the replica, so that replicas draw different noise.
        part: int32 [], which part of a batch that goes through the networks in parts, or None.
    """

    seed: int
    step: tf.Tensor
    replica: tf.Tensor | int = 0
    part: tf.Tensor | int | None = None

    def normal(self, shape: Any, name: str) -> tf.Tensor:
        """float32 `shape` from N(0, 1); the same `name` in the same step gives the same numbers.

        A graph that XLA compiles draws other numbers than one that it does not.
        """
        return tf.random.stateless_normal(shape, self._key(name), alg="philox")

    def sample(self, distribution: tfd.Distribution, count: tf.Tensor | int, name: str) -> tf.Tensor:
        """float32 [count, *event_shape] drawn from `distribution`, as repeatable as `normal`."""
        return distribution.sample(count, seed=tf.cast(self._key(name), tf.int32))

    def _key(self, name: str) -> tf.Tensor:
        key = tf.constant([self.seed, zlib.crc32(name.encode())], tf.int64)
        for number in (self.step, self.replica, self.part):
            if number is not None:
                key = tf.random.experimental.stateless_fold_in(key, tf.cast(number, tf.int64))
        return key
