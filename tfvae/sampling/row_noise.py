"""Stateless noise whose rows do not depend on how many rows are drawn."""

from __future__ import annotations

import tensorflow as tf


def row_noise(
    count: tf.Tensor, dimensions: int, seed: tf.Tensor, *, stream: int | tf.Tensor, attempt: int | tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Uniform and standard normal noise: row i is a pure function of seed, stream, attempt and i.

    Args:
        count: int32 [], number of rows; those of a smaller count are the first rows of a larger one.
        dimensions: int >= 1, normal variables per row.
        seed: int64 [].
        stream: int64 [], another one gives independent noise.
        attempt: int >= 0, likewise.

    Returns:
        float32 [count] in [0, 1), and float32 [count, dimensions].
    """
    key = tf.stack([seed, 0])
    for data in (stream, attempt):
        key = tf.random.fold_in(key, tf.cast(data, tf.int64), alg="philox")
    for_uniform, for_normal = tf.unstack(tf.random.split(key, 2, alg="philox"))
    return (
        tf.random.stateless_uniform([count], for_uniform, alg="philox"),
        tf.random.stateless_normal([count, dimensions], for_normal, alg="philox"),
    )


def row_noise_by_class(
    labels: tf.Tensor, dimensions: int, seed: tf.Tensor, *, attempt: int | tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """As `row_noise`, each row from the stream of its class: 0 is left to rows without a class.

    Args:
        labels: int64 [count], >= 0.
        dimensions: int >= 1.
        seed: int64 [].
        attempt: int >= 0.

    Returns:
        float32 [count] in [0, 1), and float32 [count, dimensions].
    """
    count = tf.size(labels)

    def with_class(drawn: tuple[tf.Tensor, tf.Tensor], label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        uniform, noise = row_noise(count, dimensions, seed, stream=label + 1, attempt=attempt)
        members = labels == label
        return tf.where(members, uniform, drawn[0]), tf.where(members[:, tf.newaxis], noise, drawn[1])

    nothing = tf.zeros([count]), tf.zeros([count, dimensions])
    return tf.foldl(with_class, tf.unique(labels).y, initializer=nothing)
