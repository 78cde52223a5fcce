"""Likelihoods of a linear Gaussian model, whose evidence and posterior are known exactly, and errors by hand."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import multivariate_normal
from tensorflow_probability import distributions as tfd

from tests.contracts import THREE_PARTS, small_images, small_networks
from tfvae.distributions import unit_normal
from tfvae.errors import InputError
from tfvae.metrics.likelihood import (
    active_units,
    evidence_lower_bound,
    evidence_lower_bound_terms,
    has_likelihood,
    negative_log_likelihood,
    posterior_deviation,
    reconstruction_errors,
)
from tfvae.models.adversarial_vae import AdversarialVAE
from tfvae.models.autoencoder import Autoencoder
from tfvae.models.center_vae import CenterVAE
from tfvae.models.gamix_vae import GaMixVAE
from tfvae.models.mmd_vae import MMDVAE
from tfvae.models.vae import VAE
from tfvae.networks.dense import dense_decoder, dense_encoder

# p(z) = N(0, 1), p(x | z) = N(WEIGHTS * z + BIAS, I): x ~ N(BIAS, I + W W'), z | x ~ N(s * W' (x - BIAS), s).
WEIGHTS = np.array([1.0, -2.0])
BIAS = np.array([0.5, 0.0])
POSTERIOR_VARIANCE = 1 / (1 + WEIGHTS @ WEIGHTS)


def linear_gaussian(variance: float) -> VAE:
    """That model with the exact posterior's mean, and a posterior's variance that may be another."""
    encoder = dense_encoder((2, 1, 1), 2, widths=())
    decoder = dense_decoder(1, (2, 1, 1), widths=())
    slope = POSTERIOR_VARIANCE * WEIGHTS
    encoder.set_weights([np.stack([slope, np.zeros(2)], axis=1), np.array([-slope @ BIAS, np.log(variance)])])
    decoder.set_weights([WEIGHTS[np.newaxis], BIAS])
    return VAE(encoder, decoder, likelihood=unit_normal)


def drawn_images(count: int) -> np.ndarray:
    generator = np.random.default_rng(0)
    images = generator.normal(size=(count, 1)) * WEIGHTS + BIAS + generator.normal(size=(count, 2))
    return images.reshape(count, 2, 1, 1).astype(np.float32)


def exact_log_evidence(images: np.ndarray) -> float:
    covariance = np.eye(2) + np.outer(WEIGHTS, WEIGHTS)
    return float(np.mean(multivariate_normal(BIAS, covariance).logpdf(images.reshape(-1, 2))))


def test_with_the_exact_posterior_every_importance_weight_is_the_evidence():
    images = drawn_images(1200)  # more than one batch of 1000
    model = linear_gaussian(POSTERIOR_VARIANCE)
    evidence = exact_log_evidence(images)
    assert negative_log_likelihood(model, images, num_samples=1) == pytest.approx(-evidence, abs=1e-4)
    # The ELBO's KL term is exact and its other term is drawn: log p(x | z) has a variance below 4.
    elbo = evidence_lower_bound(model, images, num_samples=20)
    assert elbo == pytest.approx(evidence, abs=5 * np.sqrt(4 / (20 * 1200)))


def test_wrong_posterior_lowers_the_elbo_by_its_divergence_and_leaves_the_nll():
    images = drawn_images(200)
    model = linear_gaussian(1.0)
    evidence = exact_log_evidence(images)
    # KL(N(m, 1) || N(m, s)) = (1 / s - 1 + log(s)) / 2 = (6 - 1 - log(6)) / 2
    gap = (5 - np.log(6)) / 2
    elbo = evidence_lower_bound(model, images, num_samples=200)
    # log p(x | z) = c - |x - W z|**2 / 2 varies by |W|**4 / 2 + |W|**2 * |x - W m|**2, below 30 on average.
    assert elbo == pytest.approx(evidence - gap, abs=5 * np.sqrt(30 / (200 * 200)))
    nll = negative_log_likelihood(model, images, num_samples=500)
    assert -evidence - 0.02 < nll < -elbo
    # 4,000 samples have 25 times the variance of 100,000.
    assert nll == pytest.approx(-evidence, abs=0.02)


def test_more_samples_bound_the_likelihood_more_tightly():
    images = drawn_images(200)
    model = linear_gaussian(1.0)
    few, many = (negative_log_likelihood(model, images, num_samples=count) for count in (1, 50))
    assert exact_log_evidence(images) == pytest.approx(-many, abs=0.05)
    assert few > many + 0.5


def test_likelihood_of_a_constant_decoder_matches_hand_computed_value():
    encoder, decoder = dense_encoder((1, 2, 1), 4, widths=()), dense_decoder(2, (1, 2, 1), widths=())
    encoder.set_weights([np.zeros((2, 4)), np.zeros(4)])  # the posterior is the prior
    decoder.set_weights([np.zeros((2, 2)), np.array([np.log(3.0), 0.0])])  # p = 3/4 and 1/2
    model = VAE(encoder, decoder)
    images = np.array([[1.0, 0.0], [0.5, 0.25]], np.float32).reshape(2, 1, 2, 1)
    # log(3/4) + log(1/2); (log(3/4) + log(1/4)) / 2 + log(1/2)
    expected = (np.log(0.75) + np.log(0.5) + (np.log(0.75) + np.log(0.25)) / 2 + np.log(0.5)) / 2
    assert evidence_lower_bound(model, images, num_samples=3) == pytest.approx(expected, rel=1e-6)
    assert negative_log_likelihood(model, images, num_samples=3) == pytest.approx(-expected, rel=1e-6)


def normal_prior_of_scale_two(latent_dim: int) -> tfd.Distribution:
    return tfd.Independent(tfd.Normal(tf.zeros(latent_dim), 2.0), 1)


def test_another_prior_gives_the_evidence_under_that_prior():
    images = drawn_images(100)
    standard = linear_gaussian(POSTERIOR_VARIANCE)
    model = VAE(standard.encoder, standard.decoder, likelihood=unit_normal, prior=normal_prior_of_scale_two)
    # x ~ N(BIAS, I + 4 W W')
    exact = np.mean(multivariate_normal(BIAS, np.eye(2) + 4 * np.outer(WEIGHTS, WEIGHTS)).logpdf(images.reshape(-1, 2)))
    assert abs(exact - exact_log_evidence(images)) > 0.2
    assert negative_log_likelihood(model, images, num_samples=300) == pytest.approx(-exact, abs=0.02)
    assert evidence_lower_bound(model, images) < exact


def test_terms_are_the_unweighted_ones_and_sum_to_the_elbo():
    images, base = drawn_images(50), linear_gaussian(1.0)
    model = VAE(base.encoder, base.decoder, likelihood=unit_normal, beta=7.0)
    terms = evidence_lower_bound_terms(model, images, num_samples=3)
    means = POSTERIOR_VARIANCE * (images.reshape(-1, 2) - BIAS) @ WEIGHTS
    assert list(terms) == ["reconstruction", "kl"]
    assert terms["kl"] == pytest.approx(np.mean(means**2 / 2), rel=1e-5)  # KL(N(m, 1) || N(0, 1))
    assert -sum(terms.values()) == evidence_lower_bound(model, images, num_samples=3)
    assert evidence_lower_bound(base, images, num_samples=3) == evidence_lower_bound(model, images, num_samples=3)


def test_estimates_refuse_models_whose_codes_follow_no_prior():
    stochastic, deterministic = small_networks(2), small_networks(1)
    images, _ = small_images(4)
    with_prior = [VAE(*stochastic), MMDVAE(*stochastic), GaMixVAE(*stochastic), AdversarialVAE(*stochastic)]
    assert all(has_likelihood(model) for model in with_prior)
    refused = [CenterVAE(*stochastic, classes=3), Autoencoder(*deterministic), object()]
    for model in refused:
        assert not has_likelihood(model)
        for estimate in (evidence_lower_bound, evidence_lower_bound_terms, negative_log_likelihood):
            with pytest.raises(InputError, match=f"{THREE_PARTS[:-1]}.*") as error:
                estimate(model, images)
            assert type(model).__name__ in str(error.value)
    assert posterior_deviation(refused[0], images) > 0
    assert np.isfinite(negative_log_likelihood(MMDVAE(*stochastic), images, num_samples=2))


def test_estimates_are_compiled_once_for_a_model():
    model, images = linear_gaussian(1.0), drawn_images(3)
    estimates = (evidence_lower_bound, negative_log_likelihood)
    for estimate in estimates:
        estimate(model, images, num_samples=1)
    posterior_deviation(model, images)
    compiled = dict(model._compiled_functions)
    for _ in range(3):
        for estimate in estimates:
            estimate(model, images, num_samples=1)
        posterior_deviation(model, images)
    assert model._compiled_functions == compiled
    assert all(function.experimental_get_tracing_count() == 1 for function in compiled.values())
    # The compiled functions read the weights of today.
    before = evidence_lower_bound(model, images)
    model.decoder.set_weights([2 * WEIGHTS[np.newaxis], BIAS])
    assert evidence_lower_bound(model, images) != before


def test_estimates_repeat_for_a_seed_and_differ_between_seeds():
    images, model = drawn_images(20), linear_gaussian(1.0)
    for estimate in (evidence_lower_bound, negative_log_likelihood):
        assert estimate(model, images, num_samples=2, seed=1) == estimate(model, images, num_samples=2, seed=1)
        assert estimate(model, images, num_samples=2, seed=1) != estimate(model, images, num_samples=2, seed=2)


def test_estimates_refuse_no_samples_and_other_images():
    images, model = drawn_images(4), linear_gaussian(1.0)
    for estimate in (evidence_lower_bound, negative_log_likelihood):
        with pytest.raises(InputError, match=THREE_PARTS):
            estimate(model, images, num_samples=0)
        for wrong in (images.astype(np.uint8), images[:, 0], images[:0]):
            with pytest.raises(InputError, match=THREE_PARTS):
                estimate(model, wrong)


def test_posterior_deviation_is_the_standard_deviation():
    assert posterior_deviation(linear_gaussian(0.25), drawn_images(10)) == pytest.approx(0.5)
    with pytest.raises(InputError, match=THREE_PARTS):
        posterior_deviation(linear_gaussian(0.25), drawn_images(10).astype(np.uint8))


def test_active_units_counts_dimensions_whose_mean_varies():
    # Variances 0.25, 0.0025 and 0.
    codes = np.array([[1.0, 0.1, 7.0], [0.0, 0.0, 7.0]])
    assert active_units(codes) == 1
    assert active_units(tf.constant(codes * [1, 3, 1])) == 2


def test_reconstruction_errors_match_hand_computed_values():
    images = np.array([1.0, 0.0, 0.5, 1.0]).reshape(1, 2, 2, 1)
    reconstructions = np.array([0.5, 0.25, 0.5, 1.0]).reshape(1, 2, 2, 1)
    errors = reconstruction_errors(images, reconstructions)
    # Differences 0.5, 0.25, 0, 0. The last pixel is clipped to 1 - 1e-7.
    assert errors["reconstruction_l1"] == pytest.approx(0.75 / 4)
    assert errors["reconstruction_mse"] == pytest.approx(0.3125 / 4)
    cross_entropy = np.log(2) + np.log(4 / 3) + np.log(2) + 1e-7
    assert errors["reconstruction_bce"] == pytest.approx(cross_entropy / 4)


def test_pixels_outside_zero_and_one_have_no_cross_entropy():
    images = np.array([-1.0, 1.0]).reshape(1, 2, 1, 1)
    assert reconstruction_errors(images, -images) == {"reconstruction_mse": 4.0, "reconstruction_l1": 2.0}


def test_errors_are_in_units_of_pixels_in_zero_and_one_whatever_their_range():
    images = np.array([1.0, 0.0, 0.5, 1.0]).reshape(1, 2, 2, 1)
    reconstructions = np.array([0.5, 0.25, 0.5, 1.5]).reshape(1, 2, 2, 1)
    expected = reconstruction_errors(images, reconstructions)
    assert expected["reconstruction_l1"] == pytest.approx(1.25 / 4)
    errors = reconstruction_errors(2 * images - 1, 2 * reconstructions - 1, value_range=(-1.0, 1.0))
    assert errors == pytest.approx(expected)
    # -0.1 is no float32: rounded below the range, the images are in it all the same.
    rounded = [(array - 0.1).astype(np.float32) for array in (images, reconstructions)]
    assert reconstruction_errors(*rounded, value_range=(-0.1, 0.9)) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(InputError, match=THREE_PARTS):
        reconstruction_errors(images, reconstructions, value_range=(1.0, 1.0))


@pytest.mark.parametrize(
    ("images", "reconstructions"),
    [
        (np.zeros((2, 2, 2, 1)), np.zeros((2, 2, 2))),
        (np.zeros((2, 2, 2, 1), np.uint8), np.zeros((2, 2, 2, 1))),
        (np.zeros((2, 2, 2, 1)), np.zeros((2, 2, 2, 1), np.uint8)),
        (np.zeros((0, 2, 2, 1)), np.zeros((0, 2, 2, 1))),
    ],
    ids=["shape", "uint8-images", "uint8-reconstructions", "empty"],
)
def test_reconstruction_errors_refuse_arrays_that_do_not_fit(images, reconstructions):
    with pytest.raises(InputError, match=THREE_PARTS):
        reconstruction_errors(images, reconstructions)
