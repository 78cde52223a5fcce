"""Axes along which a generator scales the codes of a class."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tfvae.sampling.moments import ClassMoments

Axes = Callable[[ClassMoments], NDArray[np.float64]]


def latent_axes(moments: ClassMoments) -> NDArray[np.float64]:
    """Latent dimensions, each scaled by its standard deviation within the class: the report's reading.

    axes[c] = diag(sqrt(diag(covariance[c])))

    Args:
        moments: of the codes, class by class.

    Returns:
        float64 [K, D, D], a column an axis, in units of the codes.

    Reference:
        Report 1, section 3.5.
    """
    variances = np.diagonal(moments.covariances, axis1=1, axis2=2)
    return np.sqrt(np.maximum(variances, np.finfo(np.float64).tiny))[:, :, np.newaxis] * np.eye(variances.shape[1])


def facing_axes(moments: ClassMoments) -> NDArray[np.float64]:
    """Axes of each class's covariance, ordered by how close they come to the other classes' means.

    axes[c] = root[c] @ R[c],  root[c] @ root[c].T = covariance[c]
    R[c] = eigenvectors of the sum over k of d d.T / |d|**4, descending;  d = inverse(root[c]) @ (mean[k] - mean[c])

    An isotropic prior leaves the latent dimensions arbitrary: any rotation of them is as good a model. Here a theta of
    axis 0 moves a code toward its nearest classes, and one of the last axes away from none.

    Args:
        moments: of the codes, class by class.

    Returns:
        float64 [K, D, D], a column an axis, in units of the codes; axes[c] @ axes[c].T is the covariance.

    Reference:
        Beyond report 1; Fisher's discriminant, with each class in units of its own covariance.
    """
    axes = np.empty_like(moments.covariances)
    for label, (mean, covariance) in enumerate(zip(moments.means, moments.covariances, strict=True)):
        values, vectors = np.linalg.eigh(covariance)
        deviations = np.sqrt(np.maximum(values, np.finfo(np.float64).tiny))
        offsets = np.delete(moments.means - mean, label, axis=0) @ vectors / deviations
        nearness = offsets / np.maximum(np.sum(offsets**2, axis=1, keepdims=True), np.finfo(np.float64).tiny)
        _, rotation = np.linalg.eigh(nearness.T @ nearness)
        axes[label] = vectors @ (deviations[:, np.newaxis] * rotation[:, ::-1])
    return axes
