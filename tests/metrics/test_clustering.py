"""Silhouette of latent codes, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.metrics.clustering import silhouette


def test_silhouette_by_hand():
    # Codes 0 and 1 of one class, 10 and 11 of another: a = 1, b = 10.5 for the outer, 9.5 for the inner ones.
    codes = np.array([[0.0], [1.0], [10.0], [11.0]])
    assert silhouette(codes, [0, 0, 1, 1]) == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2)


def test_a_draw_has_its_size_and_seed():
    random = np.random.default_rng(0)
    labels = np.arange(400) % 2
    codes = random.normal(size=(400, 3)) + 2.0 * labels[:, None]
    everything = silhouette(codes, labels, sample_size=None)
    assert silhouette(codes, labels, sample_size=400) == everything
    drawn = [silhouette(codes, labels, sample_size=200, seed=seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn == pytest.approx([everything] * 3, abs=0.05)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: silhouette(np.zeros((3, 2)), [1, 1, 1]), "two classes"),
        (lambda: silhouette(np.zeros((3, 2)), [0, 1, 2]), "fewer classes than codes"),
        (lambda: silhouette([[np.nan], [1.0], [2.0]], [0, 0, 1]), "finite"),
        (lambda: silhouette(np.zeros((3, 2)), [0, 1]), r"shape \[3\]"),
        (lambda: silhouette(np.zeros((3, 2)), [0, 1, 1], sample_size=1), "sample_size"),
    ],
)
def test_wrong_input_is_named(call, word):
    with pytest.raises(InputError, match=word):
        call()
