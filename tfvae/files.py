"""Files: atomic writing, JSON, and the check that a folder can be written."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place at once when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.writing{path.suffix}")
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


def current_file(path: Path, earlier: str) -> Path:
    """`path`, to which a file beside it that has its name of an earlier version is renamed first."""
    if not path.exists() and path.with_name(earlier).exists():
        path.with_name(earlier).rename(path)
    return path
