"""Adversarial losses: a discriminator tells real images from generated ones, a generator wants its own taken for real.

Discriminator: real_loss(D(x)) + fake_loss(D(G(z))).  Generator, in its non-saturating form: real_loss(D(G(z))).
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

TINY = 1e-12


def real_loss(logits: tf.Tensor) -> tf.Tensor:
    """Binary cross-entropy of a discriminator's logits against the answer *real*.

    real = -log(sigmoid(logit)) = log(1 + exp(-logit)), averaged over the logits of an example

    Args:
        logits: float [batch] or [batch, ...]; several logits an example are those of its patches.

    Returns:
        float32 [batch], >= 0, in nats; log(2) where the discriminator cannot tell.

    Reference:
        Goodfellow et al. 2014, section 3 and algorithm 1 (the generator maximizes log D(G(z)) early in learning);
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


def squared_slope(discriminator: Callable[[tf.Tensor], tf.Tensor], images: tf.Tensor) -> tf.Tensor:
    """Half the squared gradient of a discriminator's logit by the image, the penalty R1 at real images.

    slope = |d mean(logits) / d image|^2 / 2

    Args:
        discriminator: function of float32 [batch, ...] to float [batch, ...], logits that depend on their image alone.
        images: float32 [batch, ...].

    Returns:
        float32 [batch], >= 0, in squared nats per squared unit of a pixel.

    Reference:
        Mescheder et al. 2018, eq. 9.
    """
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = _mean_over_patches(tf.cast(discriminator(images), tf.float32))
    return _squares(tape.gradient(logits, images)) / 2


def capped_adversarial_loss(
    decoded: tf.Tensor,
    error: Callable[[tf.Tensor], tf.Tensor],
    judgment: Callable[[tf.Tensor], tf.Tensor],
    *,
    cap: float,
) -> tf.Tensor:
    """A judgment of decoded images, with as much weight as keeps its pull on an image within that of the error.

        capped[i] = weight[i] * judgment(decoded)[i]
        weight[i] = min(1, cap * norm(d error[i] / d decoded[i]) / norm(d judgment[i] / d decoded[i]))

    The weight is a constant of the step, and gradients flow into `decoded` alone: what the judgment itself is made
    of, a discriminator's weights, gets none.

    Args:
        decoded: float32 [batch, ...], what a decoder gives.
        error: function of `decoded` to float32 [batch], what the decoder minimizes besides.
        judgment: function of `decoded` to float32 [batch].
        cap: float > 0, the most that the judgment's pull may be, in units of the error's.

    Returns:
        float32 [batch].

    Reference:
        Esser et al. 2021, eq. 7, for a weight from the ratio of two gradients; report 3, PatchGAN.
    """
    fixed = tf.stop_gradient(decoded)
    with tf.GradientTape() as tape:
        tape.watch(fixed)
        errors = error(fixed)
    length = _norm(tape.gradient(errors, fixed))
    with tf.GradientTape() as tape:
        tape.watch(fixed)
        judgments = judgment(fixed)
    slope = tape.gradient(judgments, fixed)
    weight = tf.stop_gradient(tf.minimum(1.0, cap * length / tf.maximum(_norm(slope), TINY)))
    slope = tf.stop_gradient(slope) * tf.reshape(weight, [-1] + [1] * (len(slope.shape) - 1))
    axes = list(range(1, len(slope.shape)))
    return weight * tf.stop_gradient(judgments) + tf.reduce_sum(slope * (decoded - fixed), axis=axes)


def _norm(slope: tf.Tensor) -> tf.Tensor:
    """float32 [batch], the length of each example's gradient."""
    return tf.sqrt(_squares(slope))


def _squares(slope: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.square(slope), axis=list(range(1, len(slope.shape))))


def _mean_over_patches(losses: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(losses, axis=list(range(1, len(losses.shape))))
