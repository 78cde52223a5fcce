"""Samplers that an experiment asks for: what they need, and what they are fitted to."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.contracts import LATENT_DIM, THREE_PARTS
from tests.evaluation.small import evaluation_of, small_data, small_networks
from tfvae.data.images import ImageData
from tfvae.errors import InputError
from tfvae.evaluation.evaluation import Evaluation
from tfvae.evaluation.samplers import (
    ClassGaussian,
    ClassMixture,
    ClassStartedMixture,
    FittedGaussian,
    Prior,
    check_class_sizes,
)
from tfvae.models.vae import VAE
from tfvae.sampling import GaussianMixtureSampler


def data_of(train: list[int], test: list[int], classes: int = 2) -> ImageData:
    """So many images of each class."""
    labels = [np.repeat(np.arange(len(counts)), counts) for counts in (train, test)]
    images = [np.zeros((len(of_split), 2, 2, 1), np.uint8) for of_split in labels]
    names = tuple(f"class {number}" for number in range(classes))
    return ImageData("sizes", images[0], labels[0], images[1], labels[1], names)


def evaluation_with(codes: np.ndarray, labels: np.ndarray) -> Evaluation:
    """An evaluation whose training codes are given."""
    data = data_of(list(np.bincount(labels)), [2, 2])
    evaluation = evaluation_of(SimpleNamespace(latent_dim=codes.shape[1]), data)
    evaluation.__dict__["train_codes"] = codes.astype(np.float32)
    return evaluation


@pytest.fixture
def two_classes() -> Evaluation:
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], [40, 60])
    codes = generator.normal(size=(100, 2)) * np.where(labels == 0, 1, 2)[:, None] + 20 * labels[:, None]
    return evaluation_with(codes, labels)


@pytest.mark.parametrize("spec", [ClassGaussian(), ClassStartedMixture(), ClassMixture()])
def test_class_samplers_need_more_examples_than_dimensions_of_each_class(spec):
    spec.check(data_of([3, 3], [2, 2]), latent_dim=2)
    with pytest.raises(InputError, match=THREE_PARTS) as refusal:
        spec.check(data_of([9, 2], [2, 2]), latent_dim=2)
    assert "at least 3 training images" in str(refusal.value) and "2 of class class 1" in str(refusal.value)


@pytest.mark.parametrize(
    ("train", "test", "classes", "said"),
    [
        ([5], [5], 1, "at least 2 classes"),
        ([5, 4], [5, 5], 2, "4 of class class 1"),
        ([5], [5, 5], 2, "0 of class class 1"),
        ([5, 5], [1, 5], 2, "1 of class class 0"),
    ],
)
def test_class_sizes_are_checked_in_both_splits(train, test, classes, said):
    with pytest.raises(InputError, match=THREE_PARTS) as refusal:
        check_class_sizes(data_of(train, test, classes), 5, "the fit needs")
    assert said in str(refusal.value)
    check_class_sizes(data_of([5, 5], [2, 2]), 5, "the fit needs")


def test_prior_needs_no_data_and_is_standard_normal():
    Prior().check(data_of([1], [1], 1), latent_dim=99)
    (sampler,) = Prior().fit(evaluation_with(np.zeros((4, 3)), np.array([0, 0, 1, 1]))).values()
    np.testing.assert_array_equal(sampler.means, np.zeros((1, 3)))
    np.testing.assert_array_equal(sampler.covariances, np.eye(3)[np.newaxis])


def test_class_gaussians_have_the_moments_of_each_class(two_classes):
    fitted = ClassGaussian(shrink=(1.5, 3.0)).fit(two_classes)
    assert list(fitted) == ["class_gaussian", "class_gaussian@1.5", "class_gaussian@3"]
    plain = fitted["class_gaussian"]
    assert isinstance(plain, GaussianMixtureSampler) and plain.classes == (0, 1)
    for label in (0, 1):
        codes = two_classes.train_codes[two_classes.data.train_labels == label]
        place = list(plain.labels).index(label)
        np.testing.assert_allclose(plain.means[place], codes.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(plain.covariances[place], np.cov(codes.T, bias=True), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(plain.weights, [0.4, 0.6])
    np.testing.assert_allclose(3 * fitted["class_gaussian@3"].covariances, plain.covariances)


def test_mixture_started_at_class_means_finds_separated_classes(two_classes):
    fitted = ClassStartedMixture(shrink=(2.0,)).fit(two_classes)
    assert list(fitted) == ["mixture", "mixture@2"]
    means = sorted(fitted["mixture"].means[:, 0])
    assert means == pytest.approx([0, 20], abs=1)


@pytest.mark.parametrize(("wanted", "found"), [(2, 2), (10, 10), (20, 13)])
def test_class_mixture_has_fewer_components_where_a_class_is_small(two_classes, wanted, found):
    """40 codes of the smaller class, of which a component in two dimensions takes 3: at most 13."""
    (sampler,) = ClassMixture(components=wanted).fit(two_classes).values()
    np.testing.assert_array_equal(np.bincount(sampler.labels), [found, found])


def test_fitted_gaussian_needs_more_examples_than_dimensions():
    FittedGaussian().check(data_of([2, 1], [1, 1]), latent_dim=2)
    with pytest.raises(InputError, match=THREE_PARTS):
        FittedGaussian().check(data_of([2, 1], [1, 1]), latent_dim=3)


def test_fitted_gaussian_has_the_moments_of_the_aggregate_posterior():
    """Mean of the means; covariance of the means plus the mean variance."""
    evaluation = evaluation_of(VAE(*small_networks(2 * LATENT_DIM)))
    (sampler,) = FittedGaussian().fit(evaluation).values()
    images = evaluation.data.to_float(evaluation.data.train_images)
    means, log_variances = np.split(evaluation.model.encoder.predict(images, verbose=0), 2, axis=1)
    expected = np.cov(means.T) + np.diag(np.exp(log_variances).mean(axis=0))
    deviations = np.sqrt(np.diag(expected))
    assert np.all(np.abs(sampler.means[0] - means.mean(axis=0)) < 5 * deviations / np.sqrt(len(images)))
    # Relative error of a variance from N draws: sqrt(2 / N), 5 %.
    np.testing.assert_allclose(np.diag(sampler.covariances[0]), np.diag(expected), rtol=0.25)
    assert small_data().classes == 3
