"""Quiet import of TensorFlow.

Code that may be the first to import TensorFlow calls `import_tensorflow`, or writes
`from tfvae.startup import tensorflow as tf`.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tensorflow as tensorflow


def import_tensorflow() -> None:
    """Imports TensorFlow and lists the GPUs without TensorFlow's log messages, unless TF_CPP_MIN_LOG_LEVEL is set.

    TensorFlow writes some messages to the error stream before it sets up logging, which no log level suppresses; one
    is an error where there is no GPU. So the error stream is redirected during the import.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        import tensorflow  # noqa: F401

        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"  # and so a second call returns above
    with _silenced(2):
        import tensorflow as tf

        tf.config.list_physical_devices("GPU")
    # TF-GAN calls deprecated functions, whose warnings do not concern its users.
    tf.get_logger().setLevel("ERROR")


def __getattr__(name: str) -> Any:
    if name != "tensorflow":
        raise AttributeError(f"module 'tfvae.startup' has no attribute {name!r}")
    import_tensorflow()
    return sys.modules["tensorflow"]


@contextlib.contextmanager
def _silenced(descriptor: int) -> Iterator[None]:
    saved = os.dup(descriptor)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    try:
        yield
    finally:
        os.dup2(saved, descriptor)
        os.close(null)
        os.close(saved)
