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
from tfvae.data.labelled import LabelledData
from tfvae.data.mnist import DownloadError, load_mnist
from tfvae.data.pipeline import evaluation_batches, steps_per_epoch, training_batches
from tfvae.data.signals import SignalData
from tfvae.data.synthetic import load_synthetic
from tfvae.data.upright import upright
from tfvae.errors import InputError

__all__ = [
    "DownloadError",
    "ImageData",
    "LabelledData",
    "SignalData",
    "evaluation_batches",
    "load",
    "load_digits",
    "load_folder",
    "load_images",
    "load_mnist",
    "load_synthetic",
    "steps_per_epoch",
    "training_batches",
    "upright",
]

_FOLDER = "folder:"
_UPRIGHT = "upright:"
_LOADERS: dict[str, Callable[[str | os.PathLike[str] | None], LabelledData]] = {
    "mnist": load_mnist,
    "digits": lambda data_dir: load_digits(),
    "synthetic": lambda data_dir: load_synthetic(),
}


def load(name: str, *, data_dir: str | os.PathLike[str] | None = None, allow_fallback: bool = False) -> LabelledData:
    """Loads a data set by name: `mnist`, `digits` (bundled), `synthetic` (signals) or `folder:PATH` (your pictures).

    Args:
        name: str, one of these; PATH starts at the working directory. `upright:` before the name of pictures centers
            each and takes its slant away.
        data_dir: a folder that holds `mnist.npz`, or None; the other names need none and ignore it.
        allow_fallback: whether `digits` may stand in, with a warning, for MNIST that is in no folder and
            cannot be downloaded. A folder that was named and is wrong stays an error.

    Returns:
        ImageData, or SignalData for `synthetic`; its `fallback_for` is "mnist" where `digits` stands in.

    Raises:
        InputError: if the name is unknown, or the data are missing or broken.
    """
    if name.startswith(_UPRIGHT):
        return upright(load_images(name.removeprefix(_UPRIGHT), data_dir=data_dir, allow_fallback=allow_fallback))
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


def load_images(
    name: str, *, data_dir: str | os.PathLike[str] | None = None, allow_fallback: bool = False
) -> ImageData:
    """`load`, for where only pictures will do.

    Raises:
        InputError: as `load` does, and if the data set holds no pictures.
    """
    data = load(name, data_dir=data_dir, allow_fallback=allow_fallback)
    if not isinstance(data, ImageData):
        raise InputError(
            f"Expected a data set of pictures. Received: {name!r}, which holds {data.example}s. "
            f"Name mnist, digits or {_FOLDER}PATH."
        )
    return data
