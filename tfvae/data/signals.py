"""In-memory data sets of labeled one-dimensional signals, and their plots as images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfvae.data.labeled import LabeledData
from tfvae.errors import InputError

PICTURE_HEIGHT, PICTURE_WIDTH = 48, 64
PICTURE_RANGE = 4.0
"""Standard deviations from the middle of an image to its upper and lower edge."""
_LINE = 1.0  # half its thickness, in pixels


@dataclass(frozen=True, eq=False)
class SignalData(LabeledData):
    """Labeled training and test signals of one length: float32, standardized at each position.

    Args:
        name: str, reported as the data set of a result.
        train_images: float32 [N, length], finite, the signals; named as the examples of every data set.
        train_labels: int64 [N], class indices in 0 .. classes - 1.
        test_images: float32 [M, length].
        test_labels: int64 [M].
        class_names: tuple of str, one for each class.
        sha256: str, as in `LabeledData`.
        fallback_for: str or None, as in `LabeledData`.
        ordered: bool, as in `LabeledData`.

    Raises:
        InputError: if a shape, dtype, label, name or fingerprint is not as described, signals differ in length, or a
            value is not finite.

    Reference:
        Report 2, the synthetic data set.
    """

    example: ClassVar[str] = "signal"

    @property
    def affine(self) -> tuple[np.float32, np.float32]:
        return np.float32(1.0), np.float32(0.0)

    def to_float(self, images: NDArray[Any]) -> NDArray[np.float32]:
        return np.asarray(images, np.float32)

    def pictures(self, values: Any) -> NDArray[np.uint8]:
        return signal_pictures(values)

    def _check_examples(self, field: str, images: Any) -> None:
        if not isinstance(images, np.ndarray) or images.dtype != np.float32:
            # Signals of several lengths come as a list, or as an array of objects.
            _check_one_length(field, images)
            received = getattr(images, "dtype", type(images).__name__)
            raise InputError(
                f"SignalData: expected {field}, a float32 numpy array. Received: {received}. Convert it with "
                "`standardized`."
            )
        if images.ndim != 2 or images.shape[1] < 2 or not len(images):
            raise InputError(
                f"SignalData: expected {field} of shape [N, length], N >= 1, length >= 2. "
                f"Received: shape={images.shape}. Give every signal one row."
            )
        if not np.isfinite(images).all():
            bad = int(np.count_nonzero(~np.isfinite(images).all(axis=1)))
            raise InputError(
                f"SignalData: expected finite {field}. Received: {bad} of {len(images)} signals with NaN or infinity. "
                "Leave them out, or fill the gaps."
            )


def standardized(
    train: Sequence[ArrayLike] | NDArray[Any], *others: Sequence[ArrayLike] | NDArray[Any]
) -> list[NDArray[np.float32]]:
    """Standardizes signals by the mean and standard deviation of the training signals at each position.

    standardized(x)[t] = (x[t] - mean(train[:, t])) / std(train[:, t])

    Args:
        train: N signals of one length, numbers.
        *others: further signals of that length, standardized by the same statistics.

    Returns:
        float32 [N, length] of each argument; a position without variance becomes 0.

    Raises:
        InputError: if signals differ in length or are no numbers.

    Reference:
        Report 2 ("normalized by standard normalization").
    """
    arrays = []
    for signals in (train, *others):
        length = _check_one_length("signals", signals)
        arrays.append(np.asarray(signals, np.float64))
        if arrays[-1].shape[1:] != arrays[0].shape[1:]:
            raise InputError(
                f"Expected signals of length {arrays[0].shape[1]}, as in training. Received: length {length}. "
                "Cut or resample them."
            )
    mean, deviation = arrays[0].mean(axis=0), arrays[0].std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    return [((array - mean) / scale).astype(np.float32) for array in arrays]


def signal_pictures(
    signals: ArrayLike, *, height: int = PICTURE_HEIGHT, width: int = PICTURE_WIDTH, limit: float = PICTURE_RANGE
) -> NDArray[np.uint8]:
    """Plots signals as dark lines on white, all on one scale.

    Args:
        signals: float [N, length], finite.
        height: int >= 8, pixels.
        width: int >= 8, pixels.
        limit: float > 0, value at the upper edge, -limit at the lower; values beyond are clipped.

    Returns:
        uint8 [N, height, width, 1].

    Raises:
        InputError: if the signals are not finite [N, length], or a size is too small.
    """
    values = np.asarray(signals, np.float64)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise InputError(
            f"Expected finite signals [N, length]. Received: shape {values.shape}, "
            f"{int(np.sum(~np.isfinite(values)))} numbers not finite. The model that made them may have diverged."
        )
    if min(height, width) < 8 or not limit > 0:
        raise InputError(f"Expected 8 pixels or more and a limit > 0. Received: {height} x {width}, limit={limit}.")
    places = np.linspace(0, values.shape[1] - 1, 2 * width + 1)
    below = np.minimum(places.astype(int), values.shape[1] - 2)
    share = places - below
    line = values[:, below] * (1 - share) + values[:, below + 1] * share
    rows = (height - 1) * (0.5 - 0.5 * np.clip(line / limit, -1, 1))
    # Each column is dark between the lowest and the highest point that the line has within it.
    within = np.stack([rows[:, :-1:2], rows[:, 1::2], rows[:, 2::2]])
    low, high = within.min(axis=0)[:, np.newaxis], within.max(axis=0)[:, np.newaxis]
    at = np.arange(height)[:, np.newaxis]
    distance = np.maximum(np.maximum(low - at, at - high), 0.0)
    ink = np.clip(_LINE + 0.5 - distance, 0, 1)
    return np.rint(255 * (1 - ink)).astype(np.uint8)[..., np.newaxis]


def _check_one_length(field: str, signals: Any) -> int:
    """The common length of all signals."""
    try:
        lengths = {np.asarray(signal, np.float64).shape for signal in signals}
    except (TypeError, ValueError) as error:
        raise InputError(f"Expected {field} as signals of numbers. Received: {error}. Give numbers alone.") from None
    if len(lengths) != 1 or len(next(iter(lengths))) != 1:
        shown = sorted(lengths)
        described = f"lengths {shown[0]} .. {shown[-1]}" if shown else "none"
        raise InputError(
            f"Expected {field} of one length. Received: {described}. Cut, pad or resample the signals to one length: "
            "the networks take a fixed number of values."
        )
    return int(next(iter(lengths))[0])
