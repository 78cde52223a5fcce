"""Imports TensorFlow without what it prints on the way."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def _silenced(descriptor: int) -> Iterator[None]:
    kept = os.dup(descriptor)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    try:
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(nowhere)
        os.close(kept)


def import_tensorflow() -> None:
    """Imports TensorFlow and looks for GPUs, quietly; `TF_CPP_MIN_LOG_LEVEL=0` in the environment shows everything.

    Before its logging is set up, TensorFlow writes a dozen lines straight to the error stream that no level reaches,
    among them an error where there is no GPU; they would drown our own messages.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        import tensorflow  # noqa: F401

        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    with _silenced(2):
        import tensorflow as tf

        tf.config.list_physical_devices("GPU")
    # TF-GAN calls deprecated functions; what to write instead is of no use to its users' users.
    tf.get_logger().setLevel("ERROR")
