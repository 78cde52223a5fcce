"""Pre-activation residual networks of an encoder and a decoder (ResNetV2), built functional graphs.

They normalize each pixel's channels, or, by default, nothing: blocks that start as the identity train without, and
small ones learn faster.

Straight beside them may go one linear layer, from the image to the code and from the code to the image. A linear
autoencoder finds the principal components of faces, at which small residual networks arrive late
(`tfvae.networks.principal` starts there), and the stages add what is not linear.

Nothing here has state: batch normalization would couple the examples of a replica, so that N replicas, or a batch
accumulated in parts, trained another model than one whole batch, and a second player's step would move its averages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from tfvae.errors import InputError
from tfvae.networks.block_convolution import BlockConv2D
from tfvae.networks.grain import Grain

SMALLEST, LARGEST, MULTIPLE = 32, 256, 16
PATCHES = (1, 2, 4)
BOTTOM = 4
HEAD_SCALE = 0.1
SKIPS = (0, 1, 2, 4, 8, 16)
EXACT: dict[str, Any] = {"dtype": "float32"}
"""For layers whose results the policy would round."""


def resnet_v2_encoder(
    image_shape: Sequence[int],
    outputs: int,
    *,
    widths: Sequence[int] = (64, 128, 256, 512, 512),
    blocks: int = 1,
    patch: int = 2,
    normalize: bool = False,
    output_scale: float = 0.1,
    linear_skip: int = 0,
    recompute: bool = False,
) -> keras.Model:
    """An image through residual stages to `outputs` numbers, the last layer linear.

    h = conv3x3(patches of the image);  h = block(h) for each block of each stage;  dense(relu(norm(h)))
    and, with a linear skip, + bias + kernel @ shrunk image / sqrt(its number of values)

    There are as many stages as widths. Each stage but the first halves its maps, as long as they are even and larger
    than 4x4: with patches of 2x2 pixels, 256x256 images become maps of 128, 64, 32, 16, 8, and 48x48 ones
    24, 12, 6, 3, 3. So every size works with every number of widths. `stage_sizes` tells them.

    Args:
        image_shape: (size, size, channels), size a multiple of 16 from 32 to 256, one channel or three.
        outputs: int >= 1; 2 * latent_dim where means and log-variances are wanted.
        widths: ints >= 1, channels of each stage.
        blocks: int >= 1, `ResidualBlock`s a stage.
        patch: 1, 2 or 4; the first convolution sees patch x patch pixels as channels of one.
        normalize: whether blocks and the last layer take maps divided by their root mean square over the channels.
        output_scale: float > 0, root mean square of the outputs at the start, about, for maps of unit variance: means
            and log-variances near 0, so that training starts with the noise of N(0, 1).
        linear_skip: factor of 1, 2, 4, 8 or 16 by which the image is shrunk whose pixels the outputs are, besides,
            linear in; 0 leaves that out.
        recompute: whether the backward pass computes each block anew in place of keeping its maps; same gradients.

    Returns:
        A functional `keras.Model`, float [batch, size, size, channels] -> float32 [batch, outputs].

    Raises:
        InputError: if the image shape is another, or a number is below 1.

    Reference:
        He et al. 2016, "Identity mappings in deep residual networks", figure 4 (e); report 3, section 3.2.
    """
    sizes = stage_sizes(image_shape, len(widths), patch)
    options = {"normalize": normalize, "recompute": recompute}
    _check_positive(*widths, blocks, outputs)
    _check_skip(linear_skip)
    if not output_scale > 0:
        raise InputError(f"Expected output_scale > 0. Received: output_scale={output_scale}. Use 0.1 if any will do.")
    inputs = keras.Input(tuple(image_shape), name="images")
    stem = layers.Conv2D(widths[0], 3, padding="same", kernel_initializer=_scaled(1), name="stem")
    maps = stem(SpaceToDepth(patch)(inputs))
    for stage, width in enumerate(widths):
        halve = stage > 0 and sizes[stage] < sizes[stage - 1]
        for block in range(blocks):
            maps = ResidualBlock(width, resize="halve" if halve and not block else None, **options)(maps)
    start = _scaled(output_scale**2, after_rectifier=True)
    head = layers.Dense(outputs, kernel_initializer=start, dtype="float32", name="parameters")
    results = head(layers.Flatten()(_activated(maps, normalize)))
    if linear_skip:
        shrunk = layers.AveragePooling2D(linear_skip, **EXACT)(inputs)
        straight = _straight(layers.Flatten(name="shrunk", **EXACT)(shrunk), outputs)
        results = layers.Add(**EXACT)([results, straight])
    return keras.Model(inputs, results, name="encoder")


def resnet_v2_decoder(
    latent_dim: int,
    image_shape: Sequence[int],
    *,
    widths: Sequence[int] = (512, 512, 256, 128, 64, 32),
    blocks: int = 1,
    activation: str = "tanh",
    grain: bool = False,
    linear_skip: int = 0,
    normalize: bool = False,
    recompute: bool = False,
) -> keras.Model:
    """A code through residual stages to an image in [-1, 1] or [0, 1].

    h = dense(code);  h = block(h) for each block of each stage;  activation(conv3x3(relu(norm(h))))
    and, with a linear skip, + bilinear(bias + kernel @ code / sqrt(latent_dim)) within the activation

    Sizes are those of an encoder with as many widths and patches of one pixel, in reverse order: 8 to 256
    with six widths for 256x256 images. So an encoder with patches of 2x2 and one width less is its mirror but for the
    last stage, at full resolution: patches of pixels would leave a grid in the images.

    Args:
        latent_dim: int >= 1, number of dimensions of a code.
        image_shape: (size, size, channels), size a multiple of 16 from 32 to 256, one channel or three.
        widths: ints >= 1, channels of each stage.
        blocks: int >= 1, `ResidualBlock`s a stage.
        activation: "tanh" for pixels of the value range (-1, 1), "sigmoid" for (0, 1).
        grain: whether `Grain` follows each stage: fine structure that no code needs to hold.
        linear_skip: factor of 1, 2, 4, 8 or 16 by which that picture is smaller which is linear in the code, and which
            the residual stages add their own to, before the activation; 0 leaves it out.
        normalize: whether blocks and the last layer take maps divided by their root mean square over the channels.
        recompute: whether the backward pass computes each block anew in place of keeping its maps; same gradients.

    Returns:
        A functional `keras.Model`, float [batch, latent_dim] -> float32 [batch, size, size, channels].

    Raises:
        InputError: if the image shape or the activation is another, or a number is below 1.

    Reference:
        He et al. 2016, "Identity mappings in deep residual networks", figure 4 (e); Karras et al. 2020, section 4.1,
        for pictures that stages add to; report 3, section 3.2.
    """
    sizes = stage_sizes(image_shape, len(widths), 1)[::-1]
    options = {"normalize": normalize, "recompute": recompute}
    _check_positive(*widths, blocks, latent_dim)
    _check_skip(linear_skip)
    if activation not in ("tanh", "sigmoid"):
        raise InputError(f"Expected the activation tanh or sigmoid. Received: {activation!r}. Name one of them.")
    inputs = keras.Input((latent_dim,), name="codes")
    bottom = (sizes[0], sizes[0], widths[0])
    seed = layers.Dense(math.prod(bottom), kernel_initializer=_scaled(1), name="seed")
    maps = layers.Reshape(bottom)(seed(inputs))
    for stage, width in enumerate(widths):
        double = stage > 0 and sizes[stage] > sizes[stage - 1]
        for block in range(blocks):
            maps = ResidualBlock(width, resize="double" if double and not block else None, **options)(maps)
        if grain:
            maps = Grain(seed=stage, name=f"grain_{stage}")(maps, inputs)
    start = _scaled(HEAD_SCALE**2, after_rectifier=True)
    head = layers.Conv2D(image_shape[-1], 3, padding="same", kernel_initializer=start, name="head", **EXACT)
    logits = head(_activated(maps, normalize))
    if linear_skip:
        side = image_shape[0] // linear_skip
        picture = (side, side, image_shape[-1])
        small = layers.Reshape(picture, **EXACT)(_straight(inputs, math.prod(picture)))
        grown = layers.UpSampling2D(linear_skip, interpolation="bilinear", **EXACT)(small)
        logits = layers.Add(**EXACT)([logits, grown])
    return keras.Model(inputs, layers.Activation(activation, name="pixels", **EXACT)(logits), name="decoder")


def stage_sizes(image_shape: Sequence[int], stages: int, patch: int = 2) -> list[int]:
    """Height and width of the maps of each of the encoder's stages: those of the decoder in reverse order.

    Args:
        image_shape: (size, size, channels), size a multiple of 16 from 32 to 256, one channel or three.
        stages: int >= 1, the number of widths.
        patch: 1, 2 or 4.

    Returns:
        ints >= 3, [stages].

    Raises:
        InputError: if the shape, the patch or the number of stages is another.
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
            f"{stages} widths. Use patch=2 if any will do."
        )
    sizes = [shape[0] // patch]
    for _ in range(stages - 1):
        sizes.append(sizes[-1] // 2 if sizes[-1] % 2 == 0 and sizes[-1] > BOTTOM else sizes[-1])
    return sizes


@keras.saving.register_keras_serializable("tfvae")
class ResidualBlock(layers.Layer):
    """A residual unit with full pre-activation, normalized or not.

    h + conv3x3(relu(norm(conv(relu(norm(h)))))),  norm(h) = scale * h / sqrt(mean(h**2 over the channels) + epsilon)

    or norm(h) = h. Root mean squares are float32 under any dtype policy. The last convolution starts at 0, so that the
    block starts as the identity. Where the number of channels changes, a 1x1 convolution takes the place of the
    identity. Halving, the first convolution is 4x4 of stride 2, and the identity one over 2x2 blocks; doubling, both
    are followed by a bilinear interpolation, since transposed convolutions leave a grid in the images.

    Args:
        width: int >= 1, channels of the result.
        resize: "halve" or "double" of height and width, or None.
        normalize: whether norm is the one above and not the identity.
        recompute: whether the backward pass computes the block anew in place of keeping its maps.
        **kwargs: `name` and `dtype` of `keras.layers.Layer`.

    Raises:
        InputError: if `resize` is another.

    Reference:
        He et al. 2016, figure 4 (e); De and Smith 2020, for doing without normalization; Karras et al. 2018, section
        4.2, for the normalization; Chen et al. 2016, section 3, for computing anew.
    """

    def __init__(
        self,
        width: int,
        *,
        resize: str | None = None,
        normalize: bool = False,
        recompute: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if resize not in (None, "halve", "double"):
            raise InputError(f"Expected resize as 'halve', 'double' or None. Received: {resize!r}. Use one of them.")
        self.width = width
        self.resize = resize
        self.normalize = normalize
        self.recompute = recompute
        halving = resize == "halve"
        kind = BlockConv2D if halving else layers.Conv2D
        options = {"padding": "same", "dtype": self.dtype_policy}
        self.norms = [_norm(normalize, self.dtype_policy) for _ in range(2)]
        start = _scaled(1, after_rectifier=True)
        self.first = kind(width, 4 if halving else 3, kernel_initializer=start, name="first", **options)
        self.last = layers.Conv2D(width, 3, kernel_initializer="zeros", name="last", **options)
        self.shortcut = kind(width, 2 if halving else 1, kernel_initializer=_scaled(1), name="shortcut", **options)

    def build(self, input_shape: Sequence[Any]) -> None:
        shape = self.compute_output_shape(input_shape)
        self.norms[0].build(input_shape)
        self.first.build(input_shape)
        self.norms[1].build(shape)
        self.last.build(shape)
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
        own = {name: getattr(self, name) for name in ("width", "resize", "normalize", "recompute")}
        return {**super().get_config(), **own}

    def _block(self, inputs: tf.Tensor) -> tf.Tensor:
        resized = _doubled if self.resize == "double" else tf.identity
        hidden = resized(self.first(tf.nn.relu(self.norms[0](inputs))))
        hidden = self.last(tf.nn.relu(self.norms[1](hidden)))
        return hidden + resized(self.shortcut(inputs) if self.shortcut.built else inputs)


@keras.saving.register_keras_serializable("tfvae")
class SpaceToDepth(layers.Layer):
    """patch x patch pixels as the channels of one: [batch, h, w, c] -> [batch, h / patch, w / patch, c * patch**2]."""

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


def _straight(inputs: keras.KerasTensor, outputs: int) -> keras.KerasTensor:
    """bias + kernel @ inputs / sqrt(their number), from zeros: however many inputs, an Adam step moves it as far.

    Reference:
        Karras et al. 2018, section 4.1, for the equal step sizes.
    """
    kernel = layers.Dense(outputs, kernel_initializer="zeros", name="linear_skip", **EXACT)
    return kernel(layers.Rescaling(1 / math.sqrt(inputs.shape[-1]), **EXACT)(inputs))


def _activated(maps: keras.KerasTensor, normalize: bool) -> keras.KerasTensor:
    return layers.ReLU()(_norm(normalize)(maps))


def _norm(normalize: bool, dtype: Any = None) -> keras.layers.Layer:
    return layers.RMSNormalization(axis=-1, dtype=dtype) if normalize else layers.Identity(dtype=dtype)


def _scaled(variance: float, *, after_rectifier: bool = False) -> keras.initializers.VarianceScaling:
    """Weights with which inputs of variance 1 give outputs of `variance`, however many layers stand before.

    A rectifier leaves half of the variance.
    """
    return keras.initializers.VarianceScaling(variance * (2 if after_rectifier else 1))


def _check_skip(linear_skip: int) -> None:
    if linear_skip not in SKIPS:
        raise InputError(
            f"Expected a linear_skip of {SKIPS}. Received: linear_skip={linear_skip}. Use 0 to leave it out."
        )


def _check_positive(*counts: int) -> None:
    if min(counts) < 1:
        raise InputError(
            f"Expected widths, blocks, outputs and dimensions of at least 1. Received: {counts}. Use positive numbers."
        )
