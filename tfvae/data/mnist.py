"""MNIST from a file or from Keras' download, checked against its known shapes, gray levels and class counts."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfvae.data.data_dir import ENVIRONMENT, data_folder
from tfvae.data.images import ImageData
from tfvae.errors import InputError
from tfvae.files import read_npz

_FILE = "mnist.npz"
_SHAPES = {"x_train": (60000, 28, 28), "y_train": (60000,), "x_test": (10000, 28, 28), "y_test": (10000,)}
# Images of the digits 0 .. 9 (LeCun, Cortes, Burges 1998).
_CLASS_COUNTS = {
    "y_train": (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    "y_test": (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
}
_REPLACE = f"Replace it by Keras' own {_FILE}, or use `--data digits`."
_STALLED_SECONDS = 30.0


class DownloadError(InputError):
    """MNIST is in no folder that was named, and cannot be downloaded either."""


def load_mnist(data_dir: str | os.PathLike[str] | None = None) -> ImageData:
    """Loads MNIST: 60,000 training and 10,000 test images of handwritten digits, 28x28, gray.

    Looks for `mnist.npz` in `data_dir`; when that is None, in the folder that the environment variable
    TFVAE_DATA_DIR names; without a file there, asks `keras.datasets.mnist`, which keeps its download in
    `~/.keras`.

    Args:
        data_dir: a folder that holds `mnist.npz` (uint8 x_train y_train x_test y_test), or None.

    Returns:
        ImageData named "mnist"; any file with the same pixels gives the same `sha256`.

    Raises:
        InputError: if a named folder or its file is missing, or the file is broken or not MNIST.
        DownloadError: if there is no file and the download fails.
    """
    file = _find(data_dir)
    arrays, source = (_download(), "keras.datasets.mnist") if file is None else (_read(file), str(file))
    _check(arrays, source)
    return ImageData(
        name="mnist",
        train_images=arrays["x_train"][..., np.newaxis],
        train_labels=arrays["y_train"].astype(np.int64),
        test_images=arrays["x_test"][..., np.newaxis],
        test_labels=arrays["y_test"].astype(np.int64),
        class_names=tuple(str(digit) for digit in range(10)),
    )


def _find(data_dir: str | os.PathLike[str] | None) -> Path | None:
    folder = data_folder(
        data_dir, expected=f"MNIST: expected a folder that holds {_FILE}", remedy="leave it out to download"
    )
    if folder is None:
        return None
    if (folder / _FILE).is_file():
        return folder / _FILE
    if data_dir is None:
        return None
    present = sorted(path.name for path in folder.iterdir())
    raise InputError(
        f"MNIST: expected {_FILE} in --data-dir {folder}. Received: a folder of {len(present)} "
        f"entries, {present[:5]}. Name the folder that holds it, or leave --data-dir out to download it."
    )


def _read(file: Path) -> dict[str, NDArray[Any]]:
    arrays = read_npz(file, expected=f"MNIST's {_FILE}", remedy=_REPLACE)
    if set(arrays) != set(_SHAPES):
        raise InputError(
            f"MNIST: expected {file} to hold exactly {sorted(_SHAPES)}. "
            f"Received: {sorted(arrays)}, missing: {sorted(set(_SHAPES) - set(arrays))}. {_REPLACE}"
        )
    return arrays


def _download() -> dict[str, NDArray[Any]]:
    # Keras sets no limit, and a network that swallows packets would hang for ever.
    limit = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_STALLED_SECONDS)
    try:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception when the address cannot be reached.
        raise DownloadError(
            f"MNIST: expected {_FILE} in a folder, or a download. "
            f"Received: no file, and the download failed ({error}). "
            f"Pass --data-dir DIR (or set {ENVIRONMENT}=DIR), a folder that holds {_FILE}; or connect this "
            "machine, so that keras.datasets.mnist can download it; or use `--data digits`."
        ) from error
    finally:
        socket.setdefaulttimeout(limit)
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def _check(arrays: dict[str, NDArray[Any]], source: str) -> None:
    for key, shape in _SHAPES.items():
        array = arrays[key]
        if array.dtype != np.uint8:
            scaled = " It looks scaled, and the raw gray levels 0 .. 255 are needed."
            hint = scaled if array.dtype.kind == "f" else ""
            raise InputError(f"MNIST: expected {key} in {source} as uint8. Received: {array.dtype}.{hint} {_REPLACE}")
        if array.shape != shape:
            raise InputError(f"MNIST: expected {key} in {source} of shape {shape}. Received: {array.shape}. {_REPLACE}")
    for key in ("x_train", "x_test"):
        highest = int(arrays[key].max())
        if highest != 255:
            looks = "binarized" if highest <= 1 else "rescaled"
            raise InputError(
                f"MNIST: expected {key} in {source} to use the gray levels 0 .. 255. "
                f"Received: a maximum of {highest}; it looks {looks}. {_REPLACE}"
            )
    for key, expected in _CLASS_COUNTS.items():
        counts = tuple(int(count) for count in np.bincount(arrays[key], minlength=10))
        if counts != expected:
            raise InputError(
                f"MNIST: expected labels 0 .. 9 in {key} of {source} with class counts {expected}. "
                f"Received: labels up to {len(counts) - 1}, class counts {counts}. {_REPLACE}"
            )
