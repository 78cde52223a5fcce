"""Which devices train together, and what they are called in the results."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import tensorflow as tf
from tensorflow.python.framework.config import disable_op_determinism

from tfvae.errors import InputError


def choose_strategy(name: Literal["auto", "one", "mirrored"]) -> tf.distribute.Strategy:
    """The strategy of that name.

    Args:
        name: `one` is the default device; `mirrored` every GPU, or every logical CPU device where there is no GPU;
            `auto` is `mirrored` with at least two GPUs and `one` otherwise.

    Returns:
        A `tf.distribute.Strategy`; models and optimizers are created under its scope.

    Raises:
        InputError: if `mirrored` is asked for where there is one device only.
    """
    gpus = tf.config.list_logical_devices("GPU")
    devices = gpus or tf.config.list_logical_devices("CPU")
    if name == "one" or (name == "auto" and len(gpus) < 2):
        return tf.distribute.get_strategy()
    if len(devices) < 2:
        raise InputError(
            f"Expected at least two devices for the mirrored strategy. Received: {len(devices)} "
            f"({devices[0].name}). Use --strategy one, or a machine with more GPUs."
        )
    # The default collective fails with batch normalization between logical CPU devices.
    communication = None if gpus else tf.distribute.HierarchicalCopyAllReduce()
    return tf.distribute.MirroredStrategy([device.name for device in devices], cross_device_ops=communication)


def compiles_with_xla(strategy: tf.distribute.Strategy) -> bool:
    """Whether steps are compiled by XLA: on one replica, where it also makes a run repeat bit for bit."""
    return strategy.num_replicas_in_sync == 1


def no_xla_on_cpu() -> dict[str, bool]:
    """Compile arguments of convolutional models: XLA's gradients of convolutions are slow on a CPU."""
    return {} if tf.config.list_physical_devices("GPU") else {"jit_compile": False}


@contextlib.contextmanager
def repeatable(strategy: tf.distribute.Strategy, *, xla: bool) -> Iterator[None]:
    """Within it, steps on one replica repeat bit for bit from run to run: by XLA itself, or without it by TensorFlow.

    TensorFlow's switch is for the whole process, and Keras compiles nothing by XLA while it is on.
    """
    if xla or strategy.num_replicas_in_sync > 1:
        yield
        return
    options = tf.config.optimizer.get_experimental_options()
    # It fails on a leaky ReLU within a loop, says so on the screen, and changes nothing.
    tf.config.optimizer.set_experimental_options({"remapping": False})
    tf.config.experimental.enable_op_determinism()
    try:
        yield
    finally:
        disable_op_determinism()
        tf.config.optimizer.set_experimental_options({"remapping": True, **options})


def describe_device(strategy: tf.distribute.Strategy) -> str:
    """The hardware in words, such as `CPU: AMD EPYC, 2 cores` or `2 x GPU: NVIDIA H200`."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        count = strategy.num_replicas_in_sync
        replicas = f", {count} logical devices" if count > 1 else ""
        return f"CPU: {_processor()}, {os.cpu_count()} cores{replicas}"
    name = tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")
    return f"{strategy.num_replicas_in_sync} x GPU: {name}"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
