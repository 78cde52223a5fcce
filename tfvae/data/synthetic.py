"""Synthetic data set of report 2: one-dimensional signals of ten generating modes."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from tfvae.data.signals import SignalData, standardized
from tfvae.errors import InputError

LENGTH = 64
AMPLITUDE = (0.7, 1.3)
SHIFT = 0.02
NOISE = 0.2

Time = NDArray[np.float64]


def _sine(cycles: float) -> Callable[[Time], Time]:
    return lambda t: np.sin(2 * np.pi * cycles * t)


def _bump(center: float, width: float) -> Callable[[Time], Time]:
    return lambda t: 2.0 * np.exp(-0.5 * ((t - center) / width) ** 2)


MODES: dict[str, Callable[[Time], Time]] = {
    "slow sine": _sine(1),
    "sine": _sine(2),
    "fast sine": _sine(4),
    "square": lambda t: np.sign(np.sin(2 * np.pi * 1.5 * t)),
    "sawtooth": lambda t: 2 * ((3 * t) % 1.0) - 1,
    "early bump": _bump(0.3, 0.06),
    "late bump": _bump(0.7, 0.06),
    "step": lambda t: np.where(t < 0.5, -1.0, 1.0),
    "chirp": lambda t: np.sin(2 * np.pi * (1 + 4 * t) * t),
    "decay": lambda t: 2.0 * np.exp(-5 * np.clip(t, 0, None)) * np.cos(2 * np.pi * 5 * t),
}
"""The generating modes, functions of time in [0, 1)."""


def load_synthetic(
    *, train: int = 10_000, test: int = 2_000, length: int = LENGTH, noise: float = NOISE, seed: int = 0
) -> SignalData:
    """Generates signals of ten modes with random amplitude, shift and noise, standardized at each position.

    signal[t] = amplitude * mode(t - shift) + noise[t]
    amplitude ~ U(0.7, 1.3),  shift ~ N(0, 0.02**2) of the length,  noise[t] ~ N(0, noise**2)

    The modes are balanced, up to the remainder of a division by ten, and in random order.

    Args:
        train: int >= 10, training signals.
        test: int >= 10, test signals.
        length: int >= 8, values of a signal.
        noise: float >= 0, standard deviation of the noise before the normalization.
        seed: int >= 0; the same arguments give the same signals on every machine.

    Returns:
        SignalData named "synthetic", float32 [N, length]; its labels are the true modes, see also `mixture_labels`.

    Raises:
        InputError: if a size is too small or the noise is negative.

    Reference:
        Report 2, which does not specify its generator: these ten modes are ours.
    """
    if min(train, test) < len(MODES) or length < 8 or not noise >= 0 or seed < 0:
        raise InputError(
            f"Expected {len(MODES)} signals or more of each split, a length of at least 8, noise >= 0 and a seed >= 0. "
            f"Received: train={train}, test={test}, length={length}, noise={noise}, seed={seed}."
        )
    generator = np.random.default_rng(seed)
    splits = [_signals(count, length, noise, generator) for count in (train, test)]
    # Rounded, because the last digits of a sine differ between machines and would change the fingerprint.
    train_signals, test_signals = (
        np.round(signals, 4).astype(np.float32) for signals in standardized(splits[0][0], splits[1][0])
    )
    return SignalData("synthetic", train_signals, splits[0][1], test_signals, splits[1][1], tuple(MODES))


def mixture_labels(
    data: SignalData, *, components: int = len(MODES), seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels by a Gaussian mixture fitted to the training signals, as in the plots of the report.

    Args:
        data: signals.
        components: int >= 1, Gaussians with diagonal covariances.
        seed: int >= 0, of the k-means start.

    Returns:
        (int64 [N], int64 [M]), most probable component of each training and test signal.

    Reference:
        Report 2 ("a Gaussian Mixture Model is fitted into Synthetic Dataset to obtain label of each sample").
    """
    mixture = GaussianMixture(components, covariance_type="diag", random_state=seed, reg_covar=1e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(data.train_images)
    train, test = (mixture.predict(signals).astype(np.int64) for signals in (data.train_images, data.test_images))
    return train, test


def _signals(
    count: int, length: int, noise: float, generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    labels = generator.permutation(np.arange(count) % len(MODES))
    amplitudes = generator.uniform(*AMPLITUDE, size=(count, 1))
    shifts = SHIFT * generator.standard_normal((count, 1))
    time = np.arange(length) / length - shifts
    signals = noise * generator.standard_normal((count, length))
    for label, mode in enumerate(MODES.values()):
        rows = labels == label
        signals[rows] += amplitudes[rows] * mode(time[rows])
    return signals, labels.astype(np.int64)
