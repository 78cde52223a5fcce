"""AdversarialVAE and GaMixVAE: contracts, terms, updates, gradient accumulation, replicas, posterior variance."""

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
    ModelContract,
    assert_equal_states,
    small_images,
    small_networks,
    states,
)
from tfvae import distributions
from tfvae.errors import InputError
from tfvae.models.adversarial_vae import AdversarialVAE
from tfvae.models.gamix_vae import GaMixVAE
from tfvae.models.noise import Noise
from tfvae.models.vae import VAE
from tfvae.networks.convolutional import dcgan_discriminator
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.strategy import choose_strategy

pytestmark = pytest.mark.filterwarnings("ignore:Expected batches of at least 32")


def discriminator() -> keras.Model:
    return dcgan_discriminator(IMAGE_SHAPE, filters=(4, 8), kernel=4)


def in_the_unit_range(decoder: keras.Model) -> keras.Model:
    codes = keras.Input((LATENT_DIM,))
    return keras.Model(codes, keras.layers.Activation("sigmoid", dtype="float32")(decoder(codes)))


def made(kind=GaMixVAE, *, adversarial: bool = True, seed: int = 0, **options):
    keras.utils.set_random_seed(seed)
    encoder, decoder = small_networks(2)
    return kind(encoder, in_the_unit_range(decoder), discriminator() if adversarial else None, **options)


def compiled_with_both(model, optimizer=lambda: keras.optimizers.Adam(0.01), **options):
    model.compile(optimizer(), optimizer(), **options)
    return model


def slow_sgd() -> keras.optimizers.Optimizer:
    return keras.optimizers.SGD(0.01)


class Adversary(ModelContract):
    epochs = 25

    @staticmethod
    def compile(model, **options):
        return compiled_with_both(model, **options)

    def test_training_reduces_loss(self, trained):
        history = trained.training_history
        constant = np.prod(IMAGE_SHAPE) * np.log(2)
        for part in ("", "val_"):
            errors = np.array(history[f"{part}reconstruction"]) - constant
            assert errors[-1] < 0.9 * errors[0]


class TestAdversarialVAE(Adversary):
    @staticmethod
    def make():
        return made(AdversarialVAE)


class TestGaMixVAE(Adversary):
    @staticmethod
    def make():
        return made(GaMixVAE, betas=(1.0, 0.1, 2.0), warm_up_steps=8, random_flip=True)


class TestGaMixVAEWithoutDiscriminator(Adversary):
    @staticmethod
    def make():
        return made(GaMixVAE, adversarial=False)


def batch(count: int = BATCH) -> tuple[tf.Tensor, tf.Tensor]:
    images, labels = small_images(count)
    return tf.constant(images), tf.constant(labels)


def assert_equal_logs(ours, theirs) -> None:
    assert set(ours) == set(theirs)
    for name, values in ours.items():
        assert values == pytest.approx(theirs[name], rel=1e-5), name


def noise_of(step: int = 0) -> Noise:
    return Noise(0, tf.constant(step, tf.int64))


def test_adversarial_vae_without_discriminator_is_vae():
    keras.utils.set_random_seed(0)
    encoder, decoder = small_networks(2)
    models = [
        AdversarialVAE(encoder, decoder, beta=2.0),
        VAE(encoder, decoder, beta=2.0, likelihood=distributions.laplace),
    ]
    ours, theirs = (model.objective(*batch(), noise=noise_of(), training=True) for model in models)
    assert models[0].term_names == models[1].term_names
    for name, values in theirs.items():
        np.testing.assert_array_equal(ours[name], values)


def test_terms_match_hand_computed_values():
    model = compiled_with_both(made(betas=(0.5, 0.25, 3.0), adversarial_weight=1e-6))
    images, labels = batch()
    terms = model.objective(images, labels, noise=noise_of(), training=True)
    parameters = model.encoder(images).numpy()
    means, variance = parameters[:, :LATENT_DIM], np.exp(parameters[:, LATENT_DIM:])
    codes = means + np.sqrt(variance) * noise_of().normal([BATCH, LATENT_DIM], "codes").numpy()
    decoded = model.decoder(codes).numpy()
    center, spread = means.mean(axis=0), means.var(axis=0)
    axes = (1, 2, 3)
    softplus = lambda x: np.log1p(np.exp(x))  # noqa: E731
    real, fake = (model.discriminator(x).numpy()[:, 0] for x in (images, decoded))
    expected = {
        "reconstruction": 3.0 * (np.abs(images - decoded).sum(axis=axes) + np.log(2) * np.prod(IMAGE_SHAPE)),
        "aggregate_kl": np.full(BATCH, 0.5 * 0.5 * (spread + center**2 - 1 - np.log(spread)).sum()),
        "posterior_variance": 0.25 * (variance - 1 - np.log(variance)).sum(axis=1),
        "adversarial": 1e-6 * np.prod(IMAGE_SHAPE) * softplus(-fake),
        "discriminator_real": softplus(-real),
        "discriminator_fake": softplus(fake),
    }
    assert set(terms) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(terms[name], values, rtol=2e-4, err_msg=name)


def test_discriminator_and_autoencoder_minimize_own_terms():
    images, labels = small_images(BATCH)
    model = compiled_with_both(made(), slow_sgd)
    model.train_on_batch(images, labels)
    alone = compiled_with_both(made(adversarial=False), slow_sgd)
    alone.train_on_batch(images, labels)
    fresh = made().discriminator
    with tf.GradientTape() as tape:
        start = made()
        terms = start.objective(*batch(), noise=noise_of(), training=True)
        own = tf.reduce_mean(terms["discriminator_real"] + terms["discriminator_fake"])
    gradients = tape.gradient(own, start.discriminator.trainable_variables)
    before = start.discriminator.get_weights()
    for after, old, gradient in zip(model.discriminator.get_weights(), before, gradients, strict=True):
        np.testing.assert_allclose(after, old - 0.01 * gradient, atol=1e-6)
    moved = [np.abs(a - b).max() for a, b in zip(model.decoder.get_weights(), alone.decoder.get_weights(), strict=True)]
    assert max(moved) > 1e-5  # the adversarial loss changes the autoencoder
    assert len(fresh.trainable_variables) == len(gradients)


def test_adversarial_loss_starts_after_warm_up():
    images, labels = small_images(BATCH)
    model, alone = compiled_with_both(made(warm_up_steps=2)), compiled_with_both(made(adversarial=False))
    gaps = []
    for _ in range(4):
        for each in (model, alone):
            each.train_on_batch(images, labels)
        pairs = zip(model.decoder.get_weights(), alone.decoder.get_weights(), strict=True)
        gaps.append(max(np.abs(one - other).max() for one, other in pairs))
    assert max(gaps[:2]) < 1e-6 and min(gaps[2:]) > 1e-4


@pytest.mark.parametrize("kind", [AdversarialVAE, GaMixVAE])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_accumulated_gradients_match_whole_batch(monkeypatch, kind, jit_compile):
    monkeypatch.setattr(Noise, "normal", lambda self, shape, name: tf.zeros(shape))
    images, labels = small_images(4 * 12)
    models = [compiled_with_both(made(kind, parts=parts), slow_sgd, jit_compile=jit_compile) for parts in (1, 4)]
    logs = [model.fit(images, labels, batch_size=12, shuffle=False, verbose=0).history for model in models]
    assert_equal_states(*models, rtol=1e-4, atol=1e-6)
    assert_equal_logs(*logs)
    assert np.abs(models[0].encoder.get_weights()[0] - made(kind).encoder.get_weights()[0]).max() > 1e-3


@pytest.mark.parametrize("kind", [AdversarialVAE, GaMixVAE])
def test_random_flip_mirrors_about_half_of_images_in_training(kind):
    model = compiled_with_both(made(kind, random_flip=True), run_eagerly=True)
    images, labels = batch(60)
    seen = []
    objective = model.objective
    model.objective = lambda images, *words, **options: (
        seen.append(images.numpy()) or objective(images, *words, **options)
    )
    for _ in range(2):
        model.train_step((images, labels))
    model.test_step((images, labels))
    flipped = [
        [np.array_equal(ours, theirs[:, ::-1]) for ours, theirs in zip(shown, images, strict=True)] for shown in seen
    ]
    kept = [[np.array_equal(ours, theirs) for ours, theirs in zip(shown, images, strict=True)] for shown in seen]
    for turned, left in zip(flipped[:2], kept[:2], strict=True):
        assert 15 < sum(turned) < 45 and all(one != other for one, other in zip(turned, left, strict=True))
    assert flipped[0] != flipped[1], "each step flips others"
    assert all(kept[2]), "never in evaluation"


def test_micro_batches_have_different_noise():
    rows = [Noise(0, tf.constant(0, tf.int64), part=part).normal([3], "codes").numpy() for part in (0, 1, None)]
    assert all(np.abs(one - other).max() > 1e-3 for one, other in ((rows[0], rows[1]), (rows[0], rows[2])))


@pytest.fixture(scope="module")
def mirrored():
    return choose_strategy("mirrored")


@pytest.mark.parametrize(("last", "parts"), [(BATCH, 2), (BATCH - 1, 1)])  # 8 and 7 examples a replica
def test_two_replicas_match_one_device(mirrored, monkeypatch, last, parts):
    monkeypatch.setattr(Noise, "normal", lambda self, shape, name: tf.zeros(shape))
    images, labels = small_images(9 * BATCH + last)
    models, logs = [], []
    for strategy in (choose_strategy("one"), mirrored):
        with strategy.scope():
            model = compiled_with_both(made(parts=parts), slow_sgd, jit_compile=False)
        data = tf.data.Dataset.from_tensor_slices((images, labels)).batch(BATCH)
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
        logs.append(model.fit(data.with_options(options), verbose=0).history)
        models.append(model)
    assert models[0].optimizer.iterations.numpy() == 10
    assert_equal_states(*models, rtol=0, atol=1e-5)
    assert_equal_logs(*logs)


def test_resumed_training_is_bit_identical(tmp_path):
    images, labels = small_images(4 * BATCH)
    whole, first = (compiled_with_both(made(warm_up_steps=3), jit_compile=True) for _ in range(2))
    later = compiled_with_both(made(seed=1, warm_up_steps=3), jit_compile=True)
    whole.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0)
    first.fit(images[: 2 * BATCH], labels[: 2 * BATCH], batch_size=BATCH, shuffle=False, verbose=0)
    Checkpointer(tmp_path, first).save(Position(epoch=0, step=2))
    assert Checkpointer(tmp_path, later).restore() == Position(epoch=0, step=2)
    later.fit(images[2 * BATCH :], labels[2 * BATCH :], batch_size=BATCH, shuffle=False, verbose=0)
    for one, other in zip(states(whole), states(later), strict=True):
        np.testing.assert_array_equal(one, other)


def test_posterior_variance_penalty_prevents_collapse():
    images, _ = small_images()
    steps = 400
    batches = tf.data.Dataset.from_tensors(images).repeat(steps)
    smallest = {}
    for weight in (0.0, 1.0):
        model = compiled_with_both(
            made(adversarial=False, betas=(1.0, weight, 20.0)), jit_compile=True, steps_per_execution=steps
        )
        model.fit(batches, verbose=0, shuffle=False)
        smallest[weight] = model.posterior(tf.constant(images)).variance().numpy().mean()
    assert smallest[0.0] < 0.003 < 0.03 < smallest[1.0], smallest


def test_small_batch_warns():
    images, labels = small_images(BATCH)
    with pytest.warns(UserWarning, match=r"at least 32 examples. Received: 16.*too noisily.*parts"):
        compiled_with_both(made(adversarial=False)).train_on_batch(images, labels)


@pytest.mark.parametrize(
    "options",
    [
        {"betas": (1.0, 1.0)},
        {"betas": (1.0, -1.0, 1.0)},
        {"betas": (1.0, float("nan"), 1.0)},
        {"beta": 2.0},
        {"prior": distributions.gaussian_mixture},
        {"adversarial_weight": -0.1},
        {"cap": 0.0},
        {"warm_up_steps": -1},
        {"warm_up_steps": 1.5},
        {"parts": 0},
    ],
)
def test_arguments_out_of_range_are_rejected(options):
    with pytest.raises(InputError, match=THREE_PARTS):
        made(**options)


def test_invalid_discriminators_are_rejected():
    encoder, decoder = small_networks(2)
    logits = discriminator()
    probability = keras.Sequential([logits, keras.layers.Dense(1, activation="sigmoid")])
    for wrong in (dcgan_discriminator((8, 8, 1), filters=(4,), kernel=4), probability):
        with pytest.raises(InputError, match=THREE_PARTS):
            GaMixVAE(encoder, decoder, wrong)


def test_indivisible_batch_shared_optimizer_and_loss_scaling_are_rejected():
    images, labels = small_images(BATCH)
    with pytest.raises(InputError, match=THREE_PARTS):
        compiled_with_both(made(parts=3)).train_on_batch(images, labels)
    optimizer = keras.optimizers.Adam()
    with pytest.raises(InputError, match=THREE_PARTS):
        made().compile(optimizer, optimizer)
    with pytest.raises(InputError, match=THREE_PARTS):
        scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())
        model = made()
        model.compile(scaled, keras.optimizers.Adam())
        model.train_on_batch(images, labels)
