"""Adversarial losses: hand-computed values, extreme logits, patches, gradient norms."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfvae.losses.adversarial import capped_adversarial_loss, fake_loss, r1_penalty, real_loss


def test_real_and_fake_loss_match_hand_computed_cross_entropies():
    # A logit of log 3 says real with probability 3/4: -log(3/4) and -log(1/4). A logit of 0 says 1/2.
    logits = tf.constant([[np.log(3.0)], [0.0]], tf.float32)
    np.testing.assert_allclose(real_loss(logits), [np.log(4 / 3), np.log(2)], rtol=1e-6)
    np.testing.assert_allclose(fake_loss(logits), [np.log(4), np.log(2)], rtol=1e-6)


def test_loss_is_mean_over_patches():
    # Two by one patches: (log(4/3) + log(2)) / 2.
    patches = tf.constant([[[[np.log(3.0)]], [[0.0]]]], tf.float32)
    np.testing.assert_allclose(real_loss(patches), [(np.log(4 / 3) + np.log(2)) / 2], rtol=1e-6)
    assert real_loss(tf.zeros(3)).shape == fake_loss(tf.zeros((3, 1))).shape == (3,)


@pytest.mark.parametrize(("loss", "sign"), [(real_loss, 1.0), (fake_loss, -1.0)])
def test_loss_and_gradient_are_finite_at_extreme_logits(loss, sign):
    logits = tf.constant([[-500.0 * sign], [500.0 * sign]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        values = loss(logits)
    np.testing.assert_allclose(values, [500.0, 0.0], atol=1e-6)
    # Non-saturating: the gradient stays 1 at the wrong end.
    np.testing.assert_allclose(tape.gradient(values, logits), [[-sign], [0.0]], atol=1e-6)


def test_losses_of_bfloat16_logits_are_float32():
    assert (
        real_loss(tf.zeros((2, 1), tf.bfloat16)).dtype == fake_loss(tf.zeros((2, 1), tf.bfloat16)).dtype == tf.float32
    )


def test_r1_penalty_and_its_gradient_match_hand_computed_values():
    # logits (w x1, 3 w x2), mean w (x1 + 3 x2) / 2: gradient w / 2 (1, 3), half its square w^2 10 / 8.
    weight, images = tf.Variable(2.0), tf.constant([[1.0, 5.0], [0.0, -2.0]])
    with tf.GradientTape() as tape:
        penalty = r1_penalty(lambda x: weight * x * tf.constant([1.0, 3.0]), images)
    np.testing.assert_allclose(penalty, [5.0, 5.0], rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(penalty, weight), 2 * 2 * 2.0 * 10 / 8, rtol=1e-6)


def test_r1_penalty_of_constant_discriminator_has_zero_gradient():
    weight = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        penalty = r1_penalty(lambda x: weight * x, tf.ones((3, 2)))
    assert tape.gradient(penalty, weight) == 0.0


def test_capped_adversarial_loss_has_gradient_norm_of_at_most_the_cap():
    # Gradient norms: sqrt(2) of |x - 1| on two pixels; 5, 1 and 0 of the adversarial loss.
    decoded, wanted = tf.zeros((3, 2)), tf.ones((3, 2))
    strength = tf.Variable([[4.0, 3.0], [0.6, 0.8], [0.0, 0.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(decoded)
        values = capped_adversarial_loss(
            decoded,
            reconstruction=lambda x: tf.reduce_sum(tf.abs(x - wanted), axis=1),
            adversarial=lambda x: 7.0 + tf.reduce_sum(strength * x, axis=1),
            cap=1.0,
        )
    weight = np.sqrt(2) / 5
    np.testing.assert_allclose(values, [7 * weight, 7, 7], rtol=1e-6)
    gradients = tape.gradient(values, decoded)
    np.testing.assert_allclose(gradients, [[4 * weight, 3 * weight], [0.6, 0.8], [0, 0]], rtol=1e-6)
    assert tape.gradient(values, strength) is None  # no gradient to the discriminator
