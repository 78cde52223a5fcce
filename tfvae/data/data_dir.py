"""The folder in which a person keeps data sets: given, or named by the environment."""

from __future__ import annotations

import os
from pathlib import Path

from tfvae.errors import InputError

ENVIRONMENT = "TFVAE_DATA_DIR"


def data_folder(data_dir: str | os.PathLike[str] | None, *, expected: str, remedy: str) -> Path | None:
    """The folder `data_dir`, or that which TFVAE_DATA_DIR names, or None if neither is given.

    Args:
        data_dir: the folder that a person named, or None.
        expected: str, how the error starts: "MNIST: expected a folder that holds mnist.npz".
        remedy: str, what its reader can do besides correcting the path.

    Raises:
        InputError: if the folder that was named is none.
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
