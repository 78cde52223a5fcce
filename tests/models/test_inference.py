"""Batched inference: padding, batch sizes, rejected arguments."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.models.inference import in_batches


def test_in_batches_pads_last_batch_and_truncates_result():
    sizes = []

    def step(rows, weights):
        sizes.append(len(rows))
        return rows * weights

    rows = np.arange(14, dtype=np.float32).reshape(7, 2)
    result = in_batches(step, rows, np.full((7, 2), 2.0), batch_size=3)
    np.testing.assert_array_equal(result, 2 * rows)
    assert sizes == [3, 3, 3]


def test_in_batches_uses_one_batch_for_few_rows():
    seen = in_batches(lambda rows: tf.repeat(tf.shape(rows)[0], 2), np.zeros((2, 1)), batch_size=9)
    np.testing.assert_array_equal(seen, [2, 2])


@pytest.mark.parametrize(("count", "batch_size"), [(0, 5), (3, 0), (3, -1)])
def test_in_batches_rejects_empty_arrays_and_batch_sizes(count, batch_size):
    with pytest.raises(InputError, match=THREE_PARTS):
        in_batches(tf.identity, np.zeros((count, 2)), batch_size=batch_size)
