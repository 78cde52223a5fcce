"""What a model says of held-out images: reconstruction errors, ELBO, importance-sampled NLL, posterior noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp, xlogy
from tensorflow_probability import distributions as tfd

from tfvae.distributions import kl_divergence
from tfvae.errors import InputError
from tfvae.models.autoencoder import StochasticAutoencoder
from tfvae.models.inference import float_array, in_batches

BATCH = 1000
ACTIVE_VARIANCE = 0.01
ROUNDING = 1e-6


def reconstruction_errors(
    images: ArrayLike, reconstructions: ArrayLike, *, value_range: tuple[float, float] = (0.0, 1.0)
) -> dict[str, float]:
    """Mean errors per pixel and channel, in units of pixels in [0, 1]: binary cross-entropy, squared and absolute.

    x = (images - low) / (high - low),  y = (reconstructions - low) / (high - low)
    bce = mean(-x * log(y) - (1 - x) * log(1 - y)),  mse = mean((x - y)**2),  l1 = mean(abs(x - y))

    Args:
        images: float [count, height, width, channels]; the cross-entropy is given only if all are in `value_range`, but
            for rounding.
        reconstructions: float, the same shape; in the cross-entropy y is clipped to [1e-7, 1 - 1e-7].
        value_range: (low, high) of the images, as in `ImageData`, so that errors of models in [-1, 1] and in [0, 1]
            compare.

    Returns:
        {"reconstruction_bce": nats a pixel, "reconstruction_mse", "reconstruction_l1"}.

    Raises:
        InputError: if the shapes differ, a type is not float, there is no image, or `low` is not below `high`.

    Reference:
        Report 0, L_BCE; report 3, eq. 12 (L1); report 4, reconstruction error.
    """
    shape = np.shape(images)[1:]
    low, high = value_range
    if not low < high:
        raise InputError(f"Expected value_range=(low, high), low < high. Received: {value_range}. Pass the data's own.")
    x, y = (
        (float_array(array, shape, name).astype(np.float64) - low) / (high - low)
        for name, array in (("images", images), ("reconstructions", reconstructions))
    )
    if len(x) != len(y) or len(x) == 0:
        raise InputError(f"Expected as many reconstructions as images. Received: {len(y)} of {len(x)}. Pass both.")
    errors = {
        "reconstruction_mse": float(np.mean((x - y) ** 2)),
        "reconstruction_l1": float(np.mean(np.abs(x - y))),
    }
    if x.min() >= -ROUNDING and x.max() <= 1 + ROUNDING:
        x, y = np.clip(x, 0, 1), np.clip(y, 1e-7, 1 - 1e-7)
        errors["reconstruction_bce"] = float(-np.mean(xlogy(x, y) + xlogy(1 - x, 1 - y)))
    return errors


def evidence_lower_bound(model: StochasticAutoencoder, images: ArrayLike, *, draws: int = 10, seed: int = 0) -> float:
    """Mean ELBO over images, the expectation over codes by so many draws an image.

    elbo = mean over x of (mean over z ~ q(z | x) of log p(x | z)) - KL(q(z | x) || p(z))

    Args:
        model: any model with a posterior, a likelihood and a prior.
        images: float [count, *image_shape] in the model's value range.
        draws: int >= 1, codes drawn for each image.
        seed: int >= 0, of the noise.

    Returns:
        float, in nats an image, with its true sign (below 0 for gray pixels).

    Raises:
        InputError: if `draws` is below 1 or the images are not of the model's shape and a float type.

    Reference:
        Kingma and Welling 2013, eq. 3; report 0, section III.A.
    """

    @tf.function(jit_compile=True)
    def step(batch: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        posterior, codes, likelihood = _drawn(model, batch, noise)
        return likelihood.log_prob(batch) - kl_divergence(posterior, model.prior(model.latent_dim), codes)

    return float(np.mean([values.mean(dtype=np.float64) for values in _over_draws(step, model, images, draws, seed)]))


def negative_log_likelihood(
    model: StochasticAutoencoder, images: ArrayLike, *, draws: int = 100, seed: int = 0
) -> float:
    """Mean -log p(x) by importance sampling with the posterior as proposal: an upper bound, tight for many draws.

    nll = -mean over x of log(mean over z ~ q(z | x) of p(x | z) * p(z) / q(z | x))

    Args:
        model: any model with a posterior, a likelihood and a prior.
        images: float [count, *image_shape] in the model's value range.
        draws: int >= 1, codes drawn for each image.
        seed: int >= 0, of the noise.

    Returns:
        float, in nats an image.

    Raises:
        InputError: if `draws` is below 1 or the images are not of the model's shape and a float type.

    Reference:
        Burda et al. 2016, eq. 8.
    """

    @tf.function(jit_compile=True)
    def step(batch: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        posterior, codes, likelihood = _drawn(model, batch, noise)
        ratio = model.prior(model.latent_dim).log_prob(codes) - posterior.log_prob(codes)
        return likelihood.log_prob(batch) + ratio

    log_weights = np.stack(list(_over_draws(step, model, images, draws, seed))).astype(np.float64)
    return float(np.mean(np.log(draws) - logsumexp(log_weights, axis=0)))


def posterior_deviation(model: StochasticAutoencoder, images: ArrayLike) -> float:
    """Mean standard deviation of q(z | x) over images and dimensions, in units of the codes; 0 is no noise at all.

    Args:
        model: any model with a posterior.
        images: float [count, *image_shape] in the model's value range.

    Returns:
        float >= 0.

    Raises:
        InputError: if the images are not of the model's shape and a float type.

    Reference:
        Report 0, section III.B: without a KL term nothing keeps the noise from vanishing.
    """

    @tf.function(jit_compile=True)
    def step(batch: tf.Tensor) -> tf.Tensor:
        return model.posterior(batch).stddev()

    x = float_array(images, model.image_shape, "images")
    return float(in_batches(step, x, batch_size=BATCH).mean(dtype=np.float64))


def active_units(codes: ArrayLike) -> int:
    """Number of latent dimensions that say something of the image: variance of the posterior's mean above 0.01.

    active = sum over d of (variance over x of mean(x)[d] > 0.01)

    Args:
        codes: float [count, latent_dim], means of q(z | x).

    Returns:
        int in [0, latent_dim].

    Reference:
        Burda et al. 2016, section 5.2.
    """
    return int(np.sum(np.var(np.asarray(codes, np.float64), axis=0) > ACTIVE_VARIANCE))


def _drawn(
    model: StochasticAutoencoder, batch: tf.Tensor, noise: tf.Tensor
) -> tuple[tfd.Distribution, tf.Tensor, tfd.Distribution]:
    """q(z | x), the code that `noise` picks from it, and p(x | code)."""
    posterior = model.posterior(batch)
    codes = posterior.mean() + posterior.stddev() * noise
    return posterior, codes, model.likelihood(model.decoder(codes, training=False))


def _over_draws(step: Any, model: StochasticAutoencoder, images: ArrayLike, draws: int, seed: int) -> Any:
    """`step(batch, noise)` over all images, once a draw: yields float32 [count]."""
    if draws < 1:
        raise InputError(f"Expected at least 1 draw an image. Received: draws={draws}. Ask for one or more.")
    x = float_array(images, model.image_shape, "images")
    generator = np.random.default_rng(seed)
    for _ in range(draws):
        noise: NDArray[np.float32] = generator.standard_normal((len(x), model.latent_dim), np.float32)
        yield in_batches(step, x, noise, batch_size=BATCH)
