"""A start of an encoder and a decoder at the principal components of the images, in their linear skips."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from tfvae.errors import InputError

INVERSES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "sigmoid": lambda pixels: np.log(pixels / (1 - pixels)),
    "tanh": np.arctanh,
}
MARGIN = 0.05
LOG_VARIANCE = -2.0


def start_at_principal_components(
    encoder: keras.Model, decoder: keras.Model, batches: Iterable[NDArray[np.float32]], *, seed: int = 0
) -> None:
    """Sets the linear skips, so that a code is the whitened principal components of its image from the start.

        mean of the code = components @ (shrunk image - mean image) / standard deviations
        log-variance     = -2
        picture          = activation(average of the inverse + regression of the inverse on the components @ code)

    where the inverse is that of the decoder's activation, of pixels that keep 5 % of their range from its ends. What
    the residual stages give at the start, nearly nothing, stays beside it. Codes of the training images then have mean
    0, variance 1 and no correlations, which is what eq. 8 and the standard KL ask for on the whole.

    Args:
        encoder: a `resnet_v2_encoder` with a linear skip and 2 * latent_dim outputs.
        decoder: a `resnet_v2_decoder` with the same linear skip.
        batches: float32 [count, size, size, channels] each, images of the training split in the range of the decoder's
            activation; a few thousand will do. If there are fewer images or shrunk pixels than dimensions, the other
            dimensions start at 0.
        seed: of the randomised decomposition.

    Raises:
        InputError: if a network has no linear skip, the two do not fit, or there are fewer than 2 images.

    Reference:
        Baldi and Hornik 1989: the best linear autoencoder spans the principal components.
    """
    if not all("linear_skip" in [layer.name for layer in network.layers] for network in (encoder, decoder)):
        raise InputError(
            "Expected an encoder and a decoder with linear skips. Received: networks without. Build both with "
            "linear_skip=2, say."
        )
    latent_dim = decoder.input_shape[-1]
    of_encoder, of_decoder = (network.get_layer("linear_skip") for network in (encoder, decoder))
    shrink = keras.Model(encoder.input, encoder.get_layer("shrunk").output)
    if encoder.output_shape[-1] != 2 * latent_dim or shrink.output_shape[-1] != of_decoder.units:
        raise InputError(
            f"Expected an encoder of {2 * latent_dim} outputs and {of_decoder.units} shrunk pixels, as the decoder's. "
            f"Received: {encoder.output_shape[-1]} and {shrink.output_shape[-1]}. Build both with the same settings."
        )
    parts = [shrink.predict_on_batch(batch) for batch in batches]
    shrunk = np.concatenate([np.zeros((0, of_decoder.units)), *parts])
    if len(shrunk) < 2:
        raise InputError(f"Expected at least 2 images. Received: {len(shrunk)}. Pass some of the training split.")
    count = min(latent_dim, shrunk.shape[1], len(shrunk) - 1)
    components = PCA(count, whiten=True, svd_solver="randomized", random_state=seed).fit(shrunk)
    codes = components.transform(shrunk)
    directions = components.components_.T / np.sqrt(components.explained_variance_)
    # The layers divide their inputs by the square root of their number.
    _fill(of_encoder.kernel, directions * np.sqrt(shrunk.shape[1]))
    offset = np.concatenate(
        [-components.mean_ @ directions, np.zeros(latent_dim - count), np.full(latent_dim, LOG_VARIANCE)]
    )
    of_encoder.bias.assign(offset)
    activation = decoder.get_layer("pixels").activation.__name__
    low = 0.0 if activation == "sigmoid" else -1.0
    margin = MARGIN * (1 - low)
    logits = INVERSES[activation](np.clip(shrunk, low + margin, 1 - margin))
    _fill(of_decoder.kernel, codes.T @ (logits - logits.mean(0)) / len(codes) * np.sqrt(latent_dim))
    of_decoder.bias.assign(logits.mean(0))


def _fill(variable: keras.Variable, values: NDArray[np.float64]) -> None:
    """Assigns the values to the first rows and columns, and 0 to the others."""
    full = np.zeros(variable.shape, np.float32)
    full[: values.shape[0], : values.shape[1]] = values
    variable.assign(full)
