"""Base class: gradient steps, failure detection and input checks, on a model of two weights."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.models.base import GenerativeModel, images_and_labels


class TwoWeights(GenerativeModel):
    """loss = mean(first + second), first = (a - x[0])**2, second = log(x[1]) * b."""

    term_names = ("first", "second")

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.a = self.add_weight(name="a", shape=(), initializer="zeros")
        self.b = self.add_weight(name="b", shape=(), initializer="ones")

    def objective(self, images, labels, *, noise, training):
        a, b = tf.convert_to_tensor(self.a), tf.convert_to_tensor(self.b)
        return {"first": (a - images[:, 0]) ** 2, "second": tf.math.log(images[:, 1]) * b}


def two_weights(**options) -> TwoWeights:
    model = TwoWeights()
    model.compile(optimizer=keras.optimizers.SGD(0.1), **options)
    return model


def test_update_uses_gradient_of_batch_mean():
    model = two_weights()
    images = np.array([[1.0, 1.0], [3.0, np.e]], np.float32)
    logs = model.train_on_batch(images, return_dict=True)
    # Mean gradients: a: (2 * (0 - 1) + 2 * (0 - 3)) / 2 = -4; b: (0 + 1) / 2 = 0.5.
    assert model.a.numpy() == pytest.approx(0.4)
    assert model.b.numpy() == pytest.approx(0.95)
    # Terms before the step: (1 + 9) / 2 and (0 + 1) / 2.
    assert logs == pytest.approx({"first": 5.0, "second": 0.5, "loss": 5.5})
    assert model.train_draws.numpy() == 1


def test_minimize_updates_given_variables_only():
    model = two_weights(run_eagerly=True)
    images = tf.constant([[1.0, np.e]])
    model.minimize(model.objective, (images,), [model.b], model.optimizer)
    assert model.a.numpy() == 0 and model.b.numpy() == pytest.approx(0.9)


@pytest.mark.parametrize(("column", "value", "term"), [(0, np.nan, "first"), (0, np.inf, "first"), (1, 0.0, "second")])
def test_first_non_finite_term_is_recorded(column, value, term):
    images = np.ones((10, 2), np.float32)
    images[5, column] = value
    model = two_weights(steps_per_execution=5)
    model.fit(images, batch_size=2, shuffle=False, verbose=0)
    # Image 5 is in the third batch; after it the weights, and so every later term, are not finite either.
    assert model.failed_step.numpy() == 2
    assert model.term_names[int(model.failed_term)] == term


def test_finite_terms_record_no_failure():
    model = two_weights()
    model.fit(np.ones((4, 2), np.float32), batch_size=2, verbose=0)
    assert model.failed_step.numpy() == model.failed_term.numpy() == -1


def test_model_without_objective_raises():
    model = GenerativeModel()
    model.compile(optimizer="sgd", run_eagerly=True)
    with pytest.raises(NotImplementedError, match="GenerativeModel must define `objective`"):
        model.evaluate(np.ones((2, 2), np.float32), verbose=0)


def test_images_are_cast_to_float32_and_labels_unchanged():
    images, labels = images_and_labels((tf.ones((2, 3), tf.float64), tf.constant([1, 2])), (3,))
    assert images.dtype == tf.float32 and labels is not None and labels.dtype == tf.int32
    assert images_and_labels((tf.ones((2, 3)),))[1] is None


@pytest.mark.parametrize("images", [tf.ones((2, 4)), tf.ones(3), tf.ones((2, 3), tf.uint8)])
def test_images_of_wrong_shape_or_dtype_are_rejected(images):
    with pytest.raises(InputError, match=THREE_PARTS):
        images_and_labels((images,), (3,))
