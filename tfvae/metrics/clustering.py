"""Scores of how well the latent codes of the classes lie apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import silhouette_score

from tfvae.errors import InputError
from tfvae.metrics.conditional import checked_labels
from tfvae.metrics.scores import checked_matrix


def silhouette(codes: ArrayLike, labels: ArrayLike, *, sample_size: int | None = 5_000, seed: int = 0) -> float:
    """Mean silhouette of labelled codes: how much nearer a code is to its own class than to the next one.

    silhouette = mean((b - a) / max(a, b))
    a = mean distance to its own class,  b = mean distance to the nearest other class

    Args:
        codes: floats [N, latent_dim].
        labels: int64 [N].
        sample_size: int >= 2 or None, codes drawn without replacement (the time grows with its square); None
            or more than N takes all.
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
    if sample_size is not None and sample_size < len(points):
        drawn = np.sort(np.random.default_rng(seed).choice(len(points), sample_size, replace=False))
        points, classes = points[drawn], classes[drawn]
    present = len(np.unique(classes))
    if not 2 <= present < len(points):
        raise InputError(
            f"silhouette: expected at least two classes and fewer classes than codes. Received: {present} "
            f"classes in {len(points)} codes. Pass codes of several classes, or a larger sample_size."
        )
    return float(silhouette_score(points, classes))
