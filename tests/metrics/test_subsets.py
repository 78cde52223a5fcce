"""Random subsets: distinct, sorted, repeatable, and spread over the whole set."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.metrics.subsets import random_subset


def test_random_subset_is_sorted_distinct_and_repeatable():
    drawn = random_subset(10_000, 500, seed=3)
    assert drawn.dtype == np.int64 and drawn.shape == (500,)
    assert np.all(np.diff(drawn) > 0) and drawn.min() >= 0 and drawn.max() < 10_000
    np.testing.assert_array_equal(drawn, random_subset(10_000, 500, seed=3))
    assert not np.array_equal(drawn, random_subset(10_000, 500, seed=4))
    # Mean of uniform draws: 5,000 with a standard error of 10,000 / sqrt(12 * 500).
    assert abs(drawn.mean() - 5000) < 5 * 10_000 / np.sqrt(12 * 500)


@pytest.mark.parametrize("size", [7, 8, 100])
def test_random_subset_of_all_is_in_order(size):
    np.testing.assert_array_equal(random_subset(7, size, seed=0), np.arange(7))


@pytest.mark.parametrize(("count", "size"), [(0, 1), (5, 0)])
def test_random_subset_refuses_nothing(count, size):
    with pytest.raises(InputError, match="Received: "):
        random_subset(count, size, seed=0)
