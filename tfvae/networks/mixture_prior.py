"""The network of a mixture prior: a style to the means and log-variances of every cluster."""

from __future__ import annotations

from collections.abc import Sequence

import keras

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
    """A style w through dense layers to the parameters of p(x | w, z) for each cluster z, the last layers linear.

    The means start `spread` apart whatever w is: with the usual zero biases they would all start at one place for
    w = 0, and no cluster would differ from another.

    Args:
        style_dim: int >= 1, dimensions of w.
        clusters: int >= 2, number of clusters K.
        latent_dim: int >= 1, dimensions of a code x.
        widths: ints >= 1, units of the hidden layers; none makes the means affine in w.
        activation: a Keras activation of the hidden layers.
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
