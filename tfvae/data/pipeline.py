"""Batches for training and evaluation, in an order that can be resumed at any step."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfvae.data.labeled import LabeledData
from tfvae.errors import InputError

_PREFETCHED_BATCHES = 4
# Arrays up to this size are copied into a TensorFlow constant, the fastest to gather from; larger ones stay NumPy
# arrays, which may be memory-mapped.
_COPIED_BYTES = 256 * 2**20


def steps_per_epoch(data: LabeledData, batch_size: int) -> int:
    """Number of full training batches in an epoch: floor(N / batch_size).

    Args:
        data: the images.
        batch_size: int in 1 .. N, images in a (global) batch.

    Returns:
        int >= 1.

    Raises:
        InputError: if `batch_size` is below 1 or above the number of training images.
    """
    count = len(data.train_labels)
    if not 1 <= batch_size <= count:
        raise InputError(
            f"Expected batch_size in 1 .. {count}, the number of training images of {data.name!r}. "
            f"Received: batch_size={batch_size}."
        )
    return count // batch_size


def training_batches(
    data: LabeledData, *, batch_size: int, seed: int, epoch: int | tf.Variable = 0, first_step: int = 0
) -> tf.data.Dataset:
    """Training batches of one epoch, shuffled by (seed, epoch) alone.

        batch(epoch, step) = images[permutation(seed, epoch)[step * batch_size : (step + 1) * batch_size]]

    An incomplete last batch is dropped. A variable `epoch` is read at the start of each iteration, so that one data
    set serves all epochs of `model.fit`.

    Args:
        data: the examples; uint8 pixels are converted to float32 batch by batch, inside the graph. Memory-mapped
            arrays above 256 MiB stay on disk.
        batch_size: int in 1 .. N, the global batch size under a `tf.distribute` strategy.
        seed: int in 0 .. 2**63 - 1.
        epoch: int >= 0, or an int64 variable.
        first_step: int in 0 .. steps_per_epoch - 1, step of the first batch.

    Returns:
        Dataset of steps_per_epoch - first_step batches (float32 [batch_size, *image_shape], int64 [batch_size]).

    Raises:
        InputError: if an argument is out of its range.
    """
    steps = steps_per_epoch(data, batch_size)
    for name, value, highest in (
        ("seed", seed, tf.int64.max),
        ("epoch", 0 if isinstance(epoch, tf.Variable) else epoch, tf.int64.max - 1),
        ("first_step", first_step, steps - 1),
    ):
        if not 0 <= value <= highest:
            raise InputError(f"training_batches: expected {name} in 0 .. {highest}. Received: {name}={value}.")
    count = len(data.train_labels)

    def epoch_rows(_: tf.Tensor) -> tf.data.Dataset:
        number = tf.cast(epoch, tf.int64)
        order = tf.random.experimental.stateless_shuffle(
            tf.range(count, dtype=tf.int64), tf.stack([tf.constant(seed, tf.int64), number]), alg="philox"
        )
        rows = tf.reshape(order[: steps * batch_size], [steps, batch_size])
        return tf.data.Dataset.from_tensor_slices(rows[first_step:])

    rows = tf.data.Dataset.range(1).flat_map(epoch_rows)
    rows = rows.apply(tf.data.experimental.assert_cardinality(steps - first_step))
    return _gathered(data, rows, data.train_images, data.train_labels)


def evaluation_batches(data: LabeledData, split: str, *, batch_size: int) -> tf.data.Dataset:
    """All examples of a split, once, in order; the last batch may be smaller.

    Args:
        data: the images.
        split: str, "train" or "test".
        batch_size: int >= 1; above the number of images, they come as one batch.

    Returns:
        Dataset of (float32 [<= batch_size, *image_shape], int64 [<= batch_size]).

    Raises:
        InputError: if `split` is neither name, or `batch_size` is below 1.
    """
    splits = {"train": (data.train_images, data.train_labels), "test": (data.test_images, data.test_labels)}
    if split not in splits:
        raise InputError(f"evaluation_batches: expected split to be one of {list(splits)}. Received: split={split!r}.")
    if batch_size < 1:
        raise InputError(f"evaluation_batches: expected batch_size >= 1. Received: batch_size={batch_size}.")
    images, labels = splits[split]
    return _gathered(data, tf.data.Dataset.range(len(labels)).batch(batch_size), images, labels)


def _gathered(
    data: LabeledData, rows: tf.data.Dataset, images: NDArray[Any], labels: NDArray[np.int64]
) -> tf.data.Dataset:
    """Maps a Dataset of int64 [B] row indices to batches of images and labels."""
    # Otherwise they would be placed on a GPU and copied back for every batch.
    with tf.device("CPU:0"):
        all_images = tf.constant(images) if images.nbytes <= _COPIED_BYTES else None
        all_labels = tf.constant(labels)
    scale, offset = data.affine

    def gather_images(row: tf.Tensor) -> tf.Tensor:
        if all_images is not None:
            return tf.gather(all_images, row)
        gathered = tf.numpy_function(lambda numbers: images[numbers], [row], images.dtype, stateful=False)
        return tf.ensure_shape(gathered, row.shape + images.shape[1:])

    def gather(row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.cast(gather_images(row), tf.float32) * scale + offset, tf.gather(all_labels, row)

    options = tf.data.Options()
    options.deterministic = True
    # There are no files to shard: each worker takes its share of the batches.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    # There is nothing to tune, and deleting an iterator waits for the tuner's next round, up to as long as it was in
    # use (TensorFlow 2.21).
    options.autotune.enabled = False
    return rows.map(gather).prefetch(_PREFETCHED_BATCHES).with_options(options)
