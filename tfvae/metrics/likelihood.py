"""Reconstruction errors, evidence lower bound, importance-sampled likelihood, posterior noise and active units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp, xlogy

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


def has_likelihood(model: Any) -> bool:
    """Whether a model can give an ELBO and an NLL: it has a likelihood, a posterior, and a prior that its codes follow.

    Args:
        model: any model of the library, or another.

    Returns:
        True if it names the terms of its ELBO in `elbo_term_names`. False for a generator without an encoder, for an
        autoencoder, which has no posterior, and for a `CenterVAE`, whose codes follow no prior.
    """
    return bool(getattr(model, "elbo_term_names", ()))


def evidence_lower_bound(
    model: StochasticAutoencoder, images: ArrayLike, *, num_samples: int = 10, seed: int = 0
) -> float:
    """Mean evidence lower bound (ELBO) of images, its expectation over latent variables by sampling.

    elbo = -sum(evidence_lower_bound_terms)

    Args:
        model: any model with `has_likelihood`.
        images: float [count, *image_shape] in the model's value range.
        num_samples: int >= 1, draws of the latent variables for each image.
        seed: int >= 0, of the noise.

    Returns:
        float, in nats an image, with its true sign (below 0 for gray pixels).

    Raises:
        InputError: if the model has no likelihood, `num_samples` is below 1, or the images are not of the model's shape
            and a float type.

    Reference:
        Kingma and Welling 2013, eq. 3; report 0, section III.A.
    """
    return -sum(evidence_lower_bound_terms(model, images, num_samples=num_samples, seed=seed).values())


def evidence_lower_bound_terms(
    model: StochasticAutoencoder, images: ArrayLike, *, num_samples: int = 10, seed: int = 0
) -> dict[str, float]:
    """Mean terms of the negative ELBO, without the weights or thresholds that a model's loss may put on them.

    VAE:    reconstruction = -log p(x | z),  kl = KL(q(z | x) || p(z)),  z ~ q(z | x)
    GMVAE:  reconstruction, conditional_prior, w_prior and z_prior, as its class states them

    Args:
        model: any model with `has_likelihood`.
        images: float [count, *image_shape] in the model's value range.
        num_samples: int >= 1, draws of the latent variables for each image.
        seed: int >= 0, of the noise.

    Returns:
        {name: float}, in nats an image, by the model's `elbo_term_names`.

    Raises:
        InputError: as `evidence_lower_bound`.

    Reference:
        Kingma and Welling 2013, eq. 3; Dilokthanakul et al. 2016, eq. 4, for the GMVAE.
    """
    _check_likelihood(model)

    def stacked_elbo_terms(batch: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        terms = model.elbo_terms(batch, noise)
        return tf.stack([terms[name] for name in model.elbo_term_names], axis=1)

    draws = _over_draws(stacked_elbo_terms, model, images, num_samples, seed)
    means = np.mean([values.mean(axis=0, dtype=np.float64) for values in draws], axis=0)
    return {name: float(mean) for name, mean in zip(model.elbo_term_names, means, strict=True)}


def negative_log_likelihood(
    model: StochasticAutoencoder, images: ArrayLike, *, num_samples: int = 100, seed: int = 0
) -> float:
    """Mean -log p(x) by importance sampling with the posterior as proposal: an upper bound, tight for many samples.

    nll = -mean over x of log(mean over z ~ q(z | x) of p(x, z) / q(z | x))

    The prior in p(x, z) is the model's own; of a `GMVAE`, z stands for its x and w, and clusters are summed over.

    Args:
        model: any model with `has_likelihood`.
        images: float [count, *image_shape] in the model's value range.
        num_samples: int >= 1, draws of the latent variables for each image.
        seed: int >= 0, of the noise.

    Returns:
        float, in nats an image.

    Raises:
        InputError: as `evidence_lower_bound`.

    Reference:
        Burda et al. 2016, eq. 8.
    """
    _check_likelihood(model)

    def log_importance_weights(batch: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        return model.log_weights(batch, noise)

    draws = _over_draws(log_importance_weights, model, images, num_samples, seed)
    log_weights = np.stack(list(draws)).astype(np.float64)
    return float(np.mean(np.log(num_samples) - logsumexp(log_weights, axis=0)))


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

    def posterior_stddev(batch: tf.Tensor) -> tf.Tensor:
        return model.posterior(batch).stddev()

    x = float_array(images, model.image_shape, "images")
    return float(in_batches(model.compiled_step(posterior_stddev), x, batch_size=BATCH).mean(dtype=np.float64))


def active_units(codes: ArrayLike) -> int:
    """Number of active latent dimensions: those whose posterior mean varies over images by more than 0.01.

    active = sum over d of (variance over x of mean(x)[d] > 0.01)

    Args:
        codes: float [count, latent_dim], means of q(z | x).

    Returns:
        int in [0, latent_dim].

    Reference:
        Burda et al. 2016, section 5.2.
    """
    return int(np.sum(np.var(np.asarray(codes, np.float64), axis=0) > ACTIVE_VARIANCE))


def _check_likelihood(model: Any) -> None:
    if not has_likelihood(model):
        raise InputError(
            "Expected a model with a likelihood, a posterior and a prior that its codes follow. Received: "
            f"`{getattr(model, 'name', model)}`, a {type(model).__name__}. Report `reconstruction_errors` of it, or "
            "metrics of its samples."
        )


def _over_draws(
    step: Callable[..., tf.Tensor], model: StochasticAutoencoder, images: ArrayLike, num_samples: int, seed: int
) -> Iterator[NDArray[np.float32]]:
    """`step(batch, noise)` over all images, once a draw: yields float32 [count, ...]."""
    if num_samples != int(num_samples) or num_samples < 1:
        raise InputError(
            f"Expected a whole number of samples >= 1. Received: num_samples={num_samples}. Ask for one or more."
        )
    x = float_array(images, model.image_shape, "images")
    compiled = model.compiled_step(step)
    generator = np.random.default_rng(seed)
    for _ in range(num_samples):
        noise: NDArray[np.float32] = generator.standard_normal((len(x), model.noise_dim), np.float32)
        yield in_batches(compiled, x, noise, batch_size=BATCH)
