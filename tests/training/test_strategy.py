"""Strategies by name, on the two logical CPU devices that stand in for two GPUs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import tensorflow as tf
from tensorflow.python.framework.config import is_op_determinism_enabled

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.training import strategy as strategies
from tfvae.training.strategy import choose_strategy, compiles_with_xla, describe_device, repeatable, versions


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


def test_one_is_a_single_replica():
    assert choose_strategy("one").num_replicas_in_sync == 1


def test_mirrored_takes_every_logical_cpu(no_gpu, mirrored):
    assert mirrored.num_replicas_in_sync == 2


@pytest.mark.parametrize("gpus", [0, 1])
def test_auto_is_one_below_two_gpus(monkeypatch, gpus):
    pretend(monkeypatch, GPU=gpus, CPU=2)
    assert choose_strategy("auto").num_replicas_in_sync == 1


@pytest.mark.parametrize("name", ["auto", "mirrored"])
def test_two_gpus_are_mirrored(monkeypatch, name):
    chosen = []
    pretend(monkeypatch, GPU=2, CPU=2)
    monkeypatch.setattr(
        tf.distribute, "MirroredStrategy", lambda devices, cross_device_ops: chosen.append((devices, cross_device_ops))
    )
    choose_strategy(name)
    assert chosen == [(["/device:GPU:0", "/device:GPU:1"], None)]


@pytest.mark.parametrize("devices", [{"CPU": 1}, {"GPU": 1, "CPU": 4}])
def test_mirrored_is_refused_on_one_device(monkeypatch, devices):
    pretend(monkeypatch, **devices)
    with pytest.raises(InputError, match=THREE_PARTS):
        choose_strategy("mirrored")


def test_xla_is_for_one_replica(mirrored):
    assert compiles_with_xla(choose_strategy("one")) and not compiles_with_xla(mirrored)


def test_the_device_is_described(no_gpu, mirrored, monkeypatch):
    monkeypatch.setattr(strategies, "_processor", lambda: "Some Processor")
    monkeypatch.setattr(strategies.os, "cpu_count", lambda: 2)
    assert describe_device(choose_strategy("one")) == "CPU: Some Processor, 2 cores"
    assert describe_device(mirrored) == "CPU: Some Processor, 2 cores, 2 logical devices"


def test_the_processor_has_a_name():
    assert strategies._processor().strip()


def test_versions_are_those_that_run():
    assert versions()["tensorflow"] == tf.__version__
    assert set(strategies.PACKAGES) | {"python"} == set(versions())


@pytest.mark.parametrize(("xla", "switched"), [(False, True), (True, False)])
def test_without_xla_tensorflow_repeats_steps_and_only_as_long_as_it_must(xla, switched):
    remapping = tf.config.optimizer.get_experimental_options().get("remapping", True)
    with pytest.raises(KeyError), repeatable(choose_strategy("one"), xla=xla):
        assert is_op_determinism_enabled() == switched
        raise KeyError
    assert not is_op_determinism_enabled()
    assert tf.config.optimizer.get_experimental_options().get("remapping", True) == remapping


def test_replicas_are_left_as_they_are(mirrored):
    with repeatable(mirrored, xla=False):
        assert not is_op_determinism_enabled()
