"""Block convolutions against Keras' layers: results, gradients, files."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import THREE_PARTS, dtype_policy
from tfvae.errors import InputError
from tfvae.networks.block_convolution import BlockConv2D, BlockConv2DTranspose

PAIRS = [(BlockConv2D, keras.layers.Conv2D), (BlockConv2DTranspose, keras.layers.Conv2DTranspose)]


def images(height: int, width: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).normal(size=(2, height, width, 3)), tf.float32)


def with_equal_weights(kinds, kernel, inputs, **options) -> list[keras.layers.Layer]:
    ours, theirs = (kind(4, kernel, strides=2, padding="same", **options) for kind in kinds)
    for layer in (ours, theirs):
        layer.build(inputs.shape)
    random = np.random.default_rng(1)
    weights = [random.normal(size=weight.shape) for weight in theirs.weights]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return [ours, theirs]


@pytest.mark.parametrize("kinds", PAIRS, ids=["strided", "transposed"])
@pytest.mark.parametrize(("kernel", "size"), [(2, (4, 4)), (4, (6, 8)), (4, (7, 5)), (6, (9, 6)), ((4, 2), (5, 8))])
def test_block_convolutions_match_keras_results_and_gradients(kinds, kernel, size):
    inputs = images(*size)
    results, gradients = [], []
    for layer in with_equal_weights(kinds, kernel, inputs, activation="tanh"):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            result = layer(inputs)
            loss = tf.reduce_sum(result**2)
        results.append(result)
        gradients.append(tape.gradient(loss, [inputs, *layer.trainable_variables]))
    np.testing.assert_allclose(*results, atol=1e-5)
    for ours, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kinds", PAIRS, ids=["strided", "transposed"])
def test_block_convolutions_round_trip_through_file(kinds, tmp_path):
    inputs = keras.Input((4, 6, 3))
    network = keras.Model(inputs, kinds[0](2, 4, use_bias=False)(inputs))
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(loaded(images(4, 6)), network(images(4, 6)))


@pytest.mark.parametrize("kinds", PAIRS, ids=["strided", "transposed"])
def test_block_convolutions_compute_in_bfloat16_policy(kinds):
    with dtype_policy("mixed_bfloat16"):
        ours, theirs = with_equal_weights(kinds, 4, images(6, 6))
    assert ours.kernel.dtype == "float32" and ours(images(6, 6)).dtype == tf.bfloat16
    np.testing.assert_allclose(*(tf.cast(layer(images(6, 6)), tf.float32) for layer in (ours, theirs)), atol=0.3)


@pytest.mark.parametrize("kinds", PAIRS, ids=["strided", "transposed"])
@pytest.mark.parametrize("options", [{"kernel_size": 5}, {"kernel_size": 4, "strides": 1}, {"kernel_size": (4, 3)}])
def test_unsupported_convolution_options_are_rejected(kinds, options):
    with pytest.raises(InputError, match=THREE_PARTS):
        kinds[0](2, **options)
