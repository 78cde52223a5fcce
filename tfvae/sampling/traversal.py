"""Latent traversals: interpolation between codes, walks along one axis, grids over two axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfvae.errors import InputError
from tfvae.sampling.moments import checked_integer


def interpolate(starts: ArrayLike, ends: ArrayLike, *, steps: int) -> NDArray[np.float32]:
    """Codes on the straight line from each start to its end, both included.

    z_k = (1 - alpha) * start + alpha * end,  alpha = k / (steps - 1)

    A path through many codes is `interpolate(codes[:-1], codes[1:], steps=steps)`.

    Args:
        starts: float [D] or [pairs, D], finite.
        ends: float, same shape as `starts`.
        steps: int >= 2, codes per line (6 in report 3: alpha = k / 5).

    Returns:
        float32 [pairs, steps, D]; `pairs` is 1 for a single start.

    Raises:
        InputError: if the shapes differ or are not [D] or [pairs, D], a code is not finite, or `steps` < 2.

    Reference:
        Report 3, latent transitions.
    """
    steps = checked_integer(steps, name="steps", minimum=2)
    first = np.atleast_2d(np.asarray(starts, dtype=np.float64))
    last = np.atleast_2d(np.asarray(ends, dtype=np.float64))
    if first.ndim != 2 or first.shape != last.shape or first.size == 0:
        raise InputError(
            f"Expected starts and ends of one shape, [D] or [pairs, D]. Received: {np.shape(starts)} and "
            f"{np.shape(ends)}. Pair each start with one end of the same latent dimension."
        )
    _check_finite(first, last)
    alpha = (np.arange(steps) / (steps - 1))[np.newaxis, :, np.newaxis]
    return ((1.0 - alpha) * first[:, np.newaxis] + alpha * last[:, np.newaxis]).astype(np.float32)


def axis_traversal(
    code: ArrayLike, *, steps: int, extent: float = 3.0, axes: Sequence[int] | None = None
) -> NDArray[np.float32]:
    """Walks through one code along latent axes: one coordinate runs over [-extent, extent], the others stay.

    z[a, k] = code, but z[a, k, axes[a]] = extent * (2 * k / (steps - 1) - 1)

    Args:
        code: float [D], finite.
        steps: int >= 2, codes per axis.
        extent: float > 0, end of the walk in units of the codes (standard deviations of the prior).
        axes: which coordinates, each in 0 ... D - 1, or None for all of them.

    Returns:
        float32 [axes, steps, D].

    Raises:
        InputError: if `code` is not a finite [D], `steps` < 2, `extent` is not positive, or an axis does not
            exist.
    """
    steps = checked_integer(steps, name="steps", minimum=2)
    center = _one_code(code)
    if not np.isfinite(extent) or extent <= 0:
        raise InputError(f"Expected extent > 0. Received: {extent!r}. Pass 3.0, three standard deviations.")
    chosen = list(range(center.size)) if axes is None else list(axes)
    if not chosen or any(axis not in range(center.size) for axis in chosen):
        raise InputError(
            f"Expected axes among 0 ... {center.size - 1}. Received: {chosen}. Leave axes out to walk all."
        )
    walks = np.tile(center, (len(chosen), steps, 1))
    walks[np.arange(len(chosen)), :, chosen] = extent * np.linspace(-1.0, 1.0, steps)
    return walks.astype(np.float32)


def two_axis_grid(
    code: ArrayLike, axes: Sequence[int], *, values: Sequence[float] = (-6.0, 0.0, 6.0)
) -> NDArray[np.float32]:
    """Variants of one code: two coordinates take every pair of values, the others stay.

    z[row * len(values) + column] = code, but z[..., axes[0]] = values[column] and z[..., axes[1]] = values[row]

    Args:
        code: float [D], finite.
        axes: two different coordinates in 0 ... D - 1: across the columns, and down the rows.
        values: floats, finite, at least one, in units of the codes (standard deviations of the prior).

    Returns:
        float32 [len(values)**2, D] in reading order: the first row of the picture has axes[1] at values[0].

    Raises:
        InputError: if `code` is not a finite [D], `axes` are not two different ones of it, or `values` are none or
            not finite.

    Reference:
        Report 3, section 4 and figure 2.
    """
    center = _one_code(code)
    chosen = list(axes)
    if len(chosen) != 2 or chosen[0] == chosen[1] or any(axis not in range(center.size) for axis in chosen):
        raise InputError(
            f"Expected two different axes among 0 ... {center.size - 1}. Received: {chosen}. "
            "Name one for the columns and one for the rows."
        )
    steps = np.asarray(values, dtype=np.float64)
    if steps.ndim != 1 or steps.size == 0 or not np.isfinite(steps).all():
        raise InputError(
            f"Expected finite values, at least one. Received: {values!r}. Pass (-6, 0, 6), as report 3 has."
        )
    grid = np.tile(center, (steps.size**2, 1))
    grid[:, chosen[0]] = np.tile(steps, steps.size)
    grid[:, chosen[1]] = np.repeat(steps, steps.size)
    return grid.astype(np.float32)


def _one_code(code: ArrayLike) -> NDArray[np.float64]:
    center = np.asarray(code, dtype=np.float64)
    if center.ndim != 1 or center.size == 0:
        raise InputError(
            f"Expected one code of shape [D]. Received: shape {center.shape}. Pass a single row of the codes."
        )
    _check_finite(center)
    return center


def _check_finite(*arrays: NDArray[np.float64]) -> None:
    if not all(np.isfinite(array).all() for array in arrays):
        raise InputError("Expected finite codes. Received: NaN or infinity. Look for a diverged training (a NaN loss).")
