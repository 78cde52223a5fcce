"""What is measured of a model, by what it can do, against numbers from a second source."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from tests.contracts import CLASSES, IMAGE_SHAPE, LATENT_DIM
from tests.evaluation.small import COUNT, evaluation_of, small_data, small_networks
from tfvae.data.images import ImageData
from tfvae.evaluation.evaluation import Samples
from tfvae.evaluation.model import measure_copies, measure_costs, measure_model
from tfvae.models.autoencoder import Autoencoder
from tfvae.models.center_vae import CenterVAE
from tfvae.models.gmvae import GMVAE
from tfvae.models.vae import VAE
from tfvae.networks.mixture_prior import dense_mixture_prior

OF_CODES = {"reconstruction_bce", "reconstruction_mse", "reconstruction_l1", "active_units", "silhouette"}


def values(metrics) -> dict[str, float]:
    return {name: metric.value for name, metric in metrics.items()}


@pytest.fixture(scope="module")
def vae():
    return evaluation_of(VAE(*small_networks(2 * LATENT_DIM)), nll_images=50, nll_draws=20)


@pytest.fixture(scope="module")
def measured(vae):
    return measure_model(vae)


@pytest.fixture(scope="module")
def posterior(vae):
    """Means and standard deviations of q(z | x) by the encoder itself, float64 [700, 2] each."""
    images = vae.data.to_float(vae.data.test_images)
    means, log_variances = np.split(vae.model.encoder.predict(images, verbose=0).astype(np.float64), 2, axis=1)
    return means, np.exp(log_variances / 2)


def test_model_that_only_decodes_has_no_metrics_of_codes():
    model = SimpleNamespace(decode=lambda codes: codes, latent_dim=2)
    assert measure_model(evaluation_of(model)) == {}


def test_autoencoder_has_reconstructions_and_codes_alone():
    evaluation = evaluation_of(Autoencoder(*small_networks(LATENT_DIM)))
    metrics = measure_model(evaluation)
    assert set(metrics) == OF_CODES
    images = small_data().test_images / 255
    decoded, codes = evaluation.model.reconstruct(images.astype(np.float32)), evaluation.test_codes
    expected = {
        "reconstruction_mse": np.mean((images - decoded) ** 2),
        "reconstruction_l1": np.mean(np.abs(images - decoded)),
        "reconstruction_bce": -np.mean(images * np.log(decoded) + (1 - images) * np.log(1 - decoded)),
        "active_units": np.sum(codes.var(axis=0) > 0.01),
        "silhouette": silhouette_score(codes, evaluation.data.test_labels),
    }
    assert values(metrics) == pytest.approx(expected, rel=1e-5)
    assert {(metric.samples, metric.split) for metric in metrics.values()} == {(COUNT, "test")}


def test_errors_are_in_units_of_pixels_in_0_1_whatever_the_value_range():
    """A decoder that gives the middle of the range: an error of |x - 1/2| a pixel."""
    model = SimpleNamespace(
        encode=lambda images: np.zeros((len(images), 2), np.float32),
        decode=lambda codes: np.zeros((len(codes), *IMAGE_SHAPE), np.float32),
    )
    data = small_data(60, value_range=(-1.0, 1.0))
    metrics = values(measure_model(evaluation_of(model, data)))
    pixels = data.test_images / 255
    assert metrics["reconstruction_l1"] == pytest.approx(np.mean(np.abs(pixels - 0.5)), rel=1e-5)
    assert metrics["reconstruction_mse"] == pytest.approx(np.mean((pixels - 0.5) ** 2), rel=1e-5)
    assert metrics["reconstruction_bce"] == pytest.approx(np.log(2), rel=1e-5)
    assert metrics["active_units"] == 0


def test_silhouette_needs_two_classes():
    images = small_data(60)
    one = ImageData("one", images.train_images, np.zeros(60, int), images.test_images, np.zeros(60, int), ("only",))
    assert "silhouette" not in measure_model(evaluation_of(Autoencoder(*small_networks(LATENT_DIM)), one))


def test_vae_has_posterior_and_likelihood_too(measured):
    assert set(measured) == OF_CODES | {"posterior_deviation", "elbo", "reconstruction", "kl", "nll"}
    counts = {name: metric.samples for name, metric in measured.items()}
    assert counts.pop("nll") == 50 and set(counts.values()) == {COUNT}


def test_posterior_deviation_is_the_mean_over_all_test_images(measured, posterior):
    assert measured["posterior_deviation"].value == pytest.approx(posterior[1].mean(), rel=1e-5)


def test_kl_term_is_the_closed_form_of_two_gaussians(measured, posterior):
    means, deviations = posterior
    kl = 0.5 * (means**2 + deviations**2 - 1 - 2 * np.log(deviations)).sum(axis=1)
    assert measured["kl"].value == pytest.approx(kl.mean(), rel=1e-5)


def test_elbo_is_minus_its_terms_and_its_reconstruction_an_expectation(vae, measured, posterior):
    assert measured["elbo"].value == pytest.approx(-measured["reconstruction"].value - measured["kl"].value)
    means, deviations = posterior
    images = vae.data.to_float(vae.data.test_images).astype(np.float64)
    draws = []
    for seed in range(10):
        noise = np.random.default_rng(seed).normal(size=means.shape)
        decoded = vae.model.decode((means + deviations * noise).astype(np.float32)).astype(np.float64)
        draws.append(-(images * np.log(decoded) + (1 - images) * np.log(1 - decoded)).sum(axis=(1, 2, 3)))
    by_hand = np.mean(draws, axis=0)
    error = np.std(draws, axis=0).mean() / np.sqrt(10 * len(images))
    assert measured["reconstruction"].value == pytest.approx(by_hand.mean(), abs=10 * error)


def test_likelihood_is_of_a_random_subset_and_no_looser_than_the_elbo(vae, measured):
    images = vae.data.to_float(vae.data.test_images)
    chosen = np.sort(np.random.default_rng(0).choice(COUNT, 50, replace=False))
    subset = evaluation_of(vae.model, vae.data.subset(test=COUNT))
    terms = measured["nll"].value
    bounds = []
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(size=(50, LATENT_DIM)).astype(np.float32)
        bounds.append(-sum(term.numpy() for term in subset.model.elbo_terms(images[chosen], noise).values()))
    # Over the same images the importance-weighted bound is the tighter one.
    assert -terms >= np.mean(bounds) - 0.05


def test_likelihood_is_measured_only_where_it_is_asked_for(vae):
    assert "nll" not in measure_model(evaluation_of(vae.model, nll_images=0))
    assert "nll" not in measure_model(evaluation_of(vae.model))


def test_center_model_has_a_posterior_and_no_likelihood():
    metrics = measure_model(evaluation_of(CenterVAE(*small_networks(2 * LATENT_DIM), classes=CLASSES)))
    assert set(metrics) == OF_CODES | {"posterior_deviation"}


def test_gmvae_has_every_term_of_its_elbo():
    encoder, decoder = small_networks(2 * LATENT_DIM + 2)
    model = GMVAE(encoder, decoder, dense_mixture_prior(1, CLASSES, LATENT_DIM, widths=(8,)), threshold=5.0)
    metrics = values(measure_model(evaluation_of(model)))
    terms = [metrics[name] for name in ("reconstruction", "conditional_prior", "w_prior", "z_prior")]
    assert metrics["elbo"] == pytest.approx(-sum(terms), rel=1e-6)
    assert metrics["z_prior"] < 5, "without the threshold of the loss"


def test_costs_count_the_parameters_of_each_network():
    """30-16-2 and 2-16-30, with biases."""
    metrics = values(measure_costs(evaluation_of(Autoencoder(*small_networks(LATENT_DIM)))))
    encoder, decoder = 30 * 16 + 16 + 16 * 2 + 2, 2 * 16 + 16 + 16 * 30 + 30
    assert (metrics["encoder_parameters"], metrics["decoder_parameters"]) == (encoder, decoder)
    assert metrics["weights_mb"] == pytest.approx(4 * (encoder + decoder) / 1e6)
    assert metrics["images_per_second"] > 0 and metrics["peak_memory_mb"] > 10
    assert "generator_parameters" not in metrics


def copies(samples: np.ndarray, test: np.ndarray) -> dict:
    train = np.zeros((4, 2, 2, 1), np.uint8)
    train[:, 0, 0, 0] = (0, 50, 100, 150)
    labels = np.zeros(len(test), int)
    data = ImageData("pixels", train, np.zeros(4, int), test, labels, ("only",))
    evaluation = evaluation_of(SimpleNamespace(), data, copies=4)
    evaluation.samples["prior"] = Samples(samples)
    return measure_copies(evaluation)


def test_near_copies_compare_distances_of_samples_with_those_of_test_images():
    """Test images are 20 away from their nearest training image, samples 2."""
    test = np.zeros((4, 2, 2, 1), np.uint8)
    test[:, 0, 0, 0] = (20, 70, 120, 170)
    samples = np.zeros((4, 2, 2, 1), np.uint8)
    samples[:, 0, 0, 0] = (2, 52, 102, 152)
    metrics = copies(samples, test)
    assert metrics["prior/near_copy_ratio"].value == pytest.approx(0.1)
    assert metrics["prior/near_copy_share"].value == 1.0
    assert (metrics["prior/near_copy_ratio"].samples, metrics["prior/near_copy_ratio"].real_samples) == (4, 4)


def test_near_copies_are_not_measured_where_test_images_are_training_images():
    test = np.zeros((4, 2, 2, 1), np.uint8)
    test[:, 0, 0, 0] = (0, 50, 120, 170)
    assert copies(test, test) == {}
