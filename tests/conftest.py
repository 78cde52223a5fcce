"""Fixtures that every test shares, and a TensorFlow with two CPU devices to stand in for two GPUs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.contracts")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# The log level counts only when it is set before this import.
import tensorflow as tf  # noqa: E402

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

from tfvae.data import ImageData, load  # noqa: E402  (the devices must be set before anything runs on them)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder that no other run has written to, and that is left to none."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("TFVAE_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session")
def faces_dir() -> Path:
    """TFVAE_DATA_DIR or ../shared/data, where it holds faces/; a test that needs them is skipped without."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TFVAE_DATA_DIR") or beside)
    if not (folder / "faces").is_dir():
        pytest.skip("needs faces/ in the folder that TFVAE_DATA_DIR names, or in ../shared/data")
    return folder


@pytest.fixture(scope="session")
def digits() -> ImageData:
    """scikit-learn's bundled digits: always there."""
    return load("digits")


@pytest.fixture(scope="session")
def mnist() -> ImageData:
    """MNIST from TFVAE_DATA_DIR or ../shared/data; a test that needs it is skipped without it."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TFVAE_DATA_DIR") or beside)
    if not (folder / "mnist.npz").is_file():
        pytest.skip("needs mnist.npz in the folder that TFVAE_DATA_DIR names, or in ../shared/data")
    return load("mnist", data_dir=folder)
