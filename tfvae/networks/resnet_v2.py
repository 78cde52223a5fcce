"""Pre-activation residual networks of an encoder and a decoder (ResNetV2), built functional graphs.

They have no normalization layers: residual blocks initialized as the identity train without. Batch normalization would
couple the examples of a replica, so that N replicas or micro-batches would train another model than one whole batch,
and the discriminator's update would change its moving averages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import keras
import tensorflow as tf
from keras import layers

from tfvae.errors import InputError
from tfvae.networks.block_convolution import BlockConv2D
from tfvae.networks.noise_injection import NoiseInjection

SMALLEST, LARGEST, MULTIPLE = 32, 256, 16
PATCHES = (1, 2, 4)
BOTTOM = 4
HEAD_SCALE = 0.1
EXACT: dict[str, Any] = {"dtype": "float32"}
"""Options of layers that compute in float32 under any dtype policy."""


def resnet_v2_encoder(
    image_shape: Sequence[int],
    outputs: int,
    *,
    widths: Sequence[int] = (64, 128, 256, 512, 512),
    blocks: int = 1,
    patch: int = 2,
    output_scale: float = 0.1,
    recompute: bool = False,
) -> keras.Model:
    """Residual encoder with a linear output layer.

    h = conv3x3(space_to_depth(image));  h = block(h) for each block of each stage;  dense(relu(h))

    There is a stage for each width. Each stage but the first halves height and width, as long as they are even and
    larger than 4: with `patch` 2, 256x256 images give maps of 128, 64, 32, 16, 8, and 48x48 ones 24, 12, 6, 3, 3. See
    `stage_sizes`.

    Args:
        image_shape: (size, size, channels), size a multiple of 16 from 32 to 256, one channel or three.
        outputs: int >= 1; 2 * latent_dim where means and log-variances are wanted.
        widths: ints >= 1, channels of each stage.
        blocks: int >= 1, `ResidualBlock`s a stage.
        patch: 1, 2 or 4; space_to_depth block size before the first convolution.
        output_scale: float > 0, approximate root mean square of the initial outputs; if small, posteriors start near
            N(0, I).
        recompute: whether the backward pass recomputes the activations of each block to save memory; same gradients.

    Returns:
        A functional `keras.Model`, float [batch, size, size, channels] -> float32 [batch, outputs].

    Raises:
        InputError: if the image shape is not supported, or an argument is out of its range.

    Reference:
        He et al. 2016, "Identity mappings in deep residual networks", figure 4 (e); report 3, section 3.2.
    """
    sizes = stage_sizes(image_shape, len(widths), patch)
    _check_positive(*widths, blocks, outputs)
    if not output_scale > 0:
        raise InputError(f"Expected output_scale > 0. Received: output_scale={output_scale}. Use 0.1, the default.")
    inputs = keras.Input(tuple(image_shape), name="images")
    stem = layers.Conv2D(widths[0], 3, padding="same", kernel_initializer=_scaled(1), name="stem")
    maps = stem(SpaceToDepth(patch)(inputs))
    for stage, width in enumerate(widths):
        halve = stage > 0 and sizes[stage] < sizes[stage - 1]
        for block in range(blocks):
            maps = ResidualBlock(width, resize="halve" if halve and not block else None, recompute=recompute)(maps)
    start = _scaled(output_scale**2, after_rectifier=True)
    head = layers.Dense(outputs, kernel_initializer=start, dtype="float32", name="parameters")
    return keras.Model(inputs, head(layers.Flatten()(layers.ReLU()(maps))), name="encoder")


def resnet_v2_decoder(
    latent_dim: int,
    image_shape: Sequence[int],
    *,
    widths: Sequence[int] = (512, 512, 256, 128, 64, 32),
    blocks: int = 1,
    activation: str = "tanh",
    noise_injection: bool = False,
    recompute: bool = False,
) -> keras.Model:
    """Residual decoder to images in [-1, 1] or [0, 1].

    h = dense(code);  h = block(h) for each block of each stage;  activation(conv3x3(relu(h)))

    The sizes of the stages are those of an encoder with `patch` 1 in reverse order: 8 to 256 with six widths for
    256x256 images. The last stage has full resolution, since depth_to_space would leave a grid in the images.

    Args:
        latent_dim: int >= 1, number of dimensions of a code.
        image_shape: (size, size, channels), size a multiple of 16 from 32 to 256, one channel or three.
        widths: ints >= 1, channels of each stage.
        blocks: int >= 1, `ResidualBlock`s a stage.
        activation: "tanh" for pixels of the value range (-1, 1), "sigmoid" for (0, 1).
        noise_injection: whether a `NoiseInjection` layer follows each stage, for fine texture.
        recompute: whether the backward pass recomputes the activations of each block to save memory; same gradients.

    Returns:
        A functional `keras.Model`, float [batch, latent_dim] -> float32 [batch, size, size, channels].

    Raises:
        InputError: if the image shape or the activation is not supported, or an argument is out of its range.

    Reference:
        He et al. 2016, "Identity mappings in deep residual networks", figure 4 (e); report 3, section 3.2.
    """
    sizes = stage_sizes(image_shape, len(widths), 1)[::-1]
    _check_positive(*widths, blocks, latent_dim)
    if activation not in ("tanh", "sigmoid"):
        raise InputError(f"Expected activation as 'tanh' or 'sigmoid'. Received: {activation!r}. Use one of them.")
    inputs = keras.Input((latent_dim,), name="codes")
    bottom = (sizes[0], sizes[0], widths[0])
    seed = layers.Dense(math.prod(bottom), kernel_initializer=_scaled(1), name="seed")
    maps = layers.Reshape(bottom)(seed(inputs))
    for stage, width in enumerate(widths):
        double = stage > 0 and sizes[stage] > sizes[stage - 1]
        for block in range(blocks):
            maps = ResidualBlock(width, resize="double" if double and not block else None, recompute=recompute)(maps)
        if noise_injection:
            maps = NoiseInjection(seed=stage, name=f"noise_injection_{stage}")(maps, inputs)
    start = _scaled(HEAD_SCALE**2, after_rectifier=True)
    head = layers.Conv2D(image_shape[-1], 3, padding="same", kernel_initializer=start, name="head", **EXACT)
    logits = head(layers.ReLU()(maps))
    return keras.Model(inputs, layers.Activation(activation, name="pixels", **EXACT)(logits), name="decoder")


def stage_sizes(image_shape: Sequence[int], stages: int, patch: int = 2) -> list[int]:
    """Height and width of the maps in each stage of the encoder; those of the decoder are in reverse order.

    Args:
        image_shape: (size, size, channels), size a multiple of 16 from 32 to 256, one channel or three.
        stages: int >= 1, the number of widths.
        patch: 1, 2 or 4.

    Returns:
        ints >= 3, [stages].

    Raises:
        InputError: if the image shape or the patch is not supported, or `stages` is below 1.
    """
    shape = tuple(image_shape)
    square = len(shape) == 3 and shape[0] == shape[1] and shape[2] in (1, 3)
    if not square or shape[0] % MULTIPLE or not SMALLEST <= shape[0] <= LARGEST:
        raise InputError(
            f"Expected image_shape as (size, size, channels), a size that is a multiple of {MULTIPLE} from {SMALLEST} "
            f"to {LARGEST} and 1 or 3 channels. Received: {shape}. Crop or resize the images."
        )
    if patch not in PATCHES or stages < 1:
        raise InputError(
            f"Expected a patch of {PATCHES} pixels and at least one width. Received: patch={patch}, "
            f"{stages} widths. Use patch=2, the default."
        )
    sizes = [shape[0] // patch]
    for _ in range(stages - 1):
        sizes.append(sizes[-1] // 2 if sizes[-1] % 2 == 0 and sizes[-1] > BOTTOM else sizes[-1])
    return sizes


@keras.saving.register_keras_serializable("tfvae")
class ResidualBlock(layers.Layer):
    """Pre-activation residual block without normalization.

    h + conv3x3(relu(conv(relu(h))))

    The last convolution is initialized to 0, so the block starts as the identity. If the number of channels changes,
    the shortcut is a 1x1 convolution. If "halve", the first convolution is 4x4 with stride 2 and the shortcut 2x2 with
    stride 2; if "double", both are followed by bilinear interpolation, since transposed convolutions leave a grid.

    Args:
        width: int >= 1, channels of the result.
        resize: "halve" or "double" of height and width, or None.
        recompute: whether the backward pass recomputes the activations to save memory; same gradients.
        **kwargs: `name` and `dtype` of `keras.layers.Layer`.

    Raises:
        InputError: if `resize` is not one of these.

    Reference:
        He et al. 2016, figure 4 (e); De and Smith 2020, for the initialization as the identity without normalization;
        Chen et al. 2016, section 3, for the recomputation.
    """

    def __init__(
        self,
        width: int,
        *,
        resize: str | None = None,
        recompute: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if resize not in (None, "halve", "double"):
            raise InputError(f"Expected resize as 'halve', 'double' or None. Received: {resize!r}. Use one of them.")
        self.width = width
        self.resize = resize
        self.recompute = recompute
        halving = resize == "halve"
        kind = BlockConv2D if halving else layers.Conv2D
        options = {"padding": "same", "dtype": self.dtype_policy}
        start = _scaled(1, after_rectifier=True)
        self.first = kind(width, 4 if halving else 3, kernel_initializer=start, name="first", **options)
        self.last = layers.Conv2D(width, 3, kernel_initializer="zeros", name="last", **options)
        self.shortcut = kind(width, 2 if halving else 1, kernel_initializer=_scaled(1), name="shortcut", **options)

    def build(self, input_shape: Sequence[Any]) -> None:
        self.first.build(input_shape)
        self.last.build(self.compute_output_shape(input_shape))
        if self.resize == "halve" or input_shape[-1] != self.width:
            self.shortcut.build(input_shape)
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        # `keras.RematScope` fails in the graph of a functional model, and a saved model forgets it.
        return tf.recompute_grad(self._block)(inputs) if self.recompute else self._block(inputs)

    def compute_output_shape(self, input_shape: Sequence[Any]) -> tuple[Any, ...]:
        batch, height, width, _ = input_shape
        if self.resize == "halve":
            return batch, height // 2, width // 2, self.width
        if self.resize == "double":
            return batch, height * 2, width * 2, self.width
        return batch, height, width, self.width

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("width", "resize", "recompute")}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """As Keras calls it; older files have `normalize`, false unless the block had normalization layers."""
        config = dict(config)
        for name in ("normalize", "normalise"):
            if config.pop(name, False):
                raise InputError(
                    f"Expected a block without normalization layers, which were removed. Received: {name}=True. "
                    "Load the file with the version of tfvae that saved it."
                )
        return super().from_config(config)

    def _block(self, inputs: tf.Tensor) -> tf.Tensor:
        resized = _doubled if self.resize == "double" else tf.identity
        hidden = resized(self.first(tf.nn.relu(inputs)))
        hidden = self.last(tf.nn.relu(hidden))
        return hidden + resized(self.shortcut(inputs) if self.shortcut.built else inputs)


@keras.saving.register_keras_serializable("tfvae")
class SpaceToDepth(layers.Layer):
    """`tf.nn.space_to_depth` as a layer: [batch, h, w, c] -> [batch, h / patch, w / patch, c * patch**2]."""

    def __init__(self, patch: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.patch = patch

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.nn.space_to_depth(inputs, self.patch) if self.patch > 1 else inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "patch": self.patch}


def _doubled(maps: tf.Tensor) -> tf.Tensor:
    """[batch, h, w, c] -> [batch, 2 * h, 2 * w, c], bilinear, in the maps' own type."""
    _, height, width, _ = maps.shape
    return tf.cast(tf.image.resize(maps, [2 * height, 2 * width], method="bilinear"), maps.dtype)


def _scaled(variance: float, *, after_rectifier: bool = False) -> keras.initializers.VarianceScaling:
    """Initializer for outputs of `variance` from inputs of variance 1; a ReLU halves the variance."""
    return keras.initializers.VarianceScaling(variance * (2 if after_rectifier else 1))


def _check_positive(*counts: int) -> None:
    if min(counts) < 1:
        raise InputError(
            f"Expected widths, blocks, outputs and dimensions of at least 1. Received: {counts}. Use positive numbers."
        )
