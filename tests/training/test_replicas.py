"""Two replicas train as one device does, with noise of their own."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import BATCH, CLASSES, IMAGE_SHAPE, LATENT_DIM, small_images, small_networks
from tfvae.models.center_vae import CenterVAE
from tfvae.models.gmvae import GMVAE
from tfvae.models.mmd_vae import MMDVAE
from tfvae.models.noise import Noise
from tfvae.models.vae import VAE
from tfvae.networks.dense import dense_decoder, dense_encoder
from tfvae.networks.mixture_prior import dense_mixture_prior
from tfvae.training.strategy import choose_strategy

STEPS = 10


def vae() -> VAE:
    return VAE(*small_networks(2))


def center_vae() -> CenterVAE:
    return CenterVAE(*small_networks(2), classes=CLASSES, center_step=0.5, center_spread=0.5)


def gmvae(threshold: float) -> GMVAE:
    encoder = dense_encoder(IMAGE_SHAPE, 2 * LATENT_DIM + 2, widths=(16,))
    prior = dense_mixture_prior(1, CLASSES, LATENT_DIM, widths=(8,))
    return GMVAE(encoder, dense_decoder(LATENT_DIM, IMAGE_SHAPE, widths=(16,)), prior, threshold=threshold)


def mmd_vae() -> MMDVAE:
    return MMDVAE(*small_networks(2), mmd_weight=5.0, bandwidths=(0.8, 2.0))


def sgd() -> keras.optimizers.Optimizer:
    return keras.optimizers.SGD(0.02)


def adam() -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(0.01)


@pytest.fixture(scope="module")
def mirrored():
    strategy = choose_strategy("mirrored")
    assert strategy.num_replicas_in_sync == 2
    return strategy


@pytest.fixture
def no_noise(monkeypatch):
    monkeypatch.setattr(Noise, "normal", lambda self, shape, name: tf.zeros(shape))
    # Alike for every row, so that two halves of a batch hold what the whole does.
    monkeypatch.setattr(Noise, "sample", lambda self, prior, count, name: tf.fill([count, LATENT_DIM], 0.5))


def made(strategy, make, optimizer, **options):
    """The model under a strategy, with the same initial weights under each."""
    with strategy.scope():
        keras.utils.set_random_seed(0)
        model = make()
        model.compile(optimizer=optimizer(), **options)
    return model


def weights(model) -> dict[str, np.ndarray]:
    return {f"{number} {variable.path}": variable.numpy() for number, variable in enumerate(model.variables)}


def assert_equal_weights(one, other, *, atol: float) -> None:
    ours, theirs = weights(one), weights(other)
    for (name, value), expected in zip(ours.items(), theirs.values(), strict=True):
        np.testing.assert_allclose(value, expected, rtol=0, atol=atol, err_msg=name)


@pytest.mark.parametrize("optimizer", [sgd, adam])
@pytest.mark.parametrize("make", [vae, center_vae, mmd_vae])
def test_two_replicas_end_with_weights_and_logs_of_one_device(mirrored, no_noise, make, optimizer):
    images, labels = small_images(STEPS * BATCH)
    models, histories = [], []
    for strategy in (choose_strategy("one"), mirrored):
        model = made(strategy, make, optimizer)
        before = model.encoder.get_weights()
        fit = model.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0)
        models.append(model)
        histories.append({name: values[-1] for name, values in fit.history.items()})
    assert models[0].optimizer.iterations.numpy() == models[1].train_draws.numpy() == STEPS
    moved = [np.abs(now - then).max() for now, then in zip(model.encoder.get_weights(), before, strict=True)]
    assert min(moved) > 1e-3  # so that agreement to 1e-5 says something
    assert_equal_weights(*models, atol=1e-5)
    assert histories[1] == pytest.approx(histories[0], rel=1e-5)


def test_centers_move_by_codes_of_both_replicas(mirrored, no_noise):
    images, labels = small_images(8)
    model = made(mirrored, center_vae, sgd)
    codes, before = model.encode(images), model.centers.numpy()
    model.fit(images, labels, batch_size=8, shuffle=False, verbose=0)
    sums = np.stack([(codes - before[label])[labels == label].sum(axis=0) for label in range(CLASSES)])
    counts = np.bincount(labels, minlength=CLASSES)[:, np.newaxis]
    np.testing.assert_allclose(model.centers.numpy(), before + 0.5 * sums / (1 + counts), atol=1e-5)


def test_threshold_applies_to_the_global_batch(mirrored, no_noise):
    images, labels = small_images(BATCH)
    before = made(choose_strategy("one"), lambda: gmvae(0.0), sgd)
    posteriors = before.posteriors(tf.constant(images))
    information = before.divergences(tf.constant(images), posteriors, Noise(0, 0), training=False)["z_prior"].numpy()
    # The less informative half goes to one replica: below the threshold alone, while the other is above it alone.
    order = np.argsort(information)
    halves = information[order].reshape(2, -1).mean(axis=1)
    for threshold in (0.9 * information.mean() + 0.1 * halves[0], 0.9 * information.mean() + 0.1 * halves[1]):
        assert halves[0] < threshold < halves[1]
        models, logs = [], []
        for strategy in (choose_strategy("one"), mirrored):
            model = made(strategy, lambda threshold=threshold: gmvae(threshold), sgd)
            logs.append(model.fit(images[order], labels, batch_size=BATCH, shuffle=False, verbose=0).history)
            models.append(model)
        assert_equal_weights(*models, atol=1e-6)
        assert logs[1]["z_prior"] == pytest.approx(logs[0]["z_prior"], rel=1e-5)
        assert logs[0]["z_prior"] == pytest.approx([max(threshold, information.mean())], rel=1e-4)


@pytest.mark.parametrize("make", [center_vae, mmd_vae])
@pytest.mark.parametrize("rest", [1, 5])
def test_images_of_an_uneven_batch_have_equal_weights(mirrored, no_noise, rest, make):
    images, labels = small_images(BATCH + rest)
    models, logs = [], []
    for strategy in (choose_strategy("one"), mirrored):
        model = made(strategy, make, sgd)
        model.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0)
        models.append(model)
        logs.append(model.evaluate(images, labels, batch_size=BATCH, verbose=0, return_dict=True))
    assert_equal_weights(*models, atol=1e-5)
    assert logs[1] == pytest.approx(logs[0], rel=1e-5)


def test_steps_per_execution_change_no_weight(mirrored, no_noise):
    images, labels = small_images(5 * BATCH)
    models = [made(mirrored, center_vae, adam, steps_per_execution=steps) for steps in (1, 3)]
    for model in models:
        model.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0)
    assert_equal_weights(*models, atol=1e-5)


def test_replicas_draw_different_noise(mirrored):
    model = made(mirrored, vae, sgd)

    @tf.function
    def draw():
        return mirrored.run(lambda: model._noise(model.train_draws).normal((1000, LATENT_DIM), "codes"))

    first, second = (values.numpy() for values in mirrored.experimental_local_results(draw()))
    # Five standard errors of a correlation that is zero: 1 / sqrt(2000).
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 5 / np.sqrt(2000)
    np.testing.assert_array_equal(first, Noise(model.seed, tf.constant(0, tf.int64), 0).normal(first.shape, "codes"))
    np.testing.assert_array_equal(second, Noise(model.seed, tf.constant(0, tf.int64), 1).normal(first.shape, "codes"))


def test_replicas_have_equal_weights_after_training_with_noise(mirrored):
    images, labels = small_images(4 * BATCH)
    model = made(mirrored, center_vae, adam)
    model.fit(images, labels, batch_size=BATCH, verbose=0)
    for variable in model.variables:
        first, second = (copy.numpy() for copy in mirrored.experimental_local_results(variable.value))
        np.testing.assert_array_equal(first, second, err_msg=variable.path)


@pytest.mark.parametrize("row", [5, 15], ids=["first-replica", "second-replica"])
def test_non_finite_term_on_either_replica_is_noted(mirrored, row):
    images, labels = small_images(3 * BATCH)
    images[BATCH + row] = np.nan
    model = made(mirrored, center_vae, sgd)
    model.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0)
    assert model.failed_step.numpy() == 1
    assert model.term_names[int(model.failed_term.numpy())] == "reconstruction"


def test_mirrored_model_predicts_encodes_and_samples(mirrored):
    images, _ = small_images(BATCH + 1)
    model = made(mirrored, vae, sgd)
    np.testing.assert_allclose(model.predict(images, verbose=0), model.reconstruct(images), atol=1e-6)
    assert model.sample(3).shape == (3, *images.shape[1:])
