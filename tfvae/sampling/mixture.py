"""Gaussian mixtures fitted to codes by expectation-maximization, and the classes of their components."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.mixture import GaussianMixture

from tfvae.checks import checked_labels
from tfvae.errors import InputError
from tfvae.sampling.moments import (
    ClassMoments,
    check_enough,
    checked_codes,
    checked_integer,
    checked_regularization,
    class_moments,
)
from tfvae.sampling.sampler import GaussianMixtureSampler


def fit_mixture(
    codes: ArrayLike,
    *,
    components: int,
    seed: int,
    labels: ArrayLike | None = None,
    regularization: float = 1e-6,
    iterations: int = 200,
    starts: int = 1,
) -> GaussianMixtureSampler:
    """Fits a full-covariance mixture to codes by expectation-maximization (scikit-learn).

    maximize  sum over z of log(sum over k of weights[k] * Normal(z; means[k], covariances[k]))

    With labels, the start is the per-class maximum-likelihood fit (shares, means and covariances), one
    component a class; the labels are not used again until `match_components` names the components.
    Without labels, the start is k-means and the components stay unnamed.

    Args:
        codes: float [N, D], finite.
        components: int >= 1, number of Gaussians; with labels, the number of classes.
        seed: int >= 0, of the k-means start (the start from classes draws nothing).
        labels: int [N], >= 0, or None.
        regularization: float >= 0, added to each variance at each step (squared units of the codes;
            scikit-learn's `reg_covar`), so that a collapsed latent dimension still has a covariance.
        iterations: int >= 1, most steps of expectation-maximization.
        starts: int >= 1, fits from different k-means starts, of which the most likely is kept; without labels alone.

    Returns:
        GaussianMixtureSampler, labeled where `labels` were given.

    Raises:
        InputError: if codes or labels are malformed, there are fewer codes than components or than D + 1
            (with labels, in any class), or `components` is not the number of classes.

    Reference:
        Report 0, section III-B ("fit a GMM to the learned representations ... 10 Gaussians").
    """
    codes = checked_codes(codes)
    components = checked_integer(components, name="components", minimum=1)
    settings = _settings(seed, regularization, iterations)
    check_enough(len(codes), dimensions=codes.shape[1], components=components)
    if labels is None:
        starts = checked_integer(starts, name="starts", minimum=1)
        return _sampler(GaussianMixture(components, n_init=starts, **settings).fit(codes))
    moments = class_moments(codes, labels, regularization=regularization)
    if len(moments.classes) != components:
        raise InputError(
            f"Expected one component per class, {len(moments.classes)}. Received: components={components}. "
            "Use fit_mixture_per_class for more, or leave labels out and call match_components afterwards."
        )
    fitted = _sampler(GaussianMixture(components, **settings, **_start(moments)).fit(codes))
    return match_components(fitted, codes, labels)


def fit_mixture_per_class(
    codes: ArrayLike,
    labels: ArrayLike,
    *,
    components: int,
    seed: int,
    regularization: float = 1e-6,
    iterations: int = 200,
) -> GaussianMixtureSampler:
    """Fits a mixture to the codes of each class, weighted by the class's share.

    p(z | y = c) = sum over k of weights[c, k] * Normal(z; mean[c, k], covariance[c, k])

    Args:
        codes: float [N, D], finite.
        labels: int [N], >= 0.
        components: int >= 1, Gaussians per class.
        seed: int >= 0, of the k-means starts.
        regularization: float >= 0, added to each variance (squared units of the codes).
        iterations: int >= 1, most steps of expectation-maximization per class.

    Returns:
        GaussianMixtureSampler with `components` labeled components a class, classes ascending.

    Raises:
        InputError: if codes or labels are malformed, or a class has fewer codes than components or D + 1.
    """
    codes = checked_codes(codes)
    labels = checked_labels(labels, count=len(codes))
    components = checked_integer(components, name="components", minimum=1)
    settings = _settings(seed, regularization, iterations)
    classes, counts = np.unique(labels, return_counts=True)
    for label, count in zip(classes, counts, strict=True):
        check_enough(int(count), dimensions=codes.shape[1], components=components, of=f"class {label}")
    fits = [_sampler(GaussianMixture(components, **settings).fit(codes[labels == label])) for label in classes]
    return GaussianMixtureSampler(
        weights=np.concatenate([fit.weights for fit in fits]) * np.repeat(counts / len(codes), components),
        means=np.concatenate([fit.means for fit in fits]),
        covariances=np.concatenate([fit.covariances for fit in fits]),
        labels=np.repeat(classes, components),
    )


def match_components(sampler: GaussianMixtureSampler, codes: ArrayLike, labels: ArrayLike) -> GaussianMixtureSampler:
    """Assigns a class to each component of a mixture by the codes that it is responsible for.

    counts[k, c] = sum over codes z of class c of p(k | z)

    Where there are at least as many components as classes, each class first gets a component of its own, by
    the assignment with the largest total count (Hungarian method). Every other component takes the class it
    counts most of.

    Args:
        sampler: GaussianMixtureSampler, labeled or not.
        codes: float [N, D], finite.
        labels: int [N], >= 0.

    Returns:
        GaussianMixtureSampler, the same mixture with `labels` set.

    Raises:
        InputError: if codes or labels are malformed, or codes have another latent dimension than the mixture.
    """
    responsibilities = sampler.responsibilities(codes)
    labels = checked_labels(labels, count=len(responsibilities))
    classes = np.unique(labels)
    counts = np.stack([responsibilities[labels == label].sum(axis=0) for label in classes], axis=1)
    chosen = counts.argmax(axis=1)
    if len(counts) >= len(classes):
        rows, columns = linear_sum_assignment(counts, maximize=True)
        chosen[rows] = columns
    return replace(sampler, labels=classes[chosen])


def _settings(seed: int, regularization: float, iterations: int) -> dict[str, object]:
    return {
        "covariance_type": "full",
        "reg_covar": checked_regularization(regularization),
        "max_iter": checked_integer(iterations, name="iterations", minimum=1),
        "random_state": checked_integer(seed, name="seed", minimum=0),
    }


def _start(moments: ClassMoments) -> dict[str, NDArray[np.float64]]:
    # All three: given means alone, scikit-learn pairs them with covariances of unrelated k-means clusters.
    precisions = np.linalg.inv(moments.covariances).astype(np.float64)
    return {
        "weights_init": moments.shares,
        "means_init": moments.means,
        "precisions_init": 0.5 * (precisions + np.swapaxes(precisions, 1, 2)),
    }


def _sampler(fitted: GaussianMixture) -> GaussianMixtureSampler:
    return GaussianMixtureSampler(
        weights=fitted.weights_ / fitted.weights_.sum(),
        means=fitted.means_,
        covariances=0.5 * (fitted.covariances_ + np.swapaxes(fitted.covariances_, 1, 2)),
    )
