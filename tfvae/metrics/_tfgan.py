"""Adapter of TF-GAN: its import, and the folder of its Inception graph.

TF-GAN 2.1.0 derives classes from `tf.estimator`, which TensorFlow 2.16 removed, and its own dependency
TensorFlow Hub imports `pkg_resources`, which setuptools 82 removed. None of the functions used here needs an
estimator, so empty base classes stand in for them during the import and are taken away after it.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import tensorflow as tf

from tfvae.errors import InputError


@functools.cache
def tfgan_eval() -> ModuleType:
    """Imports TF-GAN, on first use only, because TensorFlow Probability behind it takes a second.

    Returns:
        The module `tensorflow_gan.eval`.

    Raises:
        ImportError: if TF-GAN or one of its dependencies is missing.
    """
    # `tf.compat.v1` is another object before `tensorflow.compat.v1` was imported as a module than after it.
    compat_v1 = importlib.import_module("tensorflow.compat.v1")
    estimators = SimpleNamespace(Estimator=object, SessionRunHook=object)
    tpu_estimators = SimpleNamespace(tpu=SimpleNamespace(TPUEstimator=object))
    with _placeholder(tf, estimators), _placeholder(compat_v1, tpu_estimators), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        try:
            import tensorflow_gan
        except ModuleNotFoundError as error:
            raise ImportError(
                f"Expected TF-GAN to be importable. Received: {error}. Install tensorflow-gan==2.1.0, and "
                "setuptools below 82, which still holds pkg_resources and distutils."
            ) from error
    return tensorflow_gan.eval


def inception_folder() -> Path:
    """Downloads TF-GAN's Inception graph, or finds it in TensorFlow Hub's cache (`TFHUB_CACHE_DIR`).

    Returns:
        The folder of the SavedModel.

    Raises:
        InputError: if it cannot be downloaded.
    """
    address = tfgan_eval().INCEPTION_TFHUB
    import tensorflow_hub

    try:
        return Path(tensorflow_hub.resolve(address))
    except Exception as error:  # the resolver lets through whatever its transport, archive or disk raises
        raise InputError(
            f"Expected to download TF-GAN's Inception graph from {address}. Received: "
            f"{type(error).__name__}: {error}. Download it elsewhere, unpack it and name its folder with "
            "`--inception PATH`, or use the extractor `mnist_cnn`, which needs no download."
        ) from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Holds back TensorFlow's warnings on what TF-GAN calls in an old way, which no user of tfvae can change."""
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _placeholder(module: ModuleType, estimators: SimpleNamespace) -> Iterator[None]:
    if hasattr(module, "estimator"):
        yield
        return
    module.estimator = estimators  # type: ignore[attr-defined]
    try:
        yield
    finally:
        del module.estimator
