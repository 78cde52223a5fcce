"""Image grids: positions and errors."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.figures import image_grid

THREE_PARTS = r"(?s)^Expected .+\. Received: .+\. [A-Z].+\.$"
IMAGES = np.zeros((3, 4, 4, 1), np.uint8)


def test_image_grid_matches_hand_placed_pixels():
    images = np.array([[[[1], [2]]], [[[3], [4]]], [[[5], [6]]]], dtype=np.uint8)
    grid = image_grid(images, columns=2)
    white = [255] * 6
    np.testing.assert_array_equal(grid[..., 0], [[1, 2, 255, 255, 3, 4], white, white, [5, 6, 255, 255, 255, 255]])
    assert grid.dtype == np.uint8


def test_image_grid_keeps_colors():
    images = np.arange(2 * 3 * 2 * 3, dtype=np.uint8).reshape(2, 3, 2, 3)
    grid = image_grid(images, columns=1)
    assert grid.shape == (3 + 2 + 3, 2, 3)
    np.testing.assert_array_equal(grid[:3], images[0])
    np.testing.assert_array_equal(grid[3:5], np.full((2, 2, 3), 255))
    np.testing.assert_array_equal(grid[5:], images[1])


def test_image_grid_of_few_images_has_no_empty_cells():
    assert image_grid(IMAGES, columns=10).shape == (4, 3 * 4 + 2 * 2, 1)


WRONG = {
    "floats": lambda: image_grid(IMAGES.astype(np.float32), columns=2),
    "no channel axis": lambda: image_grid(IMAGES[..., 0], columns=2),
    "two channels": lambda: image_grid(IMAGES.repeat(2, axis=3), columns=2),
    "no images": lambda: image_grid(IMAGES[:0], columns=2),
    "no columns": lambda: image_grid(IMAGES, columns=0),
    "half a column": lambda: image_grid(IMAGES, columns=2.5),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG.keys())
def test_invalid_arguments_raise(call):
    with pytest.raises(InputError, match=THREE_PARTS):
        call()
