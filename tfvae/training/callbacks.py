"""Keras callbacks of every run: checkpoints, the stop at non-finite losses, TensorBoard, the progress bar."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from rich.progress import Progress, TaskID

from tfvae.errors import NonFiniteLoss
from tfvae.files import atomic_write, write_json
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.run_folder import RunFolder, step_rows

Pictures = Callable[[Any], Mapping[str, np.ndarray]]


class StopOnNonFinite(keras.callbacks.Callback):
    """Stops after an execution of steps in which a term of the loss was not finite; names the step and the term."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        failed = int(self.model.failed_step.numpy())
        if failed >= 0:
            term = self.model.term_names[int(self.model.failed_term.numpy())]
            raise NonFiniteLoss(
                f"Expected finite losses. Received: the term '{term}' was not finite at step "
                f"{failed // self.model.updates_per_step}. "
                "Lower the learning rate or the weight of that term; the last good checkpoint is kept."
            )


class LearningRates(keras.callbacks.Callback):
    """Sets the learning rate of each optimizer at the beginning of each epoch.

    Args:
        schedules: for each optimizer, in the order of `model.optimizers_and_variables()`, a function of the epoch,
            counted from 0, to its learning rate: a schedule of `keras.optimizers.schedules` whose steps are epochs, or
            any other; None leaves an optimizer's as it is.
    """

    def __init__(self, *schedules: Callable[[int], Any] | None) -> None:
        super().__init__()
        self.schedules = schedules

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        for (optimizer, _), schedule in zip(self.model.optimizers_and_variables(), self.schedules, strict=False):
            if schedule is not None:
                optimizer.learning_rate = float(schedule(epoch))


class AtEpoch(keras.callbacks.Callback):
    """Calls a function that may change the model, at the end of one epoch, before its checkpoint is written.

    Args:
        epoch: int >= 1.
        change: function of the model.
    """

    def __init__(self, epoch: int, change: Callable[[Any], None]) -> None:
        super().__init__()
        self.epoch = epoch
        self.change = change

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch + 1 == self.epoch:
            self.change(self.model)


class EpochMetrics(keras.callbacks.Callback):
    """Adds numbers of the model to the logs of each epoch, so that history, TensorBoard and callbacks have them.

    Args:
        measure: function of the model to {name: number}.
    """

    def __init__(self, measure: Callable[[Any], Mapping[str, float]]) -> None:
        super().__init__()
        self.measure = measure

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs.update({name: float(value) for name, value in self.measure(self.model).items()})


class EpochWarnings(keras.callbacks.Callback):
    """Prints and logs a warning about the training when it is another than that of the epoch before.

    Args:
        folder: the run's, whose history holds the epochs of an earlier part of the training.
        warning: function of the rows of the history so far to a warning, or None.
        say: prints a line.
    """

    def __init__(
        self,
        folder: RunFolder,
        warning: Callable[[Sequence[Mapping[str, Any]]], str | None],
        say: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.folder = folder
        self.warning = warning
        self.say = say
        self.rows: list[dict[str, Any]] = []

    def resume(self, position: Position, rows: Sequence[dict[str, Any]]) -> None:
        """The training goes on after the epochs of `rows`."""
        self.rows = list(rows)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        before = self.warning(self.rows)
        self.rows.append(history_row(self.model, epoch, logs))
        warning = self.warning(self.rows)
        if warning and warning != before:
            writer = tf.summary.create_file_writer(str(self.folder.path))
            with writer.as_default(step=epoch + 1):
                tf.summary.text("warning", warning)
            writer.close()
            self.say(warning)


class StepHistory(keras.callbacks.Callback):
    """The mean of each term over every execution of steps, appended to a file: what an epoch's mean hides.

    From the running means of an epoch, m1 after n1 steps and m2 after n2: (n2 * m2 - n1 * m1) / (n2 - n1).

    Args:
        folder: the run's.
        steps_per_epoch: int >= 1.
    """

    def __init__(self, folder: RunFolder, steps_per_epoch: int) -> None:
        super().__init__()
        self.folder = folder
        self.steps_per_epoch = steps_per_epoch
        self.first_step = 0

    def resume(self, position: Position, rows: Sequence[dict[str, Any]]) -> None:
        """Drops the rows of steps that no checkpoint kept."""
        self.first_step = position.step
        done = position.epoch * self.steps_per_epoch + position.step
        kept = [row for row in step_rows(self.folder) if row["step"] <= done]
        with atomic_write(self.folder.steps) as temporary:
            temporary.write_text("".join(f"{_compact(row)}\n" for row in kept))

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.before = epoch * self.steps_per_epoch
        self.done = self.first_step
        means = {metric.name: metric.result() for metric in self.model.metrics} if self.done else {}
        self.sums = {name: float(mean) * self.done for name, mean in means.items()}

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        # Keras numbers the last execution of an epoch as if it were a full one.
        done = min(self.first_step + batch + 1, self.steps_per_epoch)
        sums = {name: float(mean) * done for name, mean in (logs or {}).items()}
        train = {name: (total - self.sums.get(name, 0.0)) / (done - self.done) for name, total in sums.items()}
        with open(self.folder.steps, "a") as file:
            file.write(f"{_compact({'step': self.before + done, 'train': train})}\n")
        self.done, self.sums = done, sums

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.first_step = 0


def _compact(row: Mapping[str, Any]) -> str:
    return json.dumps(row, separators=(",", ":"))


def history_row(model: Any, epoch: int, logs: Mapping[str, Any] | None) -> dict[str, Any]:
    """The logs of an epoch, split into terms of training and of validation, and what callbacks added."""
    values = {name: float(value) for name, value in (logs or {}).items()}
    own = {metric.name for metric in model.metrics}
    row: dict[str, Any] = {
        "epoch": epoch + 1,
        "train": {name: value for name, value in values.items() if name in own},
        "validation": {name[4:]: value for name, value in values.items() if name[4:] in own and name[:4] == "val_"},
    }
    others = {name: value for name, value in values.items() if name not in own and name[4:] not in own}
    return {**row, "epoch_metrics": others} if others else row


class History(keras.callbacks.Callback):
    """Logs and seconds of every epoch, kept on disk so that a resumed run has them all.

    Args:
        folder: the run's.
    """

    def __init__(self, folder: RunFolder) -> None:
        super().__init__()
        self.folder = folder
        self.rows: list[dict[str, Any]] = []

    def resume(self, position: Position, rows: Sequence[dict[str, Any]]) -> None:
        """The training goes on after the epochs of `rows`."""
        self.rows = list(rows)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.rows.append({**history_row(self.model, epoch, logs), "seconds": time.monotonic() - self.began})
        write_json(self.folder.history, self.rows)


class SaveCheckpoints(keras.callbacks.Callback):
    """A checkpoint at the end of each epoch, and within one after so many minutes.

    Args:
        checkpointer: of the model that is trained.
        minutes: float >= 0, time after which an epoch is interrupted by a checkpoint.
    """

    def __init__(self, checkpointer: Checkpointer, minutes: float) -> None:
        super().__init__()
        self.checkpointer = checkpointer
        self.minutes = minutes
        self.first_step = 0
        self.saved = time.monotonic()

    def resume(self, position: Position, rows: Sequence[dict[str, Any]]) -> None:
        """The next epoch goes on at a step, with the running means of the restored checkpoint."""
        self.first_step = position.step

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        # Before a batch, because the last execution of an epoch may end early and does not say where.
        if batch and time.monotonic() - self.saved >= 60 * self.minutes:
            self._save(Position(self.epoch, self.first_step + batch))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.first_step = 0
        self._save(Position(epoch + 1, 0))

    def _save(self, position: Position) -> None:
        self.checkpointer.save(position)
        self.saved = time.monotonic()


class TensorBoardTerms(keras.callbacks.Callback):
    """Every term of the loss under one name, a curve for training and one for validation.

    Args:
        folder: the run's; curves go to its `train` and `validation` sub-folders, which TensorBoard shows as runs.
    """

    def __init__(self, folder: RunFolder) -> None:
        super().__init__()
        self.writers = {
            part: tf.summary.create_file_writer(str(folder.path / part)) for part in ("train", "validation")
        }

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        row = history_row(self.model, epoch, logs)
        values = {
            "train": {f"terms/{name}": value for name, value in row["train"].items()}
            | {f"epoch/{name}": value for name, value in row.get("epoch_metrics", {}).items()},
            "validation": {f"terms/{name}": value for name, value in row["validation"].items()},
        }
        for part, writer in self.writers.items():
            with writer.as_default(step=epoch + 1):
                for name, value in values[part].items():
                    tf.summary.scalar(name, value)
            writer.flush()


class TensorBoardPictures(keras.callbacks.Callback):
    """Pictures of the model at epochs 1, 2, 5, 10, 20, 50 and so on, and at the last.

    Args:
        folder: the run's.
        pictures: function of the model to {tag: uint8 [height, width, channels]}.
        epochs: int, number of epochs of the run.
        snapshots: epochs whose pictures are kept as files too, `figures/epoch-010_<tag>.png`.
    """

    def __init__(self, folder: RunFolder, pictures: Pictures, epochs: int, snapshots: Sequence[int] = ()) -> None:
        super().__init__()
        self.figures = folder.figures
        self.snapshots = snapshots
        self.writer = tf.summary.create_file_writer(str(folder.path))
        self.pictures = pictures
        self.epochs = epochs

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        kept = epoch + 1 in self.snapshots
        if not (kept or is_milestone(epoch + 1) or epoch + 1 == self.epochs):
            return
        with self.writer.as_default(step=epoch + 1):
            for tag, picture in self.pictures(self.model).items():
                tf.summary.image(tag, picture[np.newaxis])
                if kept:
                    with atomic_write(self.figures / f"epoch-{epoch + 1:03}_{tag.replace('/', '_')}.png") as temporary:
                        Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(temporary)
        self.writer.flush()


def is_milestone(epoch: int) -> bool:
    """Whether `epoch`, counted from 1, is 1, 2 or 5 times a power of ten."""
    return epoch in {factor * 10**power for factor in (1, 2, 5) for power in range(6)}


class ProgressBar(keras.callbacks.Callback):
    """Moves a bar by the steps that were done, and shows the loss beside it.

    Args:
        progress: the bars of all runs; without a terminal it draws nothing, and a line is printed at milestones.
        task: this run's bar.
    """

    def __init__(self, progress: Progress, task: TaskID) -> None:
        super().__init__()
        self.progress = progress
        self.task = task

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.done = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        loss = float((logs or {}).get("loss", np.nan))
        # Keras numbers the last execution of an epoch as if it were a full one.
        done = min(batch + 1, (self.params or {}).get("steps") or batch + 1)
        self.progress.update(self.task, advance=done - self.done, loss=f"loss {loss:.2f}")
        self.done = done

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if not self.progress.console.is_terminal and is_milestone(epoch + 1):
            terms = "  ".join(f"{name} {float(value):.2f}" for name, value in (logs or {}).items())
            self.progress.console.print(f"  epoch {epoch + 1}: {terms}", highlight=False, soft_wrap=True)
