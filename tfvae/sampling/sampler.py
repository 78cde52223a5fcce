"""The sampler that every fit returns: a mixture of Gaussians over latent codes, with classes or without."""

from __future__ import annotations

import os
import zipfile
import zlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular
from scipy.special import softmax

from tfvae.checks import checked_labels
from tfvae.errors import InputError
from tfvae.sampling.moments import checked_codes, checked_integer

_ARRAYS = ("weights", "means", "covariances")
_OPTIONAL = ("labels", "confidence")  # the second is a RejectionSampler's


@dataclass(frozen=True, eq=False)
class GaussianMixtureSampler:
    """Draws latent codes from a mixture of Gaussians, each of which may belong to a class.

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
        """Classes that can be asked for, ascending; empty where components have no class."""
        return () if self.labels is None else tuple(int(label) for label in np.unique(self.labels))

    @cached_property
    def _factors(self) -> NDArray[np.float64]:
        return np.linalg.cholesky(self.covariances).astype(np.float64)

    def sample(
        self, count: int, *, seed: int, label: int | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]:
        """Draws codes, of one class or of the whole mixture; the same arguments give the same codes.

        z = means[k] + cholesky(covariances[k]) @ noise,  noise ~ Normal(0, I),  k drawn by weight

        Args:
            count: int >= 1, number of codes.
            seed: int >= 0; different labels under one seed get independent noise.
            label: class to draw from, or None for all components.

        Returns:
            codes float32 [count, D], and their classes int64 [count], or None where components have no class.

        Raises:
            InputError: if `count` < 1, `seed` < 0, or there is no component of class `label`.
        """
        count = checked_integer(count, name="count", minimum=1)
        seed = checked_integer(seed, name="seed", minimum=0)
        allowed = np.arange(len(self.weights)) if label is None else self._components_of(label)
        # Zero is padding to NumPy's seeds, [s, 0] draws as s does: so labels count from 1.
        generator = np.random.default_rng(seed if label is None else [seed, int(label) + 1])
        ladder = np.cumsum(self.weights[allowed])
        steps = np.searchsorted(ladder, generator.random(count) * ladder[-1], side="right")
        chosen = allowed[np.minimum(steps, len(allowed) - 1)]
        noise = generator.standard_normal((count, self.latent_dim))
        codes = np.empty_like(noise)
        for k in np.unique(chosen):
            rows = chosen == k
            codes[rows] = self.means[k] + noise[rows] @ self._factors[k].T
        return codes.astype(np.float32), None if self.labels is None else self.labels[chosen]

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
        with np.errstate(divide="ignore"):
            log_joint = np.tile(np.log(self.weights), (len(codes), 1))
        for k, factor in enumerate(self._factors):
            distances = solve_triangular(factor, (codes - self.means[k]).T, lower=True)
            log_joint[:, k] -= 0.5 * np.sum(distances**2, axis=0) + np.sum(np.log(np.diag(factor)))
        return softmax(log_joint, axis=1)

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
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with unfinished.open("wb") as file:
                np.savez(file, **arrays)
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
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

    def _components_of(self, label: int) -> NDArray[np.int64]:
        if label not in self.classes:
            known = ", ".join(str(known) for known in self.classes) or "none, its components are unlabeled"
            raise InputError(
                f"Expected a class of this mixture ({known}). Received: label={label!r}. "
                "Pass one of them, or leave label out to draw from the whole mixture."
            )
        return np.flatnonzero(self.labels == label)


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
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"Expected a mixture saved as .npz. Received: {path}, which cannot be read ({error}). "
            "Fit the mixture again and save it with GaussianMixtureSampler.save."
        ) from error
    if set(arrays) - set(_OPTIONAL) != set(_ARRAYS):
        raise InputError(
            f"Expected the arrays {', '.join(_ARRAYS)} and, optionally, {', '.join(_OPTIONAL)}. Received: {path} with "
            f"{', '.join(sorted(arrays)) or 'none'}. Pass a file that GaussianMixtureSampler.save wrote."
        )
    return arrays
