"""A person's own pictures, read from a folder."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tfvae.data.images import ImageData
from tfvae.errors import InputError

_GREY_MODES = {"1", "L", "LA"}
_COLOR_MODES = {"P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"}
_NAMED = 5
_Members = list[tuple[Path, int]]


def load_folder(
    path: str | os.PathLike[str], *, image_size: int | None = None, test_fraction: float = 0.2
) -> ImageData:
    """Loads every picture of a folder, whose sub-folders, where there are any, are the classes.

    In the alphanumeric order of the file names, the first images of each class train and the rest test; the
    classes take turns, so that the first few images hold some of each. Pictures are turned upright as their
    EXIF data say; of an animation the first frame counts. Hidden entries (a name that starts with a dot, such
    as .DS_Store) are ignored, and nothing else is.

    Args:
        path: a folder of pictures in any format Pillow reads, all grey or all color, 8 bits a channel.
        image_size: int >= 1, pixels; each picture is cropped to its central square and resized to that. None:
            they must have one size already.
        test_fraction: float in (0, 1), share of each class that tests; at least one tests and one trains.

    Returns:
        ImageData named "folder:" and the folder's own name; C is 1 for grey pictures and 3 for color.

    Raises:
        InputError: if the folder is missing or empty, a class has fewer than two pictures, a file cannot be
            read as a picture, or pictures differ in size or mix grey and color. The message names the files.
    """
    root = Path(path).expanduser()
    if image_size is not None and image_size < 1:
        raise InputError(f"load_folder: expected image_size >= 1 pixel. Received: image_size={image_size}.")
    if not 0.0 < test_fraction < 1.0:
        raise InputError(f"load_folder: expected test_fraction in (0, 1). Received: test_fraction={test_fraction}.")
    classes = _list_classes(root)
    train, test = _split(classes, test_fraction)
    pictures = _read_all(root, [file for files in classes.values() for file in files], image_size)
    _check_alike(root, pictures)
    return ImageData(
        name=f"folder:{root.resolve().name}",
        train_images=np.stack([pictures[file] for file, _ in train]),
        train_labels=np.array([label for _, label in train], dtype=np.int64),
        test_images=np.stack([pictures[file] for file, _ in test]),
        test_labels=np.array([label for _, label in test], dtype=np.int64),
        class_names=tuple(classes),
    )


def _list_classes(root: Path) -> dict[str, list[Path]]:
    """Maps class name to its files, both in alphanumeric order."""
    if not root.is_dir():
        kind = "a file" if root.exists() else "a path that does not exist"
        raise InputError(f"load_folder: expected a folder of pictures. Received: {root.absolute()}, {kind}.")
    entries = _visible(root)
    folders = [entry for entry in entries if entry.is_dir()]
    if folders and len(folders) < len(entries):
        loose = [entry for entry in entries if not entry.is_dir()]
        raise InputError(
            f"load_folder: expected in {root} either pictures or sub-folders, one for each class. Received: "
            f"{len(folders)} sub-folders, and beside them {_names(root, loose)}. Move these away."
        )
    classes = {folder.name: _visible(folder) for folder in folders} or {"all": entries}
    nested = [entry for files in classes.values() for entry in files if entry.is_dir()]
    if nested:
        raise InputError(
            f"load_folder: expected pictures in each class folder of {root}. Received: folders in them, "
            f"{_names(root, nested)}. Move their pictures one level up."
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
            f"Received: {_first(few)}. Add pictures, or remove the class."
        )
    return classes


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _split(classes: dict[str, list[Path]], test_fraction: float) -> tuple[_Members, _Members]:
    """Gives (file, label) of the training and of the test images, the classes taking turns."""
    train: list[tuple[int, int, Path]] = []
    test: list[tuple[int, int, Path]] = []
    for label, files in enumerate(classes.values()):
        first_test = min(max(round(len(files) * (1.0 - test_fraction)), 1), len(files) - 1)
        train += [(rank, label, file) for rank, file in enumerate(files[:first_test])]
        test += [(rank, label, file) for rank, file in enumerate(files[first_test:])]
    return _in_turns(train), _in_turns(test)


def _in_turns(ranked: list[tuple[int, int, Path]]) -> _Members:
    return [(file, label) for _, label, file in sorted(ranked)]


def _read_all(root: Path, files: list[Path], image_size: int | None) -> dict[Path, NDArray[np.uint8]]:
    with ThreadPoolExecutor() as threads:
        results = list(threads.map(lambda file: _read(file, image_size), files))
    pictures: dict[Path, NDArray[np.uint8]] = {}
    bad: list[str] = []
    for file, result in zip(files, results, strict=True):
        if isinstance(result, str):
            bad.append(f"{file.relative_to(root)} ({result})")
        else:
            pictures[file] = result
    if bad:
        raise InputError(
            f"load_folder: expected every file in {root} to be a picture that Pillow can read. "
            f"Received: {len(bad)} that it cannot, {_first(bad)}. Repair or remove them."
        )
    return pictures


def _read(file: Path, image_size: int | None) -> NDArray[np.uint8] | str:
    """Reads uint8 [H, W, C], or says why it cannot be read."""
    try:
        with Image.open(file) as opened:
            picture = ImageOps.exif_transpose(opened)
        if picture.mode not in _GREY_MODES | _COLOR_MODES:
            return f"mode {picture.mode}, where 8 bits a channel are needed"
        if picture.has_transparency_data and np.asarray(picture.convert("RGBA"))[..., 3].min() < 255:
            return "it has transparent pixels; flatten it first"
        picture = picture.convert("L" if picture.mode in _GREY_MODES else "RGB")
        if image_size is not None:
            picture = ImageOps.fit(picture, (image_size, image_size), Image.Resampling.LANCZOS)
        return np.atleast_3d(np.asarray(picture))
    except Exception as error:  # Pillow's decoders raise whatever the broken bytes lead them to.
        return str(error).replace(f" {str(file)!r}", "") or type(error).__name__


def _check_alike(root: Path, pictures: dict[Path, NDArray[np.uint8]]) -> None:
    shapes = {file: picture.shape for file, picture in pictures.items()}
    grey = [file for file, (_, _, channels) in shapes.items() if channels == 1]
    if 0 < len(grey) < len(pictures):
        color = [file for file, (_, _, channels) in shapes.items() if channels == 3]
        fewer, kind = (grey, "grey") if len(grey) <= len(color) else (color, "in color")
        raise InputError(
            f"load_folder: expected all pictures in {root} grey, or all in color. "
            f"Received: {len(grey)} grey, {len(color)} in color; {kind} are {_names(root, fewer)}. "
            "Convert or remove them."
        )
    sizes = {file: f"{height}x{width}" for file, (height, width, _) in shapes.items()}
    (usual, most), *others = Counter(sizes.values()).most_common()
    if others:
        odd = [f"{file.relative_to(root)} ({size})" for file, size in sizes.items() if size != usual]
        raise InputError(
            f"load_folder: expected pictures of one size (height x width) in {root}. "
            f"Received: {most} of {usual} and {len(odd)} others, {_first(odd)}. "
            "Resize them, or give load_folder an image_size."
        )


def _names(root: Path, entries: list[Path]) -> str:
    return _first([str(entry.relative_to(root)) for entry in entries])


def _first(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
