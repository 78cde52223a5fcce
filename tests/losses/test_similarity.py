"""Cosine similarity within a class: hand-computed values."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfvae.losses.similarity import within_class_similarity


def test_within_class_similarity_matches_hand_computed_mean_over_pairs():
    # Cosines: (1, 0) with (1, 1) is sqrt(1/2), with (0, 2) is 0; (1, 1) with (0, 2) is sqrt(1/2).
    images = tf.constant([[[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]], [[3.0, 0.0], [1.0, 0.0], [2.0, 0.0]]])
    np.testing.assert_allclose(within_class_similarity(images), [2 * np.sqrt(0.5) / 3, 1.0], rtol=1e-6)


def test_within_class_similarity_gradient_is_orthogonal_to_images():
    images = tf.constant([[1.0, 0.2], [0.2, 1.0]])
    with tf.GradientTape() as tape:
        tape.watch(images)
        value = within_class_similarity(images)
    gradient = tape.gradient(value, images).numpy()
    assert gradient[0, 0] < 0 < gradient[0, 1] and gradient[1, 1] < 0 < gradient[1, 0]
    assert np.sum(gradient * images.numpy()) == pytest.approx(0.0, abs=1e-6)  # length does not count
