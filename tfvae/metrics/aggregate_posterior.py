"""The aggregate posterior against the prior: samples of it, its moments, and the MMD with its floor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics.pairwise import rbf_kernel

from tfvae.errors import InputError
from tfvae.metrics.scores import checked_matrix
from tfvae.metrics.subsets import random_subset
from tfvae.models.autoencoder import StochasticAutoencoder
from tfvae.models.inference import float_array, in_batches, inference_batch_size

LARGEST = 5000


def posterior_samples(model: StochasticAutoencoder, images: ArrayLike, *, seed: int = 0) -> NDArray[np.float32]:
    """Samples of the aggregate posterior, q(z) = mean over x of q(z | x), one for each image.

    z = mean(x) + scale(x) * noise

    Args:
        model: any model with a posterior.
        images: float [count, *image_shape] in the model's value range.
        seed: int >= 0, of the noise.

    Returns:
        float32 [count, latent_dim].

    Raises:
        InputError: if the images are not of the model's shape and a float type.
    """

    def posterior_sample(batch: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        posterior = model.posterior(batch)
        return posterior.mean() + posterior.stddev() * noise

    x = float_array(images, model.image_shape, "images")
    noise = np.random.default_rng(seed).standard_normal((len(x), model.latent_dim), np.float32)
    return in_batches(
        model.compiled_step(posterior_sample), x, noise, batch_size=inference_batch_size(model.image_shape)
    )


def aggregate_moments(codes: ArrayLike) -> dict[str, float]:
    """Extremes over dimensions of the mean and the variance of codes; N(0, I) has 0, 1 and 1.

    Args:
        codes: float [count, latent_dim], samples of q(z).

    Returns:
        {"code_mean_largest": largest |mean|, "code_variance_smallest", "code_variance_largest"}, in units of the codes
        and their square.

    Raises:
        InputError: if the codes are no finite matrix.

    Reference:
        Report 1, section 3.3: neither collapse (a variance near 0) nor blow-up.
    """
    points = checked_matrix("aggregate_moments", "codes", codes)
    variances = points.var(axis=0)
    return {
        "code_mean_largest": float(np.abs(points.mean(axis=0)).max()),
        "code_variance_smallest": float(variances.min()),
        "code_variance_largest": float(variances.max()),
    }


def prior_discrepancy(codes: ArrayLike, *, bandwidths: Sequence[float], seed: int = 0) -> dict[str, float]:
    """Maximum mean discrepancy (MMD) between codes and N(0, I), and between two samples of N(0, I) of that size.

    mmd = mean(k(x, x')) + mean(k(y, y')) - 2 * mean(k(x, y)),  k the mean of Gaussian kernels

    Args:
        codes: float [count, latent_dim], samples of q(z); of more than 5,000, that many drawn at random are used.
        bandwidths: floats > 0, kernel widths in units of the codes.
        seed: int >= 0, of the samples of the prior and of that draw.

    Returns:
        {"mmd", "mmd_floor"}, dimensionless, in the biased form of `losses.mmd.maximum_mean_discrepancy`.

    Raises:
        InputError: if the codes are no finite matrix, or there is no positive bandwidth.

    Reference:
        Gretton et al. 2012, eq. 5; report 1, eq. 2.
    """
    if not bandwidths or min(bandwidths) <= 0:
        raise InputError(f"Expected positive kernel widths. Received: {bandwidths}. Pass those of the model.")
    points = checked_matrix("prior_discrepancy", "codes", codes)
    points = points[random_subset(len(points), LARGEST, seed=seed)]
    generator = np.random.default_rng(seed)
    prior, other = generator.standard_normal((2, *points.shape))

    def mean_kernel(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
        return float(np.mean([rbf_kernel(first, second, gamma=1 / (2 * width**2)).mean() for width in bandwidths]))

    own = mean_kernel(prior, prior)
    return {
        name: mean_kernel(sample, sample) + own - 2 * mean_kernel(sample, prior)
        for name, sample in (("mmd", points), ("mmd_floor", other))
    }
