"""Gaussian mixture over latent codes, with or without a class per component."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from tensorflow_probability import distributions as tfd

from tfvae.checks import checked_labels
from tfvae.errors import InputError
from tfvae.files import atomic_write, read_npz
from tfvae.sampling.moments import checked_codes, checked_integer
from tfvae.sampling.row_noise import row_noise, row_noise_by_class

_ARRAYS = ("weights", "means", "covariances")
_OPTIONAL = ("labels", "confidence")  # the second is a RejectionSampler's
BATCH = 1000  # codes whose densities are computed at once


@dataclass(frozen=True, eq=False)
class GaussianMixtureSampler:
    """Gaussian mixture over latent codes whose components may belong to classes.

    p(z) = sum over k of weights[k] * Normal(z; means[k], covariances[k])
    p(z | y = c) is the same sum over the components with labels[k] == c, with their weights rescaled to 1.

    Args:
        weights: float64 [K], >= 0, sum 1.
        means: float64 [K, D], in units of the codes.
        covariances: float64 [K, D, D], symmetric and positive definite, in squared units of the codes.
        labels: int64 [K], class of each component, or None where components have no class.

    Raises:
        InputError: if the shapes disagree, a number is not finite, the weights do not sum to 1, or a
            covariance is not symmetric and positive definite.

    Reference:
        Report 0, section III-B.
    """

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]
    labels: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            _freeze(self, name, _numbers(name, getattr(self, name)))
        _check_mixture(self.weights, self.means, self.covariances)
        if self.labels is not None:
            _freeze(self, "labels", checked_labels(self.labels, count=len(self.weights)))

    @property
    def latent_dim(self) -> int:
        """Number of latent dimensions D."""
        return int(self.means.shape[1])

    @property
    def classes(self) -> tuple[int, ...]:
        """Classes of the components with a weight above 0, ascending; empty where components have no class."""
        return () if self.labels is None else tuple(int(label) for label in np.unique(self.labels[self.weights > 0]))

    @cached_property
    def _factors(self) -> NDArray[np.float64]:
        return np.linalg.cholesky(self.covariances).astype(np.float64)

    @property
    def distribution(self) -> tfd.MixtureSameFamily:
        """p(z) in float64, with batch shape [] and event shape [D]: `log_prob`, `posterior_marginal`, `mean`, ..."""
        return tfd.MixtureSameFamily(
            tfd.Categorical(probs=self.weights), tfd.MultivariateNormalTriL(self.means, scale_tril=self._factors)
        )

    def sample(
        self, count: int, *, seed: int, label: int | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]:
        """Draws codes from p(z), or from p(z | y = label), by `draw`: the codes that an exported model draws.

        Args:
            count: int >= 1, number of codes.
            seed: int >= 0. The first n codes of a larger count are those of a count of n.
            label: class to draw from, or None for all components; under one seed each class gets noise of its own.

        Returns:
            codes float32 [count, D], and their classes int64 [count], or None where components have no class.

        Raises:
            InputError: if `count` < 1, `seed` < 0, or there is no component of class `label`.
        """
        codes, labels = self.draw(*checked_request(self.classes, count, seed=seed, label=label))
        return codes.numpy(), None if labels is None else labels.numpy()

    def draw(
        self, count: tf.Tensor, seed: tf.Tensor, labels: tf.Tensor | None = None, *, attempt: int | tf.Tensor = 0
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Draws codes in the graph: row i is a pure function of `seed`, i, `labels[i]` and `attempt`.

        z = means[k] + cholesky(covariances[k]) @ noise,  noise ~ Normal(0, I),  k drawn by weight

        Philox is named so that every process and, up to rounding, every device gives the same codes. TFP's
        `MixtureSameFamily.sample` returns no component, and draws a code from each component for every one it returns.

        Args:
            count: int32 [], number of codes.
            seed: int64 [].
            labels: int64 [count], the class of each code, among `classes`; None draws from all components.
            attempt: int >= 0; another one gives other codes.

        Returns:
            codes float32 [count, D], and their classes int64 [count], or None where components have no class.
        """
        if labels is None:
            uniform, normal = row_noise(count, self.latent_dim, seed, stream=0, attempt=attempt)
            allowed, rows = self.weights[np.newaxis], tf.zeros([count], tf.int64)
        else:
            uniform, normal = row_noise_by_class(labels, self.latent_dim, seed, attempt=attempt)
            classes = np.array(self.classes)
            allowed = np.where(self.labels == classes[:, np.newaxis], self.weights, 0.0)
            rows = tf.argmax(labels[:, tf.newaxis] == classes, axis=1)
        cumulative = np.cumsum(allowed, axis=1)
        thresholds = tf.gather(tf.constant(cumulative / cumulative[:, -1:], tf.float32), rows)
        components = tf.searchsorted(thresholds, uniform[:, tf.newaxis], side="right")[:, 0]
        codes = self._placed(normal, components)
        return codes, None if self.labels is None else tf.gather(tf.constant(self.labels), components)

    def _placed(self, noise: tf.Tensor, components: tf.Tensor) -> tf.Tensor:
        """float32 [count, D]: means[k] + factors[k] @ noise of each row's component k."""
        count = len(self.weights)
        rows = tf.dynamic_partition(tf.range(tf.size(components)), components, count)
        parts = tf.dynamic_partition(tf.cast(noise, tf.float64), components, count)
        codes = [
            mean + tf.matmul(part, factor, transpose_b=True)
            for mean, factor, part in zip(self.means, self._factors, parts, strict=True)
        ]
        return tf.cast(tf.dynamic_stitch(rows, codes), tf.float32)

    def shrunk(self, factor: float) -> GaussianMixtureSampler:
        """The same mixture with every covariance divided by `factor`: codes closer to the means.

        covariances[k] / factor, so that a factor of 1.5 divides variances by 1.5 and deviations by sqrt(1.5)

        Args:
            factor: float > 0, dimensionless; 1 changes nothing.

        Returns:
            GaussianMixtureSampler.

        Raises:
            InputError: if `factor` is not positive and finite.

        Reference:
            Report 0, section IV-B ("reduced the variance of each Gaussian by a factor of 1.5").
        """
        if not np.isfinite(factor) or factor <= 0:
            raise InputError(
                f"Expected a shrink factor > 0. Received: {factor!r}. Pass 1.5 as in report 0, or 1 for none."
            )
        return replace(self, covariances=self.covariances / factor)

    def component_means(self) -> NDArray[np.float32]:
        """Means of the components in ascending order of their labels (as they are, where there are none).

        Returns:
            float32 [K, D].

        Reference:
            Report 0, figure 6.
        """
        order = np.arange(len(self.means)) if self.labels is None else np.argsort(self.labels, kind="stable")
        return self.means[order].astype(np.float32)

    def responsibilities(self, codes: ArrayLike) -> NDArray[np.float64]:
        """Probability of each component given each code.

        p(k | z) = weights[k] * Normal(z; means[k], covariances[k]) / p(z)

        Args:
            codes: float [N, D], finite.

        Returns:
            float64 [N, K], rows sum to 1.

        Raises:
            InputError: if codes are malformed or have another latent dimension.
        """
        codes = checked_codes(codes)
        if codes.shape[1] != self.latent_dim:
            raise InputError(
                f"Expected codes of {self.latent_dim} dimensions. Received: {codes.shape[1]}. "
                "Encode with the model that this mixture was fitted to."
            )
        mixture = self.distribution
        parts = [codes[start : start + BATCH] for start in range(0, len(codes), BATCH)]
        return np.concatenate([mixture.posterior_marginal(part).probs_parameter().numpy() for part in parts])

    def save(self, path: str | Path, **others: NDArray[np.float64]) -> Path:
        """Writes the mixture to an .npz file, all or nothing.

        Args:
            path: file to write, ending in .npz; its folder is made where it is missing.
            **others: arrays beside the mixture's own, which `load` passes over.

        Returns:
            Path of the file.

        Raises:
            InputError: if `path` does not end in .npz.
        """
        path = Path(path)
        if path.suffix != ".npz":
            raise InputError(f"Expected a path ending in .npz. Received: {path}. Name it {path.stem}.npz.")
        arrays = {**others, **{name: getattr(self, name) for name in _ARRAYS}}
        if self.labels is not None:
            arrays["labels"] = self.labels
        with atomic_write(path) as temporary:
            np.savez(temporary, **arrays)
        return path

    @classmethod
    def load(cls, path: str | Path) -> GaussianMixtureSampler:
        """Reads a mixture that `save` wrote; it draws the same codes as the one that was saved.

        Args:
            path: .npz file.

        Returns:
            GaussianMixtureSampler.

        Raises:
            InputError: if the file is missing, damaged, or holds other arrays than a mixture's.
        """
        arrays = saved_arrays(path)
        weights, means, covariances = (arrays[name] for name in _ARRAYS)
        return cls(weights, means, covariances, arrays.get("labels"))


def checked_request(
    classes: tuple[int, ...], count: int, *, seed: int, label: int | None
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor | None]:
    """The arguments of `sample` as those of `draw`.

    Args:
        classes: classes that can be drawn.
        count: int >= 1.
        seed: int >= 0.
        label: one of `classes`, or None.

    Returns:
        int32 [], int64 [], and int64 [count] or None.

    Raises:
        InputError: if `count` < 1, `seed` < 0, or `label` is none of the classes.
    """
    count = checked_integer(count, name="count", minimum=1)
    seed = checked_integer(seed, name="seed", minimum=0)
    if label is not None and label not in classes:
        known = ", ".join(map(str, classes)) or "none, its components are unlabeled"
        raise InputError(
            f"Expected a class of this mixture ({known}). Received: label={label!r}. "
            "Pass one of them, or leave label out to draw from the whole mixture."
        )
    labels = None if label is None else tf.fill([count], tf.constant(label, tf.int64))
    return tf.constant(count), tf.constant(seed, tf.int64), labels


def _freeze(sampler: GaussianMixtureSampler, name: str, array: NDArray) -> None:
    array.setflags(write=False)
    object.__setattr__(sampler, name, array)


def _numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"Expected {name} as an array of numbers. Received: {error}. Pass float64 arrays.") from error


def _check_mixture(weights: NDArray[np.float64], means: NDArray[np.float64], covariances: NDArray[np.float64]) -> None:
    components, dimensions = means.shape if means.ndim == 2 else (0, 0)
    shapes = weights.shape, means.shape, covariances.shape
    if not dimensions or shapes != ((components,), means.shape, (components, dimensions, dimensions)):
        raise InputError(
            f"Expected weights [K], means [K, D] and covariances [K, D, D]. Received: shapes {shapes}. "
            "Give every component a weight, a mean and a full covariance."
        )
    if not all(np.isfinite(array).all() for array in (weights, means, covariances)):
        raise InputError(
            "Expected finite weights, means and covariances. Received: NaN or infinity. "
            "Look for a diverged training before fitting a sampler."
        )
    if weights.min() < 0 or abs(weights.sum() - 1.0) > 1e-6:
        raise InputError(
            f"Expected weights >= 0 with sum 1. Received: smallest {weights.min()}, sum {weights.sum()}. "
            "Divide the weights by their sum."
        )
    transposed = np.swapaxes(covariances, 1, 2)
    if not np.allclose(covariances, transposed, rtol=1e-6, atol=1e-9 * np.abs(covariances).max()):
        raise InputError(
            "Expected symmetric covariances. Received: one that differs from its transpose. "
            "Replace it by the mean of the two."
        )
    try:
        np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError as error:
        raise InputError(
            f"Expected positive definite covariances. Received: one with the eigenvalue "
            f"{np.linalg.eigvalsh(covariances).min():.3g}. Fit with regularization=1e-6 or more."
        ) from error


def saved_arrays(path: str | Path) -> dict[str, NDArray[Any]]:
    """Every array of a sampler's file.

    Raises:
        InputError: if the file is missing, damaged, or holds other arrays than a mixture's.
    """
    remedy = "Fit the mixture again and save it with GaussianMixtureSampler.save."
    arrays = read_npz(Path(path), expected="a mixture saved as .npz", remedy=remedy)
    if set(arrays) - set(_OPTIONAL) != set(_ARRAYS):
        raise InputError(
            f"Expected the arrays {', '.join(_ARRAYS)} and, optionally, {', '.join(_OPTIONAL)}. Received: {path} with "
            f"{', '.join(sorted(arrays)) or 'none'}. Pass a file that GaussianMixtureSampler.save wrote."
        )
    return arrays
