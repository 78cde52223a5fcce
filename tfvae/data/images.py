"""One data set of labelled images in memory, checked once, so that nobody after it has to check again."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfvae.errors import InputError


@dataclass(frozen=True, eq=False)
class ImageData:
    """Training and test images with their labels, as uint8 pixels, and the range that a model sees them in.

    The arrays are kept as read-only views, so that `sha256` stays true.

    Args:
        name: str, what a result calls this data set.
        train_images: uint8 [N, H, W, C], C is 1 (grey) or 3 (RGB).
        train_labels: int64 [N], class numbers 0 .. classes - 1.
        test_images: uint8 [M, H, W, C].
        test_labels: int64 [M].
        class_names: tuple of str, one for each class.
        sha256: str, 64 hexadecimal digits over the content of the four arrays; computed when left empty, else
            checked.
        value_range: (low, high), the real numbers that pixels 0 and 255 become.
        fallback_for: str or None, the data set that was asked for, when this one stands in for it.

    Raises:
        InputError: if a shape, dtype, label, name, hash or range is not as said here.
    """

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    sha256: str = ""
    value_range: tuple[float, float] = (0.0, 1.0)
    fallback_for: str | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise InputError("ImageData: expected a name that is not empty.")
        _check_class_names(self.class_names)
        for split in ("train", "test"):
            images, labels = f"{split}_images", f"{split}_labels"
            _check_images(images, getattr(self, images))
            _check_labels(labels, getattr(self, labels), len(getattr(self, images)), self.classes)
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise InputError(
                "ImageData: expected training and test images of one shape [H, W, C]. "
                f"Received: train {self.train_images.shape[1:]}, test {self.test_images.shape[1:]}."
            )
        _check_value_range(self.value_range)
        for field in ("train_images", "train_labels", "test_images", "test_labels"):
            view = getattr(self, field).view()
            view.flags.writeable = False
            object.__setattr__(self, field, view)
        content = _content_sha256(self.train_images, self.train_labels, self.test_images, self.test_labels)
        if self.sha256 not in ("", content):
            raise InputError(
                f"ImageData: expected sha256={content}, the hash of the content. Received: "
                f"sha256={self.sha256!r}. "
                "Leave sha256 out and it is computed."
            )
        object.__setattr__(self, "sha256", content)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of one image."""
        _, height, width, channels = self.train_images.shape
        return height, width, channels

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def pixel_step(self) -> np.float32:
        """Distance in `value_range` between two neighbouring grey levels: (high - low) / 255."""
        low, high = self.value_range
        return np.float32((high - low) / 255.0)

    def to_float(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turns pixels into the numbers a model sees.

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
        """Turns a model's numbers into pixels, rounded to the nearest grey level and clipped.

            to_uint8(images) = clip(round((images - low) / (high - low) * 255), 0, 255)

        Args:
            images: floats of any shape, in the units of `value_range`.

        Returns:
            uint8, same shape.

        Raises:
            InputError: if a value is not finite.
        """
        low, high = self.value_range
        values = np.asarray(images, dtype=np.float32)
        if not np.isfinite(values).all():
            bad = int(np.count_nonzero(~np.isfinite(values)))
            raise InputError(
                f"to_uint8: expected finite images. Received: {bad} of {values.size} values NaN or infinite. "
                "The model that made them has diverged: lower its learning rate."
            )
        pixels = np.rint((values - np.float32(low)) / np.float32(high - low) * np.float32(255.0))
        return np.clip(pixels, 0, 255).astype(np.uint8)

    def with_value_range(self, low: float, high: float) -> ImageData:
        """Returns the same images, to be seen by a model in another range.

        Args:
            low: float, what pixel 0 becomes.
            high: float > low, what pixel 255 becomes.

        Returns:
            ImageData with the same pixels and hash.

        Raises:
            InputError: if `low` is not below `high`.
        """
        return dataclasses.replace(self, value_range=(low, high))

    def subset(self, *, train: int | None = None, test: int | None = None) -> ImageData:
        """Returns the first images of each split.

        Args:
            train: int in 1 .. N, or None for all training images.
            test: int in 1 .. M, or None for all test images.

        Returns:
            ImageData with its own hash; the classes stay, even one of which no image is left.

        Raises:
            InputError: if a count is below 1 or above what there is.
        """
        splits = (("train", train, len(self.train_labels)), ("test", test, len(self.test_labels)))
        for name, count, present in splits:
            if count is not None and not 1 <= count <= present:
                raise InputError(
                    f"subset: expected {name} in 1 .. {present}, the images of {self.name!r}. Received: {name}={count}."
                )
        return dataclasses.replace(
            self,
            train_images=self.train_images[:train],
            train_labels=self.train_labels[:train],
            test_images=self.test_images[:test],
            test_labels=self.test_labels[:test],
            sha256="",
        )


def _check_class_names(names: tuple[str, ...]) -> None:
    strings = isinstance(names, tuple) and all(isinstance(name, str) for name in names)
    if not strings or not names or len(set(names)) != len(names):
        raise InputError(f"ImageData: expected class_names, a tuple of different str. Received: {names!r}.")


def _check_images(field: str, images: NDArray[np.uint8]) -> None:
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
        received = getattr(images, "dtype", type(images).__name__)
        raise InputError(f"ImageData: expected {field}, a uint8 numpy array in 0 .. 255. Received: {received}.")
    if images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape:
        raise InputError(
            f"ImageData: expected {field} of shape [N, H, W, C], N >= 1, C 1 or 3. Received: shape={images.shape}."
        )


def _check_labels(field: str, labels: NDArray[np.int64], count: int, classes: int) -> None:
    if not isinstance(labels, np.ndarray) or labels.dtype != np.int64 or labels.shape != (count,):
        received = f"{getattr(labels, 'dtype', type(labels).__name__)}{getattr(labels, 'shape', '')}"
        raise InputError(f"ImageData: expected {field}, an int64 numpy array [{count}]. Received: {received}.")
    if labels.min() < 0 or labels.max() >= classes:
        raise InputError(
            f"ImageData: expected {field} in 0 .. {classes - 1}, one for each class name. "
            f"Received: {labels.min()} .. {labels.max()}."
        )


def _check_value_range(value_range: tuple[float, float]) -> None:
    if len(value_range) != 2 or not np.isfinite(value_range).all() or not value_range[0] < value_range[1]:
        raise InputError(f"ImageData: expected value_range=(low, high), finite, low < high. Received: {value_range}.")


def _content_sha256(*arrays: NDArray[np.generic]) -> str:
    """Hashes dtype, shape and values: the file they came in, and its compression, do not count."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.name}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
