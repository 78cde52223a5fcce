"""Metrics of class-conditional samples: class accuracy, within-class similarity and classifier confidence."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax

from tfvae.errors import InputError
from tfvae.metrics.scores import checked_matrix


def class_accuracy(logits: ArrayLike, labels: ArrayLike) -> float:
    """Share of samples that a classifier assigns to the class they were generated for.

    accuracy = mean(argmax(logits) == labels)

    Args:
        logits: floats [N, K].
        labels: int64 [N] in 0 .. K - 1.

    Returns:
        float in [0, 1].

    Raises:
        InputError: if shapes or labels do not fit, or a logit is not finite.

    Reference:
        Report 1, acc.
    """
    scores = checked_matrix("class_accuracy", "logits", logits)
    classes = checked_labels("class_accuracy", labels, count=len(scores))
    if classes.min() < 0 or classes.max() >= scores.shape[1]:
        raise InputError(
            f"class_accuracy: expected labels in 0 .. {scores.shape[1] - 1}, the classifier's classes. "
            f"Received: {classes.min()} .. {classes.max()}. Use an extractor that was trained on these "
            "classes."
        )
    return float(np.mean(np.argmax(scores, axis=1) == classes))


def cosine_similarity(images: ArrayLike, labels: ArrayLike) -> float:
    """Mean pairwise cosine similarity of pixels within a class, averaged over classes: lower is more varied.

    cos = mean over classes of mean over i != j of dot(x_i, x_j) / (|x_i| |x_j|)

    A black image has no direction: its similarity to any image counts as 0. A class with one image has no
    pair and is left out.

    Args:
        images: numbers [N, ...], pixels with 0 as black.
        labels: int64 [N].

    Returns:
        float in [-1, 1]; in [0, 1] for pixels >= 0.

    Raises:
        InputError: if shapes do not fit, a value is not finite or no class has two images.

    Reference:
        Report 1, cos.
    """
    array = np.asarray(images)
    flat = array.reshape(len(array), math.prod(array.shape[1:])) if array.ndim else array
    pixels = checked_matrix("cosine_similarity", "images", flat)
    classes = checked_labels("cosine_similarity", labels, count=len(pixels))
    norms = np.linalg.norm(pixels, axis=1, keepdims=True)
    directions = np.divide(pixels, norms, out=np.zeros_like(pixels), where=norms > 0)
    means = []
    for label in np.unique(classes):
        members = directions[classes == label]
        if len(members) > 1:
            # sum over i != j of dot(u_i, u_j) = |sum u|**2 - sum |u|**2, without the N x N matrix.
            pairs = np.sum(members.sum(axis=0) ** 2) - np.sum(members**2)
            means.append(pairs / (len(members) * (len(members) - 1)))
    if not means:
        raise InputError(
            f"cosine_similarity: expected a class with two images or more. Received: {len(classes)} images "
            f"of {len(np.unique(classes))} classes. Pass more samples of each class."
        )
    return float(np.mean(means))


def unrecognizable(logits: ArrayLike, *, threshold: float = 0.5) -> NDArray[np.bool_]:
    """Mask of samples whose classifier confidence is below a threshold.

    unrecognizable[i] = max(softmax(logits[i])) < threshold

    Args:
        logits: floats [N, K].
        threshold: float in (0, 1], the least confidence of a recognizable sample.

    Returns:
        bool [N].

    Raises:
        InputError: if the shape is another, a logit is not finite or the threshold is outside (0, 1].
    """
    if not 0.0 < threshold <= 1.0:
        raise InputError(f"unrecognizable: expected threshold in (0, 1]. Received: threshold={threshold}.")
    confidence = softmax(checked_matrix("unrecognizable", "logits", logits), axis=1).max(axis=1)
    return confidence < threshold


def unrecognizable_share(logits: ArrayLike, *, threshold: float = 0.5) -> float:
    """Share of samples whose classifier confidence is below a threshold.

    share = mean(max(softmax(logits)) < threshold)

    Args:
        logits: floats [N, K].
        threshold: float in (0, 1], the least confidence of a recognizable sample.

    Returns:
        float in [0, 1].

    Raises:
        InputError: if the shape is another, a logit is not finite or the threshold is outside (0, 1].

    Reference:
        Report 0, "fewer redundant images".
    """
    return float(np.mean(unrecognizable(logits, threshold=threshold)))


def checked_labels(function: str, labels: ArrayLike, *, count: int) -> NDArray[np.int64]:
    """Returns `labels` as int64 after checking them.

    Args:
        function: name of the calling function, for the message.
        labels: integers [N].
        count: the N they must have.

    Returns:
        int64 [N].

    Raises:
        InputError: if they are not integers of that shape.
    """
    array = np.asarray(labels)
    if array.shape != (count,) or not np.issubdtype(array.dtype, np.integer):
        raise InputError(
            f"{function}: expected `labels` as integers of shape [{count}], one for each sample. Received: "
            f"{array.dtype} {list(array.shape)}."
        )
    return array.astype(np.int64)
