"""Upright images: a known bar put straight, what stays as it is, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tfvae.data import load
from tfvae.data.images import ImageData
from tfvae.data.deskew import upright
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


def test_a_slanted_bar_is_put_upright_in_the_middle():
    bar = np.zeros((15, 15))
    for row in range(2, 9):
        bar[row, row : row + 2] = 200
    data = of(bar)
    (straight,) = upright(data).train_images[..., 0]
    # A shear keeps the rows: seven of them, two pixels wide, around the middle (7, 7).
    expected = np.zeros((15, 15))
    expected[4:11, 6:9] = [100, 200, 100]
    np.testing.assert_array_equal(straight, expected)


def test_digits_end_centered_and_without_slant(digits):
    few = digits.subset(train=40, test=10)
    result = upright(few)
    for image in result.train_images[..., 0].astype(float):
        center_y, center_x, slant = moments(image)
        # The rounding to gray levels and what falls off the edge leave a little.
        assert center_y == pytest.approx(13.5, abs=0.1) and center_x == pytest.approx(13.5, abs=0.1)
        assert slant == pytest.approx(0, abs=0.03)
    assert np.abs([moments(image)[2] for image in few.train_images[..., 0].astype(float)]).max() > 0.2
    np.testing.assert_array_equal(result.train_labels, few.train_labels)


def test_an_image_without_ink_stays():
    blank, dot = np.zeros((5, 5)), np.zeros((5, 5))
    dot[1, 3] = 255
    result = upright(of(blank, dot)).train_images[..., 0]
    np.testing.assert_array_equal(result[0], blank)
    assert result[1, 2, 2] == 255 and result[1].sum() == 255


def test_the_name_says_it_and_a_stand_in_stays_one(digits):
    few = dataclasses.replace(digits.subset(train=10, test=10), fallback_for="mnist")
    result = upright(few)
    assert (result.name, result.fallback_for) == ("upright-digits", "mnist") and result.sha256 != few.sha256
    assert load("upright:digits").name == "upright-digits"


def test_dark_ink_and_signals_are_refused(digits):
    dark = dataclasses.replace(
        digits, train_images=255 - digits.train_images, test_images=255 - digits.test_images, sha256=""
    )
    with pytest.raises(InputError, match="light ink on a dark ground"):
        upright(dark)
    with pytest.raises(InputError, match="pictures"):
        load("upright:synthetic")
