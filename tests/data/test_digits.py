"""Bundled digits: counts, split, similarity to MNIST, reproducible pixels."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from tfvae.data import load_digits

# How many images of the digits 0 .. 9 scikit-learn's own page of the set gives.
CLASS_COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_digits_have_documented_counts_shapes_and_names(digits):
    assert digits.name == "digits"
    assert digits.class_names == tuple("0123456789")
    assert digits.train_images.shape == (1437, 28, 28, 1)
    assert digits.test_images.shape == (360, 28, 28, 1)


def test_digits_split_is_stratified_and_complete(digits):
    train, test = (np.bincount(labels) for labels in (digits.train_labels, digits.test_labels))
    assert (train + test).tolist() == CLASS_COUNTS
    assert np.all(np.abs(test - np.array(CLASS_COUNTS) / 5) <= 1)


def test_digits_splits_share_no_image(digits):
    train = {image.tobytes() for image in digits.train_images}
    assert not any(image.tobytes() in train for image in digits.test_images)


def test_first_digits_contain_every_class(digits):
    assert set(digits.train_labels[:40]) == set(digits.test_labels[:40]) == set(range(10))


def test_digits_are_equal_in_two_loads(digits):
    assert load_digits().sha256 == digits.sha256
    # What any other machine must get too: a change here changes every result on this data set.
    assert digits.sha256 == "d33923d11c69b28ca573361c9744ff458bccdc5cc550e977fd40da2880d0468a"


def test_digits_are_white_on_black_and_centered(digits):
    images = np.concatenate([digits.train_images, digits.test_images])[..., 0].astype(np.float64)
    assert set(images.max(axis=(1, 2))) == {255}
    assert set(images.min(axis=(1, 2))) == {0}
    ink = images.sum(axis=(1, 2))
    for axis in (1, 2):
        centers = (images.sum(axis=3 - axis) * (np.arange(28) + 0.5)).sum(axis=1) / ink
        assert np.abs(centers - 14).max() <= 0.5


def test_mean_intensity_of_digits_matches_mnist(digits):
    # MNIST: mean 0.1307, and 9 % of the pixels are neither black nor white.
    gray = np.mean((digits.train_images > 20) & (digits.train_images < 235))
    assert digits.train_images.mean() / 255 == pytest.approx(0.1307, abs=0.005)
    assert gray == pytest.approx(0.09, abs=0.03)


def test_upscaled_digits_are_classified_as_well_as_bundled_ones(digits):
    """The nearest neighbor classifies 98 % of the 8x8 originals correctly, and as many of the upscaled images."""
    neighbor = KNeighborsClassifier(1)
    neighbor.fit(digits.train_images.reshape(1437, -1), digits.train_labels)
    assert neighbor.score(digits.test_images.reshape(360, -1), digits.test_labels) > 0.97
