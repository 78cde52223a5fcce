"""Tests that every model passes: a model's test class subclasses a contract and defines `make`.

`GenerativeContract` is for any model, `ModelContract` for autoencoders.
"""

from __future__ import annotations

import contextlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfvae.errors import InputError
from tfvae.models.base import GenerativeModel
from tfvae.models.noise import Noise
from tfvae.networks.dense import dense_decoder, dense_encoder
from tfvae.training.strategy import repeatable

IMAGE_SHAPE = (6, 5, 1)
CLASSES = 3
COUNT = 60
BATCH = 16  # the last batch has 12
LATENT_DIM = 2
THREE_PARTS = r"(?s)^Expected .+\. Received: .+\. [A-Z].+\.$"


def small_images(count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
    """Noisy images of three classes: float32 [count, 6, 5, 1] in [0, 1] and int64 [count]."""
    generator = np.random.default_rng(0)
    templates = generator.uniform(size=(CLASSES, *IMAGE_SHAPE)) > 0.5
    labels = np.arange(count) % CLASSES
    noise = 0.1 * generator.normal(size=(count, *IMAGE_SHAPE))
    return np.clip(0.8 * templates[labels] + 0.1 + noise, 0, 1).astype(np.float32), labels.astype(np.int64)


def small_networks(parameters_per_code: int) -> tuple[keras.Model, keras.Model]:
    """An encoder and a decoder for these images, of a few hundred weights."""
    encoder = dense_encoder(IMAGE_SHAPE, parameters_per_code * LATENT_DIM, widths=(16,))
    return encoder, dense_decoder(LATENT_DIM, IMAGE_SHAPE, widths=(16,))


@contextlib.contextmanager
def dtype_policy(name: str):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def compiled(model: GenerativeModel, **options) -> GenerativeModel:
    model.compile(optimizer=keras.optimizers.Adam(0.01), **options)
    return model


def fitted(model: GenerativeModel, epochs: int, seed: int = 0, data=None) -> dict[str, list[float]]:
    images, labels = small_images() if data is None else data
    keras.utils.set_random_seed(seed)
    fit = model.fit(images, labels, epochs=epochs, batch_size=BATCH, validation_data=(images, labels), verbose=0)
    return fit.history


def assert_equal_states(one: GenerativeModel, other: GenerativeModel, **tolerance) -> None:
    """Equal weights, noise counters and optimizer variables: exactly, or within a tolerance."""
    for ours, theirs in zip(states(one), states(other), strict=True):
        np.testing.assert_allclose(ours, theirs, **{"rtol": 0, "atol": 0, **tolerance})


def json_of(model: GenerativeModel) -> str:
    """The config as JSON, which has lists for tuples."""
    return json.dumps(model.get_config())


def states(model: GenerativeModel) -> list[np.ndarray]:
    optimizers = [variable for optimizer, _ in model.optimizers_and_variables() for variable in optimizer.variables]
    return [variable.numpy() for variable in [*model.variables, *optimizers]]


class GenerativeContract:
    """Subclass as `class TestX(GenerativeContract)` and define `make`, which returns an uncompiled model.

    Override `compile` and `images` where a model needs other optimizers or data.
    """

    epochs = 15
    value_range = (0.0, 1.0)

    @staticmethod
    def make() -> GenerativeModel:
        raise NotImplementedError

    @staticmethod
    def compile(model: GenerativeModel, **options) -> GenerativeModel:
        return compiled(model, **options)

    @classmethod
    def images(cls, count: int = COUNT) -> tuple[np.ndarray, np.ndarray]:
        """The small images in the model's value range."""
        (low, high), (images, labels) = cls.value_range, small_images(count)
        return (low + (high - low) * images).astype(np.float32), labels

    @staticmethod
    def codes(count: int = COUNT) -> np.ndarray:
        return np.random.default_rng(1).normal(size=(count, LATENT_DIM)).astype(np.float32)

    @pytest.fixture(scope="class")
    @classmethod
    def trained(cls):
        keras.utils.set_random_seed(0)
        model = cls.compile(cls.make())
        model.training_history = fitted(model, epochs=cls.epochs, data=cls.images())
        return model

    def test_logs_have_loss_and_terms(self, trained):
        names = ["loss", *trained.term_names]
        assert [metric.name for metric in trained.metrics] == names
        images, labels = self.images()
        assert len(trained.evaluate(images, labels, batch_size=BATCH, verbose=0)) == len(names)
        assert set(trained.training_history) == {*names, *(f"val_{name}" for name in names)}

    def test_loss_is_sum_of_terms(self, trained):
        for part in ("", "val_"):
            terms = [trained.training_history[part + name] for name in trained.term_names]
            np.testing.assert_allclose(trained.training_history[f"{part}loss"], np.sum(terms, axis=0), rtol=1e-5)

    def test_evaluate_is_deterministic_and_changes_no_state(self, trained):
        images, labels = self.images()
        trained.reset_metrics()  # restarts the noise of evaluation
        before = states(trained)
        first, second = (
            trained.evaluate(images, labels, batch_size=BATCH, verbose=0, return_dict=True) for _ in range(2)
        )
        assert first == second
        trained.reset_metrics()
        for old, new in zip(before, states(trained), strict=True):
            np.testing.assert_array_equal(old, new)

    def test_evaluate_is_mean_of_objective_over_images(self, trained):
        images, labels = self.images()
        batches = range(0, COUNT, BATCH)
        terms = [
            trained.objective(
                tf.constant(images[start : start + BATCH]),
                tf.constant(labels[start : start + BATCH]),
                noise=Noise(trained.seed, tf.constant(step, tf.int64)),
                training=False,
            )
            for step, start in enumerate(batches)
        ]
        logs = trained.evaluate(images, labels, batch_size=BATCH, verbose=0, return_dict=True)
        for name in trained.term_names:
            values = np.concatenate([term[name] for term in terms])
            assert values.shape == (COUNT,) and values.dtype == np.float32
            assert logs[name] == pytest.approx(values.mean(), rel=1e-5)

    def test_decoded_and_sampled_images_have_shape_and_range(self, trained):
        low, high = self.value_range
        for images, count in ((trained.decode(self.codes()), COUNT), (trained.sample(7), 7)):
            assert images.shape == (count, *IMAGE_SHAPE) and images.dtype == np.float32
            assert low <= images.min() and images.max() <= high

    def test_decode_is_independent_of_batch_size(self, trained):
        codes = self.codes()
        np.testing.assert_allclose(trained.decode(codes, batch_size=7), trained.decode(codes), atol=1e-5)

    def test_samples_depend_on_seed_only(self, trained):
        np.testing.assert_array_equal(trained.sample(5, seed=1), trained.sample(5, seed=1))
        assert np.abs(trained.sample(5, seed=1) - trained.sample(5, seed=2)).max() > 1e-3

    def test_file_restores_model_and_optimizer_state(self, trained, tmp_path):
        images, labels = self.images()
        trained.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert type(loaded) is type(trained) and json_of(loaded) == json_of(trained)
        assert_equal_states(loaded, trained)
        codes = self.codes()
        np.testing.assert_array_equal(loaded.decode(codes), trained.decode(codes))
        twin = keras.saving.load_model(tmp_path / "model.keras")
        # Without XLA or op determinism sums may differ in the last digit, which Adam can amplify to a whole step.
        with repeatable(tf.distribute.get_strategy(), xla=loaded.jit_compile):
            for model in (loaded, twin):
                model.train_on_batch(images, labels)
        assert_equal_states(loaded, twin, rtol=1e-5, atol=1e-6)
        assert np.abs(states(loaded)[-1] - states(trained)[-1]).max() > 0

    def test_config_round_trips(self, trained):
        copy = type(trained).from_config(json.loads(json_of(trained)))
        assert json_of(copy) == json_of(trained)
        shapes = [[variable.shape for variable in model.variables] for model in (copy, trained)]
        assert shapes[0] == shapes[1]

    def test_fit_and_evaluate_reject_images_of_wrong_shape_or_dtype(self, trained):
        images, labels = self.images()
        for bad in (images[..., 0], images[:, :, :-1], (255 * images).astype(np.uint8)):
            for method in (trained.fit, trained.evaluate):
                with pytest.raises(InputError, match=THREE_PARTS):
                    method(bad, labels, verbose=0)

    def test_decode_and_sample_reject_invalid_codes_and_counts(self, trained):
        codes = self.codes()
        for bad in (codes[0], codes[:, :1], codes.astype(np.int64)):
            with pytest.raises(InputError, match=THREE_PARTS):
                trained.decode(bad)
        for bad in (0, -1):
            with pytest.raises(InputError, match=THREE_PARTS):
                trained.sample(bad)

    def test_float64_images_are_evaluated_as_float32(self):
        images, labels = self.images(BATCH)
        model = self.compile(self.make(), run_eagerly=True)
        batches = tf.data.Dataset.from_tensors((images.astype(np.float64), labels))
        logs = model.evaluate(batches, verbose=0, return_dict=True)
        assert logs == model.evaluate(images, labels, batch_size=BATCH, verbose=0, return_dict=True)

    def test_weights_and_terms_are_float32_under_bfloat16_policy(self):
        images, labels = self.images(BATCH)
        with dtype_policy("mixed_bfloat16"):
            model = self.compile(self.make())
            history = model.fit(images, labels, batch_size=BATCH, epochs=2, verbose=0).history
        assert "bfloat16" in {layer.compute_dtype for layer in model._flatten_layers() if hasattr(layer, "kernel")}
        assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
        assert np.isfinite([*history.values()]).all()
        terms = model.objective(
            tf.constant(images),
            tf.constant(labels),
            noise=Noise(model.seed, tf.constant(0, tf.int64)),
            training=True,
        )
        assert {term.dtype for term in terms.values()} == {tf.float32}
        assert model.decode(self.codes(3)).dtype == model.sample(3).dtype == np.float32


class ModelContract(GenerativeContract):
    """Subclass as `class TestX(ModelContract)` and define `make`, which returns an uncompiled autoencoder."""

    def test_training_reduces_loss(self, trained):
        history = trained.training_history
        assert history["loss"][-1] < 0.9 * history["loss"][0]
        assert history["val_loss"][-1] < 0.9 * history["val_loss"][0]

    def test_predict_returns_reconstruction(self, trained):
        images, _ = self.images()
        np.testing.assert_allclose(
            trained.predict(images, batch_size=BATCH, verbose=0), trained.reconstruct(images), atol=1e-6
        )

    def test_encode_and_reconstruct_return_expected_shapes(self, trained):
        images, _ = self.images()
        codes = trained.encode(images)
        decoded, reconstructed = trained.decode(codes), trained.reconstruct(images)
        assert codes.shape == (COUNT, LATENT_DIM) and codes.dtype == np.float32
        assert decoded.shape == reconstructed.shape == images.shape
        assert np.isfinite(codes).all() and np.isfinite(reconstructed).all()
        np.testing.assert_array_equal(decoded, reconstructed)

    def test_encode_is_independent_of_batch_size(self, trained):
        images, _ = self.images()
        np.testing.assert_allclose(trained.encode(images, batch_size=7), trained.encode(images), atol=1e-5)

    def test_file_restores_encoder(self, trained, tmp_path):
        images, _ = self.images()
        trained.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(loaded.encode(images), trained.encode(images))

    def test_encode_rejects_images_of_wrong_shape_or_dtype(self, trained):
        images, _ = self.images()
        for bad in (images[..., 0], images[:, :, :-1], images[0], (255 * images).astype(np.uint8)):
            for method in (trained.encode, trained.reconstruct, lambda x: trained.predict(x, verbose=0)):
                with pytest.raises(InputError, match=THREE_PARTS):
                    method(bad)
        with pytest.raises(InputError, match=THREE_PARTS):
            trained.encode(images[:0])

    def test_codes_are_float32_under_bfloat16_policy(self):
        with dtype_policy("mixed_bfloat16"):
            model = self.make()
        assert model.encode(self.images(BATCH)[0]).dtype == np.float32
