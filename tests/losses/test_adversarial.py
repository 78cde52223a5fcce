"""The adversarial losses by hand, at their ends, and over patches."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfvae.losses.adversarial import capped_adversarial_loss, fake_loss, real_loss, squared_slope


def test_the_losses_are_the_binary_cross_entropies_of_the_two_answers():
    # A logit of log 3 says real with probability 3/4: -log(3/4) and -log(1/4). A logit of 0 says 1/2.
    logits = tf.constant([[np.log(3.0)], [0.0]], tf.float32)
    np.testing.assert_allclose(real_loss(logits), [np.log(4 / 3), np.log(2)], rtol=1e-6)
    np.testing.assert_allclose(fake_loss(logits), [np.log(4), np.log(2)], rtol=1e-6)


def test_several_logits_of_an_example_are_averaged():
    # Two by one patches: (log(4/3) + log(2)) / 2.
    patches = tf.constant([[[[np.log(3.0)]], [[0.0]]]], tf.float32)
    np.testing.assert_allclose(real_loss(patches), [(np.log(4 / 3) + np.log(2)) / 2], rtol=1e-6)
    assert real_loss(tf.zeros(3)).shape == fake_loss(tf.zeros((3, 1))).shape == (3,)


@pytest.mark.parametrize(("loss", "sign"), [(real_loss, 1.0), (fake_loss, -1.0)])
def test_a_sure_discriminator_overflows_nothing_and_still_teaches(loss, sign):
    logits = tf.constant([[-500.0 * sign], [500.0 * sign]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        values = loss(logits)
    np.testing.assert_allclose(values, [500.0, 0.0], atol=1e-6)
    # The generator's loss does not saturate: where its image is found out, the gradient stays 1.
    np.testing.assert_allclose(tape.gradient(values, logits), [[-sign], [0.0]], atol=1e-6)


def test_bfloat16_logits_give_losses_in_float32():
    assert (
        real_loss(tf.zeros((2, 1), tf.bfloat16)).dtype == fake_loss(tf.zeros((2, 1), tf.bfloat16)).dtype == tf.float32
    )


def test_the_squared_slope_is_that_of_the_mean_logit_and_itself_has_a_gradient():
    # logits (w x1, 3 w x2), mean w (x1 + 3 x2) / 2: slope w / 2 (1, 3), half its square w^2 10 / 8.
    weight, images = tf.Variable(2.0), tf.constant([[1.0, 5.0], [0.0, -2.0]])
    with tf.GradientTape() as tape:
        slope = squared_slope(lambda x: weight * x * tf.constant([1.0, 3.0]), images)
    np.testing.assert_allclose(slope, [5.0, 5.0], rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(slope, weight), 2 * 2 * 2.0 * 10 / 8, rtol=1e-6)


def test_a_flat_discriminator_has_a_gradient_too():
    weight = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        slope = squared_slope(lambda x: weight * x, tf.ones((3, 2)))
    assert tape.gradient(slope, weight) == 0.0


def test_a_judgment_pulls_no_harder_than_the_cap_allows():
    # The error |x - 1| pulls with sqrt(2) on two pixels. The judgment pulls with 3 * (|w|), of 1, and of 0.
    decoded, wanted = tf.zeros((3, 2)), tf.ones((3, 2))
    strength = tf.Variable([[4.0, 3.0], [0.6, 0.8], [0.0, 0.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(decoded)
        values = capped_adversarial_loss(
            decoded,
            error=lambda x: tf.reduce_sum(tf.abs(x - wanted), axis=1),
            judgment=lambda x: 7.0 + tf.reduce_sum(strength * x, axis=1),
            cap=1.0,
        )
    weight = np.sqrt(2) / 5
    np.testing.assert_allclose(values, [7 * weight, 7, 7], rtol=1e-6)
    slopes = tape.gradient(values, decoded)
    np.testing.assert_allclose(slopes, [[4 * weight, 3 * weight], [0.6, 0.8], [0, 0]], rtol=1e-6)
    assert tape.gradient(values, strength) is None  # what judges learns nothing here
