"""Checkpoints hold everything, two are kept, and a damaged one gives way to the one before."""

from __future__ import annotations

import io
import json
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import (
    BATCH,
    CLASSES,
    THREE_PARTS,
    assert_equal_states,
    compiled,
    small_images,
    small_networks,
    states,
)
from tfvae.errors import InputError
from tfvae.models.center_vae import CenterVAE
from tfvae.models.vae import VAE
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.strategy import choose_strategy


def center_vae() -> CenterVAE:
    return compiled(CenterVAE(*small_networks(2), classes=CLASSES))


def step(model, start: int) -> None:
    images, labels = small_images()
    model.train_on_batch(images[start : start + BATCH], labels[start : start + BATCH])


@pytest.fixture(scope="module")
def two_saved(tmp_path_factory):
    """A folder with checkpoints 1 and 2, and the model's states at each."""
    folder = tmp_path_factory.mktemp("checkpoints")
    model = center_vae()
    checkpointer = Checkpointer(folder, model)
    saved = []
    for epoch in (1, 2):
        step(model, BATCH * epoch)
        checkpointer.save(Position(epoch, 10 * epoch))
        saved.append(states(model))
    return folder, saved


@pytest.fixture
def folder(two_saved, tmp_path):
    """A copy of that folder, to be damaged."""
    for file in two_saved[0].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def assert_states(model, expected) -> None:
    for ours, theirs in zip(states(model), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_empty_folder_restores_the_beginning(tmp_path):
    model = center_vae()
    before = [weight.numpy() for weight in model.variables]
    assert Checkpointer(tmp_path / "none", model).restore() == Position(0, 0)
    for weight, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_newest_checkpoint_restores_weights_counters_and_optimizer(two_saved, folder):
    model = center_vae()
    assert Checkpointer(folder, model).restore() == Position(2, 20)
    assert_states(model, two_saved[1][1])
    names = {variable.path.split("/")[-1] for variable in model.variables}
    assert {"centers", "train_draws", "kernel"} <= names
    assert model.train_draws.numpy() == model.optimizer.iterations.numpy() == 2
    assert np.abs(model.centers.numpy()).min() > 0


def test_restored_model_trains_on_as_the_saved_one(tmp_path):
    models = [center_vae(), center_vae()]
    first, second = (Checkpointer(tmp_path, model) for model in models)
    step(models[0], 0)
    first.save(Position(1, 0))
    second.restore()
    for model in models:
        step(model, BATCH)
    # Without XLA sums may differ in their last digit.
    assert_equal_states(*models, rtol=1e-5, atol=1e-6)


def test_running_means_are_restored(tmp_path):
    images, labels = small_images()
    models = [center_vae(), center_vae()]
    first, second = (Checkpointer(tmp_path, model) for model in models)
    models[0].evaluate(images, labels, verbose=0)
    expected = {metric.name: float(metric.result()) for metric in models[0].metrics}
    assert expected["loss"] > 0
    first.save(Position(0, 3))
    second.restore()
    models[1].reset_metrics()
    second.restore_metrics()
    assert {metric.name: float(metric.result()) for metric in models[1].metrics} == expected


def test_two_checkpoints_are_kept(tmp_path):
    checkpointer = Checkpointer(tmp_path, center_vae())
    for epoch in range(4):
        checkpointer.save(Position(epoch, 0))
    assert sorted(path.name for path in tmp_path.glob("*.index")) == ["ckpt-3.index", "ckpt-4.index"]


def cut_in_half(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def replace_by_text(path):
    path.write_text("<html>quota exceeded</html>" * 9)


@pytest.mark.parametrize("suffix", ["data-00000-of-00001", "index"])
@pytest.mark.parametrize("damage", [cut_in_half, flip_a_byte, empty, replace_by_text])
def test_damaged_checkpoint_falls_back_to_the_one_before(two_saved, folder, damage, suffix):
    damage(folder / f"ckpt-2.{suffix}")
    model = center_vae()
    with pytest.warns(UserWarning, match=r"ckpt-2 is damaged .+; trying the one before"):
        assert Checkpointer(folder, model).restore() == Position(1, 10)
    assert_states(model, two_saved[1][0])


def test_checkpoint_without_data_falls_back_to_the_one_before(folder):
    (folder / "ckpt-2.data-00000-of-00001").unlink()
    with pytest.warns(UserWarning, match="ckpt-2 is damaged"):
        assert Checkpointer(folder, center_vae()).restore() == Position(1, 10)


def test_checkpoint_without_index_is_ignored(folder):
    (folder / "ckpt-2.index").unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert Checkpointer(folder, center_vae()).restore() == Position(1, 10)


def test_damaged_list_of_checkpoints_is_ignored(folder):
    (folder / "checkpoint").write_bytes(b"\x00half")
    model = center_vae()
    checkpointer = Checkpointer(folder, model)
    assert checkpointer.restore() == Position(2, 20)
    checkpointer.save(Position(3, 0))
    assert Checkpointer(folder, center_vae()).restore() == Position(3, 0)


def test_damaged_checkpoint_is_overwritten(folder):
    cut_in_half(folder / "ckpt-2.data-00000-of-00001")
    model = center_vae()
    checkpointer = Checkpointer(folder, model)
    with pytest.warns(UserWarning, match="ckpt-2 is damaged"):
        checkpointer.restore()
    step(model, 0)
    checkpointer.save(Position(2, 5))
    copy = center_vae()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert Checkpointer(folder, copy).restore() == Position(2, 5)
    assert_equal_states(copy, model)


def test_damage_of_all_checkpoints_raises(folder):
    for index in folder.glob("*.index"):
        cut_in_half(index)
    with pytest.warns(UserWarning, match="damaged"), pytest.raises(InputError, match=THREE_PARTS):
        Checkpointer(folder, center_vae()).restore()


def test_every_optimizer_is_restored(tmp_path):
    class TwoOptimizers(VAE):
        def optimizers_and_variables(self):
            return [
                (self.optimizer, self.encoder.trainable_variables),
                (self.second, self.decoder.trainable_variables),
            ]

    def with_two_optimizers():
        model = TwoOptimizers(*small_networks(2))
        model.second = keras.optimizers.SGD(0.1, momentum=0.9)
        return compiled(model)

    models = [with_two_optimizers(), with_two_optimizers()]
    first, second = (Checkpointer(tmp_path, model) for model in models)
    momentum = models[0].second.variables[-1]
    momentum.assign(tf.ones_like(momentum))
    first.save(Position())
    second.restore()
    assert_equal_states(*models)
    np.testing.assert_array_equal(models[1].second.variables[-1], np.ones(momentum.shape))


def test_mirrored_model_is_restored_with_its_running_means(tmp_path):
    images, labels = small_images()
    strategy = choose_strategy("mirrored")
    with strategy.scope():
        models = [center_vae(), center_vae()]
    first, second = (Checkpointer(tmp_path, model) for model in models)
    models[0].fit(images, labels, batch_size=BATCH, verbose=0)
    expected = {metric.name: float(metric.result()) for metric in models[0].metrics}
    first.save(Position(1, 0))
    second.restore()
    assert_equal_states(*models)
    models[1].reset_metrics()
    second.restore_metrics()
    assert {metric.name: float(metric.result()) for metric in models[1].metrics} == pytest.approx(expected)


def stopping() -> keras.callbacks.EarlyStopping:
    return keras.callbacks.EarlyStopping("val_loss", mode="min", patience=2, restore_best_weights=True)


def test_state_of_callbacks_is_restored(tmp_path):
    """Numbers of any type, strings, None and lists of arrays, of scalars too, by the callback that had them."""
    model, saved = center_vae(), [stopping(), keras.callbacks.ReduceLROnPlateau(), stopping()]
    saved[0].wait, saved[0].best, saved[0].best_weights = 1, np.float32(0.5), model.get_weights()
    saved[1].best, saved[1].mode = None, "max"
    saved[2].wait, saved[2].best_weights = np.int64(2), None
    assert any(np.ndim(weight) == 0 for weight in saved[0].best_weights), "a counter of noise draws is a scalar"
    Checkpointer(tmp_path, model, saved).save(Position(1, 0))
    callbacks = [stopping(), keras.callbacks.ReduceLROnPlateau(), stopping()]
    callbacks[2].best_weights = [np.zeros(2)]
    checkpointer = Checkpointer(tmp_path, center_vae(), callbacks)
    checkpointer.restore()
    assert callbacks[0].wait == 0, "training has not begun"
    checkpointer.restore_callbacks()
    assert (callbacks[0].wait, callbacks[0].best) == (1, 0.5)
    for weight, expected in zip(callbacks[0].best_weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)
    assert (callbacks[1].best, callbacks[1].mode) == (None, "max")
    assert (callbacks[2].wait, callbacks[2].best_weights) == (2, None)


def test_stop_by_a_callback_is_part_of_the_position(tmp_path):
    model = center_vae()
    checkpointer = Checkpointer(tmp_path, model)
    for stopped in (True, False):
        model.stop_training = stopped
        checkpointer.save(Position(3, 0))
        assert Checkpointer(tmp_path, center_vae()).restore() == Position(3, 0, stopped=stopped)


def test_checkpoint_of_an_earlier_version_restores_without_state_of_callbacks(tmp_path):
    """Up to version 0.1.0 a checkpoint held variables, epoch and step."""
    model = center_vae()
    Checkpointer(tmp_path / "new", model)  # builds the optimizer
    step(model, 0)
    metrics = [variable for metric in model.metrics for variable in metric.variables]
    variables = [*model.variables, *model.optimizer.variables, *metrics]
    earlier = tf.train.Checkpoint(
        variables=[variable.value for variable in variables],
        epoch=tf.Variable(4, dtype=tf.int64),
        step=tf.Variable(2, dtype=tf.int64),
    )
    tf.train.CheckpointManager(earlier, str(tmp_path / "old"), max_to_keep=2).save()
    copy, callback = center_vae(), stopping()
    callback.wait = 1
    checkpointer = Checkpointer(tmp_path / "old", copy, [callback])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert checkpointer.restore() == Position(4, 2, stopped=False)
    assert_equal_states(copy, model)
    checkpointer.restore_callbacks()
    assert callback.wait == 1
    checkpointer.save(Position(5, 0))
    assert Checkpointer(tmp_path / "old", center_vae(), [stopping()]).restore() == Position(5, 0)


def test_state_of_callbacks_holds_no_pickles(tmp_path):
    """An attribute that is no plain value is left out."""
    model, callback = center_vae(), stopping()
    callback.best = {"pickled": object()}
    checkpointer = Checkpointer(tmp_path, model, [callback])
    checkpointer.save(Position(1, 0))
    with np.load(io.BytesIO(checkpointer._state.numpy()), allow_pickle=False) as state:
        plain = json.loads(state["plain"].item())
    assert "0/EarlyStopping/wait" in plain and "0/EarlyStopping/best" not in plain
