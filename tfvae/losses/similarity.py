"""Mean pairwise cosine similarity within a set of images."""

from __future__ import annotations

import tensorflow as tf


def within_class_similarity(images: tf.Tensor) -> tf.Tensor:
    """Mean cosine similarity of all pairs of images of a class; differentiable.

    cos = mean over i != j of dot(x[i], x[j]) / (|x[i]| |x[j]|) = (|sum(u)|**2 - n) / (n * (n - 1)),  u = x / |x|

    Args:
        images: float32 [..., n, pixels], n >= 2, pixels >= 0; the similarity to an all-zero image is 0.

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
