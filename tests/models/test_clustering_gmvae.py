"""ClusteringGMVAE: contract, pre-training, augmentation, initialization of the clusters."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import LATENT_DIM, THREE_PARTS, ModelContract, compiled, small_images
from tests.models.test_gmvae import CLUSTERS, NOISE, STYLE_DIM, signal_networks, small_networks
from tfvae.errors import InputError
from tfvae.models.clustering_gmvae import ClusteringGMVAE
from tfvae.networks.augmentation import RandomAffine


class TestClusteringGMVAE(ModelContract):
    @staticmethod
    def make():
        return ClusteringGMVAE(*small_networks(), augmentation=RandomAffine(shift=0.2, rotation=2.0), threshold=0.3)


def terms_of(model: ClusteringGMVAE, images: np.ndarray, *, training: bool = False) -> dict[str, np.ndarray]:
    terms = model.objective(tf.constant(images), None, noise=NOISE, training=training)
    return {name: term.numpy() for name, term in terms.items()}


def test_pretraining_has_vae_loss_and_then_gmvae_loss():
    images, labels = small_images(8)
    keras.utils.set_random_seed(0)
    model = compiled(ClusteringGMVAE(*small_networks(), pretraining_steps=2, pretraining_weight=0.25, threshold=1e-3))
    mean, log_variance, _ = np.split(model.encoder(images).numpy().astype(np.float64), [2, 4], axis=-1)
    kl = 0.5 * np.sum(mean**2 + np.exp(log_variance) - log_variance - 1, axis=-1)
    early = terms_of(model, images)
    np.testing.assert_allclose(early["conditional_prior"], 0.25 * kl, rtol=1e-4)
    np.testing.assert_array_equal(early["w_prior"], np.zeros(8))
    np.testing.assert_allclose(early["z_prior"], np.full(8, 1e-3))
    prior = model.prior_network.get_weights()
    for _ in range(2):
        model.train_on_batch(images, labels)
    for now, before in zip(model.prior_network.get_weights(), prior, strict=True):
        np.testing.assert_array_equal(now, before)
    late = terms_of(model, images)
    plain = model.divergences(tf.constant(images), model.posteriors(tf.constant(images)), NOISE, training=False)
    for name, value in late.items():
        np.testing.assert_allclose(value, plain[name], rtol=1e-5, err_msg=name)
    model.train_on_batch(images, labels)
    assert np.abs(model.prior_network.get_weights()[0] - prior[0]).max() > 0


def test_augmentation_applies_to_encoder_input_in_training_only():
    images, _ = small_images(8)
    networks = small_networks()
    plain = ClusteringGMVAE(*networks, threshold=0.0)
    augmenting = ClusteringGMVAE(*networks, threshold=0.0, augmentation=RandomAffine(shift=1.0))
    for name, value in terms_of(augmenting, images).items():
        np.testing.assert_allclose(value, terms_of(plain, images)[name], rtol=1e-6)
    augmented = augmenting.augmented(tf.constant(images), NOISE)
    assert np.abs(augmented - images).max() > 0.1
    expected = plain.divergences(tf.constant(images), plain.posteriors(augmented), NOISE, training=True)
    for name, value in terms_of(augmenting, images, training=True).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-5, err_msg=name)


def test_initialize_clusters_sets_means_and_variances():
    model = ClusteringGMVAE(*small_networks())
    means = 3.0 * np.random.default_rng(0).standard_normal((CLUSTERS, LATENT_DIM))
    model.initialize_clusters(means, np.full_like(means, 0.5))
    components = model.mixture(tf.zeros((1, STYLE_DIM))).components_distribution
    np.testing.assert_allclose(components.mean()[0], means, rtol=1e-5)
    np.testing.assert_allclose(components.variance()[0], np.full_like(means, 0.5), rtol=1e-5)
    for wrong in (means[:2], -np.ones_like(means)):
        with pytest.raises(InputError, match=THREE_PARTS):
            model.initialize_clusters(means, wrong)


@pytest.mark.parametrize(
    "options",
    [{"pretraining_steps": -1}, {"pretraining_steps": 0.5}, {"pretraining_weight": -0.1}],
)
def test_arguments_out_of_range_are_rejected(options):
    with pytest.raises(InputError, match=THREE_PARTS):
        ClusteringGMVAE(*small_networks(), **options)


def test_augmentation_of_signals_is_rejected():
    with pytest.raises(InputError, match=THREE_PARTS):
        ClusteringGMVAE(*signal_networks(), augmentation=RandomAffine())
