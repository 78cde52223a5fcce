"""Samplers of codes that an experiment asks for: each is fitted to the codes of the training split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfvae.data.labeled import LabeledData
from tfvae.errors import InputError
from tfvae.evaluation.evaluation import Evaluation, Sampler
from tfvae.metrics.aggregate_posterior import posterior_samples
from tfvae.metrics.subsets import random_subset
from tfvae.sampling.class_gaussian import fit_class_gaussians
from tfvae.sampling.mixture import fit_mixture, fit_mixture_per_class
from tfvae.sampling.prior import standard_normal_sampler
from tfvae.sampling.sampler import GaussianMixtureSampler

FITTED = 5000


def check_class_sizes(data: LabeledData, least: int, reason: str) -> None:
    """Raises InputError unless each class has `least` training examples and 2 test examples."""
    if data.classes < 2:
        raise InputError(
            f"Expected at least 2 classes, such as 2 sub-folders of pictures. Received: {data.classes} in {data.name}. "
            "Name a data set with classes."
        )
    train, test = (np.bincount(labels, minlength=data.classes) for labels in (data.train_labels, data.test_labels))
    if train.min() < least:
        raise InputError(
            f"Expected at least {least} training images of each class, which {reason}. Received: {train.min()} of "
            f"class {data.class_names[train.argmin()]}. Allow more training images."
        )
    if test.min() < 2:
        raise InputError(
            f"Expected at least 2 test images of each class. Received: {test.min()} of class "
            f"{data.class_names[test.argmin()]}. Allow more test images."
        )


@dataclass(frozen=True)
class Prior:
    """The standard normal prior, `prior`."""

    def check(self, data: LabeledData, latent_dim: int) -> None:
        """A prior needs no data."""

    def fit(self, evaluation: Evaluation) -> Mapping[str, Sampler]:
        return {"prior": standard_normal_sampler(evaluation.model.latent_dim)}


@dataclass(frozen=True)
class ClassGaussian:
    """A Gaussian per class by maximum likelihood, `class_gaussian`; `@1.5` divides its covariances by 1.5."""

    shrink: tuple[float, ...] = ()

    def check(self, data: LabeledData, latent_dim: int) -> None:
        check_class_sizes(data, latent_dim + 1, f"a Gaussian in {latent_dim} dimensions needs")

    def fit(self, evaluation: Evaluation) -> Mapping[str, Sampler]:
        return _shrunk(
            "class_gaussian", fit_class_gaussians(evaluation.train_codes, evaluation.data.train_labels), self.shrink
        )


@dataclass(frozen=True)
class ClassStartedMixture:
    """scikit-learn's Gaussian mixture with a component per class, started at the class means, `mixture`."""

    shrink: tuple[float, ...] = ()

    def check(self, data: LabeledData, latent_dim: int) -> None:
        check_class_sizes(data, latent_dim + 1, f"a Gaussian in {latent_dim} dimensions needs")

    def fit(self, evaluation: Evaluation) -> Mapping[str, Sampler]:
        data = evaluation.data
        fitted = fit_mixture(
            evaluation.train_codes, components=data.classes, seed=evaluation.seed, labels=data.train_labels
        )
        return _shrunk("mixture", fitted, self.shrink)


@dataclass(frozen=True)
class ClassMixture:
    """A Gaussian mixture per class, `class_mixture`; fewer components where a class is small."""

    components: int = 10

    def check(self, data: LabeledData, latent_dim: int) -> None:
        check_class_sizes(data, latent_dim + 1, f"a Gaussian in {latent_dim} dimensions needs")

    def fit(self, evaluation: Evaluation) -> Mapping[str, Sampler]:
        codes, labels = evaluation.train_codes, evaluation.data.train_labels
        components = min(self.components, int(np.bincount(labels).min()) // (codes.shape[1] + 1))
        return {"class_mixture": fit_mixture_per_class(codes, labels, components=components, seed=evaluation.seed)}


@dataclass(frozen=True)
class FittedGaussian:
    """One Gaussian fitted to samples of the aggregate posterior, `gaussian`: the codes' correlations included."""

    def check(self, data: LabeledData, latent_dim: int) -> None:
        count = len(data.train_labels)
        if count <= latent_dim:
            raise InputError(
                f"Expected more training images than dimensions of a code ({latent_dim}). Received: "
                f"training_images={count}. Allow more training images, or fewer dimensions."
            )

    def fit(self, evaluation: Evaluation) -> Mapping[str, Sampler]:
        model, seed, images = evaluation.model, evaluation.seed, evaluation.data.train_images
        chosen = images[random_subset(len(images), FITTED, seed=seed)]
        parts = enumerate(evaluation.chunks(chosen))
        codes = np.concatenate([posterior_samples(model, part, seed=seed + number) for number, part in parts])
        return {"gaussian": fit_mixture(codes, components=1, seed=seed)}


def _shrunk(name: str, sampler: GaussianMixtureSampler, factors: tuple[float, ...]) -> dict[str, Sampler]:
    return {name: sampler, **{f"{name}@{factor:g}": sampler.shrunk(factor) for factor in factors}}
