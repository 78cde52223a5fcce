"""Deskewing: a known bar made straight, images left unchanged, pixels of earlier versions, errors."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tfvae.data import load
from tfvae.data.deskew import deskew
from tfvae.data.images import ImageData
from tfvae.errors import InputError


def of(*images: np.ndarray) -> ImageData:
    stack = np.stack(images).astype(np.uint8)[..., np.newaxis]
    labels = np.zeros(len(stack), np.int64)
    return ImageData("bars", stack, labels, stack, labels, ("bar",))


def moments(image: np.ndarray) -> tuple[float, float, float]:
    """Center y and x, and the slant, of an image [H, W]."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    weights = image / image.sum()
    center_y, center_x = (weights * y).sum(), (weights * x).sum()
    covariance = (weights * (y - center_y) * (x - center_x)).sum()
    return center_y, center_x, covariance / (weights * (y - center_y) ** 2).sum()


def test_deskew_of_slanted_bar_matches_hand_computed_pixels():
    bar = np.zeros((15, 15))
    for row in range(2, 9):
        bar[row, row : row + 2] = 200
    data = of(bar)
    (straight,) = deskew(data).train_images[..., 0]
    # A shear keeps the rows: seven of them, two pixels wide, around the middle (7, 7).
    expected = np.zeros((15, 15))
    expected[4:11, 6:9] = [100, 200, 100]
    np.testing.assert_array_equal(straight, expected)


def test_deskewed_digits_have_centered_moments_and_no_slant(digits):
    few = digits.subset(train=40, test=10)
    result = deskew(few)
    for image in result.train_images[..., 0].astype(float):
        center_y, center_x, slant = moments(image)
        # The rounding to gray levels and what falls off the edge leave a little.
        assert center_y == pytest.approx(13.5, abs=0.1) and center_x == pytest.approx(13.5, abs=0.1)
        assert slant == pytest.approx(0, abs=0.03)
    assert np.abs([moments(image)[2] for image in few.train_images[..., 0].astype(float)]).max() > 0.2
    np.testing.assert_array_equal(result.train_labels, few.train_labels)


def test_deskew_keeps_blank_image_and_centers_single_dot():
    blank, dot = np.zeros((5, 5)), np.zeros((5, 5))
    dot[1, 3] = 255
    result = deskew(of(blank, dot)).train_images[..., 0]
    np.testing.assert_array_equal(result[0], blank)
    assert result[1, 2, 2] == 255 and result[1].sum() == 255


def test_deskew_sets_name_and_fingerprint_and_keeps_fallback(digits):
    few = dataclasses.replace(digits.subset(train=10, test=10), fallback_for="mnist")
    result = deskew(few)
    assert (result.name, result.fallback_for) == ("deskewed:digits", "mnist") and result.sha256 != few.sha256


@pytest.mark.parametrize("name", ["deskewed:digits", "upright:digits"])
def test_load_of_deskewed_digits_gives_pixels_of_earlier_versions(name):
    data = load(name)
    assert data.name == "deskewed:digits"
    # The fingerprint that `upright:digits` had before it was renamed from "upright-digits".
    assert data.sha256 == "551dec9b1d4d63cba41d00aba45b77c06d614a7d45fff320953e0832d5870c3b"


def test_deskew_of_dark_ink_on_light_ground_raises(digits):
    dark = dataclasses.replace(
        digits, train_images=255 - digits.train_images, test_images=255 - digits.test_images, sha256=""
    )
    with pytest.raises(InputError, match="light ink on a dark ground"):
        deskew(dark)


def test_load_of_deskewed_signals_raises():
    with pytest.raises(InputError, match="data set of images"):
        load("deskewed:synthetic")
