"""Synthetic signals: standardization, modes, mixture labels, errors."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.data import load
from tfvae.data.synthetic import MODES, load_synthetic, mixture_labels
from tfvae.errors import InputError


def test_synthetic_signals_are_standardized_and_balanced():
    data = load_synthetic(train=500, test=100)
    assert data.train_images.shape == (500, 64) and data.test_images.shape == (100, 64)
    np.testing.assert_allclose(data.train_images.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(data.train_images.std(axis=0), 1, atol=1e-4)
    np.testing.assert_array_equal(np.bincount(data.train_labels), [50] * 10)
    assert data.class_names == tuple(MODES)


def test_synthetic_signals_are_determined_by_the_seed():
    hashes = [load_synthetic(train=20, test=10, seed=seed).sha256 for seed in (1, 1, 2)]
    assert hashes[0] == hashes[1] != hashes[2]
    # The first on one machine must be the first on every machine.
    assert load_synthetic(train=20, test=10).sha256.startswith("70d68a0898220d7f")


def test_synthetic_signal_without_noise_is_scaled_mode():
    data = load_synthetic(train=200, test=10, length=32, noise=0.0)
    sines = data.train_images[data.train_labels == 0]
    # The normalization is affine at each position, so signals of one mode that differ in amplitude and shift lie near
    # a plane: two numbers explain nearly all of their variance.
    variances = np.linalg.svd(sines - sines.mean(axis=0), compute_uv=False) ** 2
    assert variances[:2].sum() / variances.sum() > 0.99


def test_mixture_labels_have_high_purity():
    data = load_synthetic(train=1000, test=200)
    train, test = mixture_labels(data, seed=1)
    assert train.shape == (1000,) and test.shape == (200,) and train.dtype == np.int64
    assert len(np.unique(train)) == 10
    # Signals of one component are mostly of one mode, whatever its number.
    purity = sum(np.bincount(data.test_labels[test == component]).max() for component in np.unique(test)) / len(test)
    assert purity > 0.8


def test_load_synthetic_by_name():
    assert load("synthetic").sha256 == load_synthetic().sha256


@pytest.mark.parametrize("changes", [{"train": 9}, {"test": 0}, {"length": 7}, {"noise": -0.1}, {"seed": -1}])
def test_load_synthetic_arguments_out_of_range_raise(changes):
    with pytest.raises(InputError, match="Expected 10 signals"):
        load_synthetic(**changes)
