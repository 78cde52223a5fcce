"""Image files as one array: decoded in threads, validated together, cached on disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tfvae.data.picture_cache import cache_path, open_cached, write_cached
from tfvae.errors import InputError

_GRAY_MODES = {"1", "L", "LA"}
_COLOR_MODES = {"P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"}
_NAMED = 5
_DECODED_AT_ONCE = 64
# A JPEG is decoded at the smallest size that is still so many times the wanted one; the filter does the rest.
_DRAFT = 2


def read_pictures(
    root: Path, files: Sequence[Path], *, image_size: int | None = None, loader: str
) -> NDArray[np.uint8]:
    """Reads image files, all gray or all in color and of one size, into one array.

    Images are rotated as their EXIF data say; of an animation the first frame is taken. The decoded array is cached on
    disk (see `cache_path`) and memory-mapped by the next call with the same files. Where the cache folder cannot be
    written, images are decoded into memory.

    Args:
        root: the folder, for messages.
        files: at least one, below `root`.
        image_size: int >= 1, pixels; each image is cropped to its central square and resized to that side, antialiased.
            None: they must all have one size.
        loader: str, name of the calling function, for messages.

    Returns:
        uint8 [N, H, W, C] in 0 .. 255, in the order of `files`; C is 1 for gray images, 3 for color. Read-only
        where it is memory-mapped.

    Raises:
        InputError: if `image_size` is below 1, a file cannot be decoded, or images differ in size or mix
            gray and color. The message names the files.
    """
    check_image_size(image_size, loader=loader)
    path = cache_path(root, files, image_size=image_size)
    if path is not None:
        cached = open_cached(path)
        if cached is None:
            try:
                write_cached(path, _decoded(root, files, image_size, loader), len(files))
                cached = open_cached(path)
            except OSError:
                pass
        if cached is not None:
            return cached
    return _in_memory(_decoded(root, files, image_size, loader), len(files))


def check_image_size(image_size: int | None, *, loader: str) -> None:
    """Raises InputError for a size below one pixel."""
    if image_size is not None and image_size < 1:
        raise InputError(f"{loader}: expected image_size >= 1 pixel. Received: image_size={image_size}.")


def visible(folder: Path) -> list[Path]:
    """Entries of a folder in alphanumeric order, without hidden ones (a name that starts with a dot)."""
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def training_count(count: int, test_fraction: float) -> int:
    """Size of the training split of `count` >= 2 images; neither split is empty."""
    return min(max(round(count * (1.0 - test_fraction)), 1), count - 1)


def names(root: Path, entries: Sequence[Path]) -> str:
    """Paths relative to `root` of the first few entries, and the number of the others, for messages."""
    return first([str(entry.relative_to(root)) for entry in entries])


def first(described: Sequence[str]) -> str:
    """The first few texts, and the number of the others, for messages."""
    more = f" and {len(described) - _NAMED} more" if len(described) > _NAMED else ""
    return f"{', '.join(described[:_NAMED])}{more}"


def _in_memory(pictures: Iterator[NDArray[np.uint8]], count: int) -> NDArray[np.uint8]:
    picture = next(pictures)
    array = np.empty((count, *picture.shape), np.uint8)
    array[0] = picture
    for rank, picture in enumerate(pictures, start=1):
        array[rank] = picture
    return array


def _decoded(root: Path, files: Sequence[Path], image_size: int | None, loader: str) -> Iterator[NDArray[np.uint8]]:
    """Yields the decoded images; reports all unreadable files at the end in one error."""
    shapes: dict[Path, tuple[int, ...]] = {}
    bad: list[tuple[Path, str]] = []
    with ThreadPoolExecutor() as threads:
        for start in range(0, len(files), _DECODED_AT_ONCE):
            part = files[start : start + _DECODED_AT_ONCE]
            for file, result in zip(part, threads.map(lambda file: _read(file, image_size), part), strict=True):
                if isinstance(result, str):
                    bad.append((file, result))
                    continue
                shapes[file] = result.shape
                if not bad and result.shape == next(iter(shapes.values())):
                    yield result
    if bad:
        described = [f"{file.relative_to(root)} ({reason})" for file, reason in sorted(bad)]
        raise InputError(
            f"{loader}: expected every file in {root} to be a picture that Pillow can read, and none to be "
            f"enlarged. Received: {len(bad)} that are not, {first(described)}. Repair or remove them."
        )
    _check_alike(root, dict(sorted(shapes.items())), loader)


def _read(file: Path, image_size: int | None) -> NDArray[np.uint8] | str:
    """Decodes uint8 [H, W, C], or returns the reason why the file cannot be read."""
    try:
        with Image.open(file) as opened:
            if image_size is not None and min(opened.size) < image_size:
                return f"{opened.height}x{opened.width} pixels, fewer than image_size={image_size}"
            if image_size is not None:
                opened.draft(None, (_DRAFT * image_size, _DRAFT * image_size))
            picture = ImageOps.exif_transpose(opened)
        if picture.mode not in _GRAY_MODES | _COLOR_MODES:
            return f"mode {picture.mode}, where 8 bits a channel are needed"
        if picture.has_transparency_data and np.asarray(picture.convert("RGBA"))[..., 3].min() < 255:
            return "it has transparent pixels; flatten it first"
        picture = picture.convert("L" if picture.mode in _GRAY_MODES else "RGB")
        if image_size is not None:
            picture = ImageOps.fit(picture, (image_size, image_size), Image.Resampling.LANCZOS)
        return np.atleast_3d(np.asarray(picture))
    except Exception as error:  # Pillow's decoders raise whatever the broken bytes lead them to.
        return str(error).replace(f" {str(file)!r}", "") or type(error).__name__


def _check_alike(root: Path, shapes: dict[Path, tuple[int, ...]], loader: str) -> None:
    gray = [file for file, shape in shapes.items() if shape[2] == 1]
    if 0 < len(gray) < len(shapes):
        color = [file for file, shape in shapes.items() if shape[2] == 3]
        fewer, kind = (gray, "gray") if len(gray) <= len(color) else (color, "in color")
        raise InputError(
            f"{loader}: expected all pictures in {root} gray, or all in color. "
            f"Received: {len(gray)} gray, {len(color)} in color; {kind} are {names(root, fewer)}. "
            "Convert or remove them."
        )
    sizes = {file: f"{shape[0]}x{shape[1]}" for file, shape in shapes.items()}
    (usual, most), *others = Counter(sizes.values()).most_common()
    if others:
        odd = [f"{file.relative_to(root)} ({size})" for file, size in sizes.items() if size != usual]
        raise InputError(
            f"{loader}: expected pictures of one size (height x width) in {root}. "
            f"Received: {most} of {usual} and {len(odd)} others, {first(odd)}. "
            "Resize them, or say which size they shall have: image_size, on the command line --image-size."
        )
