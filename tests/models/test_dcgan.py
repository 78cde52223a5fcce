"""DCGAN: contract, losses, alternating updates, gradient penalty, average, resuming, two replicas."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import (
    BATCH,
    IMAGE_SHAPE,
    LATENT_DIM,
    THREE_PARTS,
    GenerativeContract,
    assert_equal_states,
    states,
)
from tfvae.errors import InputError
from tfvae.losses.adversarial import r1_penalty
from tfvae.models.dcgan import DCGAN
from tfvae.models.noise import Noise
from tfvae.networks.convolutional import dcgan_discriminator
from tfvae.networks.dense import dense_decoder
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.strategy import choose_strategy, repeatable

NETWORKS = ("generator", "discriminator")


def networks() -> tuple[keras.Model, keras.Model]:
    """A dense generator, since no stride of 2 makes 6x5 images, and a convolutional discriminator."""
    codes = keras.Input((LATENT_DIM,))
    images = keras.layers.Activation("tanh", dtype="float32")(
        dense_decoder(LATENT_DIM, IMAGE_SHAPE, widths=(16,))(codes)
    )
    return keras.Model(codes, images), dcgan_discriminator(IMAGE_SHAPE, filters=(4, 8), kernel=4)


def dcgan(**options) -> DCGAN:
    return DCGAN(*networks(), **options)


def compiled_dcgan(model: DCGAN, optimizer=lambda: keras.optimizers.Adam(0.01, beta_1=0.5), **options) -> DCGAN:
    model.compile(optimizer(), optimizer(), **options)
    return model


def sgd() -> keras.optimizers.Optimizer:
    return keras.optimizers.SGD(0.05)


def small_images(count: int) -> np.ndarray:
    return GAN.images(count)[0]


class GAN(GenerativeContract):
    epochs = 3
    value_range = (-1.0, 1.0)

    @staticmethod
    def compile(model, **options):
        return compiled_dcgan(model, **options)


class TestDCGAN(GAN):
    @staticmethod
    def make():
        return dcgan(average_decay=0.5, discriminator_steps=2, seed=3)


class TestPenalized(GAN):
    @staticmethod
    def make():
        return dcgan(gradient_penalty=0.3, penalty_share=0.25, seed=3)


@pytest.fixture
def batch() -> np.ndarray:
    return small_images(BATCH)


def test_terms_are_cross_entropies(batch):
    model = dcgan()
    noise = Noise(0, tf.constant(0, tf.int64))
    terms = model.objective(tf.constant(batch), None, noise=noise, training=False)
    fakes = model.generator(noise.normal([BATCH, LATENT_DIM], "codes"))
    real, fake = (model.discriminator(images).numpy().astype(np.float64)[:, 0] for images in (batch, fakes))
    np.testing.assert_allclose(terms["discriminator_real"], -np.log(1 / (1 + np.exp(-real))), rtol=1e-5)
    np.testing.assert_allclose(terms["discriminator_fake"], -np.log(1 - 1 / (1 + np.exp(-fake))), rtol=1e-5)
    np.testing.assert_allclose(terms["generator"], -np.log(1 / (1 + np.exp(-fake))), rtol=1e-5)


def changed(model: DCGAN, before: dict[str, list[np.ndarray]]) -> dict[str, bool]:
    pairs = {name: zip(getattr(model, name).get_weights(), before[name], strict=True) for name in NETWORKS}
    return {name: any(np.any(now != then) for now, then in both) for name, both in pairs.items()}


@pytest.mark.parametrize("network", NETWORKS)
def test_gradient_step_updates_own_variables_only(batch, network):
    model = compiled_dcgan(dcgan(), run_eagerly=True)
    before = {name: getattr(model, name).get_weights() for name in NETWORKS}
    optimized = model.optimizers_and_variables()[NETWORKS.index(network)]
    model.gradient_step(getattr(model, f"{network}_objective"), (tf.constant(batch),), [optimized])
    assert changed(model, before) == {name: name == network for name in NETWORKS}
    assert [optimizer.iterations.numpy() for optimizer, _ in model.optimizers_and_variables()] == [
        int(name == network) for name in NETWORKS
    ]


@pytest.mark.parametrize(("discriminator_steps", "generator_steps"), [(1, 1), (3, 1), (1, 2)])
def test_networks_are_updated_given_number_of_times_per_batch(batch, discriminator_steps, generator_steps):
    model = compiled_dcgan(dcgan(discriminator_steps=discriminator_steps, generator_steps=generator_steps))
    model.fit(batch, batch_size=BATCH // 2, verbose=0)
    assert model.optimizer.iterations.numpy() == 2 * generator_steps
    assert model.discriminator_optimizer.iterations.numpy() == 2 * discriminator_steps
    assert model.train_draws.numpy() == 2 * (generator_steps + discriminator_steps)


def test_train_step_matches_explicit_sgd_updates(batch):
    """An update of the discriminator, then one of the generator."""
    model, twin = compiled_dcgan(dcgan(seed=5), sgd, run_eagerly=True), dcgan(seed=5)
    twin.set_weights(model.get_weights())
    history = model.fit(batch, batch_size=BATCH, shuffle=False, verbose=0).history
    logs = {name: values[0] for name, values in history.items()}
    codes = [Noise(5, tf.constant(step, tf.int64)).normal([BATCH, LATENT_DIM], "codes") for step in (0, 1)]
    with tf.GradientTape() as tape:
        real = tf.reduce_mean(tf.math.log1p(tf.exp(-twin.discriminator(batch))))
        fake = tf.reduce_mean(tf.math.log1p(tf.exp(twin.discriminator(twin.generator(codes[0])))))
        loss = real + fake
    sgd_update(tape, loss, twin.discriminator)
    with tf.GradientTape() as tape:
        generator = tf.reduce_mean(tf.math.log1p(tf.exp(-twin.discriminator(twin.generator(codes[1])))))
    sgd_update(tape, generator, twin.generator)
    for ours, theirs in zip(model.trainable_variables, twin.trainable_variables, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-6)
    expected = {"discriminator_real": real, "discriminator_fake": fake, "generator": generator}
    expected = {name: float(value) for name, value in expected.items()}
    assert logs == pytest.approx({**expected, "loss": sum(expected.values())}, rel=1e-5)


@pytest.mark.parametrize(("share", "count"), [(1.0, BATCH), (0.25, BATCH // 4), (0.01, 1)])
def test_penalty_share_uses_part_of_batch_with_larger_weight(batch, share, count):
    model = compiled_dcgan(dcgan(gradient_penalty=0.3, penalty_share=share), run_eagerly=True)
    penalties = expected_penalties(model, batch)
    history = model.fit(batch, batch_size=BATCH, shuffle=False, verbose=0).history
    assert history["gradient_penalty"][0] == pytest.approx(0.3 * np.mean(penalties[:count]), rel=1e-4)
    after = 0.3 * np.mean(expected_penalties(model, batch))
    measured = model.evaluate(batch, batch_size=BATCH, verbose=0, return_dict=True)["gradient_penalty"]
    assert measured == pytest.approx(after, rel=1e-4), "evaluation uses the whole batch"


def expected_penalties(model: DCGAN, batch: np.ndarray) -> np.ndarray:
    images = tf.constant(batch)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = model.discriminator(images)
    return np.sum(tape.gradient(logits, images).numpy().astype(np.float64) ** 2, axis=(1, 2, 3)) / 2


def test_gradient_penalty_reduces_gradient_norm():
    images, penalties = small_images(4 * BATCH), []
    for weight in (0.0, 10.0):
        keras.utils.set_random_seed(0)
        model = compiled_dcgan(dcgan(gradient_penalty=weight))
        model.fit(images, batch_size=BATCH, epochs=5, shuffle=False, verbose=0)
        penalties.append(np.mean(r1_penalty(model.discriminator, tf.constant(images))))
    assert penalties[1] < 0.5 * penalties[0]


def sgd_update(tape: tf.GradientTape, loss: tf.Tensor, network: keras.Model) -> None:
    for gradient, variable in zip(
        tape.gradient(loss, network.trainable_variables), network.trainable_variables, strict=True
    ):
        variable.assign_sub(0.05 * gradient)


def test_decode_uses_moving_average_of_generator(batch):
    model = compiled_dcgan(dcgan(average_decay=0.2), run_eagerly=True)
    expected = model.generator.get_weights()
    for decay in (2 / 11, 0.2):  # min(0.2, (1 + t) / (10 + t)) after steps 1 and 2
        model.fit(batch, batch_size=BATCH, verbose=0)
        weights = model.generator.get_weights()
        expected = [decay * old + (1 - decay) * new for old, new in zip(expected, weights, strict=True)]
    for average, value in zip(model.average.get_weights(), expected, strict=True):
        np.testing.assert_allclose(average, value, atol=1e-6)
    codes = GAN.codes(4)
    np.testing.assert_allclose(model.decode(codes), model.average(codes), atol=1e-6)
    assert np.abs(model.decode(codes) - model.generator(codes)).max() > 1e-5
    assert len(model.trainable_variables) == len(dcgan().trainable_variables)


def test_predict_takes_codes(batch):
    model, codes = compiled_dcgan(dcgan()), GAN.codes(5)
    np.testing.assert_allclose(model.predict(codes, verbose=0), model.decode(codes), atol=1e-6)
    with pytest.raises(InputError, match="codes as float"):
        model.predict(batch, verbose=0)


def test_resumed_training_is_bit_identical(tmp_path):
    images = small_images(4 * BATCH)
    models = [compiled_dcgan(dcgan(average_decay=0.9), jit_compile=False) for _ in range(2)]
    first, second = (Checkpointer(tmp_path, model) for model in models)
    with repeatable(tf.distribute.get_strategy(), xla=False):
        models[0].fit(images, batch_size=BATCH, shuffle=False, verbose=0)
        first.save(Position(1, 0))
        second.restore()
        for model in models:
            model.fit(images, batch_size=BATCH, epochs=3, shuffle=False, verbose=0)
    assert_equal_states(*models)
    momenta = [np.abs(optimizer.variables[2].numpy()).max() for optimizer, _ in models[1].optimizers_and_variables()]
    assert min(momenta) > 0


def test_file_restores_both_optimizers(batch, tmp_path):
    model = compiled_dcgan(dcgan())
    model.fit(batch, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert [optimizer.iterations.numpy() for optimizer, _ in loaded.optimizers_and_variables()] == [1, 1]
    assert loaded.discriminator_optimizer.beta_1 == 0.5
    assert len(states(loaded)) == len(states(model))


@pytest.mark.parametrize("options", [{}, {"gradient_penalty": 0.3}])
def test_two_replicas_match_one_device(monkeypatch, options):
    monkeypatch.setattr(Noise, "normal", lambda self, shape, name: tf.ones(shape))
    images, models = small_images(4 * BATCH), []
    for strategy in (choose_strategy("one"), choose_strategy("mirrored")):
        with strategy.scope():
            keras.utils.set_random_seed(0)
            model = compiled_dcgan(dcgan(average_decay=0.9, **options), sgd)
        before = model.get_weights()
        history = model.fit(images, batch_size=BATCH, shuffle=False, verbose=0).history
        models.append((model, history))
    (one, logs), (two, other_logs) = models
    assert strategy.num_replicas_in_sync == 2
    assert max(np.abs(now - then).max() for now, then in zip(two.get_weights(), before, strict=True)) > 1e-3
    for ours, theirs in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    assert {name: values[-1] for name, values in other_logs.items()} == pytest.approx(
        {name: values[-1] for name, values in logs.items()}, rel=1e-5
    )


@pytest.mark.parametrize(
    "options",
    [
        {"discriminator_steps": 0},
        {"generator_steps": 0},
        {"generator_steps": 1.5},
        {"gradient_penalty": -1.0},
        {"gradient_penalty": float("nan")},
        {"penalty_share": 0.0},
        {"penalty_share": 1.5},
        {"average_decay": 1.0},
        {"average_decay": -0.1},
        {"average_decay": float("nan")},
        {"value_range": (1.0, -1.0)},
    ],
)
def test_arguments_out_of_range_are_rejected(options):
    with pytest.raises(InputError, match=THREE_PARTS):
        dcgan(**options)


@pytest.mark.parametrize(
    ("change", "received"),
    [
        (lambda images: (images + 1) / 2, r"values in \[0, 1\]"),
        (lambda images: 255 * (images + 1) / 2, r"\[0, 255\]"),
        (lambda images: 1.5 * images, r"values in \[-1\.5, 1\.5\]"),
    ],
)
@pytest.mark.parametrize("as_dataset", [False, True])
def test_images_outside_value_range_are_rejected(batch, change, received, as_dataset):
    batch = batch.copy()
    batch[0, 0, 0], batch[0, 0, 1] = -1.0, 1.0
    images = change(batch).astype(np.float32)
    data = tf.data.Dataset.from_tensor_slices((images, np.zeros(BATCH))).batch(BATCH) if as_dataset else images
    model = compiled_dcgan(dcgan())
    for method in (model.fit, model.evaluate):
        with pytest.raises(InputError, match=received):
            method(data, verbose=0)


def test_images_without_negative_pixels_are_accepted_after_training(batch):
    model = compiled_dcgan(dcgan())
    light = np.abs(batch)
    with pytest.raises(InputError, match=r"with_value_range\(-1.0, 1.0\)"):
        model.fit(light, verbose=0)
    model.fit(batch, verbose=0)
    model.fit(light, verbose=0)
    with pytest.raises(InputError, match=r"Expected images in \[-1, 1\]"):
        model.fit(2 * light, verbose=0)


def test_networks_of_wrong_shapes_are_rejected():
    generator, discriminator = networks()
    probability = keras.Sequential([*discriminator.layers[:-1], keras.layers.Dense(1, activation="sigmoid")])
    for wrong in (dcgan_discriminator((6, 6, 1), filters=(4,)), probability):
        with pytest.raises(InputError, match=THREE_PARTS):
            DCGAN(generator, wrong)


def test_shared_optimizer_is_rejected():
    shared = sgd()
    with pytest.raises(InputError, match=THREE_PARTS):
        compiled_dcgan(dcgan(), lambda: shared)
