"""Texture of reconstructions and samples."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tfvae.evaluation.evaluation import Samples
from tfvae.evaluation.reconstructions import measure_texture
from tfvae.metrics.measurement import Measurement


def stripes(contrasts: list[int]) -> np.ndarray:
    """uint8 [N, 4, 4, 1]: vertical stripes, whose mean gradient magnitude is their contrast."""
    row = np.array([0, 1, 0, 1], np.uint8)
    return np.array([np.tile(contrast * row, (4, 1)) for contrast in contrasts], np.uint8)[..., np.newaxis]


def evaluation(samples: np.ndarray) -> SimpleNamespace:
    limited = SimpleNamespace(test_images=stripes([100, 100]))
    return SimpleNamespace(
        data=limited,
        whole=SimpleNamespace(test_images=stripes([100, 100, 200, 200])),
        seed=0,
        reconstructions=stripes([25, 75]),
        samples={"prior": Samples(samples)},
        measured=lambda value, samples=2: Measurement(value, samples=samples, split="test"),
    )


def test_texture_ratio_compares_reconstructions_with_their_originals() -> None:
    found = measure_texture(evaluation(stripes([60] * 4)))  # type: ignore[arg-type]
    assert found["texture_ratio"].value == pytest.approx(0.5)


def test_texture_ratio_compares_samples_with_the_whole_test_split() -> None:
    found = measure_texture(evaluation(stripes([60] * 4)))["prior/texture_ratio"]  # type: ignore[arg-type]
    assert found.value == pytest.approx(60 / 150) and found.samples == 4


def test_texture_ratio_of_many_samples_is_of_as_many_as_there_are_test_images() -> None:
    found = measure_texture(evaluation(stripes([30] * 9)))["prior/texture_ratio"]  # type: ignore[arg-type]
    assert found.value == pytest.approx(30 / 150) and found.samples == 4
