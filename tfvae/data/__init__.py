"""Data sets by the name that a command line gives, and the batches made of them."""

from __future__ import annotations

import dataclasses
import difflib
import os
import warnings
from collections.abc import Callable

from tfvae.data.digits import load_digits
from tfvae.data.folder import load_folder
from tfvae.data.images import ImageData
from tfvae.data.mnist import DownloadError, load_mnist
from tfvae.data.pipeline import evaluation_batches, steps_per_epoch, training_batches
from tfvae.errors import InputError

__all__ = [
    "DownloadError",
    "ImageData",
    "evaluation_batches",
    "load",
    "load_digits",
    "load_folder",
    "load_mnist",
    "steps_per_epoch",
    "training_batches",
]

_FOLDER = "folder:"
_LOADERS: dict[str, Callable[[str | os.PathLike[str] | None], ImageData]] = {
    "mnist": load_mnist,
    "digits": lambda data_dir: load_digits(),
}


def load(name: str, *, data_dir: str | os.PathLike[str] | None = None, allow_fallback: bool = False) -> ImageData:
    """Loads a data set by name: `mnist`, `digits` (bundled) or `folder:PATH` (your own pictures).

    Args:
        name: str, one of these; PATH starts at the working directory.
        data_dir: a folder that holds `mnist.npz`, or None; the other names need none and ignore it.
        allow_fallback: whether `digits` may stand in, with a warning, for MNIST that is in no folder and
            cannot be downloaded. A folder that was named and is wrong stays an error.

    Returns:
        ImageData; its `fallback_for` is "mnist" where `digits` stands in.

    Raises:
        InputError: if the name is unknown, or the data are missing or broken.
    """
    if name.startswith(_FOLDER):
        path = name.removeprefix(_FOLDER)
        if not path:
            raise InputError(f"Expected a path after {_FOLDER!r}, as in folder:my_pictures. Received: {name!r}.")
        return load_folder(path)
    if name not in _LOADERS:
        names = [*_LOADERS, f"{_FOLDER}PATH"]
        near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InputError(f"Expected a data set, one of: {', '.join(names)}. Received: {name!r}.{hint}")
    try:
        return _LOADERS[name](data_dir)
    except DownloadError as error:
        if not allow_fallback:
            raise
        warnings.warn(
            f"MNIST CANNOT BE HAD, SO THE DATA SET `digits` STANDS IN FOR IT: its numbers are not MNIST's. {error}",
            stacklevel=2,
        )
        return dataclasses.replace(load_digits(), fallback_for="mnist")
