"""Regularization terms of the GaMix-VAE: aggregate KL and posterior variance."""

from __future__ import annotations

import tensorflow as tf

MIN_VARIANCE = 1e-8


def aggregate_kl(means: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
    """KL(N(mean, variance) || N(0, I)) for the moments of a batch's posterior means, as a loss of each example.

        kl          = 0.5 * sum over j of (variance[j] + mean[j]**2 - 1 - log(variance[j]))
        loss[i]     = kl + dot(gradient[i], means[i] - constant(means[i]))
        gradient[i] = mean + (1 - 1 / variance) * (means[i] - mean) = batch * d kl / d means[i]

    The mean of the losses over the batch has the value and the gradient of `kl`, exactly, though the moments are
    constants. So an example needs the moments alone, and a batch can be split over replicas and micro-batches.

    Args:
        means: float32 [rows, latent_dim], posterior means of some examples of the batch.
        mean: float32 [latent_dim], mean of the posterior means of the whole batch.
        variance: float32 [latent_dim], their biased variance, clipped at 1e-8 from below, so that the gradient of a
            collapsed dimension is finite.

    Returns:
        float32 [rows], >= 0, in nats.

    Reference:
        Report 3, eq. 8 to 10.
    """
    mean, variance = tf.stop_gradient(mean), tf.stop_gradient(tf.maximum(variance, MIN_VARIANCE))
    fixed = tf.stop_gradient(means)
    kl = 0.5 * tf.reduce_sum(variance + tf.square(mean) - 1.0 - tf.math.log(variance))
    gradient = mean + (1.0 - 1.0 / variance) * (fixed - mean)
    return kl + tf.reduce_sum(gradient * (means - fixed), axis=-1)


def posterior_variance_penalty(variance: tf.Tensor) -> tf.Tensor:
    """Penalty on posterior variances other than 1: twice KL(N(mean, variance) || N(mean, I)).

        penalty = sum over j of (variance[j] - 1 - log(variance[j]))

    Args:
        variance: float32 [batch, latent_dim], > 0, of each posterior.

    Returns:
        float32 [batch], >= 0, in nats; 0 at a variance of 1.

    Reference:
        Report 3, eq. 11, which has no factor 1/2.
    """
    return tf.reduce_sum(variance - 1.0 - tf.math.log(variance), axis=-1)
