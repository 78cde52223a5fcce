"""Stride-2 convolutions that XLA runs several times faster on a CPU than Keras' layers, with the same results.

XLA on a CPU has no fast path for strided and transposed convolutions and their gradients. After space_to_depth both are
convolutions of stride 1, and so are their gradients. Without XLA they are as fast as Keras' layers.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tfvae.errors import InputError


@keras.saving.register_keras_serializable("tfvae")
class BlockConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` of stride 2 and `same` padding, with an even kernel; same weights, same result.

    Args:
        filters: int >= 1, channels of the output.
        kernel_size: int or (int, int), even.
        **kwargs: as in `keras.layers.Conv2D`, except strides, padding, dilation and groups.

    Raises:
        InputError: if the kernel size is odd, or strides, padding, dilation or groups are others.
    """

    def __init__(self, filters: int, kernel_size: Any, **kwargs: Any) -> None:
        super().__init__(filters, kernel_size, **{"strides": 2, "padding": "same", **kwargs})
        _check(self)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        height, width, channels = inputs.shape[1:]
        taps = [size // 2 for size in self.kernel_size]
        blocks = [-(-size // 2) + count - 1 for size, count in zip((height, width), taps, strict=True)]
        padding = [
            _same_padding(size, kernel, 2 * count)
            for size, kernel, count in zip((height, width), self.kernel_size, blocks, strict=True)
        ]
        images = tf.nn.space_to_depth(tf.pad(inputs, [[0, 0], *padding, [0, 0]]), 2)
        kernel = tf.reshape(self.kernel.value, [taps[0], 2, taps[1], 2, channels, self.filters])
        kernel = tf.reshape(tf.transpose(kernel, [0, 2, 1, 3, 4, 5]), [*taps, 4 * channels, self.filters])
        maps = tf.nn.conv2d(images, kernel, 1, "VALID")
        return self.activation(tf.nn.bias_add(maps, self.bias.value) if self.use_bias else maps)


@keras.saving.register_keras_serializable("tfvae")
class BlockConv2DTranspose(keras.layers.Conv2DTranspose):
    """`keras.layers.Conv2DTranspose` of stride 2 and `same` padding, with an even kernel; same weights, same result.

    Args:
        filters: int >= 1, channels of the output.
        kernel_size: int or (int, int), even.
        **kwargs: as in `keras.layers.Conv2DTranspose`, except strides, padding, dilation and groups.

    Raises:
        InputError: if the kernel size is odd, or strides, padding, dilation or groups are others.
    """

    def __init__(self, filters: int, kernel_size: Any, **kwargs: Any) -> None:
        super().__init__(filters, kernel_size, **{"strides": 2, "padding": "same", **kwargs})
        _check(self)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        height, width, channels = inputs.shape[1:]
        taps = [size // 2 for size in self.kernel_size]
        # Output row 2 * i + a sums input rows i - p times kernel rows a + 2 * p: the taps are reversed.
        kernel = tf.reshape(self.kernel.value, [taps[0], 2, taps[1], 2, self.filters, channels])
        kernel = tf.transpose(tf.reverse(kernel, [0, 2]), [0, 2, 5, 1, 3, 4])
        kernel = tf.reshape(kernel, [*taps, channels, 4 * self.filters])
        images = tf.pad(inputs, [[0, 0], *[[count - 1, count - 1] for count in taps], [0, 0]])
        blocks = tf.nn.conv2d(images, kernel, 1, "VALID")
        if self.use_bias:
            blocks = tf.nn.bias_add(blocks, tf.tile(self.bias.value, [4]))
        blocks = tf.nn.depth_to_space(blocks, 2)
        top, left = (count - 1 for count in taps)
        # Not blocks[:, top : ...]: on a CPU the gradient of a strided slice is as slow as that of the convolution.
        maps = tf.slice(blocks, [0, top, left, 0], [-1, 2 * height, 2 * width, -1])
        return self.activation(maps)


def _same_padding(size: int, kernel: int, wanted: int) -> list[int]:
    """Zeros before and after, to the size `wanted`, with the first window where Keras' `same` padding has it."""
    before = max(2 * (-(-size // 2) - 1) + kernel - size, 0) // 2
    return [before, wanted - size - before]


def _check(layer: Any) -> None:
    plain = layer.padding == "same" and tuple(layer.strides) == (2, 2) and layer.data_format == "channels_last"
    plain = plain and tuple(layer.dilation_rate) == (1, 1) and getattr(layer, "groups", 1) == 1
    if not plain or any(size % 2 for size in layer.kernel_size):
        raise InputError(
            "Expected an even kernel, strides of 2, `same` padding and channels last. Received: "
            f"kernel_size={layer.kernel_size}, strides={layer.strides}, padding={layer.padding!r}, "
            f"data_format={layer.data_format!r}. Use the Keras layer for others."
        )
