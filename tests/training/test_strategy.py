"""Strategies by name, on the two logical CPU devices that stand in for two GPUs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import tensorflow as tf
from tensorflow.python.framework.config import is_op_determinism_enabled

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.training import strategy as strategies
from tfvae.training.strategy import (
    choose_strategy,
    compiles_with_xla,
    describe_device,
    no_xla_on_cpu,
    repeatable,
)


@pytest.fixture(scope="module")
def mirrored():
    return choose_strategy("mirrored")


@pytest.fixture
def no_gpu():
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("describes a machine without a GPU")


def pretend(monkeypatch, **devices: int) -> None:
    def logical_devices(kind: str):
        return [SimpleNamespace(name=f"/device:{kind}:{number}") for number in range(devices.get(kind, 0))]

    monkeypatch.setattr(tf.config, "list_logical_devices", logical_devices)


def test_strategy_one_is_a_single_replica():
    assert choose_strategy("one").num_replicas_in_sync == 1


def test_strategy_mirrored_takes_every_logical_cpu(no_gpu, mirrored):
    assert mirrored.num_replicas_in_sync == 2


@pytest.mark.parametrize("gpus", [0, 1])
def test_strategy_auto_is_one_replica_below_two_gpus(monkeypatch, gpus):
    pretend(monkeypatch, GPU=gpus, CPU=2)
    assert choose_strategy("auto").num_replicas_in_sync == 1


@pytest.mark.parametrize("name", ["auto", "mirrored"])
def test_strategy_mirrors_two_gpus(monkeypatch, name):
    chosen = []
    pretend(monkeypatch, GPU=2, CPU=2)
    monkeypatch.setattr(
        tf.distribute, "MirroredStrategy", lambda devices, cross_device_ops: chosen.append((devices, cross_device_ops))
    )
    choose_strategy(name)
    assert chosen == [(["/device:GPU:0", "/device:GPU:1"], None)]


@pytest.mark.parametrize("devices", [{"CPU": 1}, {"GPU": 1, "CPU": 4}])
def test_strategy_mirrored_on_one_device_is_refused(monkeypatch, devices):
    pretend(monkeypatch, **devices)
    with pytest.raises(InputError, match=THREE_PARTS):
        choose_strategy("mirrored")


def test_xla_compiles_on_one_replica_alone(mirrored):
    assert compiles_with_xla(choose_strategy("one")) and not compiles_with_xla(mirrored)


def test_device_description_names_processor_and_replicas(no_gpu, mirrored, monkeypatch):
    monkeypatch.setattr(strategies, "_processor", lambda: "Some Processor")
    monkeypatch.setattr(strategies.os, "cpu_count", lambda: 2)
    assert describe_device(choose_strategy("one")) == "CPU: Some Processor, 2 cores"
    assert describe_device(mirrored) == "CPU: Some Processor, 2 cores, 2 logical devices"


def test_processor_has_a_name():
    assert strategies._processor().strip()


@pytest.mark.parametrize(("gpus", "options"), [([], {"jit_compile": False}), (["a GPU"], {})])
def test_convolutions_are_compiled_by_xla_on_a_gpu_alone(monkeypatch, gpus, options):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    assert no_xla_on_cpu() == options


@pytest.mark.parametrize(("xla", "switched"), [(False, True), (True, False)])
def test_determinism_is_switched_on_without_xla_and_off_afterwards(xla, switched):
    remapping = tf.config.optimizer.get_experimental_options().get("remapping", True)
    with pytest.raises(KeyError), repeatable(choose_strategy("one"), xla=xla):
        assert is_op_determinism_enabled() == switched
        raise KeyError
    assert not is_op_determinism_enabled()
    assert tf.config.optimizer.get_experimental_options().get("remapping", True) == remapping


def test_determinism_is_not_switched_on_for_several_replicas(mirrored):
    with repeatable(mirrored, xla=False):
        assert not is_op_determinism_enabled()
