"""Center loss and center offsets: hand-computed values."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tfvae.losses.center import center_loss, center_offsets

CODES = tf.constant([[1.0, 2.0], [3.0, 0.0], [-1.0, -1.0]])
CENTERS = tf.constant([[0.0, 0.0], [1.0, 1.0], [9.0, 9.0], [2.0, -2.0]])
LABELS = tf.constant([1, 3, 1], tf.int64)


def test_center_loss_matches_hand_computed_value():
    # (0 + 1) / 2, (1 + 4) / 2, (4 + 4) / 2
    np.testing.assert_allclose(center_loss(CODES, CENTERS, LABELS), [0.5, 2.5, 4.0])


def test_center_loss_gradient_is_offset_from_center():
    with tf.GradientTape() as tape:
        tape.watch(CODES)
        loss = center_loss(CODES, CENTERS, LABELS)
    np.testing.assert_allclose(tape.gradient(loss, CODES), [[0, 1], [1, 2], [-2, -2]])


def test_center_offsets_and_counts_match_hand_computed_values():
    offsets, counts = center_offsets(CODES, CENTERS, LABELS)
    # Class 1: (0, 1) + (-2, -2); class 3: (1, 2); classes 0 and 2 have no code.
    np.testing.assert_allclose(offsets, [[0, 0], [-2, -1], [0, 0], [1, 2]], atol=1e-6)
    np.testing.assert_array_equal(counts, [0, 2, 0, 1])


def test_center_offsets_are_additive_over_parts_of_a_batch():
    whole = center_offsets(CODES, CENTERS, LABELS)
    parts = [center_offsets(CODES[part], CENTERS, LABELS[part]) for part in (slice(0, 1), slice(1, 3))]
    for total, first, second in zip(whole, *parts, strict=True):
        np.testing.assert_allclose(first + second, total, atol=1e-6)


def test_center_loss_of_unknown_label_is_nan():
    loss = center_loss(CODES, CENTERS, tf.constant([1, 4, -1], tf.int64)).numpy()
    assert loss[0] == 0.5 and np.isnan(loss[1:]).all()
