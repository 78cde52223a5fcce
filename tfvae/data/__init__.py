"""Data sets by name, and batches for training and evaluation."""

from __future__ import annotations

import dataclasses
import difflib
import os
import warnings
from collections.abc import Callable

from tfvae.startup import import_tensorflow

import_tensorflow()

from tfvae.data.deskew import deskew
from tfvae.data.digits import load_digits
from tfvae.data.faces import load_faces
from tfvae.data.folder import load_folder
from tfvae.data.images import ImageData
from tfvae.data.labeled import LabeledData
from tfvae.data.mnist import DownloadError, load_mnist
from tfvae.data.pipeline import evaluation_batches, steps_per_epoch, training_batches
from tfvae.data.signals import SignalData
from tfvae.data.synthetic import load_synthetic
from tfvae.data.textures import load_textures
from tfvae.errors import InputError

__all__ = [
    "DownloadError",
    "ImageData",
    "LabeledData",
    "SignalData",
    "deskew",
    "evaluation_batches",
    "load",
    "load_digits",
    "load_faces",
    "load_folder",
    "load_images",
    "load_mnist",
    "load_synthetic",
    "load_textures",
    "steps_per_epoch",
    "training_batches",
]

_FOLDER = "folder:"
_DESKEWED = ("deskewed:", "upright:")  # the second is the name of earlier versions
_LOADERS: dict[str, Callable[[str | os.PathLike[str] | None], LabeledData]] = {
    "mnist": load_mnist,
    "digits": lambda data_dir: load_digits(),
    "synthetic": lambda data_dir: load_synthetic(),
}
_RESIZED: dict[str, Callable[[str | os.PathLike[str] | None, int | None], ImageData]] = {
    "faces": lambda data_dir, size: load_faces(data_dir, image_size=size),
    "textures": lambda data_dir, size: load_textures() if size is None else load_textures(image_size=size),
}


def load(
    name: str,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    image_size: int | None = None,
    allow_fallback: bool = False,
) -> LabeledData:
    """Loads a data set by name.

    Args:
        name: str: `mnist`, `digits` (bundled), `faces`, `textures` (bundled), `synthetic` (signals), or `folder:PATH`
            (your images), where PATH starts at the working directory. The prefix `deskewed:` (or `upright:`, as in
            earlier versions) centers and deskews each image: `deskewed:mnist`.
        data_dir: folder that holds `mnist.npz` or `faces/`, or None; ignored by the other data sets.
        image_size: int, side in pixels to which images of `faces`, `textures` and `folder:PATH` are resized, or None:
            64 for `textures`, and the size of the files for the others.
        allow_fallback: whether to use `digits`, with a warning, where MNIST is in no folder and cannot be downloaded.
            A given folder without it is always an error.

    Returns:
        ImageData, or SignalData for `synthetic`; `fallback_for` is "mnist" where `digits` replaces it.

    Raises:
        InputError: if the name is unknown, the data are missing or broken, or `image_size` is given for a data set
            of fixed image size.
    """
    if name.startswith(_DESKEWED):
        _, plain = name.split(":", maxsplit=1)
        return deskew(load_images(plain, data_dir=data_dir, image_size=image_size, allow_fallback=allow_fallback))
    if name.startswith(_FOLDER):
        path = name.removeprefix(_FOLDER)
        if not path:
            raise InputError(f"Expected a path after {_FOLDER!r}, as in folder:my_pictures. Received: {name!r}.")
        return load_folder(path, image_size=image_size)
    if name in _RESIZED:
        return _RESIZED[name](data_dir, image_size)
    if name not in _LOADERS:
        names = [*_LOADERS, *_RESIZED, f"{_FOLDER}PATH", f"{_DESKEWED[0]}NAME"]
        near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InputError(f"Expected a data set, one of: {', '.join(names)}. Received: {name!r}.{hint}")
    if image_size is not None:
        raise InputError(
            f"Expected an image size only for {', '.join(_RESIZED)} or {_FOLDER}PATH: that of {name} is fixed. "
            f"Received: image_size={image_size}. Leave it out, or name another data set."
        )
    try:
        return _LOADERS[name](data_dir)
    except DownloadError as error:
        if not allow_fallback:
            raise
        warnings.warn(
            f"MNIST IS NOT AVAILABLE, THE DATA SET `digits` REPLACES IT: results are not those of MNIST. {error}",
            stacklevel=2,
        )
        return dataclasses.replace(load_digits(), fallback_for="mnist")


def load_images(
    name: str,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    image_size: int | None = None,
    allow_fallback: bool = False,
) -> ImageData:
    """Loads a data set of images by name; see `load` for the arguments.

    Raises:
        InputError: as `load` does, and if the data set does not hold images.
    """
    data = load(name, data_dir=data_dir, image_size=image_size, allow_fallback=allow_fallback)
    if not isinstance(data, ImageData):
        raise InputError(
            f"Expected a data set of images. Received: {name!r}, which holds {data.example}s. "
            f"Name mnist, digits, {', '.join(_RESIZED)} or {_FOLDER}PATH."
        )
    return data
