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
from tfvae.errors import NonFiniteLoss
from tfvae.models.autoencoder import Autoencoder
from tfvae.training.callbacks import (
    AtEpoch,
    EpochMetrics,
    EpochWarnings,
    History,
    LearningRates,
    ProgressBar,
    SaveCheckpoints,
    StepHistory,
    StopOnNonFinite,
    TensorBoardPictures,
    TensorBoardTerms,
    history_row,
    is_milestone,
)
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.run_folder import RunFolder, history_rows, step_rows

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

    def save(self, position: Position) -> None:
        self.saved.append(position)


def test_checkpoint_is_saved_after_each_epoch(model):
    recorder = Recorder()
    fit(model, SaveCheckpoints(recorder, minutes=60))
    assert recorder.saved == [Position(1, 0), Position(2, 0)]


def test_checkpoints_within_an_epoch_name_the_next_step(model):
    recorder = Recorder()
    fit(model, SaveCheckpoints(recorder, minutes=0))
    assert recorder.saved == [
        *(Position(0, 3), Position(0, 6), Position(1, 0)),
        *(Position(1, 3), Position(1, 6), Position(2, 0)),
    ]


def test_checkpoints_of_a_resumed_epoch_count_from_its_step(model):
    recorder = Recorder()
    saving = SaveCheckpoints(recorder, minutes=0)
    saving.resume(Position(0, 20), [])
    fit(model, saving)
    assert recorder.saved[:3] == [Position(0, 23), Position(0, 26), Position(1, 0)]
    assert recorder.saved[3:] == [Position(1, 3), Position(1, 6), Position(2, 0)]


def test_non_finite_term_stops_the_training_and_is_named():
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
    history = History(folder)
    history.resume(Position(1, 0), [before])
    x, _ = small_images(4 * STEPS)
    model.fit(x, validation_data=x, batch_size=4, initial_epoch=1, epochs=3, verbose=0, callbacks=[history])
    rows = json.loads(folder.history.read_text())
    assert rows == history.rows == history_rows(folder.history) and rows[0] == before
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert set(rows[1]["train"]) == set(rows[1]["validation"]) == {"loss", "reconstruction"}
    assert "epoch_metrics" not in rows[1]
    assert rows[2]["validation"]["loss"] < rows[1]["train"]["loss"] and rows[2]["seconds"] > 0


def test_history_row_splits_logs_into_training_validation_and_the_rest(model):
    logs = {
        "loss": 3.0,
        "reconstruction": 2,
        "val_loss": np.float32(4),
        "val_reconstruction": 5.0,
        "learning_rate": 0.5,
    }
    assert history_row(model, 6, logs) == {
        "epoch": 7,
        "train": {"loss": 3.0, "reconstruction": 2.0},
        "validation": {"loss": 4.0, "reconstruction": 5.0},
        "epoch_metrics": {"learning_rate": 0.5},
    }


def test_step_history_has_the_mean_of_each_execution(model, tmp_path):
    folder = RunFolder(tmp_path)
    history, steps = History(folder), StepHistory(folder, STEPS)
    fit(model, history, steps)
    rows = step_rows(folder)
    # Seven steps an epoch, three an execution: 3, 3 and 1.
    assert [row["step"] for row in rows] == [3, 6, 7, 10, 13, 14]
    for epoch, part in zip(history.rows, (rows[:3], rows[3:]), strict=True):
        means = [row["train"]["loss"] for row in part]
        assert np.average(means, weights=[3, 3, 1]) == pytest.approx(epoch["train"]["loss"], rel=1e-5)
        assert means[-1] != pytest.approx(epoch["train"]["loss"], rel=1e-3)


def test_step_history_is_appended_a_compact_line_per_execution(model, tmp_path):
    folder = RunFolder(tmp_path)
    fit(model, StepHistory(folder, STEPS), epochs=1)
    lines = folder.steps.read_text().splitlines()
    assert len(lines) == 3 and all(line.startswith('{"step":') and " " not in line for line in lines)


def test_step_history_drops_steps_after_the_checkpoint_it_resumes(model, tmp_path):
    """Epoch 2 goes on after 3 of its 7 steps, step 10 of the training."""
    folder = RunFolder(tmp_path)
    fit(model, StepHistory(folder, STEPS))
    kept = step_rows(folder)[:4]
    steps = StepHistory(folder, STEPS)
    steps.resume(Position(1, 3), [])
    assert step_rows(folder) == kept and kept[-1]["step"] == 10


def test_step_history_of_an_earlier_version_goes_on_as_lines(model, tmp_path):
    folder = RunFolder(tmp_path)
    rows = [{"step": step, "train": {"loss": float(step)}} for step in (3, 6, 7, 10)]
    (tmp_path / "steps.json").write_text(json.dumps(rows))
    assert step_rows(folder) == rows
    StepHistory(folder, STEPS).resume(Position(1, 0), [])
    assert step_rows(folder) == rows[:3] and len(folder.steps.read_text().splitlines()) == 3


def test_at_epoch_changes_the_model_at_the_end_of_its_epoch_alone(model):
    changed = []
    fit(model, AtEpoch(2, changed.append), epochs=1)
    assert changed == []
    fit(model, AtEpoch(2, changed.append), epochs=3)
    assert changed == [model]


def test_learning_rates_are_set_at_the_beginning_of_each_epoch(model, tmp_path):
    rates = LearningRates(lambda epoch: 0.5 / 2**epoch)
    metrics = EpochMetrics(lambda trained: {"rate": float(trained.optimizer.learning_rate)})
    history = History(RunFolder(tmp_path))
    fit(model, rates, metrics, history, epochs=3)
    assert [row["epoch_metrics"] for row in history.rows] == [{"rate": 0.5}, {"rate": 0.25}, {"rate": 0.125}]
    model.optimizer.learning_rate = 1e-3


def test_epoch_metrics_reach_history_and_tensorboard(model, tmp_path):
    folder = RunFolder(tmp_path)
    counts = iter([10, 4])
    metrics = EpochMetrics(lambda trained: {"classes": next(counts)})
    fit(model, metrics, TensorBoardTerms(folder), History(folder))
    assert [row["epoch_metrics"] for row in history_rows(folder.history)] == [{"classes": 10.0}, {"classes": 4.0}]
    events = EventAccumulator(str(tmp_path / "train")).Reload()
    assert [event.step for event in events.Tensors("epoch/classes")] == [1, 2]


def test_tensorboard_terms_have_a_curve_for_training_and_one_for_validation(model, tmp_path):
    fit(model, TensorBoardTerms(RunFolder(tmp_path)))
    for part in ("train", "validation"):
        events = EventAccumulator(str(tmp_path / part)).Reload()
        assert sorted(events.Tags()["tensors"]) == ["terms/loss", "terms/reconstruction"]
        assert [event.step for event in events.Tensors("terms/loss")] == [1, 2]


def test_pictures_are_logged_at_milestones_and_at_the_end(model, tmp_path):
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


def test_snapshots_are_saved_as_files(model, tmp_path):
    picture = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
    pictures = {"samples/prior": picture, "gray": picture[..., :1]}
    callback = TensorBoardPictures(RunFolder(tmp_path), lambda trained: pictures, epochs=9, snapshots=(3,))
    callback.set_model(model)
    for epoch in range(5):
        callback.on_epoch_end(epoch)
    files = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert files == ["epoch-003_gray.png", "epoch-003_samples_prior.png"]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "figures/epoch-003_samples_prior.png")), picture)


def classes_left(rows):
    found = rows[-1]["epoch_metrics"]["classes"] if rows else 10
    return f"{found:g} classes left" if found < 10 else None


def test_new_warning_is_printed_and_logged_once(model, tmp_path):
    folder, said = RunFolder(tmp_path), []
    counts = iter([10, 4, 4, 10, 3])
    metrics = EpochMetrics(lambda trained: {"classes": next(counts)})
    fit(model, metrics, EpochWarnings(folder, classes_left, said.append), epochs=5)
    assert said == ["4 classes left", "3 classes left"]
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [event.step for event in events.Tensors("warning")] == [2, 5]


def test_warning_of_the_last_epoch_before_a_resumption_is_not_repeated(model, tmp_path):
    said = []
    metrics = EpochMetrics(lambda trained: {"classes": 4})
    warnings = EpochWarnings(RunFolder(tmp_path), classes_left, said.append)
    warnings.resume(Position(1, 0), [{"epoch": 1, "epoch_metrics": {"classes": 4}}])
    fit(model, metrics, warnings, epochs=1)
    assert said == [] and list(tmp_path.iterdir()) == []


def test_milestones_are_1_2_5_times_powers_of_ten():
    assert [epoch for epoch in range(201) if is_milestone(epoch)] == [1, 2, 5, 10, 20, 50, 100, 200]


def test_progress_bar_counts_every_step(model):
    printed = io.StringIO()
    progress = Progress(console=Console(file=printed, width=200))
    task = progress.add_task("vae", total=EPOCHS * STEPS, loss="")
    fit(model, ProgressBar(progress, task))
    assert progress.tasks[0].completed == EPOCHS * STEPS
    assert progress.tasks[0].fields["loss"].startswith("loss ")
    assert [line.split(":")[0] for line in printed.getvalue().splitlines()] == ["  epoch 1", "  epoch 2"]


def test_progress_bar_of_a_resumed_run_goes_on(model):
    progress = Progress(console=Console(file=io.StringIO()))
    task = progress.add_task("vae", total=100, completed=40, loss="")
    fit(model, ProgressBar(progress, task), epochs=1)
    assert progress.tasks[0].completed == 40 + STEPS
