"""Inference in batches: numpy arrays in, numpy arrays out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tfvae.errors import InputError


def float_array(array: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    """Converts to numpy and checks for float [count, *shape].

    Args:
        array: array-like.
        shape: ints, required shape of a row.
        name: name of the array in the error message.

    Returns:
        float [count, *shape], in its own precision.

    Raises:
        InputError: if it has another shape or no float dtype.
    """
    array = np.asarray(array)
    if array.shape[1:] != shape or array.ndim == 0 or not np.issubdtype(array.dtype, np.floating):
        raise InputError(
            f"Expected {name} as float [count, {', '.join(map(str, shape))}]. Received: shape={array.shape}, "
            f"dtype={array.dtype}. Reshape them, or load the model that was trained on such {name}."
        )
    return array


def inference_batch_size(shape: Sequence[int]) -> int:
    """Default inference batch size: about 4M values, clamped to [32, 1000].

    Args:
        shape: ints, shape of one example.

    Returns:
        int in 32 .. 1000; 341 for 64x64x3, 32 for 256x256x3.
    """
    return max(32, min(1000, 2**22 // math.prod(shape)))


def in_batches(step: Callable[..., tf.Tensor], *arrays: np.ndarray, batch_size: int) -> np.ndarray:
    """Applies `step` in batches of one fixed size; the last batch is zero-padded and its result truncated.

    Args:
        step: function of float32 tensors [batch, ...] to a tensor [batch, ...], row by row.
        *arrays: float [count, ...] each, count >= 1.
        batch_size: int >= 1.

    Returns:
        [count, ...].

    Raises:
        InputError: if there are no rows, or `batch_size` is below 1.
    """
    count = len(arrays[0])
    if count == 0 or batch_size < 1:
        raise InputError(
            f"Expected at least one row and a batch size of at least 1. Received: {count} rows, "
            f"batch_size={batch_size}. Pass a non-empty array."
        )
    size = min(batch_size, count)
    results = []
    for start in range(0, count, size):
        parts = [np.asarray(array[start : start + size], np.float32) for array in arrays]
        present = len(parts[0])
        padded = [np.pad(part, [(0, size - present)] + [(0, 0)] * (part.ndim - 1)) for part in parts]
        results.append(step(*map(tf.constant, padded)).numpy()[:present])
    return np.concatenate(results)
