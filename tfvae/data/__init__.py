"""Data sets by the name that a command line gives, and the batches made of them."""

from __future__ import annotations

import dataclasses
import difflib
import os
import warnings
from collections.abc import Callable

from tfvae.startup import import_tensorflow

import_tensorflow()

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
from tfvae.data.upright import upright
from tfvae.errors import InputError

__all__ = [
    "DownloadError",
    "ImageData",
    "LabeledData",
    "SignalData",
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
    "upright",
]

_FOLDER = "folder:"
_UPRIGHT = "upright:"
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
            (your pictures), where PATH starts at the working directory. `upright:` before the name of pictures centers
            each and takes its slant away.
        data_dir: a folder that holds `mnist.npz` or `faces/`, or None; the other names need none and ignore it.
        image_size: int, side in pixels to which `faces`, `textures` and `folder:PATH` are brought, or None: 64 for
            `textures`, and the size of the files for the others.
        allow_fallback: whether `digits` may stand in, with a warning, for MNIST that is in no folder and
            cannot be downloaded. A folder that was named and is wrong stays an error.

    Returns:
        ImageData, or SignalData for `synthetic`; its `fallback_for` is "mnist" where `digits` stands in.

    Raises:
        InputError: if the name is unknown, the data are missing or broken, or they have a size of their own and
            another is asked for.
    """
    if name.startswith(_UPRIGHT):
        plain = name.removeprefix(_UPRIGHT)
        return upright(load_images(plain, data_dir=data_dir, image_size=image_size, allow_fallback=allow_fallback))
    if name.startswith(_FOLDER):
        path = name.removeprefix(_FOLDER)
        if not path:
            raise InputError(f"Expected a path after {_FOLDER!r}, as in folder:my_pictures. Received: {name!r}.")
        return load_folder(path, image_size=image_size)
    if name in _RESIZED:
        return _RESIZED[name](data_dir, image_size)
    if name not in _LOADERS:
        names = [*_LOADERS, *_RESIZED, f"{_FOLDER}PATH"]
        near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InputError(f"Expected a data set, one of: {', '.join(names)}. Received: {name!r}.{hint}")
    if image_size is not None:
        raise InputError(
            f"Expected an image size for {', '.join(_RESIZED)} or {_FOLDER}PATH alone: {name} has a size of its own. "
            f"Received: image_size={image_size}. Leave it out, or name another data set."
        )
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
    name: str,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    image_size: int | None = None,
    allow_fallback: bool = False,
) -> ImageData:
    """`load`, for where only pictures will do.

    Raises:
        InputError: as `load` does, and if the data set holds no pictures.
    """
    data = load(name, data_dir=data_dir, image_size=image_size, allow_fallback=allow_fallback)
    if not isinstance(data, ImageData):
        raise InputError(
            f"Expected a data set of pictures. Received: {name!r}, which holds {data.example}s. "
            f"Name mnist, digits, {', '.join(_RESIZED)} or {_FOLDER}PATH."
        )
    return data
