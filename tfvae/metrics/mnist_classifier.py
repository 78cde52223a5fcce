"""The classifier of the `mnist_cnn` feature space: its weights file, and loading with a hash check."""

from __future__ import annotations

import hashlib
from pathlib import Path

import keras
import numpy as np

from tfvae.errors import InputError
from tfvae.networks.classifier import convolutional_classifier

WEIGHTS_NAME = "mnist_cnn.npz"
WEIGHTS_PATH = Path(__file__).parent / "weights" / WEIGHTS_NAME
WEIGHTS_SHA256 = "ad11cd8efa606ec58793b95a87afaf96dc3e6b180ae3d5d9a295425065b9c6bd"


def sha256_of_file(path: Path) -> str:
    """Hashes the bytes of one file.

    Args:
        path: the file.

    Returns:
        SHA-256 as 64 hexadecimal digits.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save_weights(model: keras.Model, path: Path) -> None:
    """Writes every weight of a model as plain float32 arrays, the same bytes for the same weights.

    Args:
        model: a built model.
        path: the .npz file to write; its keys are the weights' paths.
    """
    arrays = {weight.path: np.asarray(weight.numpy(), np.float32) for weight in _weights(model)}
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_weights(model: keras.Model, path: Path) -> None:
    """Reads what `save_weights` wrote into a model of the same architecture.

    Args:
        model: a built model.
        path: the .npz file.

    Raises:
        InputError: if the file holds other weights than the model has.
    """
    with np.load(path, allow_pickle=False) as arrays:
        expected = {weight.path: tuple(weight.shape) for weight in _weights(model)}
        received = {key: arrays[key].shape for key in arrays.files}
        if expected != received:
            raise InputError(
                f"Expected the weights of `{model.name}`: {expected}. Received in {path}: {received}. "
                "Train them again with `python -m tools.train_mnist_cnn`."
            )
        for weight in _weights(model):
            weight.assign(arrays[weight.path])


def mnist_classifier(path: Path = WEIGHTS_PATH, *, sha256: str = WEIGHTS_SHA256) -> keras.Model:
    """Builds the `mnist_cnn` classifier with its trained weights, after checking their hash.

    Args:
        path: the .npz file of the weights.
        sha256: the hash it must have.

    Returns:
        `keras.Model`, float32 [N, 28, 28, 1] in [0, 1] -> logits float32 [N, 10].

    Raises:
        InputError: if the file is missing, or is not the one that the package was released with.
    """
    if not path.is_file():
        raise InputError(
            f"Expected the weights of `mnist_cnn` at {path}. Received: no such file. "
            "Install the package again, or write it with `python -m tools.train_mnist_cnn`."
        )
    received = sha256_of_file(path)
    if received != sha256:
        raise InputError(
            f"Expected {path} with SHA-256 {sha256}. Received: {received}. The file is damaged or was "
            "trained again; numbers from other weights do not compare. Install the package again."
        )
    model = convolutional_classifier(name="mnist_cnn")
    load_weights(model, path)
    return model


def _weights(model: keras.Model) -> list[keras.Variable]:
    return [weight for weight in model.weights if "seed_generator" not in weight.path]
