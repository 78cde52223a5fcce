"""Standard normal noise that is reproducible across runs and distinct across steps and replicas."""

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
        seed: int, the model's seed.
        step: int64 [], number of updates or evaluation steps so far.
        replica: int32 [], index of the replica.
        part: int32 [], index of the micro-batch; None without gradient accumulation.
    """

    seed: int
    step: tf.Tensor
    replica: tf.Tensor | int = 0
    part: tf.Tensor | int | None = None

    def normal(self, shape: Any, name: str) -> tf.Tensor:
        """Samples of N(0, 1), float32 `shape`; they differ between XLA and non-XLA graphs.

        Args:
            shape: ints or int32 tensor.
            name: str, distinguishes several samples within one step.
        """
        return tf.random.stateless_normal(shape, self._key(name), alg="philox")

    def sample(self, distribution: tfd.Distribution, count: tf.Tensor | int, name: str) -> tf.Tensor:
        """Samples of `distribution`, float32 [count, *event_shape], as reproducible as `normal`."""
        return distribution.sample(count, seed=tf.cast(self._key(name), tf.int32))

    def _key(self, name: str) -> tf.Tensor:
        key = tf.constant([self.seed, zlib.crc32(name.encode())], tf.int64)
        for number in (self.step, self.replica, self.part):
            if number is not None:
                key = tf.random.experimental.stateless_fold_in(key, tf.cast(number, tf.int64))
        return key
