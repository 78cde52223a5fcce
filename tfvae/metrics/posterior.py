"""Means and variances of the posterior q(z | x), and their statistics over images."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from tfvae.errors import InputError
from tfvae.metrics.scores import checked_matrix
from tfvae.models.autoencoder import StochasticAutoencoder
from tfvae.models.inference import float_array, in_batches, inference_batch_size


class PosteriorStatistics(NamedTuple):
    """Statistics over images of the posterior's moments, each float64 [latent_dim].

    Means are in units of the codes, variances in their square, the variance of variances in its square again. Where the
    codes follow N(0, I), mean_of_means is 0 and variance_of_means + mean_of_variances, the variance of all codes, is 1.
    """

    mean_of_means: NDArray[np.float64]
    variance_of_means: NDArray[np.float64]
    mean_of_variances: NDArray[np.float64]
    variance_of_variances: NDArray[np.float64]


def posterior_moments(
    model: StochasticAutoencoder, images: ArrayLike
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and variance of q(z | x) for each image.

    Args:
        model: any model with a posterior.
        images: float [count, *image_shape] in the model's value range.

    Returns:
        (means, variances), both float32 [count, latent_dim].

    Raises:
        InputError: if the images are not of the model's shape and a float type, or there is none.
    """

    def posterior_moments_step(batch: tf.Tensor) -> tf.Tensor:
        posterior = model.posterior(batch)
        return tf.stack([posterior.mean(), posterior.variance()], axis=1)

    moments = in_batches(
        model.compiled_step(posterior_moments_step),
        float_array(images, model.image_shape, "images"),
        batch_size=inference_batch_size(model.image_shape),
    )
    return moments[:, 0], moments[:, 1]


def posterior_statistics(means: ArrayLike, variances: ArrayLike) -> PosteriorStatistics:
    """Mean and spread over images of the posterior's means and variances, in each dimension.

    mean_of_means[d] = mean over x of means[x, d],  variance_of_means[d] = mean over x of (means[x, d] - that)**2
    and likewise of the variances

    Args:
        means: float [count, latent_dim], means of q(z | x).
        variances: float [count, latent_dim], variances of q(z | x), >= 0.

    Returns:
        PosteriorStatistics.

    Raises:
        InputError: if they are no finite matrices of one shape, or a variance is below 0 (log-variances are).

    Reference:
        Report 3, eqs. 9 and 10 (mean and variance of the means) and eq. 11 (variances kept from 0).
    """
    mean = checked_matrix("posterior_statistics", "means", means)
    variance = checked_matrix("posterior_statistics", "variances", variances)
    if mean.shape != variance.shape:
        raise InputError(
            f"posterior_statistics: expected means and variances of one shape. Received: {list(mean.shape)} and "
            f"{list(variance.shape)}. Take both from `posterior_moments`."
        )
    if variance.min() < 0:
        raise InputError(
            f"posterior_statistics: expected variances >= 0. Received: {variance.min():g}. Pass exp(log_variance)."
        )
    return PosteriorStatistics(mean.mean(axis=0), mean.var(axis=0), variance.mean(axis=0), variance.var(axis=0))
