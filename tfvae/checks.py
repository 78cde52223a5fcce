"""Checks of arguments that several packages share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfvae.errors import InputError


def checked_labels(labels: ArrayLike, *, count: int, classes: int | None = None, owner: str = "") -> NDArray[np.int64]:
    """Class labels as int64 [count], after checking shape, dtype and range.

    Args:
        labels: int [count], 0 <= label, and < `classes` where that is given.
        count: int >= 0, number of examples that the labels belong to.
        classes: int >= 1, number of classes, or None for no upper limit.
        owner: who asks, put in front of the message.

    Returns:
        int64 [count].

    Raises:
        InputError: if the shape is not [count], the dtype is not an integer, or a label is out of range.
    """
    array, expected = np.asarray(labels), f"{owner}: expected" if owner else "Expected"
    if array.shape != (count,) or not np.issubdtype(array.dtype, np.integer):
        raise InputError(
            f"{expected} labels as integers [{count}], one per example. Received: {array.dtype} {list(array.shape)}. "
            "Pass the labels of exactly these examples, converted with labels.astype('int64')."
        )
    if count and not (array.min() >= 0 and (classes is None or array.max() < classes)):
        wanted = ">= 0" if classes is None else f"in 0 .. {classes - 1}"
        raise InputError(
            f"{expected} labels {wanted}. Received: {array.min()} .. {array.max()}. Number the classes 0, 1, 2, ..."
        )
    return array.astype(np.int64)
