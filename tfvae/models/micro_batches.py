"""Gradient accumulation over micro-batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import tensorflow as tf

from tfvae.errors import InputError
from tfvae.models.noise import Noise


def split_batch(values: tf.Tensor, parts: int) -> tf.Tensor:
    """Splits a batch into micro-batches of equal size: [batch, ...] -> [parts, batch / parts, ...].

    Raises:
        InputError: if the batch does not divide, where its size is known when the step is traced.
    """
    if values.shape[0] is not None and values.shape[0] % parts:
        raise InputError(
            f"Expected a batch that divides into {parts} equal parts. Received: {values.shape[0]} examples a device. "
            "Change the batch size or the number of parts."
        )
    return tf.reshape(values, [parts, -1, *values.shape[1:]])


def accumulated_gradients(
    gradients_of: Callable[..., tuple[dict[str, tf.Tensor], list[tf.Tensor]]],
    images: tf.Tensor,
    labels: tf.Tensor | None,
    noise: Noise,
    *,
    parts: int,
    term_names: Sequence[str],
    variables: Sequence[Any],
) -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
    """Loss terms and summed gradients of a batch, one micro-batch after the other.

    Args:
        gradients_of: function of (images, labels, noise) of a micro-batch to its terms, {name: float32 [examples]},
            and its gradients by `variables`.
        images: float32 [batch, ...].
        labels: [batch] or None.
        noise: of the batch; each micro-batch gets its own.
        parts: int >= 1, number of micro-batches.
        term_names: names of the terms.
        variables: the variables that the gradients are by.

    Returns:
        The terms, float32 [batch] each, in the batch's order, and the sums of the gradients.

    Raises:
        InputError: as `split_batch`.
    """
    split = [split_batch(values, parts) for values in (images, labels) if values is not None]
    rows = [tf.TensorArray(tf.float32, parts, element_shape=split[0].shape[1:2]) for _ in term_names]

    def body(part: tf.Tensor, rows: Any, sums: Any) -> tuple[tf.Tensor, Any, Any]:
        some, *their_labels = (values[part] for values in split)
        terms, gradients = gradients_of(some, their_labels[0] if their_labels else None, replace(noise, part=part))
        rows = [row.write(part, terms[name]) for row, name in zip(rows, term_names, strict=True)]
        sums = [total if new is None else total + new for total, new in zip(sums, gradients, strict=True)]
        return part + 1, rows, sums

    start = (tf.constant(0), rows, [tf.zeros(variable.shape, variable.dtype) for variable in variables])
    _, rows, sums = tf.while_loop(
        lambda part, *_: part < parts, body, start, parallel_iterations=1, maximum_iterations=parts
    )
    return {name: tf.reshape(row.stack(), [-1]) for name, row in zip(term_names, rows, strict=True)}, sums
