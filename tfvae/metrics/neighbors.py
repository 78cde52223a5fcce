"""Exact comparisons of distances: a matrix product for all pairs, direct differences for those it cannot tell apart.

A block of |p - o|**2 = |p|**2 + |o|**2 - 2 * dot(p, o) costs one matrix product, but its rounding breaks ties: copies
do not get distance 0, nor equal pairs equal distances. Pairs whose comparison that rounding could decide are taken
again as sum((p - o)**2), which is 0 for copies and the same whichever set a point stands in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BLOCK_ROWS = 500
VALUES_AT_ONCE = 2**22

Floats = NDArray[np.float64]


class DistinctRows(NamedTuple):
    """Distinct rows float64 [U, D], how often each occurs int64 [U], and which of them each row is int64 [N]."""

    rows: Floats
    counts: NDArray[np.int64]
    inverse: NDArray[np.int64]


def distinct_rows(points: Floats) -> DistinctRows:
    """Rows that differ in a value, in an order of their own: a collapsed set has few.

    Args:
        points: float64 [N, D], finite.

    Returns:
        DistinctRows.
    """
    points = np.ascontiguousarray(points + 0.0)  # -0.0 becomes 0.0: rows are compared by their bytes
    keys = points.view(np.dtype((np.void, points.itemsize * points.shape[1]))).ravel()
    _, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    return DistinctRows(points[first], counts, inverse)


def neighbor_radii(points: DistinctRows, neighbors: int) -> Floats:
    """Squared distance of each distinct row to its `neighbors`-th nearest other row, copies counted.

    Args:
        points: rows of a set with more than `neighbors` rows, copies counted.
        neighbors: int >= 1, k.

    Returns:
        float64 [U], >= 0; 0 for a row with k copies or more.
    """
    # More than k + 1 copies of a row are nobody's k-th neighbor.
    repeats = np.minimum(points.counts, neighbors + 1)
    others = np.repeat(points.rows, repeats, axis=0)
    own = np.cumsum(repeats) - repeats  # the place of one copy of each row, which is the row itself
    return nearest_squares(points.rows, others, neighbors, left_out=own)


def nearest_squares(
    points: Floats, others: Floats, neighbors: int = 1, *, left_out: NDArray[np.int64] | None = None
) -> Floats:
    """Squared distance of each point to its `neighbors`-th nearest of the others.

    Args:
        points: float64 [N, D].
        others: float64 [M, D].
        neighbors: int >= 1, k, at most as many as there are others, or fewer where one is left out.
        left_out: int64 [N], the row of `others` that does not count for each point.

    Returns:
        float64 [N], exact but for the rounding of one sum of squares.
    """
    nearest = np.empty(len(points))
    for rows, squares, rounding in _squared_distances(points, others):
        if left_out is not None:
            squares[np.arange(len(squares)), left_out[rows]] = np.inf
        # At least k distances are no more than the k-th of the upper bounds, and so is the exact k-th.
        bound = np.partition(squares + rounding, neighbors - 1, axis=1)[:, neighbors - 1]
        near, far = np.nonzero(squares - rounding <= bound[:, np.newaxis])
        exact = _direct(points[rows], others, near, far)
        order = np.lexsort((exact, near))
        nearest[rows] = exact[order][np.searchsorted(near[order], np.arange(len(squares))) + neighbors - 1]
    return nearest


def inside(points: Floats, others: Floats, radii: Floats) -> Iterator[tuple[slice, NDArray[np.bool_]]]:
    """Yields blocks of rows of |points[i] - others[j]|**2 <= radii[i, j].

    Args:
        points: float64 [N, D].
        others: float64 [M, D].
        radii: float64 [N, 1], squared, where the points have them, or [1, M] where the others do.

    Yields:
        The slice of rows, and bool [rows, M].
    """
    for rows, squares, rounding in _squared_distances(points, others):
        limits = radii if len(radii) == 1 else radii[rows]
        within = squares <= limits
        near, far = np.nonzero(np.abs(squares - limits) <= rounding)
        within[near, far] = (
            _direct(points[rows], others, near, far) <= np.broadcast_to(limits, squares.shape)[near, far]
        )
        yield rows, within


def _squared_distances(points: Floats, others: Floats) -> Iterator[tuple[slice, Floats, Floats]]:
    """Blocks of rows of squared distances by a matrix product, and the most that rounding changes each of them.

    Both sets are moved so that the others' mean is 0: far from 0 the difference of large squares would lose its digits.
    """
    center = others.mean(axis=0)
    points, others = points - center, others - center
    norms, doubled = np.einsum("ij,ij->i", others, others), -2 * others.T
    unit = (points.shape[1] + 8) * np.finfo(np.float64).eps
    size = max(1, min(BLOCK_ROWS, VALUES_AT_ONCE // len(others)))
    for start in range(0, len(points), size):
        block = points[start : start + size]
        squares = block @ doubled
        squares += norms
        own = np.einsum("ij,ij->i", block, block)
        squares += own[:, np.newaxis]
        # |p|**2 + |o|**2 >= 2 * |dot(p, o)|: each of D products and sums is off by a unit of that at most.
        rounding = 2 * unit * (own[:, np.newaxis] + norms)
        yield slice(start, start + len(block)), np.maximum(squares, 0, out=squares), rounding


def _direct(points: Floats, others: Floats, near: NDArray[np.int64], far: NDArray[np.int64]) -> Floats:
    """sum((points[near] - others[far])**2) of each pair, a part of the pairs at a time."""
    squares = np.empty(len(near))
    size = max(1, VALUES_AT_ONCE // points.shape[1])
    for start in range(0, len(near), size):
        part = slice(start, start + size)
        squares[part] = np.square(points[near[part]] - others[far[part]]).sum(axis=1)
    return squares
