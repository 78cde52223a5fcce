"""Run folders of version 0.1.0 are still accepted, read and continued."""

from __future__ import annotations

import functools
import importlib
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from tests.training.commands import (
    assert_equal_arrays,
    built,
    command,
    history_without_seconds,
    run_folder,
    saved_weights,
)
from tfvae.errors import InputError
from tfvae.files import read_json, write_json
from tfvae.training.arguments import Plan, parse
from tfvae.training.checkpoint import Checkpointer, Position
from tfvae.training.config import fingerprint
from tfvae.training.run_folder import RunFolder, changed_fields, history_rows, recorded_fingerprint, step_rows

REPOSITORY = Path(__file__).parents[2]
COMMITTED = sorted((REPOSITORY / "tensorboard_logs" / "reference").glob("*/*/seed-*/config.json"))
USUAL = {"variant": "vae", "data": "mnist", "dataset": "mnist", "samples": 10, "training.epochs": 3}


def folder_with(tmp_path: Path, identity: dict[str, Any]) -> RunFolder:
    folder = RunFolder(tmp_path)
    write_json(folder.config, {"device": "first", "identity": identity})
    return folder


def test_fields_of_other_variants_are_ignored(tmp_path):
    folder = folder_with(tmp_path, {**USUAL, "gan.beta_1": 0.5, "center.weight": 3.0})
    folder.check(USUAL, USUAL)
    assert recorded_fingerprint(folder.config, USUAL) == USUAL
    assert recorded_fingerprint(folder.config)["gan.beta_1"] == 0.5


def test_field_that_did_not_exist_has_the_variants_own_value(tmp_path):
    without = {name: value for name, value in USUAL.items() if name != "samples"}
    folder = folder_with(tmp_path, without)
    folder.check(USUAL, USUAL)
    with pytest.raises(InputError, match="samples: 10 -> 20"):
        folder.check({**USUAL, "samples": 20}, USUAL)


def test_changed_field_is_refused(tmp_path):
    folder = folder_with(tmp_path, USUAL)
    with pytest.raises(InputError, match=r"training\.epochs: 3 -> 4"):
        folder.check({**USUAL, "training.epochs": 4}, USUAL)


@pytest.mark.parametrize(
    ("recorded", "today"), [("upright:mnist", "deskewed:mnist"), ("upright-mnist", "deskewed:mnist")]
)
def test_upright_data_are_deskewed_data(tmp_path, recorded, today):
    usual = {**USUAL, "data": today, "dataset": today}
    folder = folder_with(tmp_path, {**USUAL, "data": recorded, "dataset": recorded})
    folder.check(usual, usual)
    with pytest.raises(InputError, match="data: deskewed:mnist -> mnist"):
        folder.check(USUAL, usual)


def test_renamed_fields_have_their_names_of_today(tmp_path):
    usual = {**USUAL, "networks.neighborhood": 3, "networks.noise_injection": 0.5}
    folder = folder_with(tmp_path, {**USUAL, "networks.neighbourhood": 3, "networks.grain": 0.5})
    folder.check(usual, usual)
    with pytest.raises(InputError, match=r"networks\.noise_injection: 0\.5 -> 0\.25"):
        folder.check({**usual, "networks.noise_injection": 0.25}, usual)


def test_deleted_feature_is_refused_where_it_was_used(tmp_path):
    folder_with(tmp_path, {**USUAL, "networks.linear_skip": 0}).check(USUAL, USUAL)
    with pytest.raises(InputError, match=r"networks\.linear_skip: 2 -> not set"):
        folder_with(tmp_path, {**USUAL, "networks.linear_skip": 2}).check(USUAL, USUAL)


def test_config_json_is_written_anew_with_its_facts(tmp_path):
    folder = folder_with(tmp_path, {**USUAL, "gan.beta_1": 0.5})
    folder.begin(USUAL, {"device": "second"}, overwrite=False, usual=USUAL)
    assert read_json(folder.config) == {"device": "first", "fingerprint": USUAL}


def test_watched_numbers_are_epoch_metrics(tmp_path):
    write_json(tmp_path / "history.json", [{"epoch": 1, "train": {"loss": 2.0}, "watched": {"classes": 4}}])
    expected = [{"epoch": 1, "train": {"loss": 2.0}, "epoch_metrics": {"classes": 4}}]
    assert history_rows(tmp_path / "history.json") == expected
    assert history_rows(tmp_path / "none.json") == []


@functools.cache
def reference_plans(experiment: str) -> list[Plan]:
    """What the commands of the committed results ask for."""
    settings = importlib.import_module(f"experiments.{experiment}.config").SETTINGS
    commands = [*settings.reference, f"--variants {' '.join(settings.configs)}"]
    return [parse(settings, shlex.split(command)) for command in commands]


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: "/".join(path.parts[-4:-1]))
def test_committed_run_is_the_same_run_as_that_of_its_command(path):
    recorded = json.loads(path.read_text())
    recorded = recorded.get("fingerprint") or recorded["identity"]
    plans = reference_plans(recorded["experiment"])
    variant, changes = recorded["variant"], []
    for plan in plans:
        if (
            plan.options.preset == recorded["preset"]
            and variant in plan.configs
            and recorded["seed"] in plan.options.seeds
        ):
            config, default = plan.configs[variant], plan.defaults[variant]
            run = {key: recorded[key] for key in ("experiment", "variant", "seed", "strategy", "dataset_sha256")}
            run |= {"preset": plan.options.preset, "dataset": config.dataset}
            usual = {**run, **fingerprint(default, default)}
            changed = changed_fields(recorded_fingerprint(path, usual), {**run, **fingerprint(config, default)})
            if variant.startswith("sweep-"):  # up to version 0.1.0 recorded with the fields of its base
                changed = [change for change in changed if not change.startswith("center.")]
            changes.append(changed)
    assert [] in changes


def test_interrupted_run_is_continued_to_the_same_weights(tmp_path):
    """Interrupted within epoch 2 after six steps; its files are then what version 0.1.0 would have left."""
    words, out, undisturbed = ("--variants", "scripted"), tmp_path / "out", tmp_path / "undisturbed"
    assert command(out, *words, at=f"step-{12 + 9}") == 130
    folder = run_folder(out, "scripted")
    as_of_version_0_1_0(folder)
    assert command(out, *words) == 0
    assert command(undisturbed, *words) == 0
    other = run_folder(undisturbed, "scripted")
    assert_equal_arrays(saved_weights(folder), saved_weights(other))
    assert history_without_seconds(folder) == history_without_seconds(other)
    rows, expected = step_rows(folder), step_rows(other)
    steps = [3, 6, 9, 10, 13, 16, 19, 20, 23, 26, 29, 30]
    assert [row["step"] for row in rows] == [row["step"] for row in expected] == steps
    for row, same in zip(rows, expected, strict=True):
        assert row["train"] == pytest.approx(same["train"], rel=1e-5)
    assert read_json(folder.config)["fingerprint"] == read_json(other.config)["fingerprint"]


def as_of_version_0_1_0(folder: RunFolder) -> None:
    """Rewrites the files of an interrupted run."""
    model = built("scripted")
    position = Checkpointer(folder.checkpoints, model).restore()
    assert position == Position(1, 6)
    for path in folder.checkpoints.iterdir():
        path.unlink()
    metrics = [variable for metric in model.metrics for variable in metric.variables]
    variables = [*model.variables, *model.optimizer.variables, *metrics]
    checkpoint = tf.train.Checkpoint(
        variables=[variable.value for variable in variables],
        epoch=tf.Variable(position.epoch, dtype=tf.int64),
        step=tf.Variable(position.step, dtype=tf.int64),
    )
    tf.train.CheckpointManager(checkpoint, str(folder.checkpoints), max_to_keep=2).save()
    config = read_json(folder.config)
    identity = {name: value for name, value in config.pop("fingerprint").items() if name != "samples"}
    write_json(folder.config, {**config, "identity": {**identity, "center_weight": 3.0, "gan.beta_1": 0.5}})
    rows = read_json(folder.history)
    write_json(folder.history, [{**row, "watched": row.pop("epoch_metrics")} for row in rows])
    write_json(folder.steps.with_suffix(".json"), step_rows(folder))
    folder.steps.unlink()
