"""Checkpoints: everything that a training needs to go on as if it had never stopped."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfvae.errors import InputError
from tfvae.models.base import GenerativeModel


@dataclass(frozen=True)
class Position:
    """How far a training has come: the next step is number `step` of epoch `epoch`, both from 0.

    `stopped` says that a callback, such as early stopping, has ended it.
    """

    epoch: int = 0
    step: int = 0
    stopped: bool = False


class Checkpointer:
    """Saves and restores a model, its optimizers, noise counters, metrics, callbacks' state and the data position.

    The order of the data is a function of (seed, epoch), so the position is all there is to say of it. Each
    checkpoint is written whole before it is named the newest; two are kept.

    Args:
        folder: where checkpoints are written.
        model: compiled model; its optimizers are built here, on their own variables, so that none is skipped.
        callbacks: Keras callbacks whose plain attributes (numbers, strings and lists of arrays, such as the patience
            and best weights of `EarlyStopping`) are kept.
    """

    def __init__(
        self, folder: Path, model: GenerativeModel, callbacks: Sequence[keras.callbacks.Callback] = ()
    ) -> None:
        self._model = model
        self._callbacks = callbacks
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
        self._state = tf.Variable(b"", dtype=tf.string, trainable=False)
        saved = {"variables": [variable.value for variable in variables], "epoch": self._epoch, "step": self._step}
        self._checkpoint = tf.train.Checkpoint(**saved, callbacks=self._state)
        self._without_callbacks = tf.train.Checkpoint(**saved)  # of runs up to version 0.1.0
        self._manager = tf.train.CheckpointManager(self._checkpoint, str(folder), max_to_keep=2)
        self._metric_values: list[np.ndarray] = []

    def save(self, position: Position) -> None:
        """Writes a checkpoint that goes on at `position`."""
        self._epoch.assign(position.epoch)
        self._step.assign(position.step)
        self._state.assign(_packed(self._callbacks, stopped=bool(self._model.stop_training)))
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
                names = {name for name, _ in tf.train.list_variables(path)}
                whole = any(name.startswith("callbacks/") for name in names)
                checkpoint = self._checkpoint if whole else self._without_callbacks
                checkpoint.restore(path).assert_existing_objects_matched()
            except (tf.errors.OpError, AssertionError, LookupError, ValueError) as error:
                first_line = str(error).splitlines()[0]
                warnings.warn(f"Checkpoint {path} is damaged ({first_line}); trying the one before.", stacklevel=2)
                continue
            self._metric_values = [variable.numpy() for variable in self._metric_variables]
            state = json.loads(np.load(io.BytesIO(self._state.numpy()))["plain"].item()) if whole else {}
            return Position(int(self._epoch.numpy()), int(self._step.numpy()), state.get("stopped", False))
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

    def restore_callbacks(self) -> None:
        """Puts the callbacks' attributes back that they reset when training begins."""
        content = self._state.numpy()
        if content:
            _unpack(content, self._callbacks)


def _packed(callbacks: Sequence[keras.callbacks.Callback], *, stopped: bool) -> bytes:
    """The callbacks' plain attributes, as the bytes of an .npz file."""
    plain: dict[str, Any] = {"stopped": stopped}
    arrays: dict[str, np.ndarray] = {}
    for place, callback in enumerate(callbacks):
        for name, value in vars(callback).items():
            key = f"{place}/{type(callback).__name__}/{name}"
            if value is None or isinstance(value, bool | int | float | str | np.number):
                plain[key] = value.item() if isinstance(value, np.number) else value
            elif isinstance(value, list) and value and all(isinstance(item, np.ndarray | np.generic) for item in value):
                arrays |= {f"{key}/{number}": np.asarray(item) for number, item in enumerate(value)}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, plain=np.array(json.dumps(plain)), **arrays)
    return buffer.getvalue()


def _unpack(content: bytes, callbacks: Sequence[keras.callbacks.Callback]) -> None:
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        plain = json.loads(file["plain"].item())
        for place, callback in enumerate(callbacks):
            start = f"{place}/{type(callback).__name__}/"
            for key, value in plain.items():
                if key.startswith(start):
                    setattr(callback, key.removeprefix(start), value)
            lists: dict[str, dict[int, np.ndarray]] = {}
            for key in file.files:
                if key.startswith(start):
                    name, _, number = key.removeprefix(start).partition("/")
                    lists.setdefault(name, {})[int(number)] = file[key]
            for name, items in lists.items():
                setattr(callback, name, [items[number] for number in sorted(items)])


def _number(path: str) -> int:
    return int(path.rpartition("-")[2])
