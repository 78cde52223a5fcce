"""Sums, moments and rows of the global batch."""

from __future__ import annotations

import tensorflow as tf


def replicas() -> int:
    """Number of replicas that train together."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def sum_over_replicas(value: tf.Tensor) -> tf.Tensor:
    """Sum of `value` over the replicas, the same on each; gradients flow through it."""
    if replicas() == 1:
        return value
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, value)


def mean_over_batch(values: tf.Tensor) -> tf.Tensor:
    """Mean of float32 [batch] over the global batch, the same on each replica."""
    return sum_over_replicas(tf.reduce_sum(values)) / global_batch_size(values)


def moments_over_batch(values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and variance of the rows of the global batch, the same on each replica, however uneven their parts.

    Args:
        values: float32 [batch, dimensions].

    Returns:
        float32 [dimensions] each; the variance divides by the batch, not by one less.
    """
    batch = global_batch_size(values)
    mean = sum_over_replicas(tf.reduce_sum(values, axis=0)) / batch
    return mean, sum_over_replicas(tf.reduce_sum(tf.square(values - mean), axis=0)) / batch


def gather_over_replicas(value: tf.Tensor) -> tf.Tensor:
    """The rows of `value` of all replicas, [global batch, ...], the same on each; gradients flow through it."""
    if replicas() == 1:
        return value
    return tf.distribute.get_replica_context().all_gather(value, axis=0)


def global_batch_size(term: tf.Tensor) -> tf.Tensor:
    return sum_over_replicas(tf.cast(tf.shape(term)[0], tf.float32))
