"""Dense encoders and decoders, functional models."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras

from tfvae.errors import InputError


def dense_encoder(
    image_shape: Sequence[int], outputs: int, *, widths: Sequence[int] = (512, 256), activation: str = "relu"
) -> keras.Model:
    """Dense encoder of a flattened image, with a linear output layer.

    Args:
        image_shape: ints, shape of one example without the batch.
        outputs: int >= 1; 2 * latent_dim where means and log-variances are wanted.
        widths: ints >= 1, units of the hidden layers.
        activation: Keras activation of the hidden layers.

    Returns:
        A functional `keras.Model`, float [batch, *image_shape] -> float32 [batch, outputs].

    Raises:
        InputError: if a width or `outputs` is below 1.

    Reference:
        Report 0, reference 3 (784-512-256).
    """
    _check_widths(*widths, outputs)
    inputs = keras.Input(tuple(image_shape), name="images")
    hidden = keras.layers.Flatten()(inputs)
    for width in widths:
        hidden = keras.layers.Dense(width, activation=activation)(hidden)
    parameters = keras.layers.Dense(outputs, dtype="float32", name="parameters")(hidden)
    return keras.Model(inputs, parameters, name="encoder")


def dense_decoder(
    latent_dim: int, image_shape: Sequence[int], *, widths: Sequence[int] = (256, 512), activation: str = "relu"
) -> keras.Model:
    """Dense decoder to the likelihood's parameters (logits, for Bernoulli), with a linear output layer.

    Args:
        latent_dim: int >= 1, number of dimensions of a code.
        image_shape: ints, shape of one example without the batch.
        widths: ints >= 1, units of the hidden layers, from the code to the image.
        activation: Keras activation of the hidden layers.

    Returns:
        A functional `keras.Model`, float [batch, latent_dim] -> float32 [batch, *image_shape].

    Raises:
        InputError: if a width or `latent_dim` is below 1.

    Reference:
        Report 0, reference 3 (256-512-784).
    """
    _check_widths(*widths, latent_dim)
    inputs = keras.Input((latent_dim,), name="codes")
    hidden = inputs
    for width in widths:
        hidden = keras.layers.Dense(width, activation=activation)(hidden)
    flat = keras.layers.Dense(math.prod(image_shape), dtype="float32", name="parameters")(hidden)
    # float32, or the dtype policy would round the logits.
    return keras.Model(inputs, keras.layers.Reshape(tuple(image_shape), dtype="float32")(flat), name="decoder")


def _check_widths(*widths: int) -> None:
    if min(widths) < 1:
        raise InputError(f"Expected at least 1 unit in every layer. Received: {widths}. Use positive widths.")
