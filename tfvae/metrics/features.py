"""Feature extractors: images -> features (FID, KID) and logits (inception score, class metrics)."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfvae.errors import InputError
from tfvae.metrics._tfgan import inception_folder
from tfvae.metrics.mnist_classifier import WEIGHTS_SHA256, mnist_classifier
from tfvae.networks.classifier import feature_model

INCEPTION_IMAGE_SIZE = 299
INCEPTION_FEATURES = "pool_3"
INCEPTION_LOGITS = "logits"


class Activations(NamedTuple):
    """Activations of N images: features float32 [N, D] and logits float32 [N, K], K = 0 without classes."""

    features: NDArray[np.float32]
    logits: NDArray[np.float32]


class FeatureExtractor(Protocol):
    """A feature space: numbers compare only within one `name` and `sha256`.

    `image_shape` is the (H, W, C) that it takes, or None for any; `class_names` says what the logits mean, or
    is None where they mean nothing to the data sets of this library.
    """

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def image_shape(self) -> tuple[int, int, int] | None: ...

    @property
    def class_names(self) -> tuple[str, ...] | None: ...

    def __call__(self, images: NDArray[np.uint8], *, batch_size: int | None = None) -> Activations: ...


@dataclass(frozen=True, eq=False)
class GraphExtractor:
    """A feature extractor around a compiled function of one batch.

    Args:
        name: the label of its numbers.
        sha256: hash of its weights.
        image_shape: (H, W, C) that it takes, or None for any with one or three channels.
        class_names: what the logits mean, or None.
        run: tensor uint8 [B, H, W, C] -> (features float32 [B, D], logits float32 [B, K], K = 0 without classes).
        default_batch_size: images in one call of `run`.
    """

    name: str
    sha256: str
    image_shape: tuple[int, int, int] | None
    class_names: tuple[str, ...] | None
    run: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
    default_batch_size: int

    def __call__(self, images: NDArray[np.uint8], *, batch_size: int | None = None) -> Activations:
        """Runs the images in batches of one size, the last one padded, so that there is one compiled shape.

        Args:
            images: uint8 [N, H, W, C].
            batch_size: images at once, >= 1; None for the extractor's own. Another size may change the last
                bits.

        Returns:
            Activations of the N images, in order.

        Raises:
            InputError: if the images are not uint8 of a shape that the extractor takes, or there is none.
        """
        pixels = self._checked(images)
        size = self.default_batch_size if batch_size is None else batch_size
        if size < 1:
            raise InputError(f"{self.name}: expected batch_size >= 1. Received: batch_size={size}.")
        features, logits = [], []
        for start in range(0, len(pixels), size):
            batch = pixels[start : start + size]
            kept = len(batch)
            padding = np.zeros((size - kept, *batch.shape[1:]), np.uint8)
            outputs = self.run(tf.constant(np.concatenate([batch, padding])))
            features.append(outputs[0].numpy()[:kept])
            logits.append(outputs[1].numpy()[:kept])
        return Activations(np.concatenate(features), np.concatenate(logits))

    def _checked(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        pixels = np.asarray(images)
        expected = self.image_shape or ("H", "W", "1 or 3")
        fits = pixels.ndim == 4 and len(pixels) > 0 and pixels.dtype == np.uint8
        if self.image_shape is None:
            fits = fits and pixels.shape[3] in (1, 3)
        else:
            fits = fits and pixels.shape[1:] == self.image_shape
        if not fits:
            raise InputError(
                f"{self.name}: expected uint8 images [N, {', '.join(map(str, expected))}], N >= 1. Received: "
                f"{pixels.dtype} {list(pixels.shape)}. Convert them with `ImageData.to_uint8`, or use "
                "`inception`, which takes images of any size with one or three channels."
            )
        return pixels


@functools.cache
def mnist_cnn() -> GraphExtractor:
    """Loads the `mnist_cnn` feature space: a small MNIST classifier whose weights ship with the package.

    features = its 64 penultimate units (after ReLU);  logits = its scores of the digits 0 .. 9

    Returns:
        An extractor of uint8 [N, 28, 28, 1], bit for bit the same on every run on one machine.

    Raises:
        InputError: if the weights are missing or are not the ones of this release.
    """
    model = feature_model(mnist_classifier())

    # XLA on one batch shape: the same order of sums, and so the same bits, on every run.
    @tf.function(jit_compile=True)
    def run(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        features, logits = model(tf.cast(images, tf.float32) / 255.0, training=False)
        return features, logits

    digit_names = tuple(str(digit) for digit in range(10))
    return GraphExtractor("mnist_cnn", WEIGHTS_SHA256, (28, 28, 1), digit_names, run, default_batch_size=500)


def inception(path: str | Path | None = None) -> GraphExtractor:
    """Loads the `inception` feature space, TF-GAN's own Inception graph, which published numbers use.

    features = pool_3 (2048);  logits = 1008 ImageNet scores
    of resize(([gray, gray, gray] or rgb - 128) / 128, 299 x 299, bilinear), as TF-GAN's CIFAR example does

    Args:
        path: folder of the SavedModel; None downloads it from TF-GAN's hub address.

    Returns:
        An extractor of uint8 [N, H, W, 1 or 3]; its `sha256` is over the names and contents of the folder's
        files.

    Raises:
        InputError: if there is no download, no SavedModel in the folder, or its outputs are others.

    Reference:
        Salimans et al. 2016, Heusel et al. 2017; report 4, FID and inception score.
    """
    folder = inception_folder() if path is None else Path(path)
    graph = _saved_model(folder)

    @tf.function
    def run(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        outputs = graph(inception_input(images))
        count = tf.shape(images)[0]
        # The spatial axes of pool_3 have size one in TF-GAN's graph.
        features = tf.reshape(outputs[INCEPTION_FEATURES], [count, -1])
        return features, tf.reshape(outputs[INCEPTION_LOGITS], [count, -1])

    return GraphExtractor("inception", sha256_of_folder(folder), None, None, run, default_batch_size=50)


def inception_input(images: tf.Tensor) -> tf.Tensor:
    """Prepares pixels as TF-GAN's CIFAR example does.

    Args:
        images: uint8 [N, H, W, 1 or 3]; gray is repeated to RGB.

    Returns:
        float32 [N, 299, 299, 3] in [-1, 1).
    """
    centered = (tf.cast(images, tf.float32) - 128.0) / 128.0
    if images.shape[3] == 1:
        centered = tf.repeat(centered, 3, axis=3)
    return tf.image.resize(centered, [INCEPTION_IMAGE_SIZE, INCEPTION_IMAGE_SIZE], method="bilinear")


def sha256_of_folder(folder: Path) -> str:
    """Hashes a folder's files: names, sizes and contents, in the order of their names.

    Args:
        folder: the folder.

    Returns:
        SHA-256 as 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _saved_model(folder: Path) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    if not (folder / "saved_model.pb").is_file():
        raise InputError(
            "Expected the folder of TF-GAN's Inception SavedModel (with saved_model.pb). Received: "
            f"{folder}. Unpack the download and name that folder with `--inception PATH`."
        )
    try:
        graph = tf.saved_model.load(str(folder))
        outputs = sorted(graph(tf.zeros([1, INCEPTION_IMAGE_SIZE, INCEPTION_IMAGE_SIZE, 3])))
    except (OSError, TypeError, ValueError, tf.errors.OpError) as error:
        raise _wrong_graph(folder, f"{type(error).__name__}: {str(error).splitlines()[0]}") from error
    if not {INCEPTION_FEATURES, INCEPTION_LOGITS} <= set(outputs):
        raise _wrong_graph(folder, f"the outputs {outputs}")
    return graph


def _wrong_graph(folder: Path, received: str) -> InputError:
    return InputError(
        f"Expected in {folder} a SavedModel that maps float32 [N, 299, 299, 3] to a dict with "
        f"{INCEPTION_FEATURES!r} and {INCEPTION_LOGITS!r}, as TF-GAN's Inception graph does. Received: "
        f"{received}. Download that graph again and name its folder with `--inception PATH`."
    )
