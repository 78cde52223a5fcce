"""Batches: order, resuming, completeness."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfvae.data import ImageData, evaluation_batches, pipeline, steps_per_epoch, training_batches
from tfvae.errors import InputError

COUNT, BATCH, STEPS = 23, 5, 4


@pytest.fixture(scope="module")
def numbered() -> ImageData:
    """Images whose only pixel is their own number, so that a batch tells which images are in it."""
    numbers = np.arange(COUNT, dtype=np.uint8)
    return ImageData(
        name="numbered",
        train_images=numbers.reshape(COUNT, 1, 1, 1),
        train_labels=(numbers % 3).astype(np.int64),
        test_images=numbers[:7].reshape(7, 1, 1, 1),
        test_labels=(numbers[:7] % 3).astype(np.int64),
        class_names=("a", "b", "c"),
    )


@pytest.fixture(params=["copied", "mapped"])
def anywhere(request, numbered, tmp_path, monkeypatch) -> ImageData:
    """The same images, of which TensorFlow takes a copy, or which stay in a file that is mapped into memory."""
    if request.param == "copied":
        return numbered
    monkeypatch.setattr(pipeline, "_COPIED_BYTES", 0)
    mapped = {}
    for field in ("train_images", "test_images"):
        np.save(tmp_path / f"{field}.npy", getattr(numbered, field))
        mapped[field] = np.load(tmp_path / f"{field}.npy", mmap_mode="r")
    return dataclasses.replace(numbered, **mapped)


def order(data: ImageData, epoch: int, *, seed: int = 1, first_step: int = 0) -> list[list[int]]:
    """Numbers of the images in each batch of an epoch."""
    batches = training_batches(data, batch_size=BATCH, seed=seed, epoch=epoch, first_step=first_step)
    return [data.to_uint8(images).ravel().tolist() for images, _ in batches]


def test_training_order_is_determined_by_the_seed(numbered):
    assert order(numbered, 1) == order(numbered, 1)


def test_training_order_differs_between_epochs_and_seeds(numbered):
    epochs = [order(numbered, epoch) for epoch in range(3)] + [order(numbered, 0, seed=2)]
    assert len({str(epoch) for epoch in epochs}) == 4


def test_epoch_has_no_duplicates(numbered):
    for epoch in range(10):
        assert len(set(np.ravel(order(numbered, epoch)))) == STEPS * BATCH


def test_dropped_images_differ_between_epochs(numbered):
    # 3 of 23 are left out of an epoch: one image is left out of all 20 with a chance of (3/23)**20 < 1e-17.
    assert set(np.ravel([order(numbered, epoch) for epoch in range(20)])) == set(range(COUNT))


@pytest.mark.parametrize("epoch", [0, 2])
@pytest.mark.parametrize("step", range(STEPS))
def test_resumed_epoch_equals_the_tail_of_the_whole_one(numbered, epoch, step):
    assert order(numbered, epoch, first_step=step) == order(numbered, epoch)[step:]


def test_variable_epoch_is_read_at_each_iteration(numbered):
    epoch = tf.Variable(0, dtype=tf.int64)
    batches = training_batches(numbered, batch_size=BATCH, seed=1, epoch=epoch)
    for number in (0, 3):
        epoch.assign(number)
        assert [numbered.to_uint8(images).ravel().tolist() for images, _ in batches] == order(numbered, number)


def test_batches_of_memory_mapped_images_are_equal(anywhere, numbered, monkeypatch):
    mapped = order(anywhere, 1)
    assert order(anywhere, 1, first_step=STEPS - 1) == mapped[STEPS - 1 :]
    monkeypatch.undo()
    assert mapped == order(numbered, 1)


def test_late_epoch_starts_without_delay(numbered):
    assert len(order(numbered, 2**62, seed=2**63 - 1)) == STEPS


@pytest.mark.parametrize("first_step", [0, 3])
def test_training_batches_have_known_cardinality(numbered, first_step):
    assert len(training_batches(numbered, batch_size=BATCH, seed=0, first_step=first_step)) == STEPS - first_step


@pytest.mark.parametrize("value_range", [(0.0, 1.0), (-1.0, 1.0)])
def test_batches_equal_to_float_exactly(digits, value_range):
    data = digits.with_value_range(*value_range)
    batches = evaluation_batches(data, "test", batch_size=100)
    images = np.concatenate([images for images, _ in batches])
    np.testing.assert_array_equal(images, data.to_float(data.test_images))
    assert (images.min(), images.max()) == value_range


def test_training_batches_have_static_shapes_and_matching_labels(anywhere):
    batches = training_batches(anywhere, batch_size=BATCH, seed=0)
    assert batches.element_spec == (
        tf.TensorSpec((BATCH, 1, 1, 1), tf.float32),
        tf.TensorSpec((BATCH,), tf.int64),
    )
    for images, labels in batches.take(STEPS):
        np.testing.assert_array_equal(anywhere.to_uint8(images).ravel() % 3, labels)


@pytest.mark.parametrize(("split", "count"), [("train", COUNT), ("test", 7)])
@pytest.mark.parametrize("batch_size", [1, 5, 7, 100])
def test_evaluation_batches_are_complete_and_in_order(anywhere, split, count, batch_size):
    batches = evaluation_batches(anywhere, split, batch_size=batch_size)
    images = np.concatenate([images for images, _ in batches])
    labels = np.concatenate([labels for _, labels in batches])
    assert anywhere.to_uint8(images).ravel().tolist() == list(range(count))
    assert labels.tolist() == [number % 3 for number in range(count)]
    assert len(batches) == -(-count // batch_size)


def test_steps_per_epoch_is_the_number_of_full_batches(numbered):
    assert [steps_per_epoch(numbered, size) for size in (1, 5, 11, 12, 23)] == [23, 4, 2, 1, 1]


@pytest.mark.parametrize("batch_size", [0, 24])
def test_batch_size_out_of_range_raises(numbered, batch_size):
    with pytest.raises(InputError, match=rf"1 \.\. 23, .* 'numbered'. Received: batch_size={batch_size}"):
        training_batches(numbered, batch_size=batch_size, seed=0)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 2**63}, {"epoch": -1}, {"first_step": STEPS}])
def test_training_position_out_of_range_raises(numbered, wrong):
    with pytest.raises(InputError, match=f"expected {next(iter(wrong))} in 0"):
        training_batches(numbered, **{"batch_size": BATCH, "seed": 0, **wrong})


def test_evaluation_batches_of_unknown_split_or_size_raise(numbered):
    with pytest.raises(InputError, match=r"\['train', 'test'\]. Received: split='validation'"):
        evaluation_batches(numbered, "validation", batch_size=5)
    with pytest.raises(InputError, match="batch_size >= 1"):
        evaluation_batches(numbered, "test", batch_size=0)


def test_two_replicas_split_each_global_batch(anywhere):
    strategy = tf.distribute.MirroredStrategy(
        ["CPU:0", "CPU:1"], cross_device_ops=tf.distribute.HierarchicalCopyAllReduce()
    )
    batches = training_batches(anywhere, batch_size=4, seed=1)
    shared = iter(strategy.experimental_distribute_dataset(batches))
    for images, _ in batches:
        parts = strategy.experimental_local_results(next(shared)[0])
        assert [part.shape for part in parts] == [(2, 1, 1, 1)] * 2
        np.testing.assert_array_equal(np.concatenate(parts), images)


def test_two_replicas_read_a_variable_epoch_at_each_iteration(anywhere):
    strategy = tf.distribute.MirroredStrategy(
        ["CPU:0", "CPU:1"], cross_device_ops=tf.distribute.HierarchicalCopyAllReduce()
    )
    with tf.device("CPU:0"):
        epoch = tf.Variable(0, dtype=tf.int64)
    batches = training_batches(anywhere, batch_size=4, seed=1, epoch=epoch)
    shared = strategy.experimental_distribute_dataset(batches)
    for number in (0, 3):
        epoch.assign(number)
        expected = training_batches(anywhere, batch_size=4, seed=1, epoch=number)
        for (images, _), (whole, _) in zip(shared, expected, strict=True):
            np.testing.assert_array_equal(np.concatenate(strategy.experimental_local_results(images)), whole)
