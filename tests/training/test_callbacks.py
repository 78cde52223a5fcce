"""Callbacks on a model that is fitted for a few steps: what they keep, where, and when they stop."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from rich.progress import Progress
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.contracts import small_images, small_networks
from tfvae.models.autoencoder import Autoencoder
from tfvae.training.callbacks import (
    AfterEpoch,
    History,
    NonFiniteLoss,
    ProgressBar,
    SaveCheckpoints,
    StepHistory,
    StopOnNonFinite,
    TensorBoardPictures,
    TensorBoardTerms,
    Watch,
    is_milestone,
)
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.run_folder import RunFolder

STEPS, EPOCHS, PER_EXECUTION = 7, 2, 3


@pytest.fixture(scope="module")
def model():
    model = Autoencoder(*small_networks(1))
    model.compile(optimizer="adam", steps_per_execution=PER_EXECUTION)
    return model


def fit(model, *callbacks, images=None, epochs=EPOCHS):
    x, _ = small_images(4 * STEPS)
    images = x if images is None else images
    model.fit(
        images, validation_data=x, batch_size=4, shuffle=False, epochs=epochs, verbose=0, callbacks=list(callbacks)
    )


class Recorder(Checkpointer):
    """Stands in for a Checkpointer: notes what it is asked for."""

    def __init__(self) -> None:
        self.saved: list[Position] = []
        self.restored = 0

    def save(self, position: Position) -> None:
        self.saved.append(position)

    def restore_metrics(self) -> None:
        self.restored += 1


def test_checkpoints_come_after_each_epoch(model):
    recorder = Recorder()
    fit(model, SaveCheckpoints(recorder, minutes=60))
    assert recorder.saved == [Position(1, 0), Position(2, 0)] and recorder.restored == 0


def test_within_an_epoch_they_name_the_next_step_and_never_one_past_its_end(model):
    recorder = Recorder()
    fit(model, SaveCheckpoints(recorder, minutes=0))
    assert recorder.saved == [
        *(Position(0, 3), Position(0, 6), Position(1, 0)),
        *(Position(1, 3), Position(1, 6), Position(2, 0)),
    ]


def test_an_epoch_that_goes_on_counts_from_where_it_was(model):
    recorder = Recorder()
    saving = SaveCheckpoints(recorder, minutes=0)
    saving.begin_epoch_at(20)
    fit(model, saving)
    assert recorder.saved[:3] == [Position(0, 23), Position(0, 26), Position(1, 0)]
    assert recorder.saved[3:] == [Position(1, 3), Position(1, 6), Position(2, 0)]
    assert recorder.restored == 1


def test_a_term_that_is_not_finite_stops_the_training_and_is_named(tmp_path):
    model = Autoencoder(*small_networks(1))
    model.compile(optimizer="adam", steps_per_execution=PER_EXECUTION)
    images, _ = small_images(4 * STEPS)
    images[4 * 4] = np.nan  # the fifth step, in the second execution
    recorder = Recorder()
    with pytest.raises(NonFiniteLoss, match=r"'reconstruction' was not finite at step 4\. Lower "):
        fit(model, StopOnNonFinite(), SaveCheckpoints(recorder, minutes=0), images=images)
    assert recorder.saved == [Position(0, 3)]


def test_history_keeps_every_epoch_on_disk(model, tmp_path):
    folder = RunFolder(tmp_path)
    before = {"epoch": 1, "seconds": 2.0, "train": {"loss": 9.0}, "validation": {}}
    history = History(folder, [before])
    x, _ = small_images(4 * STEPS)
    model.fit(x, validation_data=x, batch_size=4, initial_epoch=1, epochs=3, verbose=0, callbacks=[history])
    rows = json.loads(folder.history.read_text())
    assert rows == history.rows and rows[0] == before
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert set(rows[1]["train"]) == set(rows[1]["validation"]) == {"loss", "reconstruction"}
    assert rows[2]["validation"]["loss"] < rows[1]["train"]["loss"] and rows[2]["seconds"] > 0


def test_steps_are_kept_by_the_mean_of_each_execution(model, tmp_path):
    folder = RunFolder(tmp_path)
    history, steps = History(folder, []), StepHistory(folder, [], STEPS)
    fit(model, history, steps)
    rows = json.loads(folder.steps.read_text())
    # Seven steps an epoch, three an execution: 3, 3 and 1.
    assert [row["step"] for row in rows] == [3, 6, 7, 10, 13, 14]
    for epoch, part in zip(history.rows, (rows[:3], rows[3:]), strict=True):
        means = [row["train"]["loss"] for row in part]
        assert np.average(means, weights=[3, 3, 1]) == pytest.approx(epoch["train"]["loss"], rel=1e-5)
        assert means[-1] != pytest.approx(epoch["train"]["loss"], rel=1e-3)


def test_what_changes_the_model_is_called_with_each_epoch(model, tmp_path):
    folder, rows, changed = RunFolder(tmp_path), [], []
    watch = Watch(folder, rows, lambda trained: {"changes": len(changed)}, lambda history: None, print)
    change = AfterEpoch(lambda trained, epoch: changed.append((trained, epoch)))
    fit(model, change, History(folder, rows), watch)
    assert changed == [(model, 1), (model, 2)]
    assert [row["watched"] for row in json.loads(folder.history.read_text())] == [{"changes": 1.0}, {"changes": 2.0}]


def test_terms_have_one_name_and_a_curve_each_for_training_and_validation(model, tmp_path):
    fit(model, TensorBoardTerms(RunFolder(tmp_path)))
    for part in ("train", "validation"):
        events = EventAccumulator(str(tmp_path / part)).Reload()
        assert sorted(events.Tags()["tensors"]) == ["terms/loss", "terms/reconstruction"]
        assert [event.step for event in events.Tensors("terms/loss")] == [1, 2]


def test_pictures_come_at_milestones_and_at_the_end(model, tmp_path):
    drawn = []

    def pictures(trained):
        drawn.append(trained)
        return {"samples": np.zeros((4, 6, 3), np.uint8)}

    callback = TensorBoardPictures(RunFolder(tmp_path), pictures, epochs=7)
    callback.set_model(model)
    for epoch in range(7):
        callback.on_epoch_end(epoch)
    assert drawn == [model] * 4
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [event.step for event in events.Tensors("samples")] == [1, 2, 5, 7]


def test_snapshots_are_kept_as_files_too(model, tmp_path):
    picture = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
    pictures = {"samples/prior": picture, "gray": picture[..., :1]}
    callback = TensorBoardPictures(RunFolder(tmp_path), lambda trained: pictures, epochs=9, snapshots=(3,))
    callback.set_model(model)
    for epoch in range(5):
        callback.on_epoch_end(epoch)
    files = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert files == ["epoch-003_gray.png", "epoch-003_samples_prior.png"]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "figures/epoch-003_samples_prior.png")), picture)


def test_what_is_watched_is_kept_and_a_new_warning_is_said_once(model, tmp_path):
    folder, rows, said = RunFolder(tmp_path), [], []
    counts = iter([10, 4, 4, 10])

    def alarm(history):
        found = history[-1]["watched"]["classes"] if history else 10
        return f"{found:g} classes left" if found < 10 else None

    watch = Watch(folder, rows, lambda trained: {"classes": next(counts)}, alarm, said.append)
    fit(model, History(folder, rows), watch, epochs=4)
    assert [row["watched"]["classes"] for row in json.loads(folder.history.read_text())] == [10, 4, 4, 10]
    assert said == ["4 classes left"]
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [event.step for event in events.Tensors("watched/classes")] == [1, 2, 3, 4]
    assert [event.step for event in events.Tensors("alarm")] == [2]


def test_an_experiment_that_watches_nothing_writes_nothing(model, tmp_path):
    rows = [{"epoch": 1}]
    callback = Watch(RunFolder(tmp_path), rows, lambda trained: {}, lambda history: None, print)
    callback.on_epoch_end(0)
    assert rows == [{"epoch": 1}] and list(tmp_path.iterdir()) == []


def test_milestones():
    assert [epoch for epoch in range(201) if is_milestone(epoch)] == [1, 2, 5, 10, 20, 50, 100, 200]


def test_the_bar_ends_where_the_steps_do(model):
    printed = io.StringIO()
    progress = Progress(console=Console(file=printed, width=200))
    task = progress.add_task("vae", total=EPOCHS * STEPS, loss="")
    fit(model, ProgressBar(progress, task))
    assert progress.tasks[0].completed == EPOCHS * STEPS
    assert progress.tasks[0].fields["loss"].startswith("loss ")
    assert [line.split(":")[0] for line in printed.getvalue().splitlines()] == ["  epoch 1", "  epoch 2"]


def test_the_bar_of_a_resumed_run_goes_on(model):
    progress = Progress(console=Console(file=io.StringIO()))
    task = progress.add_task("vae", total=100, completed=40, loss="")
    fit(model, ProgressBar(progress, task), epochs=1)
    assert progress.tasks[0].completed == 40 + STEPS
