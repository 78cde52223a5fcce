"""Gradients of a batch that goes through the networks in parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import tensorflow as tf

from tfvae.errors import InputError
from tfvae.models.noise import Noise


def equal_parts(values: tf.Tensor, parts: int) -> tf.Tensor:
    """A batch cut into equal parts: [batch, ...] -> [parts, batch / parts, ...].

    Raises:
        InputError: if the batch does not divide, where its size is known when the step is traced.
    """
    if values.shape[0] is not None and values.shape[0] % parts:
        raise InputError(
            f"Expected a batch that divides into {parts} equal parts. Received: {values.shape[0]} examples a device. "
            "Change the batch size or the number of parts."
        )
    return tf.reshape(values, [parts, -1, *values.shape[1:]])


def in_parts(
    slopes: Callable[..., tuple[dict[str, tf.Tensor], list[tf.Tensor]]],
    names: Sequence[str],
    variables: Sequence[Any],
    parts: int,
    images: tf.Tensor,
    labels: tf.Tensor | None,
    noise: Noise,
) -> tuple[dict[str, tf.Tensor], list[tf.Tensor]]:
    """`slopes` of the parts of a batch, one after the other: their terms in the batch's order, the gradients' sums."""
    shares = [equal_parts(values, parts) for values in (images, labels) if values is not None]
    rows = [tf.TensorArray(tf.float32, parts, element_shape=shares[0].shape[1:2]) for _ in names]

    def body(part: tf.Tensor, rows: Any, sums: Any) -> tuple[tf.Tensor, Any, Any]:
        some, *their_labels = (share[part] for share in shares)
        terms, gradients = slopes(some, their_labels[0] if their_labels else None, replace(noise, part=part))
        rows = [row.write(part, terms[name]) for row, name in zip(rows, names, strict=True)]
        sums = [total if slope is None else total + slope for total, slope in zip(sums, gradients, strict=True)]
        return part + 1, rows, sums

    start = (tf.constant(0), rows, [tf.zeros(variable.shape, variable.dtype) for variable in variables])
    _, rows, sums = tf.while_loop(
        lambda part, *_: part < parts, body, start, parallel_iterations=1, maximum_iterations=parts
    )
    return {name: tf.reshape(row.stack(), [-1]) for name, row in zip(names, rows, strict=True)}, sums
