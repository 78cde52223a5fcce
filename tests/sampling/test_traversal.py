"""Lines, grids and walks in the latent space, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.sampling import axis_traversal, interpolate, two_axis_grid

THREE_PARTS = r"(?s)^Expected .+\. Received: .+\. [A-Z].+\.$"


def test_interpolation_of_six_steps_moves_by_fifths():
    line = interpolate([0.0, 10.0], [5.0, 0.0], steps=6)
    assert line.shape == (1, 6, 2) and line.dtype == np.float32
    np.testing.assert_allclose(line[0], [[0, 10], [1, 8], [2, 6], [3, 4], [4, 2], [5, 0]], atol=1e-6)


def test_interpolation_includes_both_ends():
    codes = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    path = interpolate(codes[:-1], codes[1:], steps=2)
    np.testing.assert_array_equal(path[:, 0], codes[:-1])
    np.testing.assert_array_equal(path[:, 1], codes[1:])


def test_axis_traversal_changes_one_coordinate():
    walks = axis_traversal([7.0, 8.0, 9.0], steps=3, extent=2.0, axes=[2, 0])
    expected = [[[7, 8, -2], [7, 8, 0], [7, 8, 2]], [[-2, 8, 9], [0, 8, 9], [2, 8, 9]]]
    np.testing.assert_array_equal(walks, np.array(expected, dtype=np.float32))
    assert axis_traversal([7.0, 8.0, 9.0], steps=5).shape == (3, 5, 3)


def test_two_axis_grid_takes_every_pair_in_reading_order():
    grid = two_axis_grid([7.0, 8.0, 9.0], [2, 0])
    rows = [[(down, 8, across) for across in (-6, 0, 6)] for down in (-6, 0, 6)]
    np.testing.assert_array_equal(grid, np.reshape(rows, (9, 3)).astype(np.float32))
    assert grid.dtype == np.float32
    np.testing.assert_array_equal(two_axis_grid([7.0, 8.0], [0, 1], values=[0.5]), [[0.5, 0.5]])


WRONG = {
    "one step": lambda: interpolate([0.0], [1.0], steps=1),
    "unequal dimensions": lambda: interpolate([0.0], [1.0, 2.0], steps=3),
    "unequal pairs": lambda: interpolate(np.zeros((2, 3)), np.zeros((1, 3)), steps=3),
    "three axes": lambda: interpolate(np.zeros((1, 2, 3)), np.zeros((1, 2, 3)), steps=3),
    "NaN ends": lambda: interpolate([0.0], [np.nan], steps=3),
    "many codes to walk from": lambda: axis_traversal(np.zeros((2, 3)), steps=3),
    "an infinite code": lambda: axis_traversal([np.inf], steps=3),
    "no extent": lambda: axis_traversal([0.0], steps=3, extent=0.0),
    "an axis that does not exist": lambda: axis_traversal([0.0, 0.0], steps=3, axes=[2]),
    "a negative axis": lambda: axis_traversal([0.0, 0.0], steps=3, axes=[-1]),
    "no axes": lambda: axis_traversal([0.0, 0.0], steps=3, axes=[]),
    "many codes to vary": lambda: two_axis_grid(np.zeros((2, 3)), [0, 1]),
    "a code of NaN": lambda: two_axis_grid([np.nan, 0.0], [0, 1]),
    "one axis": lambda: two_axis_grid([0.0, 0.0], [0]),
    "three axes of a grid": lambda: two_axis_grid([0.0, 0.0, 0.0], [0, 1, 2]),
    "one axis twice": lambda: two_axis_grid([0.0, 0.0], [1, 1]),
    "an axis beyond the code": lambda: two_axis_grid([0.0, 0.0], [0, 2]),
    "a negative axis of a grid": lambda: two_axis_grid([0.0, 0.0], [0, -1]),
    "no values": lambda: two_axis_grid([0.0, 0.0], [0, 1], values=[]),
    "an infinite value": lambda: two_axis_grid([0.0, 0.0], [0, 1], values=[0.0, np.inf]),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_input_is_refused_with_three_parts(call):
    with pytest.raises(InputError, match=THREE_PARTS):
        call()
