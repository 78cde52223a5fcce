"""Training one model for its epochs, from wherever its folder says that it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from rich.progress import Progress

from tfvae.data.labeled import LabeledData
from tfvae.data.pipeline import evaluation_batches, steps_per_epoch, training_batches
from tfvae.files import read_json
from tfvae.models.base import GenerativeModel
from tfvae.models.inference import inference_batch_size
from tfvae.training.callbacks import (
    AfterEpoch,
    History,
    ProgressBar,
    SaveCheckpoints,
    StepHistory,
    StopOnNonFinite,
    TensorBoardPictures,
    TensorBoardTerms,
    Watch,
)
from tfvae.training.checkpoint import Checkpointer
from tfvae.training.config import Training
from tfvae.training.run_folder import RunFolder


def train(
    model: GenerativeModel,
    data: LabeledData,
    training: Training,
    *,
    seed: int,
    folder: RunFolder,
    pictures: Callable[[Any], Mapping[str, np.ndarray]],
    progress: Progress,
    description: str,
    snapshots: Sequence[int] = (),
    after_epoch: Callable[[Any, int], None] = lambda model, epoch: None,
    watch: Callable[[Any], Mapping[str, float]] = lambda model: {},
    alarm: Callable[[Sequence[Mapping[str, Any]]], str | None] = lambda history: None,
) -> list[dict[str, Any]]:
    """Trains a compiled model to the end, resuming what the folder holds.

    Args:
        model: compiled model.
        data: training images, and test images for the validation curves (nothing is chosen on them).
        training: epochs, batch size and the rest.
        seed: int, of the order of the data.
        folder: the run's, for checkpoints, history and event files.
        pictures: function of the model to {tag: uint8 [height, width, channels]} for TensorBoard.
        progress: where the bar is drawn.
        description: str, beside the bar.
        snapshots: epochs whose pictures are kept as files too.
        after_epoch: function of the model and the epoch, counted from 1, which may change the model.
        watch: function of the model to {name: number}, for the history of every epoch.
        alarm: function of the history so far to a warning or None.

    Returns:
        The history, a row an epoch.

    Raises:
        NonFiniteLoss: if a term of the loss was not finite.
        InputError: if every checkpoint is damaged or the batch is larger than the data.
    """
    checkpointer = Checkpointer(folder.checkpoints, model)
    position = checkpointer.restore()
    steps = steps_per_epoch(data, training.batch_size)
    rows = read_json(folder.history)[: position.epoch] if position.epoch else []
    task = progress.add_task(
        description, total=training.epochs * steps, completed=position.epoch * steps + position.step, loss=""
    )
    saving = SaveCheckpoints(checkpointer, training.checkpoint_minutes)
    within = StepHistory(folder, _steps_before(folder, position.epoch * steps + position.step), steps)
    callbacks = [
        StopOnNonFinite(),
        ProgressBar(progress, task),
        AfterEpoch(after_epoch),
        TensorBoardTerms(folder),
        TensorBoardPictures(folder, pictures, training.epochs, snapshots),
        History(folder, rows),
        Watch(folder, rows, watch, alarm, lambda warning: progress.console.print(f"{description}: {warning}")),
        # Its first epoch begins with the running means that it restores, so `within` comes after it.
        saving,
        within,
    ]
    validation = evaluation_batches(data, "test", batch_size=_validation_batch(data))
    for epoch in range(position.epoch, training.epochs):
        step = position.step if epoch == position.epoch else 0
        saving.begin_epoch_at(step)
        within.begin_epoch_at(step)
        batches = training_batches(data, batch_size=training.batch_size, seed=seed, first_epoch=epoch, first_step=step)
        # One call an epoch: a finite stream ends where the epoch does, whatever steps_per_execution is.
        model.fit(
            batches.take(steps - step).apply(tf.data.experimental.assert_cardinality(steps - step)),
            initial_epoch=epoch,
            epochs=epoch + 1,
            validation_data=validation,
            callbacks=keras.callbacks.CallbackList(callbacks, add_history=True, model=model, steps=steps - step),
            shuffle=False,
            verbose=0,
        )
    return rows


def _validation_batch(data: LabeledData) -> int:
    """A batch size that cuts the test split into nearly equal batches, since some terms need the others of a batch."""
    count = len(data.test_labels)
    batches = -(-count // inference_batch_size(data.train_images.shape[1:]))
    return -(-count // batches)


def _steps_before(folder: RunFolder, step: int) -> list[dict[str, Any]]:
    """The rows of an earlier part of this run, up to the step that it goes on at."""
    return [row for row in read_json(folder.steps) if row["step"] <= step] if step and folder.steps.exists() else []
