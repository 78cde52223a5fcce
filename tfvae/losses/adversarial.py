"""Adversarial losses of a discriminator and a generator.

discriminator: real_loss(D(x)) + fake_loss(D(G(z)))
generator:     real_loss(D(G(z))), the non-saturating form
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

TINY = 1e-12


def real_loss(logits: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy of a discriminator's logits with the label *real*.

    real = -log(sigmoid(logit)) = log(1 + exp(-logit)), averaged over the logits of an example

    Args:
        logits: float [batch] or [batch, ...]; several logits for an example are those of its patches.

    Returns:
        float32 [batch], >= 0, in nats; log(2) at logit 0.

    Reference:
        Goodfellow et al. 2014, section 3 and algorithm 1 (the generator maximizes log D(G(z)) early in learning);
        report 4, section 3.4; report 3, PatchGAN.
    """
    return _mean_over_patches(tf.nn.softplus(-tf.cast(logits, tf.float32)))


def fake_loss(logits: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy of a discriminator's logits with the label *generated*.

    fake = -log(1 - sigmoid(logit)) = log(1 + exp(logit)), averaged over the logits of an example

    Args:
        logits: float [batch] or [batch, ...]; several logits for an example are those of its patches.

    Returns:
        float32 [batch], >= 0, in nats; log(2) at logit 0.

    Reference:
        Goodfellow et al. 2014, eq. 1; report 4, section 3.4.
    """
    return _mean_over_patches(tf.nn.softplus(tf.cast(logits, tf.float32)))


def r1_penalty(discriminator: Callable[[tf.Tensor], tf.Tensor], images: tf.Tensor) -> tf.Tensor:
    """R1 gradient penalty: half the squared gradient norm of a discriminator's mean logit at real images.

    penalty = |d mean(logits) / d image|^2 / 2

    Args:
        discriminator: function of float32 [batch, ...] to float [batch, ...], logits that depend on their own image
            only.
        images: float32 [batch, ...].

    Returns:
        float32 [batch], >= 0, in squared nats per squared unit of a pixel.

    Reference:
        Mescheder et al. 2018, eq. 9.
    """
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = _mean_over_patches(tf.cast(discriminator(images), tf.float32))
    return _squared_norm(tape.gradient(logits, images)) / 2


def capped_adversarial_loss(
    decoded: tf.Tensor,
    reconstruction: Callable[[tf.Tensor], tf.Tensor],
    adversarial: Callable[[tf.Tensor], tf.Tensor],
    *,
    cap: float,
) -> tf.Tensor:
    """Adversarial loss whose gradient norm for each image is at most `cap` times that of the reconstruction loss.

        loss[i]   = weight[i] * adversarial(decoded)[i]
        weight[i] = min(1, cap * |d reconstruction[i] / d decoded[i]| / |d adversarial[i] / d decoded[i]|)

    The weight is constant in the gradient. Gradients flow into `decoded` alone, and not into the variables that
    `adversarial` reads, those of a discriminator.

    Args:
        decoded: float32 [batch, ...], output of a decoder.
        reconstruction: function of `decoded` to float32 [batch].
        adversarial: function of `decoded` to float32 [batch].
        cap: float > 0, largest ratio of the two gradient norms.

    Returns:
        float32 [batch].

    Reference:
        Esser et al. 2021, eq. 7, for a weight from the ratio of two gradient norms; report 3, PatchGAN.
    """
    fixed = tf.stop_gradient(decoded)
    with tf.GradientTape() as tape:
        tape.watch(fixed)
        errors = reconstruction(fixed)
    norm = _norm(tape.gradient(errors, fixed))
    with tf.GradientTape() as tape:
        tape.watch(fixed)
        losses = adversarial(fixed)
    gradient = tape.gradient(losses, fixed)
    weight = tf.stop_gradient(tf.minimum(1.0, cap * norm / tf.maximum(_norm(gradient), TINY)))
    gradient = tf.stop_gradient(gradient) * tf.reshape(weight, [-1] + [1] * (len(gradient.shape) - 1))
    axes = list(range(1, len(gradient.shape)))
    return weight * tf.stop_gradient(losses) + tf.reduce_sum(gradient * (decoded - fixed), axis=axes)


def _norm(gradient: tf.Tensor) -> tf.Tensor:
    """float32 [batch], the norm of each example's gradient."""
    return tf.sqrt(_squared_norm(gradient))


def _squared_norm(gradient: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.square(gradient), axis=list(range(1, len(gradient.shape))))


def _mean_over_patches(losses: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(losses, axis=list(range(1, len(losses.shape))))
