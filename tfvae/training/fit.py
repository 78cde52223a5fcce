"""Training of one model for its epochs, from wherever its folder says that it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfvae.data.labeled import LabeledData
from tfvae.data.pipeline import evaluation_batches, steps_per_epoch, training_batches
from tfvae.models.base import GenerativeModel
from tfvae.models.inference import inference_batch_size
from tfvae.training.callbacks import (
    History,
    LearningRates,
    ProgressBar,
    SaveCheckpoints,
    StopOnNonFinite,
    TensorBoardPictures,
    TensorBoardTerms,
)
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.config import Training
from tfvae.training.run import Run


def train(model: GenerativeModel, run: Run) -> None:
    """Trains a compiled model to the end, resuming from what the run's folder holds.

    Args:
        model: compiled model.
        run: data, configuration, callbacks and folder. The test split gives the validation curves.

    Raises:
        NonFiniteLoss: if a term of the loss was not finite.
        InputError: if every checkpoint is damaged or the batch is larger than the data.
    """
    training, folder, data = run.config.training, run.folder, run.data
    own = [*training_callbacks(model, training), *run.variant.callbacks(run)]
    checkpointer = Checkpointer(folder.checkpoints, model, own)
    position = checkpointer.restore()
    steps = steps_per_epoch(data, training.batch_size)
    done = position.epoch * steps + position.step
    task = run.progress.add_task(run.name, total=training.epochs * steps, completed=done, loss="")
    callbacks = [
        StopOnNonFinite(),
        ProgressBar(run.progress, task),
        *own,
        TensorBoardTerms(folder),
        TensorBoardPictures(
            folder, lambda trained: run.variant.images(trained, data), training.epochs, run.variant.snapshots
        ),
        History(folder),
        SaveCheckpoints(checkpointer, training.checkpoint_minutes),
    ]
    together = _Callbacks(callbacks, model, checkpointer, resumed=position.step > 0)
    together.begin(position, run.history[: position.epoch] if position.epoch else [])
    fit = _Fit(model, data, training, run.seed, together, steps)
    if position.step:
        fit(position, last_epoch=position.epoch + 1)
        # Keras writes averaged weights (`use_ema`) into the model whenever `fit` ends.
        position = checkpointer.restore()
    if not position.stopped and position.epoch < training.epochs:
        fit(Position(position.epoch), last_epoch=training.epochs)
    else:
        model.optimizer.finalize_variable_values(model.trainable_weights)  # as at the end of `fit`
    together.end()


def training_callbacks(model: GenerativeModel, training: Training) -> list[keras.callbacks.Callback]:
    """The callbacks that the configuration of a training asks for."""
    callbacks: list[keras.callbacks.Callback] = []
    if training.schedule == "cosine":
        schedules = [
            keras.optimizers.schedules.CosineDecay(
                float(keras.ops.convert_to_numpy(optimizer.learning_rate)), training.epochs
            )
            for optimizer, _ in model.optimizers_and_variables()
        ]
        callbacks.append(LearningRates(*schedules))
    if training.reduce_on_plateau is not None:
        callbacks.append(keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=training.reduce_on_plateau))
    if training.early_stopping is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                "val_loss", patience=training.early_stopping, mode="min", restore_best_weights=True
            )
        )
    return callbacks


class _Callbacks(keras.callbacks.CallbackList):
    """Callbacks that see one training where `fit` is called twice, for the rest of an epoch and for the others."""

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        model: GenerativeModel,
        checkpointer: Checkpointer,
        *,
        resumed: bool,
    ) -> None:
        super().__init__(list(callbacks), add_history=True, model=model)
        self.checkpointer = checkpointer
        self.resumed = resumed
        self.logs: Any = None
        with tf.device("CPU:0"):
            self.epoch = tf.Variable(0, dtype=tf.int64, trainable=False)

    def begin(self, position: Position, rows: Sequence[dict[str, Any]]) -> None:
        """Begins the training at a position, after the epochs of `rows`, with the state that a checkpoint kept."""
        super().on_train_begin()
        self.checkpointer.restore_callbacks()
        for callback in self.callbacks:
            if hasattr(callback, "resume"):
                callback.resume(position, rows)

    def end(self) -> None:
        """Ends the training."""
        super().on_train_end(self.logs)

    def on_train_begin(self, logs: Any = None) -> None:
        """`begin` has done it."""

    def on_train_end(self, logs: Any = None) -> None:
        self.logs = logs

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Tells the data which epoch begins; an interrupted one goes on with its running means."""
        self.epoch.assign(epoch)
        if self.resumed:
            self.checkpointer.restore_metrics()
            self.resumed = False
        super().on_epoch_begin(epoch, logs)


class _Fit:
    """Calls of `model.fit` that share data, callbacks and compiled functions."""

    def __init__(
        self,
        model: GenerativeModel,
        data: LabeledData,
        training: Training,
        seed: int,
        callbacks: _Callbacks,
        steps: int,
    ) -> None:
        self.model = model
        self.data = data
        self.training = training
        self.seed = seed
        self.callbacks = callbacks
        self.steps = steps
        self.validation = evaluation_batches(data, "test", batch_size=_validation_batch(data))

    def __call__(self, position: Position, *, last_epoch: int) -> None:
        """Trains from a position to the beginning of an epoch."""
        self.callbacks.set_params({"verbose": 0, "epochs": self.training.epochs, "steps": self.steps - position.step})
        self.model.fit(
            training_batches(
                self.data,
                batch_size=self.training.batch_size,
                seed=self.seed,
                epoch=self.callbacks.epoch,
                first_step=position.step,
            ),
            initial_epoch=position.epoch,
            epochs=last_epoch,
            validation_data=self.validation,
            callbacks=self.callbacks,
            shuffle=False,
            verbose=0,
        )


def _validation_batch(data: LabeledData) -> int:
    """A batch size that cuts the test split into nearly equal batches, since some terms need the others of a batch."""
    count = len(data.test_labels)
    batches = -(-count // inference_batch_size(data.train_images.shape[1:]))
    return -(-count // batches)
