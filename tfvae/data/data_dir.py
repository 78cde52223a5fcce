"""The data folder: an argument, or the environment variable TFVAE_DATA_DIR."""

from __future__ import annotations

import os
from pathlib import Path

from tfvae.errors import InputError

ENVIRONMENT = "TFVAE_DATA_DIR"


def data_folder(data_dir: str | os.PathLike[str] | None, *, expected: str, remedy: str) -> Path | None:
    """Returns `data_dir`, else the folder that TFVAE_DATA_DIR names, else None.

    Args:
        data_dir: the folder given by the user, or None.
        expected: str, start of the error message: "MNIST: expected a folder that holds mnist.npz".
        remedy: str, what can be done besides correcting the path.

    Raises:
        InputError: if the path is no folder.
    """
    given = os.environ.get(ENVIRONMENT) or None if data_dir is None else data_dir
    if given is None:
        return None
    origin = f"the environment variable {ENVIRONMENT}" if data_dir is None else "--data-dir"
    folder = Path(given).expanduser()
    if not folder.is_dir():
        kind = "a file" if folder.exists() else "a path that does not exist"
        raise InputError(f"{expected} in {origin}. Received: {folder}, {kind}. Correct the path, or {remedy}.")
    return folder
