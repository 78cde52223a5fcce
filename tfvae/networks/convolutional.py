"""Convolutional networks of the VAE and the GAN that report 4 compares, built functional graphs."""

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

SLOPE = 0.2
CATEGORIES = "categories"


def convolutional_encoder(
    image_shape: Sequence[int],
    outputs: int,
    *,
    filters: Sequence[int] = (32, 64),
    widths: Sequence[int] = (512, 256),
    kernel: int = 3,
) -> keras.Model:
    """An image through strided convolutions and dense layers to `outputs` numbers, the last layer linear.

    Each convolution halves height and width, rounded up.

    Args:
        image_shape: (height, width, channels).
        outputs: int >= 1; 2 * latent_dim where means and log-variances are wanted.
        filters: ints >= 1, channels of the convolutions.
        widths: ints >= 1, units of the dense layers after them; none is allowed.
        kernel: int >= 1, height and width of the kernels.

    Returns:
        A functional `keras.Model`, float [batch, *image_shape] -> float32 [batch, outputs].

    Raises:
        InputError: if a number is below 1, or the image shape is another.

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
    """A code through dense layers, a projection and transposed convolutions to the likelihood's parameters.

    Each transposed convolution doubles height and width. The projection is the dense layer that gives the first of
    them its filters[0] maps, 7x7x64 for 28x28 images, which the report's 512 units cannot be read as.

    Args:
        latent_dim: int >= 1, number of dimensions of a code.
        image_shape: (height, width, channels), height and width multiples of 2 ** len(filters).
        widths: ints >= 1, units of the dense layers before the projection; none is allowed.
        filters: ints >= 1, channels that go into each transposed convolution.
        kernel: int >= 1, height and width of the kernels.

    Returns:
        A functional `keras.Model`, float [batch, latent_dim] -> float32 [batch, *image_shape]: logits, for Bernoulli.

    Raises:
        InputError: if a number is below 1, or the strides cannot make such an image.

    Reference:
        Report 4, section 3.3.
    """
    _check_positive(*widths, *filters, latent_dim, kernel)
    inputs = keras.Input((latent_dim,), name="codes")
    maps = _upsampled(_seed(_dense(inputs, widths), image_shape, filters), filters, kernel)
    # With its own dtype, lest the policy round the logits.
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
    """A code through dense layers and transposed convolutions to an image in [-1, 1].

    Each transposed convolution doubles height and width. The last dense layer has as many units as the first
    transposed convolution takes, 7 * 7 * 256 = 12,544 for 28x28 images: the report's 14x14x64, read as 7x7x256, since
    two strides of 2 make 28x28 of nothing else.

    Args:
        latent_dim: int >= 1, number of dimensions of a code.
        image_shape: (height, width, channels), height and width multiples of 2 ** len(filters).
        widths: ints >= 1, units of the dense layers before the last; none is allowed.
        filters: ints >= 1, channels that go into each transposed convolution.
        kernel: int >= 1, height and width of the kernels.
        normalize: whether the maps between the layers are divided by their root mean square over the channels. The
            batch normalization of Radford et al. has state that the discriminator's step would change too.
        full_size_filters: int >= 0, channels of maps as large as the image, of which a convolution of 3x3 makes the
            pixels; with 0 the last transposed convolution makes them.
        categories: int in [0, latent_dim); above 0, the largest of a code's first `categories` numbers chooses one of
            as many learned vectors, which takes their place. Kinds of images need not blend into one another then.

    Returns:
        A functional `keras.Model`, float [batch, latent_dim] -> float32 [batch, *image_shape] in [-1, 1] (tanh).

    Raises:
        InputError: if a number is out of its range, or the strides cannot make such an image.

    Reference:
        Radford et al. 2016, section 3; Karras et al. 2018, section 4.2, for the normalization; Khayatkhoei et al. 2018
        for the categories; report 4, section 3.2.1.
    """
    _check_positive(*widths, *filters, latent_dim, kernel, full_size_filters or 1)
    if not 0 <= categories < latent_dim:
        raise InputError(
            f"Expected categories of at least 0 and below latent_dim={latent_dim}. Received: {categories}. "
            "Each takes a number of the code, and something must be left to vary within it."
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
    """Which of its learned vectors a generator of `dcgan_generator(..., categories=)` takes for each code.

    Args:
        generator: a network of `dcgan_generator`.
        codes: float [N, latent_dim].

    Returns:
        int64 [N], 0 to categories - 1; None where the generator has no categories.
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
    """An image through strided convolutions and dense layers to the logit of its being real.

    Each convolution halves height and width, rounded up: 28, 14, 7, 4, 2.

    Args:
        image_shape: (height, width, channels).
        filters: ints >= 1, channels of the convolutions.
        widths: ints >= 1, units of the dense layers before the last; none is allowed.
        kernel: int >= 1, height and width of the kernels.

    Returns:
        A functional `keras.Model`, float [batch, *image_shape] -> float32 [batch, 1], logits; their sigmoid is the
        probability that the report's last layer gives.

    Raises:
        InputError: if a number is below 1, or the image shape is another.

    Reference:
        Radford et al. 2016, section 3; report 4, section 3.2.1.
    """
    _check_image_shape(image_shape)
    _check_positive(*filters, *widths, kernel)
    inputs = keras.Input(tuple(image_shape), name="images")
    hidden = _dense(layers.Flatten()(_strided(inputs, filters, kernel)), widths)
    return keras.Model(inputs, layers.Dense(1, dtype="float32", name="logit")(hidden), name="discriminator")


def _chosen(codes: keras.KerasTensor, categories: int) -> keras.KerasTensor:
    """The codes with a learned vector in place of the first numbers, whose largest chooses it."""
    choice = keras.ops.one_hot(keras.ops.argmax(codes[:, :categories], axis=1), categories)
    # As far apart as codes are, or most categories end up alike.
    start = keras.initializers.RandomNormal(stddev=1.0)
    vector = layers.Dense(codes.shape[-1], use_bias=False, kernel_initializer=start, name=CATEGORIES)(choice)
    return layers.Concatenate()([codes[:, categories:], vector])


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
    """The maps that the first transposed convolution takes: filters[0] of the image's size over all its strides."""
    _check_image_shape(image_shape)
    stride = 2 ** len(filters)
    height, width, _ = image_shape
    if not filters or height % stride or width % stride:
        raise InputError(
            f"Expected a height and width that are multiples of {stride}, which {len(filters)} strides of 2 make. "
            f"Received: image_shape={tuple(image_shape)}. Crop or pad the images, or change the number of filters."
        )
    shape = (height // stride, width // stride, filters[0])
    return _leaky(_normalized(layers.Reshape(shape)(layers.Dense(math.prod(shape))(hidden)), normalize))


def _upsampled(
    maps: keras.KerasTensor, filters: Sequence[int], kernel: int, normalize: bool = False
) -> keras.KerasTensor:
    """All transposed convolutions but the last, whose output is the image."""
    for count in filters[1:]:
        maps = _leaky(_normalized(_transposed(count, kernel)(maps), normalize))
    return maps


def _transposed(filters: int, kernel: int, **options: Any) -> keras.layers.Layer:
    kind = layers.Conv2DTranspose if kernel % 2 else BlockConv2DTranspose
    return kind(filters, kernel, strides=2, padding="same", **options)


def _normalized(maps: keras.KerasTensor, wanted: bool) -> keras.KerasTensor:
    return layers.RMSNormalization(axis=-1)(maps) if wanted else maps


def _leaky(hidden: keras.KerasTensor) -> keras.KerasTensor:
    return layers.LeakyReLU(negative_slope=SLOPE)(hidden)


def _check_image_shape(image_shape: Sequence[int]) -> None:
    if len(image_shape) != 3 or min(image_shape) < 1:
        raise InputError(
            f"Expected image_shape as (height, width, channels). Received: {tuple(image_shape)}. "
            "Give a gray image its one channel."
        )


def _check_positive(*counts: int) -> None:
    if min(counts) < 1:
        raise InputError(
            f"Expected filters, units, dimensions and a kernel of at least 1. Received: {counts}. Use positive numbers."
        )
