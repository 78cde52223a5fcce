"""Prior networks of a `GMVAE`: w to the means and log-variances of every cluster."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import ArrayLike

from tfvae.errors import InputError


def dense_mixture_prior(
    style_dim: int,
    clusters: int,
    latent_dim: int,
    *,
    widths: Sequence[int] = (120,),
    activation: str = "tanh",
    spread: float = 1.0,
    seed: int = 0,
) -> keras.Model:
    """Dense network from w to the parameters of p(x | w, z) for each cluster z, with linear output layers.

    The biases of the means are initialized from N(0, spread**2): with zero biases all clusters would coincide at w = 0.

    Args:
        style_dim: int >= 1, dimensions of w.
        clusters: int >= 2, number of clusters K.
        latent_dim: int >= 1, dimensions of a code x.
        widths: ints >= 1, units of the hidden layers; () makes the means affine in w.
        activation: Keras activation of the hidden layers.
        spread: float >= 0, standard deviation of the initial biases of the means, in units of the codes.
        seed: int, of those biases.

    Returns:
        A functional `keras.Model`, float [batch, style_dim] -> float32 [batch, clusters, 2 * latent_dim], means and
        then log-variances.

    Raises:
        InputError: if a size is below 1, there are fewer than 2 clusters, or `spread` is negative.

    Reference:
        Dilokthanakul et al. 2016, eq. 2d and appendix B.1 (120 units, tanh).
    """
    if clusters < 2:
        raise InputError(f"Expected at least 2 clusters. Received: clusters={clusters}. Use a VAE for a single one.")
    if min(*widths, style_dim, latent_dim) < 1 or not spread >= 0:
        raise InputError(
            f"Expected sizes of at least 1 and a spread >= 0. Received: style_dim={style_dim}, latent_dim={latent_dim},"
            f" widths={tuple(widths)}, spread={spread}. Use positive sizes."
        )
    styles = keras.Input((style_dim,), name="styles")
    hidden = styles
    for width in widths:
        hidden = keras.layers.Dense(width, activation=activation)(hidden)
    biases = {"means": keras.initializers.RandomNormal(stddev=spread, seed=seed), "log_variances": "zeros"}
    heads = []
    for name, initializer in biases.items():
        dense = keras.layers.Dense(clusters * latent_dim, bias_initializer=initializer, dtype="float32", name=name)
        shape = (clusters, latent_dim)
        heads.append(keras.layers.Reshape(shape, dtype="float32", name=f"{name}_by_cluster")(dense(hidden)))
    return keras.Model(styles, keras.layers.Concatenate(dtype="float32", name="parameters")(heads), name="prior")


def initialize_clusters(
    prior_network: keras.Model, means: ArrayLike, variances: ArrayLike, *, style_scale: float = 0.1, seed: int = 0
) -> None:
    """Initializes a `dense_mixture_prior` from a mixture, with small weights on w.

    biases = means and log(variances);  kernels ~ N(0, (style_scale * std(means))**2 / units) and N(0, 0.01**2)

    Args:
        prior_network: a `dense_mixture_prior`.
        means: float [clusters, latent_dim].
        variances: float [clusters, latent_dim], > 0.
        style_scale: float >= 0, standard deviation of the means over w, in units of std(means).
        seed: int >= 0, of the kernels.

    Raises:
        InputError: if the shapes are not [clusters, latent_dim], or a variance is not positive.
    """
    _, clusters, parameters = prior_network.output_shape
    shape = (clusters, parameters // 2)
    mean, variance = np.asarray(means, np.float32), np.asarray(variances, np.float32)
    if mean.shape != shape or variance.shape != shape or not variance.min() > 0:
        raise InputError(
            f"Expected means and positive variances of shape {shape}. Received: shapes {mean.shape} and "
            f"{variance.shape}. Fit a mixture of {clusters} Gaussians to codes of {shape[1]} dimensions."
        )
    generator = np.random.default_rng(seed)
    for name, biases, spread in (
        ("means", mean, style_scale * float(mean.std()) / np.sqrt(prior_network.get_layer("means").kernel.shape[0])),
        ("log_variances", np.log(variance), 0.01),
    ):
        layer = prior_network.get_layer(name)
        layer.kernel.assign(spread * generator.standard_normal(layer.kernel.shape, np.float32))
        layer.bias.assign(biases.ravel())


def joined_encoders(*encoders: keras.Model) -> keras.Model:
    """One encoder of several, their outputs concatenated: a network for each posterior of a `GMVAE`.

    Args:
        *encoders: functional networks, float [batch, *image_shape] -> float [batch, outputs], of one input shape.

    Returns:
        A functional `keras.Model`, float [batch, *image_shape] -> float32 [batch, sum of the outputs].
    """
    images = keras.Input(encoders[0].input_shape[1:], name="images")
    towers = [
        keras.Model(encoder.input, encoder.output, name=f"tower_{number}") for number, encoder in enumerate(encoders)
    ]
    outputs = [tower(images) for tower in towers]
    return keras.Model(images, keras.layers.Concatenate(dtype="float32", name="joined")(outputs), name="encoder")
