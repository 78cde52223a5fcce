"""Early stopping, rates that fall on a plateau and schedules: exact, and unchanged by interruptions."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.commands import (
    assert_equal_arrays,
    built,
    command,
    history_without_seconds,
    run_folder,
    saved_weights,
)
from tests.training.tiny import STEPS, VALIDATION_LOSSES
from tfvae.files import read_json
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.config import Training
from tfvae.training.fit import training_callbacks
from tfvae.training.run_folder import RunFolder, step_rows

RATE = 0.01
SCRIPTED = ("--variants", "scripted", "--training.learning-rate", str(RATE))
PLATEAU = (
    *SCRIPTED,
    *("--training.epochs", "8", "--training.early-stopping", "3", "--training.reduce-on-plateau", "2"),
)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> RunFolder:
    out = tmp_path_factory.mktemp("undisturbed")
    assert command(out, *PLATEAU) == 0
    return run_folder(out, "scripted")


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory) -> RunFolder:
    """The same run, interrupted wherever a callback's state could be lost."""
    out = tmp_path_factory.mktemp("interrupted")
    folder = run_folder(out, "scripted")
    # Executions count three steps each, four in an epoch. In the order of the training:
    moments = [
        f"step-{12 + 6}",  # within epoch 2
        "begin-4",  # between epochs 3 and 4
        "epoch-6",  # both are waiting, and the checkpoint after which the rate is halved is not written
        "epoch-7",  # the epoch that stops the training is done, its checkpoint is not written
        "evaluation",  # the training has stopped, nothing is measured
    ]
    for moment in moments:
        assert command(out, *PLATEAU, at=moment) == 130
        assert not folder.finished
    stopped = folder.history.stat().st_mtime_ns
    assert command(out, *PLATEAU) == 0
    assert folder.history.stat().st_mtime_ns == stopped, "a stopped training was continued"
    return folder


def restored(folder: RunFolder) -> tuple[Position, list, list[np.ndarray]]:
    """Position, callbacks and every variable of the newest checkpoint."""
    model = built("scripted")
    callbacks = training_callbacks(model, Training(early_stopping=3, reduce_on_plateau=2))
    checkpointer = Checkpointer(folder.checkpoints, model, callbacks)
    position = checkpointer.restore()
    checkpointer.restore_callbacks()
    optimizer = [variable.numpy() for variable in model.optimizer.variables]
    return position, callbacks, [*optimizer, *model.get_weights()]


def test_validation_losses_are_the_scripted_ones(undisturbed):
    losses = [row["validation"]["loss"] for row in history_without_seconds(undisturbed)]
    assert losses == list(VALIDATION_LOSSES[:7])


def test_early_stopping_stops_after_patience_epochs_without_improvement(undisturbed):
    """Epoch 4 has the lowest loss; epochs 5, 6 and 7 are no better."""
    assert read_json(undisturbed.metrics)["epochs"] == len(read_json(undisturbed.history)) == 7
    position, (_, stopping), _ = restored(undisturbed)
    assert position == Position(7, 0, stopped=True)
    assert (stopping.wait, stopping.best, stopping.stopped_epoch) == (3, 7.0, 6)


def test_learning_rate_is_halved_after_patience_epochs_without_improvement(undisturbed):
    """Epochs 5 and 6 are no better than epoch 4, so epoch 7 has half the rate; epoch 3 alone is too few."""
    rates = [row["epoch_metrics"]["learning_rate"] for row in history_without_seconds(undisturbed)]
    assert rates == pytest.approx([RATE] * 6 + [RATE / 2], rel=1e-6)


def test_early_stopping_restores_the_weights_of_the_best_epoch(undisturbed, tmp_path):
    """The rate is first halved after epoch 6, so the best epoch ends as a run of four epochs does."""
    assert command(tmp_path, *SCRIPTED, "--training.epochs", "4") == 0
    four = run_folder(tmp_path, "scripted")
    assert_equal_arrays(saved_weights(undisturbed), saved_weights(four))
    assert read_json(undisturbed.metrics)["metrics"]["elbo"] == read_json(four.metrics)["metrics"]["elbo"]


def test_interrupted_training_ends_as_an_undisturbed_one(interrupted, undisturbed):
    assert_equal_arrays(saved_weights(interrupted), saved_weights(undisturbed))
    assert history_without_seconds(interrupted) == history_without_seconds(undisturbed)
    metrics = [read_json(folder.metrics)["metrics"] for folder in (interrupted, undisturbed)]
    measured = {"elbo", "active_units", "silhouette", "reconstruction_mse"}
    assert measured < metrics[0].keys()
    assert all(metrics[0][name] == metrics[1][name] for name in measured)


def test_interrupted_callbacks_end_in_the_state_of_undisturbed_ones(interrupted, undisturbed):
    (position, callbacks, ours), (expected, others, theirs) = restored(interrupted), restored(undisturbed)
    assert position == expected
    assert_equal_arrays(ours, theirs)
    for callback, other in zip(callbacks, others, strict=True):
        assert (callback.wait, callback.best) == (other.wait, other.best)
    assert_equal_arrays(callbacks[1].best_weights, others[1].best_weights)


def test_interrupted_step_history_is_that_of_an_undisturbed_run(interrupted, undisturbed):
    rows, expected = step_rows(interrupted), step_rows(undisturbed)
    assert [row["step"] for row in rows] == [STEPS * epoch + step for epoch in range(7) for step in (3, 6, 9, 10)]
    for row, other in zip(rows, expected, strict=True):
        assert row["step"] == other["step"] and row["train"] == pytest.approx(other["train"], rel=1e-5)


def test_best_weights_are_restored_where_all_epochs_were_trained_before_an_interruption(undisturbed, tmp_path):
    """Six epochs: patience 3 is never used up, and epoch 4 is still the best."""
    words = (*SCRIPTED, "--training.epochs", "6", "--training.early-stopping", "3")
    assert command(tmp_path, *words, at="evaluation") == 130
    assert command(tmp_path, *words) == 0
    folder = run_folder(tmp_path, "scripted")
    assert read_json(folder.metrics)["epochs"] == 6
    assert_equal_arrays(saved_weights(folder), saved_weights(undisturbed))


def test_averaged_weights_of_an_interrupted_training_are_those_of_an_undisturbed_one(tmp_path):
    """Keras writes the averages into the model when `fit` ends, which an interrupted epoch makes it do twice."""
    words = ("--variants", "averaged", "--training.epochs", "2")
    assert command(tmp_path / "undisturbed", *words) == 0
    for moment in ("step-6", "evaluation", ""):
        assert command(tmp_path / "interrupted", *words, at=moment) == (130 if moment else 0)
    ours, theirs = (run_folder(tmp_path / name, "averaged") for name in ("interrupted", "undisturbed"))
    assert_equal_arrays(saved_weights(ours), saved_weights(theirs))
    model = built("averaged")
    Checkpointer(theirs.checkpoints, model).restore()
    averages = saved_weights(theirs)
    assert np.abs(model.trainable_variables[0].numpy() - averages[0]).max() > 1e-4, "averages differ from the weights"
