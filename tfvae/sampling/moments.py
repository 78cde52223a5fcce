"""Checks of latent codes, and their moments per class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfvae.checks import checked_labels
from tfvae.errors import InputError


class ClassMoments(NamedTuple):
    """Maximum-likelihood Gaussian of each class, in ascending order of the class labels."""

    classes: NDArray[np.int64]
    shares: NDArray[np.float64]
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]


def checked_codes(codes: ArrayLike) -> NDArray[np.float64]:
    """Latent codes as float64 [N, D], after checking their shape and that they are finite.

    Args:
        codes: float [N, D], N >= 1, D >= 1, finite.

    Returns:
        float64 [N, D].

    Raises:
        InputError: if the shape is not [N, D] or a code is not finite.
    """
    array = np.asarray(codes)
    if array.ndim != 2 or array.size == 0 or not np.issubdtype(array.dtype, np.number):
        raise InputError(
            f"Expected codes as a float array [N, D]. Received: shape {array.shape}, dtype {array.dtype}. "
            "Pass the output of model.encode(images)."
        )
    array = array.astype(np.float64)
    broken = int(np.sum(~np.isfinite(array).all(axis=1)))
    if broken:
        raise InputError(
            f"Expected finite codes. Received: {broken} of {len(array)} codes with NaN or infinity. "
            "Look for a diverged training (a NaN loss) before fitting a sampler."
        )
    return array


def check_enough(count: int, *, dimensions: int, components: int = 1, of: str = "all") -> None:
    """Refuses to fit where there are too few codes for a covariance, or fewer codes than components.

    Args:
        count: int, number of codes.
        dimensions: int, latent dimensions D.
        components: int, Gaussians to fit to them.
        of: str, whose codes they are, for the message.

    Raises:
        InputError: if `count` < max(D + 1, components).
    """
    needed = max(dimensions + 1, components)
    if count < needed:
        raise InputError(
            f"Expected at least {needed} codes to fit {components} component(s) in {dimensions} dimensions. "
            f"Received: {count} codes ({of}). Encode more images, or ask for fewer components or dimensions."
        )


def checked_classes(labels: ArrayLike, *, classes: int | None) -> NDArray[np.int64]:
    """Labels of codes that must hold every class 0 .. classes - 1.

    Args:
        labels: int [N], >= 0.
        classes: int >= 1, or None for the largest label and one more.

    Returns:
        int64 [N].

    Raises:
        InputError: if labels are malformed, a class has no codes, or a label is none of the classes.
    """
    array = checked_labels(labels, count=np.size(labels))
    present = np.unique(array)
    wanted = int(present.max(initial=-1)) + 1 if classes is None else classes
    missing = np.setdiff1d(np.arange(wanted), present)
    if missing.size or present.max(initial=-1) >= wanted or wanted < 1:
        raise InputError(
            f"Expected codes of every class 0 .. {wanted - 1}. Received: none of {missing.tolist()}, and labels "
            f"{present.min(initial=0)} .. {present.max(initial=-1)}. Encode images of every class, or number the "
            "classes without gaps."
        )
    return array


LARGEST_INTEGER = 2**63 - 1  # of TensorFlow's int64


def checked_integer(value: int, *, name: str, minimum: int) -> int:
    """`value` as an int, after checking that it is an integer not under `minimum`.

    Args:
        value: int (Python or NumPy; bool is refused).
        name: str, how the message calls the value.
        minimum: int, smallest value allowed.

    Returns:
        int.

    Raises:
        InputError: if `value` is no integer, is under `minimum`, or does not fit int64.
    """
    integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not integer or not minimum <= value <= LARGEST_INTEGER:
        raise InputError(
            f"Expected {name} as an integer in {minimum} .. 2**63 - 1. Received: {value!r}. Pass {name}={minimum}, or "
            "more."
        )
    return int(value)


def checked_regularization(regularization: float) -> float:
    """`regularization` as a float, after checking that it is finite and not negative.

    Args:
        regularization: float >= 0, in squared units of the codes.

    Returns:
        float.

    Raises:
        InputError: if it is negative or not finite.
    """
    if not np.isfinite(regularization) or regularization < 0:
        raise InputError(
            f"Expected regularization >= 0. Received: {regularization!r}. "
            "Leave it at 1e-6, or pass 0.0 for the bare estimate."
        )
    return float(regularization)


def class_moments(codes: ArrayLike, labels: ArrayLike, *, regularization: float) -> ClassMoments:
    """Share, mean and maximum-likelihood covariance of the codes of each class.

    mean_c = mean(z of class c)
    covariance_c = mean((z - mean_c) (z - mean_c)^T) + regularization * I

    Args:
        codes: float [N, D], finite.
        labels: int [N], >= 0.
        regularization: float >= 0, added to each variance, in squared units of the codes.

    Returns:
        ClassMoments: int64 [K], float64 [K], [K, D], [K, D, D], over the K classes that occur.

    Raises:
        InputError: if codes or labels are malformed, or a class has fewer than D + 1 codes.
    """
    codes = checked_codes(codes)
    labels = checked_labels(labels, count=len(codes))
    regularization = checked_regularization(regularization)
    classes, counts = np.unique(labels, return_counts=True)
    dimensions = codes.shape[1]
    for label, count in zip(classes, counts, strict=True):
        check_enough(int(count), dimensions=dimensions, of=f"class {label}")
    means = np.stack([codes[labels == label].mean(axis=0) for label in classes])
    covariances = np.empty((len(classes), dimensions, dimensions))
    for row, label in enumerate(classes):
        centered = codes[labels == label] - means[row]
        covariances[row] = centered.T @ centered / len(centered) + regularization * np.eye(dimensions)
    return ClassMoments(classes.astype(np.int64), counts / len(codes), means, covariances)
