"""In-memory data sets of labeled images."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfvae.data.labeled import LabeledData
from tfvae.errors import InputError


@dataclass(frozen=True, eq=False)
class ImageData(LabeledData):
    """Labeled training and test images as uint8 pixels, and the range to which they are scaled for a model.

    Args:
        name: str, reported as the data set of a result.
        train_images: uint8 [N, H, W, C] in 0 .. 255, C = 1 (gray) or 3 (RGB).
        train_labels: int64 [N], class indices in 0 .. classes - 1.
        test_images: uint8 [M, H, W, C].
        test_labels: int64 [M].
        class_names: tuple of str, one for each class.
        sha256: str, as in `LabeledData`.
        value_range: (low, high), the float values of pixels 0 and 255.
        fallback_for: str or None, as in `LabeledData`.
        ordered: bool, as in `LabeledData`.

    Raises:
        InputError: if a shape, dtype, label, name, fingerprint or range is not as described.
    """

    value_range: tuple[float, float] = (0.0, 1.0)

    example: ClassVar[str] = "image"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_value_range(self.value_range)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one image."""
        _, height, width, channels = self.train_images.shape
        return height, width, channels

    @property
    def pixel_step(self) -> np.float32:
        """Distance in `value_range` between two neighboring gray levels: (high - low) / 255."""
        low, high = self.value_range
        return np.float32((high - low) / 255.0)

    @property
    def affine(self) -> tuple[np.float32, np.float32]:
        return self.pixel_step, np.float32(self.value_range[0])

    def to_float(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Scales pixels to `value_range`.

            to_float(images) = images * (high - low) / 255 + low

        Args:
            images: uint8, any shape.

        Returns:
            float32, same shape, within `value_range`.

        Raises:
            InputError: if `images` is not uint8.
        """
        pixels = np.asarray(images)
        if pixels.dtype != np.uint8:
            raise InputError(f"to_float: expected uint8 images. Received: dtype={pixels.dtype}.")
        return pixels.astype(np.float32) * self.pixel_step + np.float32(self.value_range[0])

    def to_uint8(self, images: ArrayLike) -> NDArray[np.uint8]:
        """Converts values of `value_range` to pixels, rounded to the nearest integer and clipped.

            to_uint8(images) = clip(round((images - low) / (high - low) * 255), 0, 255)

        Args:
            images: float, any shape, in the units of `value_range`.

        Returns:
            uint8, same shape.

        Raises:
            InputError: if a value is not finite.
        """
        return to_pixels(images, self.value_range)

    def with_value_range(self, low: float, high: float) -> ImageData:
        """Returns the same images with another `value_range`.

        Args:
            low: float, value of pixel 0.
            high: float > low, value of pixel 255.

        Returns:
            ImageData with the same pixels and fingerprint.

        Raises:
            InputError: if `low` is not below `high`.
        """
        return dataclasses.replace(self, value_range=(low, high))

    def pictures(self, values: Any) -> NDArray[np.uint8]:
        return self.to_uint8(values)

    def _check_examples(self, field: str, images: Any) -> None:
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
            received = getattr(images, "dtype", type(images).__name__)
            raise InputError(f"ImageData: expected {field}, a uint8 numpy array in 0 .. 255. Received: {received}.")
        if images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape:
            raise InputError(
                f"ImageData: expected {field} of shape [N, H, W, C], N >= 1, C 1 or 3. Received: shape={images.shape}."
            )


def _check_value_range(value_range: tuple[float, float]) -> None:
    if len(value_range) != 2 or not np.isfinite(value_range).all() or not value_range[0] < value_range[1]:
        raise InputError(f"ImageData: expected value_range=(low, high), finite, low < high. Received: {value_range}.")


def to_pixels(images: ArrayLike, value_range: tuple[float, float]) -> NDArray[np.uint8]:
    """Converts values of `value_range` to pixels, rounded to the nearest integer and clipped.

        to_pixels(images) = clip(round((images - low) / (high - low) * 255), 0, 255)

    Args:
        images: float, any shape, in the units of `value_range`.
        value_range: (low, high), the values of pixels 0 and 255.

    Returns:
        uint8, same shape.

    Raises:
        InputError: if a value is not finite.
    """
    low, high = value_range
    values = np.asarray(images, dtype=np.float32)
    if not np.isfinite(values).all():
        bad = int(np.count_nonzero(~np.isfinite(values)))
        raise InputError(
            f"to_uint8: expected finite images. Received: {bad} of {values.size} values NaN or infinite. "
            "The model that made them has diverged: lower its learning rate."
        )
    pixels = np.rint((values - np.float32(low)) / np.float32(high - low) * np.float32(255.0))
    return np.clip(pixels, 0, 255).astype(np.uint8)
