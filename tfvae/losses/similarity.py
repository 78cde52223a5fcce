"""Cosine similarity within a set of images: how little they vary."""

from __future__ import annotations

import tensorflow as tf


def within_class_similarity(images: tf.Tensor) -> tf.Tensor:
    """Mean cosine similarity of the pixels of every pair of images of a class; gradients flow through it.

    cos = mean over i != j of dot(x[i], x[j]) / (|x[i]| |x[j]|) = (|sum(u)|**2 - n) / (n * (n - 1)),  u = x / |x|

    Args:
        images: float32 [..., n, pixels], n >= 2, pixels >= 0 with 0 as black; a black image counts as nearly at right
            angles to all others.

    Returns:
        float32 [...], in [0, 1] for pixels >= 0.

    Reference:
        Report 1, eq. 5, and the first term of eq. 4.
    """
    directions = tf.math.l2_normalize(images, axis=-1)
    count = tf.cast(tf.shape(images)[-2], tf.float32)
    total = tf.reduce_sum(tf.square(tf.reduce_sum(directions, axis=-2)), axis=-1)
    own = tf.reduce_sum(tf.square(directions), axis=[-2, -1])
    return (total - own) / (count * (count - 1.0))
