"""Noise injection: values, statistics, smoothness in the code, gradients, files."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import THREE_PARTS, dtype_policy
from tfvae.errors import InputError
from tfvae.networks.noise_injection import NoiseInjection

SIZE, LATENT_DIM = 16, 12


def codes(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, LATENT_DIM)).astype(np.float32)


def patterns(layer: NoiseInjection, of: np.ndarray) -> np.ndarray:
    """What the layer adds to maps of zeros, with strengths 1 and 2 in the two channels."""
    maps = tf.zeros((len(of), SIZE, SIZE, 2))
    layer(maps, of)
    layer.strength.assign([1.0, 2.0])
    return np.asarray(layer(maps, of))


def test_noise_injection_starts_as_identity_and_is_trainable():
    layer, maps = NoiseInjection(), tf.random.stateless_normal((3, SIZE, SIZE, 2), (0, 0))
    with tf.GradientTape() as tape:
        out = layer(maps, codes(3))
        loss = tf.reduce_sum(out**2)
    np.testing.assert_array_equal(out, maps)
    (gradient,) = tape.gradient(loss, layer.trainable_variables)
    assert np.all(gradient != 0) and gradient.shape == (2,)


def test_noise_matches_hand_computed_value():
    layer, of = NoiseInjection(turn=1.5, seed=4), codes(2)
    pattern = patterns(layer, of)
    row, column, phase = (variable.numpy() for variable in (layer.row, layer.column, layer.phase))
    angle = of[1] @ row[:, 3] + of[1] @ column[:, 5] + phase[3, 5]
    np.testing.assert_allclose(pattern[1, 3, 5], np.sqrt(2) * np.cos(angle) * np.array([1, 2]), rtol=1e-4)


def test_noise_is_standardized_and_uncorrelated():
    pattern = patterns(NoiseInjection(), codes(400))
    np.testing.assert_array_equal(pattern[..., 1], 2 * pattern[..., 0])
    values = pattern[..., 0]
    assert abs(values.mean()) < 0.02 and values.std() == pytest.approx(1, abs=0.02)
    neighbors = [np.mean(values[:, 1:] * values[:, :-1]), np.mean(values[:, :, 1:] * values[:, :, :-1])]
    assert np.abs(neighbors).max() < 0.1
    assert abs(np.mean(values[1:] * values[:-1])) < 0.02, "codes have patterns of their own"


def test_noise_is_smooth_function_of_code():
    layer, of = NoiseInjection(), codes(1)
    steps = [0.0, 0.01, 0.1, 3.0]
    pattern = patterns(layer, np.concatenate([of + step * codes(1, seed=1) for step in steps]))[..., 0]
    likeness = [float(np.mean(pattern[0] * other)) for other in pattern]
    assert likeness[1] == pytest.approx(likeness[0], abs=0.02) and likeness[2] > 0.8 > 0.3 > abs(likeness[3])
    np.testing.assert_array_equal(patterns(layer, of)[0, ..., 0], pattern[0])


def test_noise_has_no_gradient_to_code():
    layer, of = NoiseInjection(), tf.constant(codes(2))
    patterns(layer, of)
    with tf.GradientTape() as tape:
        tape.watch(of)
        loss = tf.reduce_sum(layer(tf.ones((2, SIZE, SIZE, 2)), of) ** 2)
    assert tape.gradient(loss, of) is None


def test_noise_is_kept_in_file_and_depends_on_seed(tmp_path):
    maps, inputs = keras.Input((SIZE, SIZE, 2)), keras.Input((LATENT_DIM,))
    first, again, other = (keras.Model([maps, inputs], NoiseInjection(seed=seed)(maps, inputs)) for seed in (1, 1, 2))
    for model in (first, again, other):
        model.layers[-1].strength.assign([1.0, 1.0])
    given = [np.zeros((3, SIZE, SIZE, 2), np.float32), codes(3)]
    first.save(tmp_path / "layer.keras")
    expected = first(given)
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "layer.keras")(given), expected)
    np.testing.assert_array_equal(again(given), expected)
    assert np.abs(other(given) - expected).max() > 0.5


@pytest.mark.parametrize("wrong", [{"turn": 0.0}, {"turn": float("nan")}, {"seed": -1}, {"seed": 0.5}])
def test_arguments_out_of_range_are_rejected(wrong):
    with pytest.raises(InputError, match=THREE_PARTS):
        NoiseInjection(**wrong)


def test_noise_under_bfloat16_policy_is_close_to_float32():
    expected = patterns(NoiseInjection(), codes(4))
    with dtype_policy("mixed_bfloat16"):
        pattern = patterns(NoiseInjection(), codes(4))
    np.testing.assert_allclose(pattern, expected, atol=0.1)
