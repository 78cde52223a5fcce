"""Base class of in-memory data sets: labeled training and test examples, validated once, with a fingerprint."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tfvae.checks import checked_labels
from tfvae.errors import InputError

_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


@dataclass(frozen=True, eq=False)
class LabeledData:
    """Labeled training and test examples; a subclass defines what an example is.

    The arrays are kept as read-only views, so that `sha256` stays valid. Models take `to_float(example)`; figures show
    `pictures` of what models take or return.

    Args:
        name: str, reported as the data set of a result.
        train_images: [N, *image_shape], the examples, images or signals; the subclass says which dtype and range.
        train_labels: integers [N], class indices in 0 .. classes - 1; kept as int64.
        test_images: [M, *image_shape], of the same shape and dtype.
        test_labels: integers [M]; kept as int64.
        class_names: tuple of str, one for each class.
        sha256: str, fingerprint: 64 hexadecimal digits, the SHA-256 digest of dtype, shape and values of the four
            arrays. Computed when left empty, else compared with the computed one.
        fallback_for: str or None, name of the requested data set where this one replaces it.
        ordered: bool, whether the examples have a meaningful order, such as that of file names: then `subset` draws
            at random, because the first examples are no representative sample.

    Raises:
        InputError: if a shape, dtype, label, name or fingerprint is not as described.
    """

    name: str
    train_images: NDArray[Any]
    train_labels: NDArray[np.int64]
    test_images: NDArray[Any]
    test_labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    sha256: str = ""
    fallback_for: str | None = dataclasses.field(default=None, kw_only=True)
    ordered: bool = dataclasses.field(default=False, kw_only=True)

    example: ClassVar[str] = "example"

    def __post_init__(self) -> None:
        kind = type(self).__name__
        if not self.name:
            raise InputError(f"{kind}: expected a name that is not empty.")
        _check_class_names(kind, self.class_names)
        for split in ("train", "test"):
            images, labels = f"{split}_images", f"{split}_labels"
            self._check_examples(images, getattr(self, images))
            checked = checked_labels(
                getattr(self, labels), count=len(getattr(self, images)), classes=self.classes, owner=f"{kind} {labels}"
            )
            object.__setattr__(self, labels, checked)
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
                f"{kind}: expected sha256={content}, the fingerprint of the arrays. Received: sha256={self.sha256!r}. "
                "Leave sha256 out to have it computed."
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
        """(scale, offset) of `to_float(example) = example * scale + offset`."""
        raise NotImplementedError

    def to_float(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Converts stored examples to the float32 values that a model takes."""
        raise NotImplementedError

    def pictures(self, values: Any) -> NDArray[np.uint8]:
        """Converts values that a model takes or returns to images, uint8 [N, H, W, C], C = 1 or 3."""
        raise NotImplementedError

    def subset(self, *, train: int | None = None, test: int | None = None) -> Self:
        """Returns fewer examples of each split, in unchanged order.

        These are the first ones, or, where `ordered`, a random draw without replacement with a fixed seed; a smaller
        draw is contained in each larger one.

        Args:
            train: int in 1 .. N, or None for all training examples.
            test: int in 1 .. M, or None for all test examples.

        Returns:
            The same kind of data with a fingerprint of its own and all class names, used or not. A drawn split is a
            copy in memory.

        Raises:
            InputError: if a count is below 1 or above the number of examples.
        """
        arrays: dict[str, Any] = {}
        for seed, (split, count) in enumerate((("train", train), ("test", test))):
            images, labels = getattr(self, f"{split}_images"), getattr(self, f"{split}_labels")
            if count is not None and not 1 <= count <= len(labels):
                raise InputError(
                    f"subset: expected {split} in 1 .. {len(labels)}, the {self.example}s of {self.name!r}. "
                    f"Received: {split}={count}."
                )
            rows: slice | NDArray[np.int64] = slice(count)
            if self.ordered and count not in (None, len(labels)):
                rows = np.sort(np.random.default_rng(seed).permutation(len(labels))[:count])
            arrays |= {f"{split}_images": images[rows], f"{split}_labels": labels[rows]}
        return dataclasses.replace(self, **arrays, sha256="")

    def _check_examples(self, field: str, images: Any) -> None:
        """Raises InputError unless `images` are examples of this kind, at least one."""
        raise NotImplementedError


def _check_class_names(kind: str, names: tuple[str, ...]) -> None:
    strings = isinstance(names, tuple) and all(isinstance(name, str) for name in names)
    if not strings or not names or len(set(names)) != len(names):
        raise InputError(f"{kind}: expected class_names, a tuple of different str. Received: {names!r}.")


def _content_sha256(*arrays: NDArray[np.generic]) -> str:
    """SHA-256 digest of dtype, shape and values; independent of the file format and its compression."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.name}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
