"""The PatchGAN discriminator: a logit for each patch of an image, a built functional graph.

Isola et al. use batch normalization; there is none here, for the reasons that `tfvae.networks.resnet_v2` gives, and a
normalization of each pixel's channels left reconstructions no sharper at a larger L1 error.
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
    """An image through 4x4 convolutions to the logits of its patches being real.

    h = x, or [x, detail * (x - mean of x over the neighborhood)] as channels
    h = leaky(conv4x4(h, stride=2)) for each filter;  h = leaky(conv4x4(h, stride=1));  logits = conv4x4(h, stride=1)

    A logit sees a square patch whose side depends on the number of filters alone (`receptive_field`): 16 pixels
    for one, 34 for two, 70 for three, the 70x70 of the paper. Images of 64x64 are well served by two.

    Fine structure is a few hundredths of what pixels span. A discriminator that has it set apart and enlarged sees at
    once where it is missing; without that, one of few channels takes a blurred image for a sharp one.

    Args:
        image_shape: (height, width, channels).
        filters: ints >= 1, channels of the convolutions of stride 2; the one of stride 1 has twice the last.
        detail: float >= 0, how much what differs from the neighborhood is enlarged; 0 leaves it out.
        neighborhood: int >= 2, side in pixels of the square whose mean it differs from.

    Returns:
        A functional `keras.Model`, float [batch, *image_shape] -> float32 [batch, h, w, 1], logits without a sigmoid;
        h is height / 2**len(filters), rounded up at each stride, and w likewise.

    Raises:
        InputError: if a number is below 1, or the image shape is another.

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
            f"detail={detail}, neighborhood={neighborhood}. Use detail=0 to leave it out."
        )
    inputs = keras.Input(tuple(image_shape), name="images")
    maps = inputs
    if detail:
        # In float32 whatever the policy, since the difference is small.
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
    """Side of the patch that one logit sees, in pixels.

    field = 1;  field = (field - 1) * stride + 4 for each convolution, from the last to the first;  and the
    neighborhood's side less one

    Args:
        filters: as in `patchgan_discriminator`.
        neighborhood: as there, where `detail` is not 0.

    Returns:
        int: 16, 34, 70, 142 for one to four filters, without detail.
    """
    field = 1
    for stride in (1, 1, *(2 for _ in filters)):
        field = (field - 1) * stride + KERNEL
    return field + neighborhood - 1


def _leaky(maps: keras.KerasTensor) -> keras.KerasTensor:
    return layers.LeakyReLU(negative_slope=SLOPE)(maps)
