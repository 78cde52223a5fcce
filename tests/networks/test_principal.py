"""The start at the principal components: the best linear autoencoder, before any training."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from sklearn.decomposition import PCA

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.networks.principal import LOG_VARIANCE, start_at_principal_components
from tfvae.networks.resnet_v2 import resnet_v2_decoder, resnet_v2_encoder

LATENT = 12


def networks(activation: str = "sigmoid", *, latent_dim: int = LATENT, linear_skip: int = 2, of_decoder: int = 2):
    shape = (32, 32, 3)
    encoder = resnet_v2_encoder(shape, 2 * latent_dim, widths=(4, 6), linear_skip=linear_skip)
    decoder = resnet_v2_decoder(latent_dim, shape, widths=(6, 4), linear_skip=of_decoder, activation=activation)
    return encoder, decoder


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Smooth pictures in [0, 1] that 12 components nearly tell, with as little contrast as keeps from the ends."""
    generator = np.random.default_rng(0)
    waves = generator.normal(size=(LATENT - 4, 4, 4, 3))
    pictures = np.einsum("nk,kijc->nijc", generator.normal(size=(200, LATENT - 4)), waves)
    return (0.5 + 0.03 * pictures.repeat(8, axis=1).repeat(8, axis=2)).astype(np.float32)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_codes_are_the_whitened_components_and_the_picture_is_made_of_them(activation, images):
    if activation == "tanh":
        images = 2 * images - 1
    # What the residual stages add at the start depends on their first weights.
    keras.utils.set_random_seed(0)
    encoder, decoder = networks(activation, latent_dim=LATENT - 4)
    start_at_principal_components(encoder, decoder, [images[:90], images[90:]])
    means, log_variances = np.split(encoder.predict(images, verbose=0), 2, axis=-1)
    np.testing.assert_allclose(log_variances, LOG_VARIANCE, atol=0.5)
    shrunk = images.reshape(200, 16, 2, 16, 2, 3).mean(axis=(2, 4)).reshape(200, -1)
    expected = PCA(LATENT - 4, whiten=True).fit_transform(shrunk)
    ours = np.abs(np.corrcoef(means.T, expected.T)[: LATENT - 4, LATENT - 4 :])
    assert (ours.max(axis=1) > 0.95).all() and (ours.argmax(axis=1) == np.arange(LATENT - 4)).all()
    np.testing.assert_allclose(means.var(axis=0), 1, atol=0.2)
    error = np.abs(decoder.predict(means, verbose=0) - images).mean()
    assert error < 0.45 * np.abs(images.mean(axis=0) - images).mean()


def test_dimensions_beyond_the_images_start_at_nothing(images):
    encoder, decoder = networks()
    start_at_principal_components(encoder, decoder, [images[:5]])
    for network, axis in ((encoder, 0), (decoder, 1)):
        kernel = network.get_layer("linear_skip").kernel.numpy()
        used = np.abs(kernel).max(axis=axis) > 0
        np.testing.assert_array_equal(used[:LATENT], np.arange(LATENT) < 4)
        assert not used[LATENT:].any()


def test_one_seed_gives_one_start(images):
    kernels = []
    for _ in range(2):
        encoder, decoder = networks()
        start_at_principal_components(encoder, decoder, [images[:90], images[90:]])
        kernels.append(encoder.get_layer("linear_skip").kernel.numpy())
    np.testing.assert_array_equal(*kernels)


@pytest.mark.parametrize(
    ("wrong", "count"),
    [({"linear_skip": 0}, 9), ({"of_decoder": 0}, 9), ({"of_decoder": 4}, 9), ({}, 1)],
)
def test_networks_that_do_not_fit_and_too_few_images_are_refused(wrong, count, images):
    encoder, decoder = networks(**wrong)
    with pytest.raises(InputError, match=THREE_PARTS):
        start_at_principal_components(encoder, decoder, [images[:count]])


def test_an_encoder_of_other_codes_is_refused(images):
    encoder, _ = networks(latent_dim=5)
    with pytest.raises(InputError, match="24 outputs"):
        start_at_principal_components(encoder, networks()[1], [images])
