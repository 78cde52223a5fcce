"""On-disk cache of decoded images, memory-mapped by later runs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray

from tfvae.files import atomic_write

_DIGEST_BYTES = hashlib.sha256().digest_size


def cache_path(root: Path, files: Sequence[Path], *, image_size: int | None) -> Path | None:
    """Path of the cached array: a fingerprint of everything that determines its pixels.

        name = sha256(Pillow's version, image_size, root, (name, bytes, modification time) of each file).npy

    The folder is TFVAE_CACHE_DIR, else `tfvae` in XDG_CACHE_HOME, else `~/.cache/tfvae`.

    Args:
        root: the image folder.
        files: the image files below it, in the order of the array.
        image_size: int or None, side in pixels to which they are resized.

    Returns:
        Path, or None where a file cannot be accessed or there is no home folder.
    """
    key = hashlib.sha256(f"{PIL.__version__}\n{image_size}\n".encode())
    try:
        key.update(os.fsencode(root.resolve()) + b"\n")
        for file in files:
            status = file.stat()
            key.update(os.fsencode(file.relative_to(root)) + f"\0{status.st_size} {status.st_mtime_ns}\n".encode())
        return _cache_folder() / f"{key.hexdigest()[:32]}.npy"
    except (OSError, RuntimeError):  # RuntimeError: no home folder
        return None


def open_cached(path: Path) -> NDArray[np.uint8] | None:
    """The cached array at `path`, memory-mapped; None if the file is missing, damaged or truncated."""
    try:
        pictures = np.load(path, mmap_mode="r", allow_pickle=False)
        with open(path, "rb") as file:
            file.seek(-_DIGEST_BYTES, os.SEEK_END)
            digest = file.read()
        whole = pictures.dtype == np.uint8 and hashlib.sha256(pictures.data).digest() == digest
    except Exception:  # Damaged bytes can raise any error in NumPy's reader; decoding again repairs them.
        return None
    return np.asarray(pictures) if whole else None


def write_cached(path: Path, pictures: Iterable[NDArray[np.uint8]], count: int) -> None:
    """Writes images one by one, atomically: an .npy file, followed by the SHA-256 digest of the pixels.

    Args:
        path: the cache file.
        pictures: `count` arrays uint8 [H, W, C] of one shape.
        count: int >= 1.

    Raises:
        OSError: if the folder cannot be written, or is full.
    """
    with atomic_write(path, concurrent=True) as temporary, open(temporary, "wb") as file:
        digest = hashlib.sha256()
        for rank, picture in enumerate(pictures):
            if rank == 0:
                header = {"descr": "|u1", "fortran_order": False, "shape": (count, *picture.shape)}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(picture.data)
            digest.update(picture.data)
        file.write(digest.digest())


def _cache_folder() -> Path:
    if own := os.environ.get("TFVAE_CACHE_DIR"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tfvae"
