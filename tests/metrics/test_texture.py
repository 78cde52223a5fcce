"""The texture ratio by hand, and what blur, noise and contrast do to it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tfvae.errors import InputError
from tfvae.metrics.texture import texture_ratio


def ramp(down: float, across: float) -> np.ndarray:
    """float64 [2, 4, 5, 3] with that slope; its gradient magnitude is hypot(down, across) everywhere."""
    rows, columns = np.mgrid[:4, :5]
    return np.broadcast_to((float(down) * rows + float(across) * columns)[None, :, :, None], (2, 4, 5, 3)).copy()


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(60, 200, (3, 16, 12, 3)).astype(np.uint8)


def test_texture_ratio_of_a_ramp_matches_hand_computed_value():
    assert texture_ratio(ramp(5.0, 12.0), ramp(3.0, 4.0)) == pytest.approx(5 / 13)
    assert texture_ratio(ramp(3.0, 4.0), ramp(0.0, 0.0)) == 0.0


def test_texture_ratio_of_a_corner_matches_hand_computed_value():
    # Differences exist at one pixel: down 3, across 4, magnitude 5; in the other down 0, across 1.
    images = np.array([[0, 4], [3, 9]], np.uint8).reshape(1, 2, 2, 1)
    reconstructions = np.array([[7, 8], [7, 200]], np.uint8).reshape(1, 2, 2, 1)
    assert texture_ratio(images, reconstructions) == pytest.approx(1 / 5)


def test_texture_ratio_takes_means_before_the_ratio():
    # Magnitudes 1 and 3 of the images against 1 and 1: 2 / 4, where a mean of ratios would be 2 / 3.
    images = np.concatenate([ramp(1.0, 0.0)[:1], ramp(3.0, 0.0)[:1]])
    reconstructions = np.concatenate([ramp(1.0, 0.0)[:1], ramp(0.0, 1.0)[:1]])
    assert texture_ratio(images, reconstructions) == pytest.approx(0.5)


def test_texture_ratio_scales_with_contrast_alone(pictures):
    floats = pictures / 255.0
    assert texture_ratio(pictures, pictures) == 1.0
    assert texture_ratio(floats, floats / 2 + 0.25) == pytest.approx(0.5)
    assert texture_ratio(2 * floats - 1, 2 * (floats / 2) - 1) == pytest.approx(0.5)


def test_texture_ratio_falls_with_blur_and_rises_with_noise(pictures):
    soft, softer = (gaussian_filter(pictures / 255.0, (0, sigma, sigma, 0)) for sigma in (0.5, 1.5))
    noisy = pictures / 255.0 + np.random.default_rng(1).normal(scale=0.2, size=pictures.shape)
    ratios = [texture_ratio(pictures / 255.0, changed) for changed in (softer, soft, noisy)]
    assert ratios[0] < ratios[1] < 1 < ratios[2]


@pytest.mark.parametrize(
    ("images", "reconstructions", "phrase"),
    [
        (ramp(1, 1), ramp(1, 1)[:1], "one shape"),
        (ramp(1, 1)[0], ramp(1, 1)[0], "one shape"),
        (ramp(1, 1)[:, :1], ramp(1, 1)[:, :1], "at least 2 pixels"),
        (ramp(1, 1)[:0], ramp(1, 1)[:0], "one shape"),
        (ramp(1, 1).astype(np.uint8), ramp(1, 1), "both uint8, or both float"),
        (ramp(1, 1).astype(np.int64), ramp(1, 1).astype(np.int64), "both uint8, or both float"),
        (ramp(1, 1), ramp(1, np.nan), "finite"),
        (ramp(0, 0) + 3, ramp(1, 1), "whose gradients are all 0"),
    ],
)
def test_texture_ratio_refuses_other_arrays(images, reconstructions, phrase):
    with pytest.raises(InputError, match=r"(?s)expected .*Received: .+\. .+\.$") as refused:
        texture_ratio(images, reconstructions)
    assert phrase in str(refused.value)
