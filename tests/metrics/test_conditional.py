"""Class scores, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.metrics.conditional import class_accuracy, cosine_similarity, unrecognizable_share


def test_class_accuracy_matches_hand_computed_value():
    logits = [[2.0, 1.0, 0.0], [0.0, 5.0, 1.0], [0.0, 1.0, 0.5], [9.0, 0.0, 0.0]]
    assert class_accuracy(logits, [0, 1, 2, 0]) == 0.75


def test_cosine_similarity_matches_hand_computed_value():
    # Class 0: 45 degrees apart, whatever the lengths. Class 1: cosines 0, 0.6 and 0.8 of three pairs.
    images = np.array([[2.0, 0.0], [3.0, 3.0], [1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]).reshape(5, 1, 2, 1)
    expected = (np.sqrt(0.5) + (0.0 + 0.6 + 0.8) / 3) / 2
    assert cosine_similarity(images, [0, 0, 1, 1, 1]) == pytest.approx(expected)


def test_cosine_similarity_counts_black_images_and_leaves_single_ones_out():
    images = np.array([[10, 0], [20, 0], [0, 0], [5, 5]], np.uint8)
    assert cosine_similarity(images, [0, 0, 0, 1]) == pytest.approx(1 / 3)


def test_cosine_similarity_of_real_digits_is_between_that_of_mixed_classes_and_of_copies(digits):
    images, labels = digits.test_images, digits.test_labels
    within = cosine_similarity(images, labels)
    assert cosine_similarity(images, np.zeros_like(labels)) < within < 1.0
    assert cosine_similarity(np.repeat(images[:10], 3, axis=0), np.repeat(np.arange(10), 3)) == pytest.approx(1.0)


def test_unrecognizable_share_matches_hand_computed_value():
    # Confidences 0.4, 0.5, 0.75 and 1.
    logits = np.log(np.array([[4, 3, 3], [5, 3, 2], [15, 4, 1], [1, 1e-30, 1e-30]]))
    assert unrecognizable_share(logits, threshold=0.45) == 0.25
    assert unrecognizable_share(logits, threshold=0.7) == 0.5
    assert unrecognizable_share(logits + 1e4, threshold=0.8) == 0.75


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: class_accuracy(np.zeros((2, 3)), [0, 3]), "0 .. 2"),
        (lambda: class_accuracy(np.zeros((2, 3)), [0, -1]), "-1"),
        (lambda: class_accuracy(np.zeros((2, 3)), [0, 1, 2]), r"shape \[2\]"),
        (lambda: class_accuracy(np.zeros((2, 3)), [0.0, 1.0]), "integers"),
        (lambda: class_accuracy([[np.nan, 0.0]], [0]), "finite"),
        (lambda: cosine_similarity(np.ones((3, 4)), [0, 1, 2]), "two images"),
        (lambda: cosine_similarity(np.ones((0, 4)), np.zeros(0, np.int64)), "not empty"),
        (lambda: cosine_similarity([[np.inf, 1.0], [1.0, 1.0]], [0, 0]), "finite"),
        (lambda: unrecognizable_share(np.zeros((2, 3)), threshold=0.0), "threshold"),
    ],
)
def test_class_metrics_refuse_wrong_input(call, word):
    with pytest.raises(InputError, match=word):
        call()
