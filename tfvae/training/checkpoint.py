"""One checkpoint path: everything that a run needs to go on as if it had never stopped."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfvae.errors import InputError
from tfvae.models.base import GenerativeModel


@dataclass(frozen=True)
class Position:
    """How far a run has come: the next step is number `step` of epoch `epoch`, both from 0."""

    epoch: int = 0
    step: int = 0


class Checkpointer:
    """Saves and restores a model, its optimizers, its noise counters, its metrics and the data position.

    The order of the data is a function of (seed, epoch), so the position is all there is to say of it. Each
    checkpoint is written whole before it is named the newest; two are kept.

    Args:
        folder: where checkpoints are written.
        model: compiled model; its optimizers are built here, on their own variables, so that none is skipped.
    """

    def __init__(self, folder: Path, model: GenerativeModel) -> None:
        with model.distribute_strategy.scope():
            for optimizer, variables in model.optimizers_and_variables():
                if not optimizer.built:
                    optimizer.build(variables)
        self._metric_variables = [variable for metric in model.metrics for variable in metric.variables]
        optimizers = [variable for optimizer, _ in model.optimizers_and_variables() for variable in optimizer.variables]
        variables = [*model.variables, *optimizers, *self._metric_variables]
        self._epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._step = tf.Variable(0, dtype=tf.int64, trainable=False)
        # A list of variables: Keras' own object graph leaves out a network that an optimizer reaches first.
        self._checkpoint = tf.train.Checkpoint(
            variables=[variable.value for variable in variables], epoch=self._epoch, step=self._step
        )
        self._manager = tf.train.CheckpointManager(self._checkpoint, str(folder), max_to_keep=2)
        self._metric_values: list[np.ndarray] = []

    def save(self, position: Position) -> None:
        """Writes a checkpoint that goes on at `position`."""
        self._epoch.assign(position.epoch)
        self._step.assign(position.step)
        self._manager.save()

    def restore(self) -> Position:
        """Restores the newest checkpoint that can be read; `Position(0, 0)` where there is none.

        Returns:
            The position to go on at.

        Raises:
            InputError: if there are checkpoints and none can be read.
        """
        paths = self._paths()
        for path in paths:
            try:
                self._checkpoint.restore(path).assert_existing_objects_matched()
            except (tf.errors.OpError, AssertionError, LookupError, ValueError) as error:
                first_line = str(error).splitlines()[0]
                warnings.warn(f"Checkpoint {path} is damaged ({first_line}); trying the one before.", stacklevel=2)
                continue
            self._metric_values = [variable.numpy() for variable in self._metric_variables]
            return Position(int(self._epoch.numpy()), int(self._step.numpy()))
        if paths:
            raise InputError(
                f"Expected a readable checkpoint in {self._manager.directory}. Received: {len(paths)}, all damaged. "
                "Start the run afresh with --overwrite."
            )
        return Position()

    def _paths(self) -> list[str]:
        """The checkpoints in the folder, newest first; an index file is the last that a checkpoint writes."""
        indices = Path(self._manager.directory).glob("ckpt-*.index")
        return sorted((str(index.with_suffix("")) for index in indices), key=_number, reverse=True)

    def restore_metrics(self) -> None:
        """Puts the running means back that `fit` resets at the start of an epoch."""
        for variable, value in zip(self._metric_variables, self._metric_values, strict=True):
            variable.assign(value)


def _number(path: str) -> int:
    return int(path.rpartition("-")[2])
