"""GaMix-VAE's regularizers: the posteriors of a batch as one mixture, and the variance of each posterior."""

from __future__ import annotations

import tensorflow as tf

LEAST_VARIANCE = 1e-8


def aggregate_kl(means: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
    """KL(N(mean, variance) || N(0, I)) of the mixture of a batch's posteriors, shared out between its examples.

        kl       = 0.5 * sum over j of (variance[j] + mean[j]**2 - 1 - log(variance[j]))
        share[i] = kl + dot(slope[i], means[i] - constant(means[i]))
        slope[i] = mean + (1 - 1 / variance) * (means[i] - mean) = batch * d kl / d means[i]

    Each share has the value of `kl`, and their mean over the batch has its gradient too, though the moments come as
    constants. So the batch may lie on several replicas, or go through the networks in parts, and nothing is
    approximated: whoever has the moments of the whole batch needs no other row of it.

    Args:
        means: float32 [rows, latent_dim], posterior means of some rows of the batch.
        mean: float32 [latent_dim], mean of the posterior means of the whole batch.
        variance: float32 [latent_dim], their variance (divided by the batch, not by one less); below 1e-8 it counts
            as that, so that a dimension that has died gives a finite slope.

    Returns:
        float32 [rows], >= 0, in nats.

    Reference:
        Report 3, eq. 8 to 10.
    """
    mean, variance = tf.stop_gradient(mean), tf.stop_gradient(tf.maximum(variance, LEAST_VARIANCE))
    fixed = tf.stop_gradient(means)
    kl = 0.5 * tf.reduce_sum(variance + tf.square(mean) - 1.0 - tf.math.log(variance))
    slope = mean + (1.0 - 1.0 / variance) * (fixed - mean)
    return kl + tf.reduce_sum(slope * (means - fixed), axis=-1)


def posterior_variance_penalty(variance: tf.Tensor) -> tf.Tensor:
    """What keeps the variances of the single posteriors from vanishing: twice KL(N(mean, variance) || N(mean, I)).

        penalty = sum over j of (variance[j] - 1 - log(variance[j]))

    Args:
        variance: float32 [batch, latent_dim], > 0, of each posterior.

    Returns:
        float32 [batch], >= 0, in nats; 0 at a variance of 1.

    Reference:
        Report 3, eq. 11, which has no factor 1/2.
    """
    return tf.reduce_sum(variance - 1.0 - tf.math.log(variance), axis=-1)
