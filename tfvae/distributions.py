"""Posteriors, likelihoods and priors: thin builders on `tfp.distributions`.

A model holds these functions, never a distribution: a distribution that is built once freezes the value of
every variable in it, so each step builds its own.
"""

from __future__ import annotations

from tfvae.startup import tensorflow as tf

import keras
from tensorflow_probability import distributions as tfd

LOG_VARIANCE_LIMITS = (-20.0, 10.0)


@keras.saving.register_keras_serializable("tfvae")
def diagonal_normal(parameters: tf.Tensor) -> tfd.Distribution:
    """Normal posterior with a diagonal covariance, q(z | x) = N(z; mean, diag(exp(log_variance))).

    The log-variances are clipped to [-20, 10], so that neither their exponential nor the KL term overflows float32.

    Args:
        parameters: float32 [batch, 2 * latent_dim], means and then log-variances, as an encoder gives them.

    Returns:
        A distribution with batch shape [batch] and event shape [latent_dim].

    Reference:
        Kingma and Welling 2013, eq. 9.
    """
    mean, log_variance = tf.split(tf.cast(parameters, tf.float32), 2, axis=-1)
    log_variance = tf.clip_by_value(log_variance, *LOG_VARIANCE_LIMITS)
    return tfd.Independent(tfd.Normal(mean, tf.exp(0.5 * log_variance)), 1)


def gaussian_mixture(parameters: tf.Tensor) -> tfd.MixtureSameFamily:
    """Mixture of Gaussians with diagonal covariances and equal weights.

    p(x) = mean over k of N(x; mean[k], diag(exp(log_variance[k])))

    Its `posterior_marginal(x)` is p(k | x). The log-variances are clipped as in `diagonal_normal`.

    Args:
        parameters: float32 [..., components, 2 * latent_dim], means and then log-variances of each component.

    Returns:
        A distribution with batch shape [...] and event shape [latent_dim].

    Reference:
        Dilokthanakul et al. 2016, eq. 2d.
    """
    components = diagonal_normal(parameters)
    return tfd.MixtureSameFamily(tfd.Categorical(logits=tf.zeros(parameters.shape[-2])), components)


@keras.saving.register_keras_serializable("tfvae")
def bernoulli(logits: tf.Tensor) -> tfd.Distribution:
    """Bernoulli likelihood of pixels in [0, 1]; its negative log-probability is the summed binary cross-entropy.

    -log_prob(x) = sum(-x * log(p) - (1 - x) * log(1 - p)),  p = sigmoid(logits)

    Gray pixels are taken as they are, which is what the reports do: an unnormalized likelihood for 0 < x < 1.

    Args:
        logits: float [batch, height, width, channels], as a decoder gives them.

    Returns:
        A distribution with batch shape [batch] and event shape [height, width, channels], in nats.

    Reference:
        Kingma and Welling 2013, appendix C.1; report 0, L_BCE.
    """
    logits = tf.cast(logits, tf.float32)
    return tfd.Independent(tfd.Bernoulli(logits=logits, dtype=tf.float32), len(logits.shape) - 1)


@keras.saving.register_keras_serializable("tfvae")
def unit_normal(mean: tf.Tensor) -> tfd.Distribution:
    """Normal likelihood with unit variance, whose negative log-probability is half the squared error and a constant.

    Args:
        mean: float [batch, height, width, channels] or [batch, length], as a decoder gives it.

    Returns:
        A distribution with batch shape [batch] and the rest of `mean`'s shape as event shape, in nats.
    """
    mean = tf.cast(mean, tf.float32)
    return tfd.Independent(tfd.Normal(mean, 1.0), len(mean.shape) - 1)


@keras.saving.register_keras_serializable("tfvae")
def laplace(mean: tf.Tensor) -> tfd.Distribution:
    """Laplace likelihood of scale 1, whose negative log-probability is the L1 error and a constant.

    -log_prob(x) = sum(abs(x - mean) + log(2))

    Args:
        mean: float [batch, height, width, channels] or [batch, length], as a decoder gives it.

    Returns:
        A distribution with batch shape [batch] and the rest of `mean`'s shape as event shape, in nats.

    Reference:
        Report 3, eq. 12.
    """
    mean = tf.cast(mean, tf.float32)
    return tfd.Independent(tfd.Laplace(mean, 1.0), len(mean.shape) - 1)


@keras.saving.register_keras_serializable("tfvae")
def standard_normal(latent_dim: int) -> tfd.Distribution:
    """The prior p(z) = N(z; 0, I).

    Args:
        latent_dim: int >= 1, number of dimensions of a code.

    Returns:
        A distribution with batch shape [] and event shape [latent_dim].

    Reference:
        Report 0, section III.A.
    """
    return tfd.Independent(tfd.Normal(tf.zeros(latent_dim), tf.ones(latent_dim)), 1)


def kl_divergence(posterior: tfd.Distribution, prior: tfd.Distribution, codes: tf.Tensor) -> tf.Tensor:
    """KL(q(z | x) || p(z)) per example: exact where a closed form is known, else its one-sample estimate.

    kl = integral q(z | x) * log(q(z | x) / p(z)) dz,  or  log q(codes | x) - log p(codes)

    Args:
        posterior: distribution with batch shape [batch] and event shape [latent_dim].
        prior: distribution with batch shape [] and event shape [latent_dim].
        codes: float32 [batch, latent_dim], samples of `posterior`; used only where no closed form is known.

    Returns:
        float32 [batch], in nats.

    Reference:
        Report 0, section III.A; Kingma and Welling 2013, appendix B.
    """
    try:
        return tfd.kl_divergence(posterior, prior)
    except NotImplementedError:
        return posterior.log_prob(codes) - prior.log_prob(codes)
