"""Files: atomic writing, JSON, .npz archives, and the check that a folder can be written."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfvae.errors import InputError


def check_writable(folder: Path) -> None:
    """Creates `folder`.

    Raises:
        InputError: if it cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"Expected a folder that can be written. Received: {folder} ({error.strerror}). "
            "Choose another with --out, or change its permissions."
        ) from None


@contextlib.contextmanager
def atomic_write(path: Path, *, concurrent: bool = False) -> Iterator[Path]:
    """Context manager for atomic writes: yields a temporary path that replaces `path` when the block succeeds.

    Args:
        path: the file to write; its folder is created where it is missing.
        concurrent: whether other processes may write the same file at the same time. Each writer then has a temporary
            name of its own, and the last to finish wins; otherwise the name is fixed, and a rerun overwrites what an
            interrupted write left.

    Yields:
        Path beside `path`, with its suffix; removed if the block raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = f".{uuid.uuid4().hex}" if concurrent else ""
    temporary = path.with_name(f".{path.stem}{writer}.writing{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any, *, indent: int | None = 2) -> None:
    """Writes `value` as JSON, whole or not at all; without an indent in as few bytes as it takes."""
    separators = (",", ":") if indent is None else None
    with atomic_write(path) as temporary:
        temporary.write_text(json.dumps(value, indent=indent, separators=separators) + "\n")


def read_json(path: Path) -> Any:
    """The value of a JSON file.

    Raises:
        InputError: if the file is missing or no JSON.
    """
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(f"Expected a JSON file. Received: {path} ({error}). Check the path.") from None


def read_npz(path: Path, *, expected: str = "an .npz file", remedy: str = "Check the path.") -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file by name; pickled objects are never loaded.

    Args:
        path: the file.
        expected: str, what the file should be, for the message.
        remedy: str, what to do about a file that cannot be read, for the message: one or more sentences.

    Returns:
        {name: array}, with the dtypes and shapes in which they were saved.

    Raises:
        InputError: if the file is missing, broken, truncated or no .npz file, or holds pickled objects.
    """
    try:
        if not zipfile.is_zipfile(path):
            path.stat()  # raises where there is no file
            raise zipfile.BadZipFile("File is not a zip file")
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: np.asarray(archive[name]) for name in archive.files}
    except (OSError, EOFError, TypeError, AttributeError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        reason = getattr(error, "strerror", None) or f"broken or truncated: {error}"
        raise InputError(f"Expected {expected}. Received: {path}, which cannot be read ({reason}). {remedy}") from error
    except ValueError as error:
        # NumPy's own message on an object array advises to unpickle it, which can run code.
        raise InputError(
            f"Expected {expected}. Received: {path}, with pickled objects or a broken header; pickled objects are "
            f"never loaded, because they can run code. {remedy}"
        ) from error
    return arrays


def current_file(path: Path, earlier: str) -> Path:
    """`path`, to which a file beside it that has its name of an earlier version is renamed first."""
    if not path.exists() and path.with_name(earlier).exists():
        path.with_name(earlier).rename(path)
    return path
