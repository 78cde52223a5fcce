"""GMVAE: contract, terms by hand and against Monte Carlo, clusters, sampling, rejected arguments."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import softmax

from tests.contracts import IMAGE_SHAPE, LATENT_DIM, THREE_PARTS, ModelContract, compiled, small_images
from tfvae import distributions
from tfvae.distributions import LOG_VARIANCE_LIMITS
from tfvae.errors import InputError
from tfvae.models.gmvae import GMVAE
from tfvae.models.noise import Noise
from tfvae.networks.dense import dense_decoder, dense_encoder
from tfvae.networks.mixture_prior import dense_mixture_prior

STYLE_DIM = 3
CLUSTERS = 4
NOISE = Noise(0, tf.constant(0, tf.int64))


def small_networks(clusters: int = CLUSTERS, style_dim: int = STYLE_DIM) -> tuple[keras.Model, ...]:
    return (
        dense_encoder(IMAGE_SHAPE, 2 * LATENT_DIM + 2 * style_dim, widths=(16,)),
        dense_decoder(LATENT_DIM, IMAGE_SHAPE, widths=(16,)),
        dense_mixture_prior(style_dim, clusters, LATENT_DIM, widths=(8,)),
    )


def gmvae(**options) -> GMVAE:
    return GMVAE(*small_networks(), **options)


class TestGMVAE(ModelContract):
    @staticmethod
    def make():
        return gmvae(threshold=0.3, num_samples=2, seed=3)


@pytest.fixture(scope="module")
def model() -> GMVAE:
    """A trained model."""
    keras.utils.set_random_seed(1)
    model = compiled(gmvae(threshold=0.0, num_samples=3))
    images, labels = small_images()
    model.fit(images, labels, batch_size=20, epochs=10, verbose=0)
    return model


def parts(model: GMVAE, images: np.ndarray) -> dict[str, np.ndarray]:
    """In float64, what the encoder and the prior network say: means and variances of q(x | y) and of q(w | y)."""
    numbers = model.encoder(images).numpy().astype(np.float64)
    ends = np.cumsum([LATENT_DIM, LATENT_DIM, STYLE_DIM])
    mean, log_variance, style_mean, style_log_variance = np.split(numbers, ends, axis=-1)
    return {"x": mean, "xv": np.exp(log_variance), "w": style_mean, "wv": np.exp(style_log_variance)}


def sampled(model: GMVAE, images: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x [num_samples, batch, D], w, and means and variances of p(x | w, z) [num_samples, batch, K, D], same noise."""
    q = parts(model, images)
    shape = (model.num_samples, len(images))
    x = q["x"] + np.sqrt(q["xv"]) * NOISE.normal((*shape, LATENT_DIM), "codes").numpy()
    w = q["w"] + np.sqrt(q["wv"]) * NOISE.normal((*shape, STYLE_DIM), "styles").numpy()
    prior = model.prior_network(w.reshape(-1, STYLE_DIM).astype(np.float32)).numpy().astype(np.float64)
    means, log_variances = np.split(prior.reshape(*shape, CLUSTERS, 2 * LATENT_DIM), 2, axis=-1)
    return x, w, means, np.exp(log_variances)


def divergences(model: GMVAE, images: np.ndarray, noise: Noise = NOISE) -> dict[str, tf.Tensor]:
    images = tf.constant(images)
    return model.divergences(images, model.posteriors(images), noise, training=False)


def log_normal(x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return -0.5 * np.sum((x - mean) ** 2 / variance + np.log(2 * np.pi * variance), axis=-1)


def test_terms_match_explicit_computation(model):
    images, _ = small_images(5)
    q, (x, _, means, variances) = parts(model, images), sampled(model, images)
    posterior = softmax(log_normal(x[:, :, np.newaxis], means, variances), axis=-1)
    mean, variance = q["x"][:, np.newaxis], q["xv"][:, np.newaxis]
    ratio = variance / variances
    to_clusters = 0.5 * np.sum(ratio + (mean - means) ** 2 / variances - 1 - np.log(ratio), axis=-1)
    logits = model.decoder(x.reshape(-1, LATENT_DIM).astype(np.float32)).numpy().astype(np.float64)
    logits = logits.reshape(model.num_samples, *images.shape)
    expected = {
        "reconstruction": np.sum(np.log1p(np.exp(logits)) - images * logits, axis=(2, 3, 4)).mean(axis=0),
        "conditional_prior": np.sum(posterior * to_clusters, axis=-1).mean(axis=0),
        "w_prior": 0.5 * np.sum(q["w"] ** 2 + q["wv"] - np.log(q["wv"]) - 1, axis=-1),
        "z_prior": np.sum(posterior * np.log(posterior * CLUSTERS), axis=-1).mean(axis=0),
    }
    terms = model.objective(tf.constant(images), None, noise=NOISE, training=False)
    assert list(terms) == list(model.term_names) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-4, atol=1e-5, err_msg=name)
    assert expected["z_prior"].mean() > 0.1, "the clusters of this model differ"


def test_divergences_match_monte_carlo_estimates(model):
    """Of log q - log p, from other samples."""
    count, generator = 20_000, np.random.default_rng(0)
    images, _ = small_images(1)
    q, (x, _, means, variances) = parts(model, images), sampled(model, images)
    terms = divergences(model, images)
    posterior = softmax(log_normal(x[:, :, np.newaxis], means, variances), axis=-1)[:, 0]

    def assert_agrees(estimates: np.ndarray, name: str) -> None:
        error = estimates.std() / np.sqrt(len(estimates))
        assert error > 0
        assert abs(estimates.mean() - float(terms[name][0])) < 5 * error, name

    # One of the model's samples of (x, w), a cluster by its probability, and then a new x from q(x | y).
    picked = generator.integers(model.num_samples, size=count)
    chosen = np.array([generator.choice(CLUSTERS, p=posterior[index]) for index in picked])
    fresh = q["x"] + np.sqrt(q["xv"]) * generator.standard_normal((count, LATENT_DIM))
    log_p = log_normal(fresh, means[picked, 0, chosen], variances[picked, 0, chosen])
    assert_agrees(log_normal(fresh, q["x"], q["xv"]) - log_p, "conditional_prior")
    assert_agrees(np.log(posterior[picked, chosen]) + np.log(CLUSTERS), "z_prior")
    styles = q["w"] + np.sqrt(q["wv"]) * generator.standard_normal((count, STYLE_DIM))
    assert_agrees(log_normal(styles, q["w"], q["wv"]) - log_normal(styles, 0 * styles, 1 + 0 * styles), "w_prior")


@pytest.mark.parametrize(("factor", "has_gradient"), [(0.9, True), (1.1, False)])
def test_z_prior_below_threshold_is_constant_without_gradient(model, factor, has_gradient):
    images, _ = small_images(8)
    information = divergences(model, images)["z_prior"].numpy()
    thresholded = GMVAE(
        model.encoder, model.decoder, model.prior_network, threshold=factor * information.mean(), num_samples=3
    )
    with tf.GradientTape() as tape:
        term = thresholded.objective(tf.constant(images), None, noise=NOISE, training=False)["z_prior"]
        loss = tf.reduce_mean(term)
    assert float(loss) == pytest.approx(max(1.0, factor) * information.mean(), rel=1e-5)
    gradients = [gradient for gradient in tape.gradient(loss, thresholded.trainable_variables) if gradient is not None]
    assert any(np.any(gradient != 0) for gradient in gradients) == has_gradient


def test_terms_of_many_samples_are_means_over_samples():
    keras.utils.set_random_seed(0)
    networks = small_networks()
    few, many = GMVAE(*networks), GMVAE(*networks, num_samples=400)
    images, _ = small_images(2)
    terms = divergences(many, images)
    single = [divergences(few, images, Noise(0, tf.constant(step, tf.int64))) for step in range(40)]
    for name in many.term_names:
        values = np.stack([term[name] for term in single])
        error = values.std(axis=0) * np.sqrt(1 / 40 + 1 / 400)
        assert np.all(np.abs(values.mean(axis=0) - terms[name]) <= 5 * error + 1e-4), name


def test_terms_and_gradients_are_finite_at_clipped_log_variances():
    networks = small_networks()
    for network, layer in ((networks[0], "parameters"), (networks[2], "log_variances")):
        head = network.get_layer(layer)
        signs = np.where(np.arange(head.bias.shape[0]) % 2, 1e4, -1e4)
        head.bias.assign(signs)
    model = GMVAE(*networks, threshold=0.0)
    images, _ = small_images(4)
    with tf.GradientTape() as tape:
        terms = model.objective(tf.constant(images), None, noise=NOISE, training=True)
        loss = tf.reduce_mean(sum(terms.values()))
    variances = model.mixture(tf.zeros((1, STYLE_DIM))).components_distribution.variance()
    np.testing.assert_allclose([np.min(variances), np.max(variances)], np.exp(LOG_VARIANCE_LIMITS), rtol=1e-5)
    assert all(np.isfinite(term).all() for term in terms.values())
    gradients = tape.gradient(loss, model.trainable_variables)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_cluster_returns_mean_cluster_probabilities(model):
    images, _ = small_images()
    probabilities = model.cluster(images, num_samples=200)
    assert probabilities.shape == (len(images), CLUSTERS) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    singles = np.stack([model.cluster(images, num_samples=1, seed=seed) for seed in range(1, 41)])
    error = singles.std(axis=0) * np.sqrt(1 / 40 + 1 / 200)
    assert np.mean(np.abs(singles.mean(axis=0) - probabilities) <= 4 * error + 1e-3) > 0.98
    np.testing.assert_allclose(
        model.cluster(images, num_samples=2, batch_size=7), model.cluster(images, num_samples=2), atol=1e-5
    )


def test_same_seed_gives_same_standardized_codes_in_every_cluster(model):
    w = np.array([0.5, -1.0, 0.0])
    components = model.mixture(tf.constant([w], tf.float32)).components_distribution
    noises = []
    for cluster in range(CLUSTERS):
        codes, chosen = model.sample_codes(6, cluster=cluster, w=w, seed=4)
        assert set(chosen) == {cluster}
        noises.append((codes - components.mean()[0, cluster]) / components.stddev()[0, cluster])
        np.testing.assert_array_equal(model.sample(6, cluster=cluster, w=w, seed=4), model.decode(codes))
    np.testing.assert_allclose(noises, [noises[0]] * CLUSTERS, atol=1e-3)
    # Without w it is sampled.
    assert np.abs(model.sample(6, cluster=1, seed=4) - model.sample(6, cluster=1, w=w, seed=4)).max() > 1e-4


def test_clusters_are_sampled_uniformly(model):
    _, chosen = model.sample_codes(4000, seed=1)
    # Five standard deviations of a count of 4,000 with probability 1/4.
    np.testing.assert_allclose(np.bincount(chosen, minlength=CLUSTERS), 1000, atol=5 * np.sqrt(750))


def convolutional_networks() -> tuple[keras.Model, ...]:
    layers = keras.layers
    images = keras.Input((8, 8, 1))
    features = layers.Flatten()(layers.Conv2D(4, 3, strides=2, padding="same", activation="relu")(images))
    heads = [layers.Dense(4, dtype="float32")(features), layers.Dense(2, dtype="float32")(features)]
    encoder = keras.Model(images, layers.Concatenate()(heads))
    codes = keras.Input((2,))
    grid = layers.Reshape((4, 4, 4))(layers.Dense(64, activation="relu")(codes))
    decoder = keras.Model(codes, layers.Conv2DTranspose(1, 3, strides=2, padding="same", dtype="float32")(grid))
    return encoder, decoder, dense_mixture_prior(1, 3, 2)


def signal_networks() -> tuple[keras.Model, ...]:
    return (
        dense_encoder((12,), 6, widths=(8,)),
        dense_decoder(2, (12,), widths=(8,)),
        dense_mixture_prior(1, 3, 2),
    )


@pytest.mark.parametrize(
    ("networks", "shape", "likelihood"),
    [(convolutional_networks, (8, 8, 1), "bernoulli"), (signal_networks, (12,), "unit_normal")],
)
def test_gmvae_supports_convolutional_networks_and_signals(networks, shape, likelihood, tmp_path):
    examples = np.random.default_rng(0).uniform(size=(20, *shape)).astype(np.float32)
    model = compiled(GMVAE(*networks(), likelihood=getattr(distributions, likelihood)), run_eagerly=True)
    history = model.fit(examples, batch_size=10, epochs=8, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert model.sample(3, cluster=2).shape == (3, *shape)
    assert model.cluster(examples).shape == (20, 3)


@pytest.mark.parametrize(
    "options", [{"threshold": -0.1}, {"threshold": float("nan")}, {"num_samples": 0}, {"num_samples": 1.5}]
)
def test_arguments_out_of_range_are_rejected(options):
    with pytest.raises(InputError, match=THREE_PARTS):
        gmvae(**options)


def test_networks_of_wrong_shapes_are_rejected():
    encoder, decoder, prior = small_networks()
    wrong = [
        (encoder, decoder, dense_mixture_prior(STYLE_DIM + 1, CLUSTERS, LATENT_DIM)),
        (encoder, decoder, dense_mixture_prior(STYLE_DIM, CLUSTERS, LATENT_DIM + 1)),
        (encoder, decoder, dense_encoder((STYLE_DIM,), 2 * LATENT_DIM)),
        (encoder, dense_decoder(LATENT_DIM, (7, 5, 1), widths=(16,)), prior),
    ]
    for networks in wrong:
        with pytest.raises(InputError, match=THREE_PARTS):
            GMVAE(*networks)


@pytest.mark.parametrize("cluster", [-1, CLUSTERS, 0.5])
def test_invalid_cluster_is_rejected(model, cluster):
    with pytest.raises(InputError, match=rf"(?s)^Expected a cluster in 0 .. {CLUSTERS - 1}. Received: .+\. Use"):
        model.sample(2, cluster=cluster)


def test_invalid_w_count_and_num_samples_are_rejected(model):
    images, _ = small_images(4)
    for call in (
        lambda: model.sample(2, w=[0.0]),
        lambda: model.sample(0),
        lambda: model.cluster(images, num_samples=0),
    ):
        with pytest.raises(InputError, match=THREE_PARTS):
            call()
