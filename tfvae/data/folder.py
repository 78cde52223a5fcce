"""Image data sets from a folder of files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from tfvae.data.images import ImageData
from tfvae.data.pictures import check_image_size, first, names, read_pictures, training_count, visible
from tfvae.errors import InputError

_Members = list[tuple[Path, int]]


def load_folder(
    path: str | os.PathLike[str], *, image_size: int | None = None, test_fraction: float = 0.2
) -> ImageData:
    """Loads the images of a folder; its sub-folders, where there are any, are the classes.

    In alphanumeric order of the file names, the first images of each class are the training split and the rest the
    test split; classes alternate within a split. Images are rotated as their EXIF data say; of an animation the first
    frame is taken. Hidden entries (a name that starts with a dot, such as .DS_Store) are ignored, and nothing else is.
    Decoded images are cached on disk, see `read_pictures`.

    Args:
        path: a folder of images in any format Pillow reads, all gray or all color, 8 bits a channel.
        image_size: int >= 1, pixels; each image is cropped to its central square and resized to that side. None:
            they must all have one size.
        test_fraction: float in (0, 1), share of each class in the test split; each split gets at least one image.

    Returns:
        ImageData named "folder:" and the folder's own name, uint8 in 0 .. 255; C is 1 for gray images, 3 for color.
        It is `ordered` by file name, so that `subset` draws at random.

    Raises:
        InputError: if the folder is missing or empty, a class has fewer than two pictures, a file cannot be
            read as a picture, or pictures differ in size or mix gray and color. The message names the files.
    """
    root = Path(path).expanduser()
    check_image_size(image_size, loader="load_folder")
    if not 0.0 < test_fraction < 1.0:
        raise InputError(f"load_folder: expected test_fraction in (0, 1). Received: test_fraction={test_fraction}.")
    classes = _list_classes(root)
    train, test = _split(classes, test_fraction)
    pictures = read_pictures(root, [file for file, _ in train + test], image_size=image_size, loader="load_folder")
    return ImageData(
        name=f"folder:{root.resolve().name}",
        train_images=pictures[: len(train)],
        train_labels=np.array([label for _, label in train], dtype=np.int64),
        test_images=pictures[len(train) :],
        test_labels=np.array([label for _, label in test], dtype=np.int64),
        class_names=tuple(classes),
        ordered=True,
    )


def _list_classes(root: Path) -> dict[str, list[Path]]:
    """{class name: its files}, both in alphanumeric order."""
    if not root.is_dir():
        kind = "a file" if root.exists() else "a path that does not exist"
        raise InputError(f"load_folder: expected a folder of pictures. Received: {root.absolute()}, {kind}.")
    entries = visible(root)
    folders = [entry for entry in entries if entry.is_dir()]
    if folders and len(folders) < len(entries):
        loose = [entry for entry in entries if not entry.is_dir()]
        raise InputError(
            f"load_folder: expected in {root} either pictures or sub-folders, one for each class. Received: "
            f"{len(folders)} sub-folders, and beside them {names(root, loose)}. Move these away."
        )
    classes = {folder.name: visible(folder) for folder in folders} or {"all": entries}
    nested = [entry for files in classes.values() for entry in files if entry.is_dir()]
    if nested:
        raise InputError(
            f"load_folder: expected pictures in each class folder of {root}. Received: folders in them, "
            f"{names(root, nested)}. Move their pictures one level up."
        )
    if not entries:
        raise InputError(
            f"load_folder: expected pictures in {root}. Received: an empty folder. "
            "Put pictures in it, or sub-folders of pictures, one for each class."
        )
    few = [f"{name} ({len(files)})" for name, files in classes.items() if len(files) < 2]
    if few:
        raise InputError(
            f"load_folder: expected at least 2 pictures in each class of {root}: one trains, one tests. "
            f"Received: {first(few)}. Add pictures, or remove the class."
        )
    return classes


def _split(classes: dict[str, list[Path]], test_fraction: float) -> tuple[_Members, _Members]:
    """(file, label) of the training and of the test images, in alternating classes."""
    train: list[tuple[int, int, Path]] = []
    test: list[tuple[int, int, Path]] = []
    for label, files in enumerate(classes.values()):
        first_test = training_count(len(files), test_fraction)
        train += [(rank, label, file) for rank, file in enumerate(files[:first_test])]
        test += [(rank, label, file) for rank, file in enumerate(files[first_test:])]
    return _alternating(train), _alternating(test)


def _alternating(ranked: list[tuple[int, int, Path]]) -> _Members:
    return [(file, label) for _, label, file in sorted(ranked)]
