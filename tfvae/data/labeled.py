"""What every data set in memory shares: two splits of labeled examples, checked once, and a hash of them."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tfvae.errors import InputError

_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


@dataclass(frozen=True, eq=False)
class LabeledData:
    """Training and test examples with their labels; a subclass says what an example is.

    The arrays are kept as read-only views, so that `sha256` stays true. Models see `to_float` of an example, and people
    the `pictures` of it.

    Args:
        name: str, what a result calls this data set.
        train_images: [N, *image_shape], the examples, pictures or not.
        train_labels: int64 [N], class numbers 0 .. classes - 1.
        test_images: [M, *image_shape], of the same shape and dtype.
        test_labels: int64 [M].
        class_names: tuple of str, one for each class.
        sha256: str, 64 hexadecimal digits over the content of the four arrays; computed when left empty, else
            checked.
        fallback_for: str or None, the data set that was asked for, when this one stands in for it.

    Raises:
        InputError: if a shape, dtype, label, name or hash is not as said here.
    """

    name: str
    train_images: NDArray[Any]
    train_labels: NDArray[np.int64]
    test_images: NDArray[Any]
    test_labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    sha256: str = ""
    fallback_for: str | None = dataclasses.field(default=None, kw_only=True)

    example: ClassVar[str] = "example"

    def __post_init__(self) -> None:
        kind = type(self).__name__
        if not self.name:
            raise InputError(f"{kind}: expected a name that is not empty.")
        _check_class_names(kind, self.class_names)
        for split in ("train", "test"):
            images, labels = f"{split}_images", f"{split}_labels"
            self._check_examples(images, getattr(self, images))
            _check_labels(f"{kind}: expected {labels}", getattr(self, labels), len(getattr(self, images)), self.classes)
        if self.train_images.shape[1:] != self.test_images.shape[1:]:
            raise InputError(
                f"{kind}: expected training and test {self.example}s of one shape. "
                f"Received: train {self.train_images.shape[1:]}, test {self.test_images.shape[1:]}."
            )
        for field in _ARRAYS:
            view = getattr(self, field).view()
            view.flags.writeable = False
            object.__setattr__(self, field, view)
        content = _content_sha256(*(getattr(self, field) for field in _ARRAYS))
        if self.sha256 not in ("", content):
            raise InputError(
                f"{kind}: expected sha256={content}, the hash of the content. Received: "
                f"sha256={self.sha256!r}. "
                "Leave sha256 out and it is computed."
            )
        object.__setattr__(self, "sha256", content)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return tuple(self.train_images.shape[1:])

    @property
    def affine(self) -> tuple[np.float32, np.float32]:
        """(scale, offset): a model sees `example * scale + offset`."""
        raise NotImplementedError

    def to_float(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Turns stored examples into the float32 numbers that a model sees."""
        raise NotImplementedError

    def pictures(self, values: Any) -> NDArray[np.uint8]:
        """What a model sees or makes as pictures, uint8 [N, H, W, C], C 1 or 3."""
        raise NotImplementedError

    def subset(self, *, train: int | None = None, test: int | None = None) -> Self:
        """Returns the first examples of each split.

        Args:
            train: int in 1 .. N, or None for all training examples.
            test: int in 1 .. M, or None for all test examples.

        Returns:
            The same kind of data with its own hash; the classes stay, even one of which no example is left.

        Raises:
            InputError: if a count is below 1 or above what there is.
        """
        splits = (("train", train, len(self.train_labels)), ("test", test, len(self.test_labels)))
        for name, count, present in splits:
            if count is not None and not 1 <= count <= present:
                raise InputError(
                    f"subset: expected {name} in 1 .. {present}, the {self.example}s of {self.name!r}. "
                    f"Received: {name}={count}."
                )
        return dataclasses.replace(
            self,
            train_images=self.train_images[:train],
            train_labels=self.train_labels[:train],
            test_images=self.test_images[:test],
            test_labels=self.test_labels[:test],
            sha256="",
        )

    def _check_examples(self, field: str, images: Any) -> None:
        """Raises InputError unless `images` are examples of this kind, at least one."""
        raise NotImplementedError


def _check_class_names(kind: str, names: tuple[str, ...]) -> None:
    strings = isinstance(names, tuple) and all(isinstance(name, str) for name in names)
    if not strings or not names or len(set(names)) != len(names):
        raise InputError(f"{kind}: expected class_names, a tuple of different str. Received: {names!r}.")


def _check_labels(expected: str, labels: NDArray[np.int64], count: int, classes: int) -> None:
    if not isinstance(labels, np.ndarray) or labels.dtype != np.int64 or labels.shape != (count,):
        received = f"{getattr(labels, 'dtype', type(labels).__name__)}{getattr(labels, 'shape', '')}"
        raise InputError(f"{expected}, an int64 numpy array [{count}]. Received: {received}.")
    if labels.min() < 0 or labels.max() >= classes:
        raise InputError(
            f"{expected} in 0 .. {classes - 1}, one for each class name. Received: {labels.min()} .. {labels.max()}."
        )


def _content_sha256(*arrays: NDArray[np.generic]) -> str:
    """Hashes dtype, shape and values: the file they came in, and its compression, do not count."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.name}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
