"""The adversarial losses by hand, at their ends, and over patches."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tfvae.losses.adversarial import fake_loss, real_loss


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
