"""PatchGAN discriminator (Isola et al., 2017), a functional model.

Isola et al. use batch normalization; there is none here, for the reasons given in `tfvae.networks.resnet_v2`.
Normalizing each pixel's channels gave reconstructions that were no sharper, with a larger L1 error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import layers

from tfvae.errors import InputError
from tfvae.networks.block_convolution import BlockConv2D

KERNEL = 4
SLOPE = 0.2


def patchgan_discriminator(
    image_shape: Sequence[int], *, filters: Sequence[int] = (64, 128, 256), detail: float = 0.0, neighborhood: int = 3
) -> keras.Model:
    """Convolutional discriminator with a logit for each patch of an image.

    h = x, or [x, detail * (x - mean of x over the neighborhood)] as channels
    h = leaky(conv4x4(h, stride=2)) for each filter;  h = leaky(conv4x4(h, stride=1));  logits = conv4x4(h, stride=1)

    The receptive field of a logit depends on the number of filters (`receptive_field`): 16 pixels for one, 34 for two,
    70 for three, as in the paper. Use two for 64x64 images.

    Fine detail is a few hundredths of the pixels' range. With amplified detail as extra channels, a small discriminator
    distinguishes blurred from sharp images.

    Args:
        image_shape: (height, width, channels).
        filters: ints >= 1, channels of the convolutions of stride 2; the one of stride 1 has twice the last.
        detail: float >= 0, gain of the difference from the local mean; 0 for no such channels.
        neighborhood: int >= 2, side in pixels of the square of the local mean.

    Returns:
        A functional `keras.Model`, float [batch, *image_shape] -> float32 [batch, h, w, 1], logits without a sigmoid;
        h is height / 2**len(filters), rounded up at each stride, and w likewise.

    Raises:
        InputError: if an argument is out of its range.

    Reference:
        Isola et al. 2017, sections 3.2.2 and 6.1.2; report 3, section 3.2.
    """
    if len(image_shape) != 3 or not filters or min(*image_shape, *filters) < 1:
        raise InputError(
            "Expected image_shape as (height, width, channels) and filters of at least 1. Received: "
            f"image_shape={tuple(image_shape)}, filters={tuple(filters)}. Use positive numbers."
        )
    if not 0 <= detail < math.inf or neighborhood < 2:
        raise InputError(
            "Expected detail >= 0 and a neighborhood of at least 2 pixels. Received: "
            f"detail={detail}, neighborhood={neighborhood}. Use detail=0 for none."
        )
    inputs = keras.Input(tuple(image_shape), name="images")
    maps = inputs
    if detail:
        # In float32 under any dtype policy, since the difference is small.
        exact = {"dtype": "float32"}
        around = layers.AveragePooling2D(neighborhood, strides=1, padding="same", **exact)(inputs)
        difference = layers.Rescaling(detail, **exact)(layers.Subtract(**exact)([inputs, around]))
        maps = layers.Concatenate(**exact)([inputs, difference])
    for count in filters:
        maps = _leaky(BlockConv2D(count, KERNEL)(maps))
    maps = _leaky(layers.Conv2D(2 * filters[-1], KERNEL, padding="same")(maps))
    logits = layers.Conv2D(1, KERNEL, padding="same", dtype="float32", name="logits")(maps)
    return keras.Model(inputs, logits, name="discriminator")


def receptive_field(filters: Sequence[int], *, neighborhood: int = 1) -> int:
    """Side of a logit's receptive field, in pixels.

    field = 1;  field = (field - 1) * stride + 4 for each convolution, from the last to the first;
    field + neighborhood - 1

    Args:
        filters: as in `patchgan_discriminator`.
        neighborhood: as there; 1 if `detail` is 0.

    Returns:
        int: 16, 34, 70, 142 for one to four filters, without detail.
    """
    field = 1
    for stride in (1, 1, *(2 for _ in filters)):
        field = (field - 1) * stride + KERNEL
    return field + neighborhood - 1


def _leaky(maps: keras.KerasTensor) -> keras.KerasTensor:
    return layers.LeakyReLU(negative_slope=SLOPE)(maps)
