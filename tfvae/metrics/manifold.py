"""Precision, recall, density and coverage of generated samples, near copies of training images, and class shares.

Sets of samples are compared by their nearest neighbors, in float64, with ties decided exactly (`neighbors`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfvae.errors import InputError
from tfvae.metrics.neighbors import DistinctRows, distinct_rows, inside, nearest_squares, neighbor_radii
from tfvae.metrics.scores import checked_matrix, checked_pair

NEAR = 0.01


@dataclass(frozen=True)
class NearCopies:
    """Distances of generated images to their nearest training image, against those of test images.

    Attributes:
        ratio: float >= 0, median distance of a generated image to its nearest training image over that of a test image:
            near 0 for copies, about 1 for images as new as the test images.
        share: float in [0, 1], share of the generated images that lie nearer to a training image than all but 1 % of
            the test images: about 0.01 for images as new as those.
    """

    ratio: float
    share: float


def precision_and_recall(
    real_features: ArrayLike, generated_features: ArrayLike, *, neighbors: int = 3
) -> tuple[float, float]:
    """Improved precision and recall: samples inside the manifold of the other set, by k nearest neighbors.

    precision = mean over j of any_i(|g_j - r_i| <= radius(r_i))
    recall = mean over i of any_j(|r_i - g_j| <= radius(g_j))

    radius(x) is the distance from x to its `neighbors`-th nearest neighbor in its own set, itself left out.

    Args:
        real_features: floats [N, D].
        generated_features: floats [M, D].
        neighbors: int >= 1, k.

    Returns:
        (precision, recall), each in [0, 1]. Both grow with N and M: compare numbers of equal counts.

    Raises:
        InputError: if the shapes do not fit, a value is not finite, or a set has no more than `neighbors` samples.

    Reference:
        Kynkaanniemi et al. 2019, eq. 1 and 2.
    """
    real, generated = _pair(real_features, generated_features, neighbors)
    return _share_inside(generated, real, neighbors), _share_inside(real, generated, neighbors)


def density_and_coverage(
    real_features: ArrayLike, generated_features: ArrayLike, *, neighbors: int = 5
) -> tuple[float, float]:
    """Density and coverage of real neighborhoods by generated samples, by k nearest neighbors.

    density = sum over j and i of (|g_j - r_i| <= radius(r_i)) / (neighbors * M)
    coverage = mean over i of any_j(|g_j - r_i| <= radius(r_i))

    Only real samples have neighborhoods here, so that outliers among the generated ones widen nothing.

    Args:
        real_features: floats [N, D].
        generated_features: floats [M, D].
        neighbors: int >= 1, k.

    Returns:
        (density, coverage): density >= 0 and about 1 for real samples, coverage in [0, 1].

    Raises:
        InputError: if the shapes do not fit, a value is not finite, or a set has no more than `neighbors` samples.

    Reference:
        Naeem et al. 2020, eq. 3 and 4.
    """
    real, generated = _pair(real_features, generated_features, neighbors)
    radii = neighbor_radii(real, neighbors)
    counts = np.zeros(len(real.rows), np.int64)
    for rows, within in inside(real.rows, generated.rows, radii[:, np.newaxis]):
        counts[rows] = within @ generated.counts
    density = np.sum(counts * real.counts) / (neighbors * len(generated.inverse))
    return float(density), float(np.mean(counts[real.inverse] > 0))


def near_copies(generated: ArrayLike, train: ArrayLike, test: ArrayLike) -> NearCopies:
    """Nearest-neighbor test for memorized training images.

    distance(x) = min over training images t of |x - t|, over pixels

    Args:
        generated: numbers [N, ...], pixels.
        train: numbers [M, ...], all images that the generator was trained on, in the same units.
        test: numbers [K, ...], images that it was not trained on.

    Returns:
        NearCopies.

    Raises:
        InputError: if a set is empty, the shapes do not fit, a value is not finite, or the test images are among the
            training images, so that there is nothing to compare with.
    """
    images, training, unseen = (
        _flat(name, array) for name, array in (("generated", generated), ("train", train), ("test", test))
    )
    if len({array.shape[1] for array in (images, training, unseen)}) > 1:
        raise InputError(
            "near_copies: expected images of one shape. Received: generated, train and test of "
            f"{images.shape[1]}, {training.shape[1]} and {unseen.shape[1]} pixels. Resize them."
        )
    ours, theirs = (np.sqrt(nearest_squares(pixels, training)) for pixels in (images, unseen))
    usual = float(np.median(theirs))
    if usual == 0:
        raise InputError(
            "near_copies: expected test images that are not among the training images. Received: a median distance of "
            "0. Pass the other split."
        )
    return NearCopies(float(np.median(ours)) / usual, float(np.mean(ours < np.quantile(theirs, NEAR))))


def class_shares(logits: ArrayLike) -> NDArray[np.float64]:
    """Distribution of a classifier's predicted classes.

    share[k] = mean(argmax(logits) == k)

    Args:
        logits: floats [N, K].

    Returns:
        float64 [K], >= 0, sum 1; the number above 0 is the number of modes found.

    Raises:
        InputError: if the shape is another, a logit is not finite or there is no sample.

    Reference:
        Report 4, section 3.8.3 (mode collapse); Metz et al. 2017, section 3.3, for counting modes with a classifier.
    """
    scores = checked_matrix("class_shares", "logits", logits)
    return np.bincount(np.argmax(scores, axis=1), minlength=scores.shape[1]) / len(scores)


def _share_inside(points: DistinctRows, others: DistinctRows, neighbors: int) -> float:
    """Share of the points, copies counted, within the radius of any of the others."""
    radii = neighbor_radii(others, neighbors)
    found = np.zeros(len(points.rows), np.bool_)
    for rows, within in inside(points.rows, others.rows, radii[np.newaxis]):
        found[rows] = within.any(axis=1)
    return float(np.mean(found[points.inverse]))


def _pair(real: ArrayLike, generated: ArrayLike, neighbors: int) -> tuple[DistinctRows, DistinctRows]:
    first, second = checked_pair(real, generated)
    fewest = min(len(first), len(second))
    if neighbors < 1 or fewest <= neighbors:
        raise InputError(
            f"Expected 1 neighbor or more, and more samples than neighbors in each set. Received: "
            f"neighbors={neighbors} and {fewest} samples. Pass more samples."
        )
    return distinct_rows(first), distinct_rows(second)


def _flat(name: str, images: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(images)
    flat = array.reshape(len(array), math.prod(array.shape[1:])) if array.ndim else array
    return checked_matrix("near_copies", name, flat)
