"""The checks of arguments that several packages share."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts import THREE_PARTS
from tfvae.checks import checked_labels
from tfvae.errors import InputError


def test_integer_labels_become_int64():
    checked = checked_labels([2, 0, 1], count=3, classes=3)
    assert checked.dtype == np.int64 and checked.tolist() == [2, 0, 1]
    assert checked_labels(np.array([7], np.uint8), count=1).dtype == np.int64
    assert checked_labels(np.array([], np.int32), count=0).shape == (0,)


@pytest.mark.parametrize(
    ("labels", "phrases"),
    [
        ([0, 1], ["integers [3]", "[2]"]),
        ([[0], [1], [2]], ["integers [3]", "[3, 1]"]),
        ([0.0, 1.0, 2.0], ["float64"]),
        ([True, False, True], ["bool"]),
        ([0, -1, 2], [">= 0", "-1 .. 2"]),
    ],
)
def test_labels_of_another_shape_dtype_or_sign_are_refused(labels, phrases):
    with pytest.raises(InputError, match=THREE_PARTS) as raised:
        checked_labels(labels, count=3)
    assert all(phrase in str(raised.value) for phrase in phrases)


def test_a_label_that_is_no_class_is_refused_in_the_name_of_its_owner():
    with pytest.raises(InputError, match=r"^silhouette: expected labels in 0 \.\. 2\. Received: 0 \.\. 3\."):
        checked_labels([0, 3], count=2, classes=3, owner="silhouette")
