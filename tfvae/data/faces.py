"""Face images from one folder, for report 3."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image

from tfvae.data.data_dir import ENVIRONMENT, data_folder
from tfvae.data.images import ImageData
from tfvae.data.pictures import check_image_size, names, read_pictures, training_count, visible
from tfvae.errors import InputError

_FOLDER = "faces"
_TEST_FRACTION = 0.2
_EXPECTED = f"faces: expected a folder that holds pictures, or a folder {_FOLDER}/ of them,"
_REMEDY = "use `--data textures`, which is bundled"


def load_faces(data_dir: str | os.PathLike[str] | None = None, *, image_size: int | None = None) -> ImageData:
    """Loads face images; the first 80 % in alphanumeric order of the file names are the training split.

    Reads the folder `faces` in `data_dir`, or `data_dir` itself if that holds images; when `data_dir` is None, the
    folder that the environment variable TFVAE_DATA_DIR names is searched likewise. Decoded images are cached on disk,
    see `read_pictures`.

    Args:
        data_dir: a folder, or None.
        image_size: int >= 1, pixels; each image is cropped to its central square and resized to that side, antialiased.
            None: the common size of the files.

    Returns:
        ImageData named "faces", uint8 [N, H, W, C] in 0 .. 255, with one class, "face".

    Raises:
        InputError: if no folder is given, or it is missing or holds fewer than two images or other files; a file cannot
            be decoded; or images differ in size or mix gray and color. The message names the files.

    Reference:
        Report 3, section 4: CelebA-HQ (Karras et al. 2018), 256x256, 24,000 train and 6,000 test.
    """
    check_image_size(image_size, loader="load_faces")
    folder = _find(data_dir)
    files = visible(folder)
    folders = [entry for entry in files if entry.is_dir()]
    if folders:
        raise InputError(
            f"faces: expected pictures and nothing else in {folder}. Received: folders in it, "
            f"{names(folder, folders)}. Move them away, or {_REMEDY}."
        )
    if len(files) < 2:
        received = f"one picture, {files[0].name}" if files else "an empty folder"
        raise InputError(
            f"faces: expected at least 2 pictures in {folder}: one trains, one tests. Received: {received}. "
            f"Put pictures in it, name another folder with --data-dir or {ENVIRONMENT}, or {_REMEDY}."
        )
    pictures = read_pictures(folder, files, image_size=image_size, loader="load_faces")
    trained = training_count(len(files), _TEST_FRACTION)
    return ImageData(
        name="faces",
        train_images=pictures[:trained],
        train_labels=np.zeros(trained, np.int64),
        test_images=pictures[trained:],
        test_labels=np.zeros(len(files) - trained, np.int64),
        class_names=("face",),
    )


def _find(data_dir: str | os.PathLike[str] | None) -> Path:
    folder = data_folder(data_dir, expected=_EXPECTED, remedy=_REMEDY)
    if folder is None:
        raise InputError(
            f"{_EXPECTED} in --data-dir DIR or {ENVIRONMENT}=DIR. Received: neither. Name the folder, or {_REMEDY}."
        )
    if (folder / _FOLDER).is_dir():
        return folder / _FOLDER
    present = visible(folder)
    if any(entry.suffix.lower() in Image.registered_extensions() for entry in present):
        return folder
    raise InputError(
        f"{_EXPECTED} at {folder}. Received: a folder of {len(present)} entries without either, "
        f"{[entry.name for entry in present[:5]]}. Name another with --data-dir DIR or {ENVIRONMENT}=DIR, or {_REMEDY}."
    )
