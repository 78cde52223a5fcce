"""What happens beside the training: checkpoints, the non-finite stop, TensorBoard, the progress bar."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from rich.progress import Progress, TaskID

from tfvae.files import atomic_write, write_json
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.run_folder import RunFolder

Pictures = Callable[[Any], Mapping[str, np.ndarray]]


class NonFiniteLoss(RuntimeError):
    """A term of the loss became infinite or no number."""


class StopOnNonFinite(keras.callbacks.Callback):
    """Stops at the first look after a term of the loss was not finite, and names the step and the term."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        failed = int(self.model.failed_step.numpy())
        if failed >= 0:
            term = self.model.term_names[int(self.model.failed_term.numpy())]
            raise NonFiniteLoss(
                f"Expected finite losses. Received: the term '{term}' was not finite at step "
                f"{failed // self.model.updates_per_step}. "
                "Lower the learning rate or the weight of that term; the last good checkpoint is kept."
            )


class AfterEpoch(keras.callbacks.Callback):
    """Calls a function that may change the model, at the end of each epoch, before its checkpoint is written.

    Args:
        change: function of the model and the epoch, counted from 1.
    """

    def __init__(self, change: Callable[[Any, int], None]) -> None:
        super().__init__()
        self.change = change

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.change(self.model, epoch + 1)


class StepHistory(keras.callbacks.Callback):
    """The mean of each term over every execution of steps, on disk: what an epoch's mean hides.

    The running means of an epoch, m1 after n1 steps and m2 after n2, hold it: (n2 * m2 - n1 * m1) / (n2 - n1).

    Args:
        folder: the run's.
        rows: those before the first step.
        steps_per_epoch: int >= 1.
    """

    def __init__(self, folder: RunFolder, rows: list[dict[str, Any]], steps_per_epoch: int) -> None:
        super().__init__()
        self.folder = folder
        self.rows = rows
        self.steps_per_epoch = steps_per_epoch
        self.first_step = 0

    def begin_epoch_at(self, step: int) -> None:
        """The next epoch goes on at `step`, with the running means of a restored checkpoint."""
        self.first_step = step

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
        self.rows.append({"step": self.before + done, "train": train})
        self.done, self.sums = done, sums
        write_json(self.folder.steps, self.rows, indent=None)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.first_step = 0


class History(keras.callbacks.Callback):
    """Every epoch's running means and seconds, kept on disk so that a resumed run has them all.

    Args:
        folder: the run's.
        rows: those of the epochs before.
    """

    def __init__(self, folder: RunFolder, rows: list[dict[str, Any]]) -> None:
        super().__init__()
        self.folder = folder
        self.rows = rows

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        terms = {name: float(value) for name, value in (logs or {}).items()}
        train = {name: value for name, value in terms.items() if not name.startswith("val_")}
        validation = {name[4:]: value for name, value in terms.items() if name.startswith("val_")}
        seconds = time.monotonic() - self.began
        self.rows.append({"epoch": epoch + 1, "seconds": seconds, "train": train, "validation": validation})
        write_json(self.folder.history, self.rows)


class Watch(keras.callbacks.Callback):
    """Adds numbers of the model to the history of each epoch and to TensorBoard, and passes warnings on.

    Args:
        folder: the run's.
        rows: the history, to which `History` has added this epoch's row.
        watch: function of the model to {name: number}.
        alarm: function of the history to a warning or None.
        say: where a warning goes when it is another than that of the epoch before.
    """

    def __init__(
        self,
        folder: RunFolder,
        rows: list[dict[str, Any]],
        watch: Callable[[Any], Mapping[str, float]],
        alarm: Callable[[Sequence[Mapping[str, Any]]], str | None],
        say: Callable[[str], None],
    ) -> None:
        super().__init__()
        self.folder = folder
        self.rows = rows
        self.watch = watch
        self.alarm = alarm
        self.say = say

    @functools.cached_property
    def writer(self) -> Any:
        """Made when there is something to write: an experiment may watch nothing."""
        return tf.summary.create_file_writer(str(self.folder.path))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        values = {name: float(value) for name, value in self.watch(self.model).items()}
        if values:
            self.rows[-1]["watched"] = values
            write_json(self.folder.history, self.rows)
            with self.writer.as_default(step=epoch + 1):
                for name, value in values.items():
                    tf.summary.scalar(f"watched/{name}", value)
            self.writer.flush()
        warning = self.alarm(self.rows)
        if warning and warning != self.alarm(self.rows[:-1]):
            with self.writer.as_default(step=epoch + 1):
                tf.summary.text("alarm", warning)
            self.writer.flush()
            self.say(warning)


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

    def begin_epoch_at(self, step: int) -> None:
        """The next epoch goes on at `step`, with the running means of the restored checkpoint."""
        self.first_step = step

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        if self.first_step:
            self.checkpointer.restore_metrics()

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
        for name, value in (logs or {}).items():
            validation = name.startswith("val_")
            with self.writers["validation" if validation else "train"].as_default(step=epoch + 1):
                tf.summary.scalar(f"terms/{name[4:] if validation else name}", value)
        for writer in self.writers.values():
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
