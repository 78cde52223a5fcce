"""Clustering metrics: silhouette of labeled codes, agreement of clusters with classes, and cluster usage."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import xlogy
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_score
from sklearn.metrics.cluster import contingency_matrix

from tfvae.errors import InputError
from tfvae.metrics.conditional import checked_labels
from tfvae.metrics.scores import checked_matrix
from tfvae.metrics.subsets import random_subset

USED_SHARE = 0.01


def silhouette(codes: ArrayLike, labels: ArrayLike, *, sample_size: int | None = 5_000, seed: int = 0) -> float:
    """Mean silhouette coefficient of labeled codes.

    silhouette = mean((b - a) / max(a, b))
    a = mean distance to its own class,  b = mean distance to the nearest other class

    Args:
        codes: floats [N, latent_dim].
        labels: int64 [N].
        sample_size: int >= 2 or None, codes drawn at random without replacement (the time grows with its square);
            None or more than N takes all.
        seed: int, of that draw.

    Returns:
        float in [-1, 1]; 1 where the classes lie far apart, 0 where they overlap.

    Raises:
        InputError: if shapes do not fit, a code is not finite, or the codes drawn hold one class, or
            each its own.

    Reference:
        Rousseeuw 1987; report 0, classes further apart.
    """
    points = checked_matrix("silhouette", "codes", codes)
    classes = checked_labels("silhouette", labels, count=len(points))
    if sample_size is not None and sample_size < 2:
        raise InputError(f"silhouette: expected sample_size >= 2 or None. Received: sample_size={sample_size}.")
    if sample_size is not None:
        drawn = random_subset(len(points), sample_size, seed=seed)
        points, classes = points[drawn], classes[drawn]
    present = len(np.unique(classes))
    if not 2 <= present < len(points):
        raise InputError(
            f"silhouette: expected at least two classes and fewer classes than codes. Received: {present} "
            f"classes in {len(points)} codes. Pass codes of several classes, or a larger sample_size."
        )
    return float(silhouette_score(points, classes))


def cluster_accuracy(clusters: ArrayLike, labels: ArrayLike) -> float:
    """Clustering accuracy under the best one-to-one matching of clusters and classes.

    accuracy = max over one-to-one matchings m of mean(m(cluster) == label)

    Args:
        clusters: int [N], >= 0, the cluster of each example.
        labels: int [N], >= 0, its true class.

    Returns:
        float in (0, 1]; clusters beyond the number of classes count as wrong.

    Raises:
        InputError: if the arrays are no integers [N] of one length, or empty.

    Reference:
        Kuhn 1955 (the matching); Xie et al. 2016, eq. 10.
    """
    counts = _counts("cluster_accuracy", clusters, labels)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    return float(counts[rows, columns].sum() / counts.sum())


def majority_accuracy(clusters: ArrayLike, labels: ArrayLike) -> float:
    """Cluster purity: share of examples that belong to the majority class of their cluster.

    accuracy = sum over clusters of max over classes of count[cluster, class] / N

    It is no less than `cluster_accuracy`, and grows to 1 with the number of clusters.

    Args:
        clusters: int [N], >= 0.
        labels: int [N], >= 0.

    Returns:
        float in (0, 1].

    Raises:
        InputError: if the arrays are no integers [N] of one length, or empty.

    Reference:
        Dilokthanakul et al. 2016, section 4.2 (as in Makhzani et al. 2015).
    """
    counts = _counts("majority_accuracy", clusters, labels)
    return float(counts.max(axis=1).sum() / counts.sum())


def cluster_agreement(clusters: ArrayLike, labels: ArrayLike) -> dict[str, float]:
    """Normalized mutual information (arithmetic mean of the entropies) and adjusted Rand index.

    Args:
        clusters: int [N], >= 0.
        labels: int [N], >= 0.

    Returns:
        {"cluster_nmi": float in [0, 1], "cluster_ari": float in [-0.5, 1]}; 0 is what chance gives.

    Raises:
        InputError: if the arrays are no integers [N] of one length, or empty.

    Reference:
        Vinh et al. 2010; Hubert and Arabie 1985.
    """
    found, classes = _checked("cluster_agreement", clusters, labels)
    return {
        "cluster_nmi": float(normalized_mutual_info_score(classes, found)),
        "cluster_ari": float(adjusted_rand_score(classes, found)),
    }


def cluster_usage(probabilities: ArrayLike) -> dict[str, float]:
    """Number of used clusters, entropy of their usage, and mutual information between examples and clusters.

    used_clusters = number of clusters that are the most probable one of at least 1 % of the examples
    cluster_entropy = -sum over k of p[k] * log(p[k]),  p = mean over examples of probabilities
    cluster_information = mean over examples of sum over k of probabilities[k] * log(K * probabilities[k])

    Args:
        probabilities: float [N, K], rows sum to 1.

    Returns:
        {"used_clusters": K at most, "cluster_entropy": nats, log(K) where all are used alike,
        "cluster_information": nats, log(K) where every example is sure of its cluster}.

    Raises:
        InputError: if the rows are no probabilities.
    """
    values = np.asarray(probabilities, np.float64)
    if values.ndim != 2 or not values.size or not values.min() >= 0 or np.abs(values.sum(axis=1) - 1).max() > 1e-3:
        raise InputError(
            f"Expected probabilities [N, K] whose rows sum to 1. Received: shape {values.shape}. "
            "Pass model.cluster(images)."
        )
    counts = np.bincount(values.argmax(axis=1), minlength=values.shape[1])
    marginal = values.mean(axis=0)
    return {
        "used_clusters": float(np.sum(counts >= USED_SHARE * len(values))),
        "cluster_entropy": float(-np.sum(xlogy(marginal, marginal))),
        "cluster_information": float(np.mean(np.sum(xlogy(values, values * values.shape[1]), axis=1))),
    }


def _checked(function: str, clusters: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    count = len(np.atleast_1d(np.asarray(labels)))
    if not count:
        raise InputError(f"{function}: expected at least one example. Received: none. Pass clusters and labels.")
    found, classes = (checked_labels(function, values, count=count) for values in (clusters, labels))
    if min(found.min(), classes.min()) < 0:
        raise InputError(
            f"{function}: expected clusters and labels >= 0. Received: {found.min()} and {classes.min()}. "
            "Number them from 0."
        )
    return found, classes


def _counts(function: str, clusters: ArrayLike, labels: ArrayLike) -> NDArray[np.int64]:
    """int64 [clusters found, classes found], how many examples of each class each cluster has."""
    found, classes = _checked(function, clusters, labels)
    return contingency_matrix(found, classes, dtype=np.int64)
