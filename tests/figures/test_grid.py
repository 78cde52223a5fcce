"""Image grids: positions and errors."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.figures import image_grid

THREE_PARTS = r"(?s)^Expected .+\. Received: .+\. [A-Z].+\.$"
IMAGES = np.zeros((3, 4, 4, 1), np.uint8)


def test_pixels_stand_where_they_should():
    images = np.array([[[[1], [2]]], [[[3], [4]]], [[[5], [6]]]], dtype=np.uint8)
    grid = image_grid(images, columns=2, padding=1, background=9)
    np.testing.assert_array_equal(grid[..., 0], [[1, 2, 9, 3, 4], [9, 9, 9, 9, 9], [5, 6, 9, 9, 9]])
    assert grid.dtype == np.uint8


def test_colors_and_the_default_gap():
    images = np.arange(2 * 3 * 2 * 3, dtype=np.uint8).reshape(2, 3, 2, 3)
    grid = image_grid(images, columns=1)
    assert grid.shape == (3 + 2 + 3, 2, 3)
    np.testing.assert_array_equal(grid[:3], images[0])
    np.testing.assert_array_equal(grid[3:5], np.full((2, 2, 3), 255))
    np.testing.assert_array_equal(grid[5:], images[1])


def test_more_columns_than_images_leave_no_empty_cells():
    assert image_grid(IMAGES, columns=10, padding=0).shape == (4, 12, 1)


WRONG = {
    "floats": lambda: image_grid(IMAGES.astype(np.float32), columns=2),
    "no channel axis": lambda: image_grid(IMAGES[..., 0], columns=2),
    "two channels": lambda: image_grid(IMAGES.repeat(2, axis=3), columns=2),
    "no images": lambda: image_grid(IMAGES[:0], columns=2),
    "no columns": lambda: image_grid(IMAGES, columns=0),
    "half a column": lambda: image_grid(IMAGES, columns=2.5),
    "negative padding": lambda: image_grid(IMAGES, columns=2, padding=-1),
    "background 256": lambda: image_grid(IMAGES, columns=2, background=256),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_input_is_refused_with_three_parts(call):
    with pytest.raises(InputError, match=THREE_PARTS):
        call()
