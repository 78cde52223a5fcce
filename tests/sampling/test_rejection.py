"""Rejection sampling: acceptance against the normal integral, seeds, refused inputs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm

from tests.contracts import THREE_PARTS
from tests.sampling.line import CODES, LABELS, classify, decode
from tfvae.errors import InputError
from tfvae.sampling import GaussianMixtureSampler, RejectionSampler, standard_normal_sampler

FITTED = RejectionSampler.fit(CODES, LABELS, decode=decode, classify=classify, components=1)
# softmax(-4 s, 4 s)[1] >= c where s >= log(c / (1 - c)) / 8.
CONFIDENCE = 0.999
EDGE = math.log(CONFIDENCE / (1 - CONFIDENCE)) / 8


def test_untuned_rejection_sampler_accepts_every_code():
    np.testing.assert_array_equal(FITTED.sample(50, seed=1)[0], FITTED.mixture.sample(50, seed=1)[0])
    assert FITTED.acceptance_rate(100, seed=0) == 1.0


def test_accepted_codes_have_the_truncated_normal_mean():
    sampler = FITTED.with_theta(CONFIDENCE)
    codes, labels = sampler.sample(2000, seed=1)
    signed = np.where(labels == 0, -codes[:, 0], codes[:, 0])
    assert signed.min() >= EDGE - 1e-2
    # The kept part of N(1, 1) above the edge: its mean by the normal integral, within five standard errors.
    expected = 1 + norm.pdf(EDGE - 1) / norm.sf(EDGE - 1)
    assert signed.mean() == pytest.approx(expected, abs=0.1)
    assert sampler.acceptance_rate(4000, seed=0) == pytest.approx(norm.sf(EDGE - 1), abs=0.05)


def test_class_shares_are_those_of_the_mixture_and_seeds_repeat():
    sampler = FITTED.with_theta(CONFIDENCE)
    np.testing.assert_array_equal(sampler.sample(300, seed=4)[1], FITTED.mixture.sample(300, seed=4)[1])
    np.testing.assert_array_equal(sampler.sample(300, seed=4)[0], sampler.sample(300, seed=4)[0])
    assert np.abs(sampler.sample(300, seed=4)[0] - sampler.sample(300, seed=5)[0]).max() > 0.1
    codes, labels = sampler.sample(20, seed=0, label=1)
    assert (labels == 1).all() and len(np.unique(codes[:, 0])) == 20


@pytest.mark.parametrize("label", [None, 1])
def test_a_smaller_count_is_a_prefix_of_a_larger_one(label):
    sampler = FITTED.with_theta(CONFIDENCE)
    few, many = sampler.sample(5, seed=4, label=label)[0], sampler.sample(2001, seed=4, label=label)[0]
    np.testing.assert_array_equal(few, many[:5])


def test_accepted_codes_are_those_of_the_mixture_and_rejected_ones_are_replaced():
    codes, labels = FITTED.mixture.sample(300, seed=4)
    margin = np.where(labels == 0, -codes[:, 0], codes[:, 0]) - EDGE
    drawn, _ = FITTED.with_theta(CONFIDENCE).sample(300, seed=4)
    same = (codes == drawn).all(axis=1)
    assert same[margin > 0.01].all() and not same[margin < -0.01].any()


def test_tune_returns_a_frontier_over_confidences():
    calls = []
    frontier = FITTED.tune(
        decode, classify, search=(0.0, 0.9, 0.999), samples=2000, progress=lambda *call: calls.append(call)
    )
    assert frontier.thetas.tolist() == [0.0, 0.9, 0.999] and calls == [(1, 2), (2, 2)]
    assert frontier.accuracy[0] == pytest.approx(norm.cdf(1), abs=0.04)
    assert frontier.accuracy[1:].tolist() == [1.0, 1.0]


def test_low_acceptance_rate_still_fills_the_count():
    # softmax(-s, s)[1] >= c where s >= 2.9, which the normal integral gives 2.9 % of N(1, 1).
    rare = RejectionSampler(
        FITTED.mixture, decode, lambda images: 0.25 * classify(images), 1 / (1 + math.exp(-2 * 2.9))
    )
    codes, labels = rare.sample(400, seed=2)
    assert np.where(labels == 0, -codes[:, 0], codes[:, 0]).min() >= 2.9 - 1e-2
    assert len(np.unique(codes[:, 1])) == 400
    assert rare.acceptance_rate(20_000, seed=0) == pytest.approx(norm.sf(1.9), abs=0.01)


def test_class_without_accepted_codes_is_refused_and_named():
    blind = RejectionSampler(
        FITTED.mixture, decode, lambda images: tf.tile([[9.0, 0.0]], [tf.shape(images)[0], 1]), 0.9
    )
    with pytest.raises(InputError, match=r"of class \[1\]"):
        blind.sample(30, seed=0)


def test_rejection_sampler_file_holds_mixture_and_confidence(tmp_path):
    path = FITTED.with_theta(0.9).save(tmp_path / "rejection.npz")
    with np.load(path) as file:
        assert float(file["confidence"]) == 0.9
    loaded = GaussianMixtureSampler.load(path)
    np.testing.assert_array_equal(loaded.means, FITTED.mixture.means)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: RejectionSampler(standard_normal_sampler(2), decode, classify),
        lambda: FITTED.with_theta(1.0),
        lambda: FITTED.with_theta(-0.1),
        lambda: FITTED.sample(0, seed=0),
        lambda: FITTED.sample(5, seed=0, label=2),
        lambda: RejectionSampler.fit(CODES, 2 * LABELS, decode=decode, classify=classify),
        lambda: RejectionSampler.fit(CODES[:2], LABELS[:2], decode=decode, classify=classify),
        lambda: FITTED.tune(decode, classify, samples=1),
    ],
)
def test_a_wrong_input_is_refused_with_three_parts(wrong):
    with pytest.raises(InputError, match=THREE_PARTS):
        wrong()
