"""Random subsets of images, codes and features, where all of them would take too long."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tfvae.errors import InputError


def random_subset(count: int, size: int, *, seed: int) -> NDArray[np.int64]:
    """Indices of a random subset, drawn without replacement.

    The first `size` examples are no sample: data are often sorted, by class or by file name, and MNIST's first 5,000
    test images are easier to read than its last.

    Args:
        count: int >= 1, number of examples.
        size: int >= 1, how many to draw.
        seed: int >= 0, the same seed draws the same ones.

    Returns:
        int64 [min(size, count)], distinct, in ascending order; all of them, 0 .. count - 1, where `size >= count`.

    Raises:
        InputError: if `count` or `size` is below 1.
    """
    if min(count, size) < 1:
        raise InputError(f"random_subset: expected count >= 1 and size >= 1. Received: count={count}, size={size}.")
    if size >= count:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, size, replace=False))
