"""A decoder and a classifier with known accuracy, for the tests of searches.

A code of two dimensions becomes an image of three pixels, (1, z[0], z[1]), all other things being equal: class 0 lives
where z[0] < 0 and class 1 where z[0] > 0. So z[0] decides the class, and z[1] is variety that costs nothing.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

RNG = np.random.default_rng(0)
LABELS = np.repeat([0, 1], 2000)
CODES = np.stack([RNG.normal(np.where(LABELS == 0, -1.0, 1.0), 1.0), RNG.normal(0.0, 2.0, LABELS.shape)], axis=1)


def decode(codes: tf.Tensor) -> tf.Tensor:
    return (
        tf.concat([tf.ones_like(codes[:, :1]), tf.abs(codes)], axis=1)[:, tf.newaxis, :, tf.newaxis]
        + 1e-3 * codes[:, tf.newaxis, tf.newaxis, :1]
    )


def classify(images: tf.Tensor) -> tf.Tensor:
    """Reads the sign of z[0] back from the third decimal, as a classifier that is always right would."""
    sign = 1e3 * (images[:, 0, 0, 0] - 1.0)
    return tf.stack([-4.0 * sign, 4.0 * sign], axis=1)
