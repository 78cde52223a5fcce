"""Samples x feature spaces -> metrics."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from tests.evaluation.small import evaluation_of
from tfvae.evaluation.references import feature_spaces
from tfvae.evaluation.samples import draw, draw_classes, score, scores
from tfvae.metrics.samples import score_samples
from tfvae.sampling import GaussianMixtureSampler, standard_normal_sampler
from tfvae.training.variant import score_samplers


@pytest.fixture(scope="module")
def evaluation(digits_of_module):
    """A model whose code is the gray value of a whole image of the digits' shape."""

    def decode(codes: np.ndarray) -> np.ndarray:
        gray = 1 / (1 + np.exp(-codes[:, 0] - codes[:, 1] / 7))
        ramp = np.linspace(0, 1, 28 * 28).reshape(28, 28, 1)
        return (gray[:, None, None, None] * ramp).astype(np.float32)

    evaluation = evaluation_of(SimpleNamespace(decode=decode, latent_dim=2), digits_of_module, samples=120)
    evaluation.spaces = feature_spaces(digits_of_module)
    return evaluation


@pytest.fixture(scope="module")
def digits_of_module(digits):
    return digits.subset(train=200, test=150)


TWO = GaussianMixtureSampler(
    weights=np.array([0.5, 0.5]),
    means=np.array([[-2.0, 0.0], [2.0, 0.0]]),
    covariances=np.stack([0.01 * np.eye(2)] * 2),
    labels=np.array([1, 0]),
)


def test_samples_are_the_decoded_codes_of_the_sampler_under_the_runs_seed(evaluation):
    samples = draw(evaluation, TWO)
    codes, labels = TWO.sample(120, seed=0)
    np.testing.assert_array_equal(samples.codes, codes)
    np.testing.assert_array_equal(samples.labels, labels)
    expected = np.round(255 * evaluation.model.decode(codes)).astype(np.uint8)
    np.testing.assert_array_equal(samples.images, expected)
    assert not np.array_equal(draw(evaluation, TWO, seed=1).codes, codes)
    assert draw(evaluation, standard_normal_sampler(2)).labels is None


def test_class_samples_have_the_same_number_of_each_class(evaluation):
    evaluation = evaluation_of(evaluation.model, dataclasses.replace(evaluation.data, sha256=""))
    evaluation.data = SimpleNamespace(classes=2, to_uint8=lambda values: values)
    samples = draw_classes(evaluation, TWO, seed=3, samples=11)
    np.testing.assert_array_equal(samples.labels, [0] * 5 + [1] * 5)
    assert np.all(samples.codes[:5, 0] > 1) and np.all(samples.codes[5:, 0] < -1)
    np.testing.assert_array_equal(samples.codes[5:], TWO.sample(5, seed=3, label=1)[0])


def test_scores_are_those_of_each_feature_space_by_its_suffix(evaluation):
    samples = draw(evaluation, TWO)
    reference = evaluation.spaces[""]
    evaluation = evaluation_of(evaluation.model, evaluation.data, samples=120)
    evaluation.spaces = {"": reference, "_inception": reference}
    found = scores(evaluation, "two", samples.images, samples.labels)
    expected = score_samples(samples.images, samples.labels, reference=reference)
    assert found == {f"two/{name}{suffix}": value for suffix in ("", "_inception") for name, value in expected.items()}
    assert found["two/fid"].real_samples == 150 and found["two/class_accuracy"].samples == 120
    assert evaluation.metrics == {} and evaluation.samples == {}
    score(evaluation, "two", samples)
    assert evaluation.metrics == found and evaluation.samples == {"two": samples}


def test_signals_have_samples_and_no_scores(evaluation):
    evaluation = evaluation_of(evaluation.model, evaluation.data)
    evaluation.samplers = {"two": TWO}
    score_samplers(evaluation)
    assert list(evaluation.samples) == ["two"] and evaluation.metrics == {} and not evaluation.classifies


def test_every_sampler_is_scored(evaluation):
    evaluation = evaluation_of(evaluation.model, evaluation.data, samples=120)
    evaluation.spaces = feature_spaces(evaluation.data)
    evaluation.samplers = {"prior": standard_normal_sampler(2), "two": TWO}
    score_samplers(evaluation)
    assert list(evaluation.samples) == ["prior", "two"] and evaluation.classifies
    assert {"prior/fid", "two/fid", "two/class_accuracy"} <= evaluation.metrics.keys()
    assert "prior/class_accuracy" not in evaluation.metrics, "samples of the prior have no class"
