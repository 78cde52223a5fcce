"""Adversarial losses: a discriminator tells real images from generated ones, a generator wants its own taken for real.

Discriminator: real_loss(D(x)) + fake_loss(D(G(z))).  Generator, in its non-saturating form: real_loss(D(G(z))).
"""

from __future__ import annotations

import tensorflow as tf


def real_loss(logits: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy of a discriminator's logits against the answer *real*.

    real = -log(sigmoid(logit)) = log(1 + exp(-logit)), averaged over the logits of an example

    Args:
        logits: float [batch] or [batch, ...]; several logits an example are those of its patches.

    Returns:
        float32 [batch], >= 0, in nats; log(2) where the discriminator cannot tell.

    Reference:
        Goodfellow et al. 2014, section 3 and algorithm 1 (the generator maximises log D(G(z)) early in learning);
        report 4, section 3.4; report 3, PatchGAN.
    """
    return _mean_over_patches(tf.nn.softplus(-tf.cast(logits, tf.float32)))


def fake_loss(logits: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy of a discriminator's logits against the answer *generated*.

    fake = -log(1 - sigmoid(logit)) = log(1 + exp(logit)), averaged over the logits of an example

    Args:
        logits: float [batch] or [batch, ...]; several logits an example are those of its patches.

    Returns:
        float32 [batch], >= 0, in nats; log(2) where the discriminator cannot tell.

    Reference:
        Goodfellow et al. 2014, eq. 1; report 4, section 3.4.
    """
    return _mean_over_patches(tf.nn.softplus(tf.cast(logits, tf.float32)))


def _mean_over_patches(losses: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(losses, axis=list(range(1, len(losses.shape))))
