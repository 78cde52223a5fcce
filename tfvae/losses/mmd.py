"""Maximum mean discrepancy (MMD) between codes and samples of the prior, with Gaussian kernels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import tensorflow as tf

from tfvae.errors import InputError


def infovae_bandwidths(latent_dim: int) -> tuple[float, ...]:
    """Kernel width of InfoVAE's published code, where k(a, b) = exp(-mean((a - b)**2) / latent_dim).

    2 * bandwidth**2 = latent_dim**2

    Args:
        latent_dim: int >= 1, number of dimensions of a code.

    Returns:
        One float > 0, in units of the codes.

    Reference:
        Zhao et al. 2017, InfoVAE, section 3.3; report 1, eq. 2.
    """
    return (latent_dim / math.sqrt(2.0),)


def multi_scale_bandwidths(latent_dim: int, *, factors: Sequence[float] = (0.25, 0.5, 1.0, 2.0)) -> tuple[float, ...]:
    """Kernel widths around the root mean square distance of two samples of N(0, I).

    bandwidth[i] = factors[i] * sqrt(2 * latent_dim),  since E|a - b|**2 = 2 * latent_dim

    Args:
        latent_dim: int >= 1, number of dimensions of a code.
        factors: floats > 0.

    Returns:
        Floats > 0, in units of the codes.

    Reference:
        Gretton et al. 2012, "Optimal kernel choice", for sums of kernels of several widths.
    """
    return tuple(factor * math.sqrt(2.0 * latent_dim) for factor in factors)


def gaussian_kernel(first: tf.Tensor, second: tf.Tensor, *, bandwidths: Sequence[float]) -> tf.Tensor:
    """Mean of Gaussian kernels of several widths, for every pair of rows.

    k(a, b) = mean over w in bandwidths of exp(-sum((a - b)**2) / (2 * w**2))

    Args:
        first: float32 [n, latent_dim].
        second: float32 [m, latent_dim].
        bandwidths: floats > 0, kernel widths in the units of the codes.

    Returns:
        float32 [n, m], in (0, 1].

    Raises:
        InputError: if there is no bandwidth, or one is not positive and finite.
    """
    check_bandwidths(bandwidths)
    squared = tf.reduce_sum(tf.square(first[:, tf.newaxis, :] - second[tf.newaxis, :, :]), axis=-1)
    return tf.add_n([tf.exp(-squared / (2.0 * width**2)) for width in bandwidths]) / len(bandwidths)


def maximum_mean_discrepancy(codes: tf.Tensor, prior_codes: tf.Tensor, *, bandwidths: Sequence[float]) -> tf.Tensor:
    """Biased estimate of the squared maximum mean discrepancy between two sets of codes.

    mmd = mean(k(x, x')) + mean(k(y, y')) - 2 * mean(k(x, y))

    It is 0 for equal sets; for two independent sets of N samples of one distribution its mean is
    2 * (1 - mean(k)) / N.

    Args:
        codes: float32 [n, latent_dim], samples of q(z).
        prior_codes: float32 [m, latent_dim], samples of p(z).
        bandwidths: floats > 0, kernel widths in the units of the codes; the kernel is their mean.

    Returns:
        float32 [], >= 0 up to rounding, dimensionless.

    Raises:
        InputError: if there is no bandwidth, or one is not positive and finite.

    Reference:
        Gretton et al. 2012, eq. 5; report 1, eq. 2.
    """
    within = gaussian_kernel(codes, codes, bandwidths=bandwidths)
    prior = gaussian_kernel(prior_codes, prior_codes, bandwidths=bandwidths)
    between = gaussian_kernel(codes, prior_codes, bandwidths=bandwidths)
    return tf.reduce_mean(within) + tf.reduce_mean(prior) - 2.0 * tf.reduce_mean(between)


def per_example_mmd(
    codes: tf.Tensor,
    prior_codes: tf.Tensor,
    all_codes: tf.Tensor,
    all_prior_codes: tf.Tensor,
    *,
    bandwidths: Sequence[float],
) -> tf.Tensor:
    """Contribution of each code and prior sample to the discrepancy of the global batch.

    loss[i] = mean over j of k(x[i], X[j]) + k(y[i], Y[j]) - k(x[i], Y[j]) - k(y[i], X[j])

    The mean of the losses over the global batch is `maximum_mean_discrepancy(X, Y)`.

    Args:
        codes: float32 [batch, latent_dim], those of this replica, x.
        prior_codes: float32 [batch, latent_dim], those of this replica, y.
        all_codes: float32 [global batch, latent_dim], X.
        all_prior_codes: float32 [global batch, latent_dim], Y.
        bandwidths: floats > 0, kernel widths in the units of the codes.

    Returns:
        float32 [batch], dimensionless.

    Raises:
        InputError: if there is no bandwidth, or one is not positive and finite.

    Reference:
        Gretton et al. 2012, eq. 5; report 1, eq. 2.
    """

    def mean_kernel(rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(gaussian_kernel(rows, columns, bandwidths=bandwidths), axis=1)

    within = mean_kernel(codes, all_codes) + mean_kernel(prior_codes, all_prior_codes)
    return within - mean_kernel(codes, all_prior_codes) - mean_kernel(prior_codes, all_codes)


def check_bandwidths(bandwidths: Sequence[float]) -> None:
    """Checks kernel widths.

    Raises:
        InputError: if there is no bandwidth, or one is not positive and finite.
    """
    if not bandwidths or not all(width > 0 and math.isfinite(width) for width in bandwidths):
        raise InputError(
            f"Expected one kernel width or more, each positive and finite. Received: bandwidths={bandwidths}. "
            "Use infovae_bandwidths(latent_dim) for InfoVAE's."
        )
