"""scikit-learn's bundled handwritten digits in the format of MNIST, without a download."""

from __future__ import annotations

import numpy as np
import sklearn.datasets
from numpy.typing import NDArray
from PIL import Image

from tfvae.data.images import ImageData

_SIDE = 28
_BOX = 20  # MNIST's digits fill a 20x20 box whose center of mass lies in the middle of 28x28.
_TEST_EVERY = 5
# Stretching the gray levels around 0.6 gives the upscaled strokes MNIST's ink (mean 0.131; MNIST's is 0.131).
_CONTRAST, _DARKEST = 2.0, 0.35


def load_digits() -> ImageData:
    """Loads 1,797 real handwritten digits, upscaled from 8x8 to 28x28: 1,437 train and 360 test.

    Each is resized to 20x20 (bicubic), its contrast matched to MNIST's, its center of mass moved to the middle.
    The split is fixed and stratified: every fifth image in the order of the classes is a test image. Both splits keep
    the order of scikit-learn's file, in which the classes are mixed.

    Returns:
        ImageData named "digits", uint8 [N, 28, 28, 1] in 0 .. 255, identical on every machine.

    Reference:
        Alpaydin, Kaynak 1998, Optical Recognition of Handwritten Digits (UCI), the part included in scikit-learn.
    """
    bundled = sklearn.datasets.load_digits()
    images = np.stack([_like_mnist(image) for image in bundled.images])[..., np.newaxis]
    labels = bundled.target.astype(np.int64)
    is_test = np.zeros(len(labels), dtype=bool)
    is_test[np.argsort(labels, kind="stable")[::_TEST_EVERY]] = True
    return ImageData(
        name="digits",
        train_images=images[~is_test],
        train_labels=labels[~is_test],
        test_images=images[is_test],
        test_labels=labels[is_test],
        class_names=tuple(str(digit) for digit in range(10)),
    )


def _like_mnist(image: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Converts float [8, 8] in 0 .. 16 to uint8 [28, 28]."""
    # uint8 before the resize: Pillow then works in integers, so that every machine gets the same pixels.
    small = Image.fromarray(np.rint(image * (255 / 16)).astype(np.uint8))
    gray = np.asarray(small.resize((_BOX, _BOX), Image.Resampling.BICUBIC)) / 255.0
    digit = np.rint(np.clip((gray - _DARKEST) * _CONTRAST, 0.0, 1.0) * 255.0).astype(np.uint8)
    top, left = _corner(digit.sum(axis=1)), _corner(digit.sum(axis=0))
    framed = np.zeros((_SIDE, _SIDE), dtype=np.uint8)
    framed[top : top + _BOX, left : left + _BOX] = digit
    return framed


def _corner(ink: NDArray[np.uint64]) -> int:
    """Start of the 20-pixel box along one axis that moves the center of its ink [20] to the middle of 28 pixels."""
    center = float(np.sum(ink * (np.arange(_BOX) + 0.5)) / ink.sum())
    return int(np.clip(np.rint(_SIDE / 2 - center), 0, _SIDE - _BOX))
