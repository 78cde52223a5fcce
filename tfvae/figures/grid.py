"""Images in a grid, as an array."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tfvae.errors import InputError


def checked_images(images: NDArray[np.uint8], *, name: str = "images", axes: int = 4) -> NDArray[np.uint8]:
    """`images` as they are, after checking that they are uint8 pictures of one or three channels.

    Args:
        images: uint8 [..., H, W, C], C = 1 or 3, at least one image.
        name: str, how the message calls them.
        axes: int, number of axes expected.

    Returns:
        uint8, the same.

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
    """`columns` as it is, after checking that it is an integer >= 1.

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


def image_grid(
    images: NDArray[np.uint8], *, columns: int, padding: int = 2, background: int = 255
) -> NDArray[np.uint8]:
    """Images side by side in reading order, with a gap between them and none around.

    image n stands at row n // columns, column n % columns

    Args:
        images: uint8 [N, H, W, C], C = 1 or 3.
        columns: int >= 1; fewer images than columns make one row as wide as they are.
        padding: int >= 0, pixels between neighbors.
        background: int in 0 ... 255, value of the gaps and of the unfilled end of the last row.

    Returns:
        uint8 [rows * (H + padding) - padding, columns * (W + padding) - padding, C].

    Raises:
        InputError: if the images are not uint8 [N, H, W, C], or a number is out of its range.
    """
    images = checked_images(images)
    count, height, width, channels = images.shape
    columns = min(checked_columns(columns), count)
    if padding < 0 or not 0 <= background <= 255:
        raise InputError(
            f"Expected padding >= 0 and background in 0 ... 255. Received: {padding} and {background}. "
            "Leave them out for a gap of 2 white pixels."
        )
    rows = -(-count // columns)
    size = (rows * (height + padding) - padding, columns * (width + padding) - padding, channels)
    grid = np.full(size, background, dtype=np.uint8)
    for index, image in enumerate(images):
        top = index // columns * (height + padding)
        left = index % columns * (width + padding)
        grid[top : top + height, left : left + width] = image
    return grid
