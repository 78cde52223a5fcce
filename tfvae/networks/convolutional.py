"""Convolutional encoder, decoder, generator and discriminator (report 4), functional models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from tfvae.errors import InputError
from tfvae.networks.block_convolution import BlockConv2D, BlockConv2DTranspose

NEGATIVE_SLOPE = 0.2
CATEGORIES = "categories"


def convolutional_encoder(
    image_shape: Sequence[int],
    outputs: int,
    *,
    filters: Sequence[int] = (32, 64),
    widths: Sequence[int] = (512, 256),
    kernel: int = 3,
) -> keras.Model:
    """Encoder of strided convolutions and dense layers, with a linear output layer.

    Each convolution halves height and width, rounded up.

    Args:
        image_shape: (height, width, channels).
        outputs: int >= 1; 2 * latent_dim where means and log-variances are wanted.
        filters: ints >= 1, channels of the convolutions.
        widths: ints >= 1, units of the dense layers after them; may be ().
        kernel: int >= 1, height and width of the kernels.

    Returns:
        A functional `keras.Model`, float [batch, *image_shape] -> float32 [batch, outputs].

    Raises:
        InputError: if an argument is out of its range.

    Reference:
        Report 4, section 3.3.
    """
    _check_image_shape(image_shape)
    _check_positive(*filters, *widths, outputs, kernel)
    inputs = keras.Input(tuple(image_shape), name="images")
    hidden = _dense(layers.Flatten()(_strided(inputs, filters, kernel)), widths)
    parameters = layers.Dense(outputs, dtype="float32", name="parameters")(hidden)
    return keras.Model(inputs, parameters, name="encoder")


def convolutional_decoder(
    latent_dim: int,
    image_shape: Sequence[int],
    *,
    widths: Sequence[int] = (256, 512),
    filters: Sequence[int] = (64, 64),
    kernel: int = 3,
) -> keras.Model:
    """Decoder of dense layers and transposed convolutions, to the likelihood's parameters.

    Each transposed convolution doubles height and width. A dense projection gives the maps of the first, 7x7x64 for
    28x28 images, since the report's 512 units are not a multiple of 49.

    Args:
        latent_dim: int >= 1, number of dimensions of a code.
        image_shape: (height, width, channels), height and width multiples of 2 ** len(filters).
        widths: ints >= 1, units of the dense layers before the projection; may be ().
        filters: ints >= 1, input channels of each transposed convolution.
        kernel: int >= 1, height and width of the kernels.

    Returns:
        A functional `keras.Model`, float [batch, latent_dim] -> float32 [batch, *image_shape]: logits, for Bernoulli.

    Raises:
        InputError: if an argument is out of its range, or the image size is not a multiple of the total stride.

    Reference:
        Report 4, section 3.3.
    """
    _check_positive(*widths, *filters, latent_dim, kernel)
    inputs = keras.Input((latent_dim,), name="codes")
    maps = _upsampled(_seed(_dense(inputs, widths), image_shape, filters), filters, kernel)
    # float32, or the dtype policy would round the logits.
    parameters = _transposed(image_shape[-1], kernel, dtype="float32", name="parameters")(maps)
    return keras.Model(inputs, parameters, name="decoder")


def dcgan_generator(
    latent_dim: int,
    image_shape: Sequence[int],
    *,
    widths: Sequence[int] = (7 * 7 * 128,),
    filters: Sequence[int] = (256, 64),
    kernel: int = 5,
    normalize: bool = False,
    full_size_filters: int = 0,
    categories: int = 0,
) -> keras.Model:
    """DCGAN generator: dense layers and transposed convolutions, to an image in [-1, 1].

    Each transposed convolution doubles height and width. The last dense layer gives the maps of the first, 7 * 7 * 256
    = 12,544 units for 28x28 images. The report says 14x14x64, as many units, but two strides of 2 need 7x7.

    Args:
        latent_dim: int >= 1, number of dimensions of a code.
        image_shape: (height, width, channels), height and width multiples of 2 ** len(filters).
        widths: ints >= 1, units of the dense layers before the last; may be ().
        filters: ints >= 1, input channels of each transposed convolution.
        kernel: int >= 1, height and width of the kernels.
        normalize: whether RMS normalization over the channels follows each hidden layer. Batch normalization, as in
            Radford et al., has state that the discriminator's update would change too.
        full_size_filters: int >= 0, channels of a last hidden layer at full resolution, with a 3x3 convolution to the
            pixels; 0 for a transposed convolution to the pixels.
        categories: int in [0, latent_dim); above 0, the argmax of the first `categories` dimensions of a code selects
            a learned embedding, which replaces them: a categorical latent variable for disconnected classes of images.

    Returns:
        A functional `keras.Model`, float [batch, latent_dim] -> float32 [batch, *image_shape] in [-1, 1] (tanh).

    Raises:
        InputError: if an argument is out of its range, or the image size is not a multiple of the total stride.

    Reference:
        Radford et al. 2016, section 3; Karras et al. 2018, section 4.2, for the normalization; Khayatkhoei et al. 2018
        for the categories; report 4, section 3.2.1.
    """
    _check_positive(*widths, *filters, latent_dim, kernel, full_size_filters or 1)
    if not 0 <= categories < latent_dim:
        raise InputError(
            f"Expected categories in 0 .. latent_dim - 1 = {latent_dim - 1}. Received: categories={categories}. "
            "Use fewer categories or a larger latent_dim."
        )
    inputs = keras.Input((latent_dim,), name="codes")
    hidden = _dense(_chosen(inputs, categories) if categories else inputs, widths)
    maps = _seed(hidden, image_shape, filters, normalize)
    if full_size_filters:
        maps = _upsampled(maps, (*filters, full_size_filters), kernel, normalize)
        logits = layers.Conv2D(image_shape[-1], 3, padding="same", name="pixels")(maps)
    else:
        maps = _upsampled(maps, filters, kernel, normalize)
        logits = _transposed(image_shape[-1], kernel, name="pixels")(maps)
    return keras.Model(inputs, layers.Activation("tanh", dtype="float32", name="images")(logits), name="generator")


def chosen_categories(generator: keras.Model, codes: NDArray[np.float32]) -> NDArray[np.int64] | None:
    """Category of each code, the argmax that selects the embedding in `dcgan_generator(..., categories=)`.

    Args:
        generator: a `dcgan_generator`.
        codes: float [N, latent_dim].

    Returns:
        int64 [N], 0 to categories - 1; None if the generator has no categories.
    """
    layers_by_name = {layer.name: layer for layer in generator.layers}
    if CATEGORIES not in layers_by_name:
        return None
    return np.argmax(codes[:, : layers_by_name[CATEGORIES].kernel.shape[0]], axis=1)


def dcgan_discriminator(
    image_shape: Sequence[int],
    *,
    filters: Sequence[int] = (64, 128, 256, 512),
    widths: Sequence[int] = (),
    kernel: int = 5,
) -> keras.Model:
    """DCGAN discriminator: strided convolutions and dense layers, to the logit that an image is real.

    Each convolution halves height and width, rounded up: 28, 14, 7, 4, 2.

    Args:
        image_shape: (height, width, channels).
        filters: ints >= 1, channels of the convolutions.
        widths: ints >= 1, units of the dense layers before the last; may be ().
        kernel: int >= 1, height and width of the kernels.

    Returns:
        A functional `keras.Model`, float [batch, *image_shape] -> float32 [batch, 1], logits, without the sigmoid
        of the report's last layer.

    Raises:
        InputError: if an argument is out of its range.

    Reference:
        Radford et al. 2016, section 3; report 4, section 3.2.1.
    """
    _check_image_shape(image_shape)
    _check_positive(*filters, *widths, kernel)
    inputs = keras.Input(tuple(image_shape), name="images")
    hidden = _dense(layers.Flatten()(_strided(inputs, filters, kernel)), widths)
    return keras.Model(inputs, layers.Dense(1, dtype="float32", name="logit")(hidden), name="discriminator")


def _chosen(codes: keras.KerasTensor, categories: int) -> keras.KerasTensor:
    """The codes with their first dimensions replaced by the embedding that their argmax selects."""
    category = keras.ops.one_hot(keras.ops.argmax(codes[:, :categories], axis=1), categories)
    # Variance 1, as the codes have; from smaller ones most categories end up alike.
    start = keras.initializers.RandomNormal(stddev=1.0)
    embedding = layers.Dense(codes.shape[-1], use_bias=False, kernel_initializer=start, name=CATEGORIES)(category)
    return layers.Concatenate()([codes[:, categories:], embedding])


def _strided(maps: keras.KerasTensor, filters: Sequence[int], kernel: int) -> keras.KerasTensor:
    kind = layers.Conv2D if kernel % 2 else BlockConv2D
    for count in filters:
        maps = _leaky(kind(count, kernel, strides=2, padding="same")(maps))
    return maps


def _dense(hidden: keras.KerasTensor, widths: Sequence[int]) -> keras.KerasTensor:
    for width in widths:
        hidden = _leaky(layers.Dense(width)(hidden))
    return hidden


def _seed(
    hidden: keras.KerasTensor, image_shape: Sequence[int], filters: Sequence[int], normalize: bool = False
) -> keras.KerasTensor:
    """Dense projection to the maps of the first transposed convolution."""
    _check_image_shape(image_shape)
    stride = 2 ** len(filters)
    height, width, _ = image_shape
    if not filters or height % stride or width % stride:
        raise InputError(
            f"Expected a height and width that are multiples of {stride}, for {len(filters)} strides of 2. "
            f"Received: image_shape={tuple(image_shape)}. Crop or pad the images, or change the number of filters."
        )
    shape = (height // stride, width // stride, filters[0])
    return _leaky(_normalized(layers.Reshape(shape)(layers.Dense(math.prod(shape))(hidden)), normalize))


def _upsampled(
    maps: keras.KerasTensor, filters: Sequence[int], kernel: int, normalize: bool = False
) -> keras.KerasTensor:
    """All transposed convolutions but the last."""
    for count in filters[1:]:
        maps = _leaky(_normalized(_transposed(count, kernel)(maps), normalize))
    return maps


def _transposed(filters: int, kernel: int, **options: Any) -> keras.layers.Layer:
    kind = layers.Conv2DTranspose if kernel % 2 else BlockConv2DTranspose
    return kind(filters, kernel, strides=2, padding="same", **options)


def _normalized(maps: keras.KerasTensor, wanted: bool) -> keras.KerasTensor:
    return layers.RMSNormalization(axis=-1)(maps) if wanted else maps


def _leaky(hidden: keras.KerasTensor) -> keras.KerasTensor:
    return layers.LeakyReLU(negative_slope=NEGATIVE_SLOPE)(hidden)


def _check_image_shape(image_shape: Sequence[int]) -> None:
    if len(image_shape) != 3 or min(image_shape) < 1:
        raise InputError(
            f"Expected image_shape as (height, width, channels). Received: {tuple(image_shape)}. "
            "Add a channel axis to gray images."
        )


def _check_positive(*counts: int) -> None:
    if min(counts) < 1:
        raise InputError(
            f"Expected filters, units, dimensions and a kernel of at least 1. Received: {counts}. Use positive numbers."
        )
