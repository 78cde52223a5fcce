"""Feature space of a randomly initialized VGG with fixed weights, for pictures that have no shipped classifier."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfvae.errors import InputError
from tfvae.metrics.features import GraphExtractor

INPUT_SIZE = 64
LEAST_SIZE = 32
WIDTHS = (16, 32, 64, 128)
FEATURES = 64
SEED = 0


@functools.cache
def random_vgg() -> GraphExtractor:
    """Builds the `random_vgg` feature space: a small VGG with random weights, the same on every machine.

        x = resize([gray, gray, gray] or rgb, 64 x 64) / 127.5 - 1
        for width in (16, 32, 64, 128):  x = max_pool(relu(conv(relu(conv(x)))))     3 x 3 kernels, no bias
        features = dot(flatten(x), projection)                                       4 x 4 x 128 -> 64

    A stand-in, where Inception cannot be had: nothing was learned, so it responds to color, contrast, sharpness and
    texture and their rough position (the last map is 4 x 4), but not to meaning: a face with three eyes may pass for a
    face. Its FID compares only with its own, and neither with published numbers nor with those of `mnist_cnn` or
    `inception`. Every picture is resized first (bilinear, antialiased; what is not square is squeezed), so there is one
    space for all sizes, and texture finer than 1/64 of the picture goes unseen: `texture_ratio` measures that. There
    are no logits, hence neither an inception score nor numbers by class. 64 features are few enough for the FID of a
    few hundred images.

    Returns:
        An extractor of uint8 [N, H, W, 1 or 3], H and W >= 32, bit for bit the same on every run on one machine; its
        `sha256` is over the weights, and its logits are float32 [N, 0]. It raises InputError for smaller pictures.

    Reference:
        Naeem et al. 2020, section 4: embeddings by a randomly initialized VGG16, for data far from ImageNet.
    """
    *kernels, projection = random_weights()

    # XLA on one batch shape: the same order of sums, and so the same bits, on every run.
    @tf.function(jit_compile=True)
    def embed(pixels: tf.Tensor) -> tf.Tensor:
        x = pixels / 127.5 - 1.0
        for first, second in zip(kernels[::2], kernels[1::2], strict=True):
            x = tf.nn.relu(tf.nn.conv2d(x, first, strides=1, padding="SAME"))
            x = tf.nn.relu(tf.nn.conv2d(x, second, strides=1, padding="SAME"))
            x = tf.nn.max_pool2d(x, ksize=2, strides=2, padding="VALID")
        return tf.reshape(x, [x.shape[0], -1]) @ projection

    def run(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return embed(random_vgg_input(images)), tf.zeros([images.shape[0], 0])

    return GraphExtractor("random_vgg", sha256_of_arrays(random_weights()), None, None, run, default_batch_size=50)


def random_vgg_input(images: tf.Tensor) -> tf.Tensor:
    """Resizes pictures to the input size of the network.

    Args:
        images: uint8 [N, H, W, 1 or 3], H and W >= 32; gray is repeated to RGB.

    Returns:
        float32 [N, 64, 64, 3] in [0, 255].

    Raises:
        InputError: if the pictures are smaller.
    """
    if min(images.shape[1:3]) < LEAST_SIZE:
        raise InputError(
            f"random_vgg: expected pictures at least {LEAST_SIZE} pixels high and wide. Received: "
            f"{images.shape[1]} x {images.shape[2]}. Name TF-GAN's Inception graph with --inception, which takes every "
            "shape."
        )
    pixels = tf.cast(images, tf.float32)
    if images.shape[3] == 1:
        pixels = tf.repeat(pixels, 3, axis=3)
    return tf.image.resize(pixels, [INPUT_SIZE, INPUT_SIZE], method="bilinear", antialias=True)


def random_weights() -> list[NDArray[np.float32]]:
    """Draws the weights with NumPy's generator, which neither TensorFlow's version nor its seed changes.

    kernel ~ N(0, 2 / (9 * channels)) (He),  projection ~ N(0, 1 / inputs)

    Returns:
        float32: two kernels [3, 3, channels, width] for each width, then the projection [inputs, 64].
    """
    generator = np.random.default_rng(SEED)

    def normal(variance: float, *shape: int) -> NDArray[np.float32]:
        return (np.sqrt(variance) * generator.standard_normal(shape)).astype(np.float32)

    weights, channels = [], 3
    for width in WIDTHS:
        weights.append(normal(2 / (9 * channels), 3, 3, channels, width))
        weights.append(normal(2 / (9 * width), 3, 3, width, width))
        channels = width
    inputs = (INPUT_SIZE // 2 ** len(WIDTHS)) ** 2 * channels
    return [*weights, normal(1 / inputs, inputs, FEATURES)]


def sha256_of_arrays(arrays: Sequence[NDArray[np.float32]]) -> str:
    """Hashes shapes and values, in order.

    Args:
        arrays: float32 of any shapes.

    Returns:
        SHA-256 as 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{list(array.shape)}\0".encode())
        digest.update(array.astype("<f4").tobytes())
    return digest.hexdigest()
