"""Image grids as arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tfvae.errors import InputError

GAP = 2
"""Pixels between neighboring images."""


def checked_images(images: NDArray[np.uint8], *, name: str = "images", axes: int = 4) -> NDArray[np.uint8]:
    """Images as an array, after checking dtype and shape.

    Args:
        images: uint8 [..., H, W, C], C = 1 or 3, at least one image.
        name: str, name of the argument, for messages.
        axes: int, expected number of axes.

    Returns:
        uint8 [..., H, W, C].

    Raises:
        InputError: if the dtype is not uint8 or the shape is another.
    """
    array = np.asarray(images)
    if array.dtype != np.uint8 or array.ndim != axes or array.size == 0 or array.shape[-1] not in (1, 3):
        leading = "N" if axes == 4 else "rows, columns"
        raise InputError(
            f"Expected {name} as uint8 [{leading}, H, W, C], C = 1 or 3, at least one. "
            f"Received: shape {array.shape}, dtype {array.dtype}. "
            "Convert floats with ImageData.to_uint8, and give gray images a last axis of one channel."
        )
    return array


def checked_columns(columns: int) -> int:
    """Number of columns, after checking type and range.

    Args:
        columns: int >= 1.

    Returns:
        int.

    Raises:
        InputError: if it is not.
    """
    if isinstance(columns, bool) or not isinstance(columns, int | np.integer) or columns < 1:
        raise InputError(f"Expected columns as an integer >= 1. Received: {columns!r}. Pass columns=10, say.")
    return int(columns)


def image_grid(images: NDArray[np.uint8], *, columns: int) -> NDArray[np.uint8]:
    """Arranges images in rows, with white gaps of 2 pixels between them.

    image n is at row n // columns, column n % columns

    Args:
        images: uint8 [N, H, W, C], C = 1 or 3.
        columns: int >= 1; at most N are used.

    Returns:
        uint8 [rows * (H + 2) - 2, columns * (W + 2) - 2, C]; empty cells of the last row are white.

    Raises:
        InputError: if the images are not uint8 [N, H, W, C], or `columns` is not an integer >= 1.
    """
    images = checked_images(images)
    count, height, width, channels = images.shape
    columns = min(checked_columns(columns), count)
    rows = -(-count // columns)
    size = (rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, channels)
    grid = np.full(size, 255, dtype=np.uint8)
    for index, image in enumerate(images):
        top = index // columns * (height + GAP)
        left = index % columns * (width + GAP)
        grid[top : top + height, left : left + width] = image
    return grid
