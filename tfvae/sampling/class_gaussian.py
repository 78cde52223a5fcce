"""One Gaussian per class: by maximum likelihood (report 0), and with scaled standard deviations (report 1)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfvae.errors import InputError
from tfvae.sampling.axes import Axes, latent_axes
from tfvae.sampling.frontier import Frontier
from tfvae.sampling.moments import checked_classes, class_moments
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.sampling.scored_settings import Decode, Progress, ScoredSettings, Search
from tfvae.sampling.tuning import GradientSearch, GridSearch

SMALLEST_SCALE = 1e-6  # stands for 0, since a covariance must be positive definite


def fit_class_gaussians(codes: ArrayLike, labels: ArrayLike, *, regularization: float = 1e-6) -> GaussianMixtureSampler:
    """Maximum-likelihood Gaussian of each class's codes, weighted by the classes' shares.

    p(z | y = c) = Normal(mean_c, covariance_c)
    covariance_c = mean((z - mean_c) (z - mean_c)^T) + regularization * I

    Args:
        codes: float [N, D], finite.
        labels: int [N], >= 0.
        regularization: float >= 0, added to each variance (squared units of the codes), so that a collapsed
            latent dimension still has a covariance; 0.0 gives the bare maximum-likelihood estimate.

    Returns:
        GaussianMixtureSampler with one component a class, in ascending order of the labels.

    Raises:
        InputError: if codes or labels are malformed, or a class has fewer than D + 1 codes.

    Reference:
        Report 0, section III-B ("each class in the latent space follows a Gaussian distribution").
    """
    moments = class_moments(codes, labels, regularization=regularization)
    return GaussianMixtureSampler(
        weights=moments.shares, means=moments.means, covariances=moments.covariances, labels=moments.classes
    )


@dataclass(frozen=True, eq=False)
class ScaledClassGaussian(ABC):
    """Gaussian per class whose standard deviation along each axis is scaled by a setting theta.

    z = mean[y] + axes[y] @ (scale(theta)[y] * noise),  noise ~ Normal(0, I)

    `fit` takes means and axes from codes, `tune` searches theta through a decoder and a classifier, `sample` draws
    codes. Subclasses say what theta is.

    Args:
        shares: float64 [K], share of each class, sum 1.
        means: float64 [K, D], in units of the codes.
        axes: float64 [K, D, D], a column an axis of one standard deviation, in units of the codes.
        theta: float64, the setting, in the subclass's shape; theta scales the standard deviation.

    Raises:
        InputError: if theta has another shape or leaves its range.

    Reference:
        Report 1, section 3.5; its text multiplies "the observed variance", its equation 3 the deviation, as here.
    """

    shares: NDArray[np.float64]
    means: NDArray[np.float64]
    axes: NDArray[np.float64]
    theta: NDArray[np.float64]
    default_search: ClassVar[Search]

    def __post_init__(self) -> None:
        object.__setattr__(self, "theta", np.asarray(self.theta, np.float64))
        self._check_theta()

    @classmethod
    def fit(cls, codes: ArrayLike, labels: ArrayLike, *, classes: int | None = None, axes: Axes = latent_axes) -> Self:
        """Fits mean and axes to the codes of each class, at theta = 1.

        Args:
            codes: float [N, D], finite.
            labels: int [N], in 0 .. classes - 1, every class at least D + 1 times.
            classes: int >= 1, number of classes K; None takes the largest label.
            axes: function of the classes' moments to their axes: `latent_axes` of the report, or `facing_axes`.

        Returns:
            The generator at theta = 1.

        Raises:
            InputError: if codes or labels are malformed, a label has no codes, or a class has fewer than D + 1.

        Reference:
            Report 1, section 3.5.1.
        """
        labels = checked_classes(labels, classes=classes)
        moments = class_moments(codes, labels, regularization=0.0)
        return cls(moments.shares, moments.means, axes(moments), cls.unscaled(*moments.means.shape))

    @property
    def latent_dim(self) -> int:
        """Number of latent dimensions D."""
        return int(self.means.shape[1])

    @property
    def classes(self) -> tuple[int, ...]:
        """Classes that can be asked for."""
        return tuple(range(len(self.means)))

    @staticmethod
    @abstractmethod
    def unscaled(classes: int, latent_dim: int) -> NDArray[np.float64]:
        """The theta at which nothing is scaled."""

    @staticmethod
    @abstractmethod
    def scale(theta: Any) -> Any:
        """Factor of the axes: a NumPy array or a tensor that broadcasts with [K, D]."""

    def with_theta(self, theta: ArrayLike) -> Self:
        """The same generator at another setting.

        Raises:
            InputError: if theta has another shape or leaves its range.
        """
        return replace(self, theta=np.asarray(theta, np.float64))

    def mixture(self) -> GaussianMixtureSampler:
        """The same distribution as a labeled mixture, which a run can save and an export can serve.

        Returns:
            GaussianMixtureSampler with one component a class; a scale of 0 becomes 1e-6.
        """
        scales = np.maximum(np.broadcast_to(self.scale(self.theta), self.means.shape), SMALLEST_SCALE)
        scaled = self.axes * scales[:, np.newaxis, :]
        # A dimension that no code varies in has an axis of no length, and a covariance must be positive definite.
        covariances = scaled @ np.swapaxes(scaled, 1, 2) + np.finfo(np.float32).tiny * np.eye(self.latent_dim)
        return GaussianMixtureSampler(self.shares, self.means, covariances, np.asarray(self.classes))

    def sample(
        self, count: int, *, seed: int, label: int | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]:
        """Draws codes, of one class or of all by their shares; as `GaussianMixtureSampler.sample`."""
        return self.mixture().sample(count, seed=seed, label=label)

    def tune(
        self,
        decode: Decode,
        classify: Decode,
        *,
        search: Search | None = None,
        samples: int = 1000,
        seed: int = 0,
        file: Path | None = None,
        progress: Progress | None = None,
    ) -> Frontier:
        """Searches settings theta that trade accuracy against diversity, and returns all that were scored.

        Every setting is scored on the same noise (common random numbers). Choose one with `Frontier.at_accuracy` or
        `Frontier.best`, take it with `with_theta`, and measure it on other noise.

        Args:
            decode: function of float32 [B, D] codes to float32 images in [0, 1], in the graph and differentiable:
                `model.decode_step`.
            classify: function of those images to logits float32 [B, K], in the graph and differentiable.
            search: settings to score; None for the generator's default search.
            samples: int >= 2, samples a class that a setting is scored on.
            seed: int >= 0, of their noise.
            file: JSON lines to which each score is appended; an interrupted search resumes from it. None saves none.
            progress: function of (scored, planned), called after each setting.

        Returns:
            Frontier of all settings.

        Raises:
            InputError: if a number is out of its range or `file` holds another search.
        """
        scored = ScoredSettings(
            self,
            decode,
            classify,
            samples=samples,
            seed=seed,
            search=search or self.default_search,
            file=file,
            progress=progress,
        )
        return scored.run()

    def _check_theta(self) -> None:
        expected = self.unscaled(*self.means.shape).shape
        if self.theta.shape != expected or not ((self.theta >= 0) & (self.theta <= 1)).all():
            raise InputError(
                f"Expected theta in [0, 1] of shape {expected}. Received: {_described(self.theta)}. "
                "Pass the share of the observed deviation that is kept: 0 for none, 1 for all."
            )


@dataclass(frozen=True, eq=False)
class Simple(ScaledClassGaussian):
    """One theta for all dimensions and classes, and the mean of `num_samples` codes.

    z = mean over n codes of Normal(mean[y], theta * deviation[y])  ~  mean[y] + theta / sqrt(n) * axes[y] @ noise

    The mean of n normal variables is normal, so theta and n enter only as theta / sqrt(n).

    Args:
        theta: float64 [2]: theta in [0, 1] and num_samples (n), a whole number >= 1.

    Reference:
        Report 1, section 3.5.1, eq. 3.
    """

    default_search = GridSearch()

    @staticmethod
    def unscaled(classes: int, latent_dim: int) -> NDArray[np.float64]:
        return np.array([1.0, 1.0])

    @staticmethod
    def scale(theta: Any) -> Any:
        return theta[0] / theta[1] ** 0.5

    def _check_theta(self) -> None:
        if self.theta.shape != (2,) or not 0 <= self.theta[0] <= 1:
            raise InputError(
                f"Expected theta in [0, 1] and num_samples >= 1, as two numbers. Received: {_described(self.theta)}. "
                "Pass [0.4, 2], say."
            )
        if not (self.theta[1] >= 1 and self.theta[1] % 1 == 0):
            raise InputError(
                f"Expected num_samples, a whole number >= 1 of codes to average. Received: {self.theta[1]:g}. "
                "Pass 1 for no averaging."
            )


@dataclass(frozen=True, eq=False)
class Medium1(ScaledClassGaussian):
    """One theta per latent dimension, shared by all classes.

    z = mean[y] + axes[y] @ (theta * noise),  theta in [0, 1]**D

    Args:
        theta: float64 [D] in [0, 1].

    Reference:
        Report 1, section 3.5.2.
    """

    default_search = GradientSearch()

    @staticmethod
    def unscaled(classes: int, latent_dim: int) -> NDArray[np.float64]:
        return np.ones(latent_dim)

    @staticmethod
    def scale(theta: Any) -> Any:
        return theta


@dataclass(frozen=True, eq=False)
class Medium2(ScaledClassGaussian):
    """One theta per latent dimension and class.

    z = mean[y] + axes[y] @ (theta[y] * noise),  theta in [0, 1]**(K, D)

    Args:
        theta: float64 [K, D] in [0, 1]; the report writes D x L.

    Reference:
        Report 1, section 3.5.3.
    """

    default_search = GradientSearch()

    @staticmethod
    def unscaled(classes: int, latent_dim: int) -> NDArray[np.float64]:
        return np.ones((classes, latent_dim))

    @staticmethod
    def scale(theta: Any) -> Any:
        return theta


def _described(theta: NDArray[np.float64]) -> str:
    values = f", {theta.min():g} .. {theta.max():g}" if theta.size else ""
    return f"shape {theta.shape}{values}"
