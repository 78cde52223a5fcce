"""The served draws: one seed gives the codes that the samplers draw in Python."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tests.contracts import IMAGE_SHAPE, LATENT_DIM, small_networks
from tfvae import serving
from tfvae.models.dcgan import DCGAN
from tfvae.networks.convolutional import dcgan_discriminator
from tfvae.sampling import (
    GaussianMixtureSampler,
    Medium2,
    RejectionSampler,
    fit_class_gaussians,
    fit_mixture,
    fit_mixture_per_class,
    standard_normal_sampler,
)

GENERATOR = np.random.default_rng(3)
LABELS = np.repeat([0, 1], 60)
CODES = GENERATOR.normal(size=(120, LATENT_DIM)) + 2.0 * LABELS[:, np.newaxis]
COUNT, SEED = 40, 7


@pytest.fixture(scope="module")
def model() -> tfvae.VAE:
    keras.utils.set_random_seed(0)
    return tfvae.VAE(*small_networks(2))


@pytest.fixture(scope="module")
def classifier() -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input(IMAGE_SHAPE), keras.layers.Flatten(), keras.layers.Dense(2)])


def probabilities(model, classifier, codes, labels) -> np.ndarray:
    """softmax(classifier(decode(z)))[y] of each code."""
    all_classes = keras.ops.softmax(classifier(model.decode(np.asarray(codes)))).numpy()
    return np.take_along_axis(all_classes, np.asarray(labels)[:, np.newaxis], axis=1)[:, 0]


def rejecting(model, classifier, share: float) -> RejectionSampler:
    """A sampler whose classifier accepts at least `share` of each class's proposals."""
    proposals = fit_mixture_per_class(CODES, LABELS, components=2, seed=0)
    confidence = min(
        np.quantile(probabilities(model, classifier, *proposals.sample(1000, seed=0, label=label)), 1.0 - share)
        for label in (0, 1)
    )
    return RejectionSampler(proposals, model.decode_step, classifier, float(confidence))


SAMPLERS = {
    "prior": lambda model, classifier: standard_normal_sampler(LATENT_DIM),
    "class Gaussians": lambda model, classifier: fit_class_gaussians(CODES, LABELS),
    "variances divided by 1.5": lambda model, classifier: fit_class_gaussians(CODES, LABELS).shrunk(1.5),
    "unlabeled mixture": lambda model, classifier: fit_mixture(CODES, components=3, seed=0),
    "mixture per class": lambda model, classifier: fit_mixture_per_class(CODES, LABELS, components=3, seed=0),
    "Medium2": lambda model, classifier: Medium2.fit(CODES, LABELS).with_theta(np.full((2, LATENT_DIM), 0.3)).mixture(),
    "rejection, 50 % accepted": lambda model, classifier: rejecting(model, classifier, 0.5),
    "rejection, 5 % accepted": lambda model, classifier: rejecting(model, classifier, 0.05),
}


@pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS.keys())
def test_served_codes_and_images_are_those_of_sample_under_the_same_seed(model, classifier, tmp_path, make):
    sampler = make(model, classifier)
    class_sampler = sampler if sampler.classes else None
    folder = serving.export(model, tmp_path, sampler=sampler, class_sampler=class_sampler)
    loaded = tf.saved_model.load(str(folder))
    seed = tf.constant(SEED, tf.int64)
    served = loaded.signatures["generate"](count=tf.constant(COUNT), seed=seed)
    codes, labels = sampler.sample(COUNT, seed=SEED)
    np.testing.assert_array_equal(served["codes"], codes)
    np.testing.assert_allclose(served["images"], model.decode(codes), atol=1e-6)
    assert ("labels" in served) == (labels is not None) == bool(sampler.classes)
    if class_sampler is None:
        return
    np.testing.assert_array_equal(served["labels"], labels)
    of_class = {label: sampler.sample(COUNT, seed=SEED, label=label)[0] for label in sampler.classes}
    mixed = np.arange(COUNT) % 2
    for wanted in (np.zeros(COUNT, np.int64), np.ones(COUNT, np.int64), mixed):
        served = loaded.signatures["generate_class"](labels=tf.constant(wanted), seed=seed)
        np.testing.assert_array_equal(served["codes"], np.where(wanted[:, np.newaxis] == 0, of_class[0], of_class[1]))


def test_served_codes_of_a_gan_are_those_of_its_prior(tmp_path):
    codes = keras.Input((LATENT_DIM,))
    generator = keras.Model(codes, keras.layers.Reshape((1, 2, 1))(keras.layers.Dense(2, activation="tanh")(codes)))
    gan = DCGAN(generator, dcgan_discriminator((1, 2, 1), filters=(2,)), average_decay=0.5)
    prior = standard_normal_sampler(LATENT_DIM)
    loaded = tf.saved_model.load(str(serving.export(gan, tmp_path, sampler=prior, value_range=(-1.0, 1.0))))
    served = loaded.signatures["generate"](count=tf.constant(COUNT), seed=tf.constant(SEED, tf.int64))
    np.testing.assert_array_equal(served["codes"], prior.sample(COUNT, seed=SEED)[0])
    np.testing.assert_allclose(served["images"], gan.decode(prior.sample(COUNT, seed=SEED)[0]), atol=1e-6)


def test_a_rejection_sampler_serves_accepted_codes_or_else_the_most_probable_proposals(model, classifier, tmp_path):
    proposals = GaussianMixtureSampler([0.5, 0.5], np.zeros((2, 2)), 4 * np.stack([np.eye(2)] * 2), [0, 1])
    labels, seed = tf.constant([0, 1] * 100, tf.int64), tf.constant(3, tf.int64)
    samples = {
        label: probabilities(model, classifier, *proposals.sample(20_000, seed=0, label=label)) for label in (0, 1)
    }
    # At least half of each class is accepted at the first confidence, and nothing at the second.
    middle = min(float(np.median(sample)) for sample in samples.values())
    for confidence in (middle, 0.9999):
        sampler = RejectionSampler(proposals, model.decode_step, classifier, confidence)
        folder = serving.export(model, tmp_path, sampler=sampler, class_sampler=sampler)
        loaded = tf.saved_model.load(str(folder))
        for result in (
            loaded.signatures["generate_class"](labels=labels, seed=seed),
            loaded.signatures["generate"](count=tf.constant(200), seed=seed),
        ):
            assert result["images"].shape == (200, *IMAGE_SHAPE) and set(result["labels"].numpy()) == {0, 1}
            found = probabilities(model, classifier, result["codes"], result["labels"])
            if confidence == middle:
                assert found.min() >= middle - 1e-5
            else:  # the best of 1,000 proposals is among the best 1 % with probability 1 - 0.99**1000
                least = [np.quantile(samples[label], 0.99) for label in result["labels"].numpy()]
                assert (found >= least).all()
