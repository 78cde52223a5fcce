"""Statistics of the global batch: sums, means, moments and rows over all replicas."""

from __future__ import annotations

import tensorflow as tf


def num_replicas() -> int:
    """Number of replicas in sync."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def sum_over_replicas(value: tf.Tensor) -> tf.Tensor:
    """All-reduced sum of `value`; differentiable."""
    if num_replicas() == 1:
        return value
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, value)


def mean_over_batch(values: tf.Tensor) -> tf.Tensor:
    """Mean of float32 [batch] over the global batch, float32 []."""
    return sum_over_replicas(tf.reduce_sum(values)) / global_batch_size(values)


def moments_over_batch(values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and variance over the global batch, also if replicas have batches of different sizes.

    Args:
        values: float32 [batch, dimensions].

    Returns:
        float32 [dimensions] each; the variance is the biased one, divided by the global batch size.
    """
    batch = global_batch_size(values)
    mean = sum_over_replicas(tf.reduce_sum(values, axis=0)) / batch
    return mean, sum_over_replicas(tf.reduce_sum(tf.square(values - mean), axis=0)) / batch


def gather_over_replicas(value: tf.Tensor) -> tf.Tensor:
    """All-gathered rows of `value`, [global batch, ...]; differentiable."""
    if num_replicas() == 1:
        return value
    return tf.distribute.get_replica_context().all_gather(value, axis=0)


def global_batch_size(values: tf.Tensor) -> tf.Tensor:
    """Number of rows of `values` on all replicas, float32 []."""
    return sum_over_replicas(tf.cast(tf.shape(values)[0], tf.float32))
