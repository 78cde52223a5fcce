"""Configs check themselves, and say what makes two runs the same run."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tfvae.errors import InputError
from tfvae.training.config import ExperimentConfig, Training, check, identity
from tfvae.training.run_folder import changed_fields


@dataclass(frozen=True)
class WithAWeight(ExperimentConfig):
    factors: tuple[float, ...] = (1.0, 1.5)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("batch_size", 0),
        ("learning_rate", 0.0),
        ("learning_rate", -1e-3),
        ("learning_rate", float("nan")),
        ("steps_per_execution", 0),
        ("checkpoint_minutes", -1.0),
    ],
)
def test_a_training_field_out_of_range_is_named(field, value):
    with pytest.raises(InputError, match=rf"^Expected .+\. Received: training-{field.replace('_', '-')}={value}\."):
        Training(**{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("training_images", 0),
        ("test_images", -1),
        ("image_size", 0),
        ("seeds", ()),
        ("seeds", (0, 0)),
        ("seeds", (-1,)),
        ("seeds", (2**31,)),
    ],
)
def test_an_experiment_field_out_of_range_is_named(field, value):
    with pytest.raises(InputError, match=rf"^Expected .+\. Received: {field.replace('_', '-')}="):
        ExperimentConfig(**{field: value})


def test_the_limits_themselves_are_allowed():
    Training(epochs=1, batch_size=1, steps_per_execution=1, checkpoint_minutes=0)
    ExperimentConfig(seeds=(0, 2**31 - 1), training_images=1, test_images=1)


def test_check_names_every_value():
    with pytest.raises(InputError, match=r"^Expected a below b\. Received: first-value=2, second=1\."):
        check(False, "a below b", first_value=2, second=1)
    check(True, "nothing")


def test_the_identity_is_flat_json_of_what_a_run_computes():
    config = WithAWeight(training=Training(epochs=3))
    fields = identity(config)
    assert fields["training.epochs"] == 3 and fields["factors"] == [1.0, 1.5]
    assert json.loads(json.dumps(fields)) == fields
    assert not any(isinstance(value, dict) for value in fields.values())


@pytest.mark.parametrize(
    "change",
    [
        {"variants": ("a",)},
        {"data_dir": Path("elsewhere")},
        {"out": Path("elsewhere")},
        {"seeds": (1, 2)},
        {"overwrite": True},
        {"fallback_to_digits": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_which_runs_and_where_is_no_part_of_a_run(change):
    config = WithAWeight()
    assert identity(replace(config, **change)) == identity(config)


@pytest.mark.parametrize(
    "change",
    [
        {"preset": "smoke"},
        {"precision": "bfloat16"},
        {"strategy": "mirrored"},
        {"training_images": 10},
        {"image_size": 64},
        {"factors": (2.0,)},
        {"training": Training(learning_rate=1e-4)},
        {"training": Training(batch_size=7)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_changes_the_numbers_is_part_of_a_run(change):
    config = WithAWeight()
    assert identity(replace(config, **change)) != identity(config)


COMMITTED = sorted((Path(__file__).parents[2] / "tensorboard_logs" / "reference").glob("*/*/seed-*/config.json"))


@pytest.mark.parametrize("name", ["center_gmm", "gmvae", "latent_generators"])
def test_runs_from_before_there_was_an_image_size_are_still_the_same_runs(name):
    experiment = importlib.import_module(f"experiments.{name}").EXPERIMENT
    before = [json.loads(path.read_text())["identity"] for path in COMMITTED if path.parts[-4] == name]
    assert before
    for fields in before:
        config = experiment.own_config(experiment.presets[fields["preset"]], fields["variant"])
        now = identity(config)
        unread = experiment.unread.get(fields["variant"], ())
        run = {"experiment", "variant", "seed", "dataset", "dataset_sha256"}
        assert {field for field in now if not field.startswith(unread)} == fields.keys() - run
        assert "image_size: not set -> 64" in changed_fields(fields, identity(replace(config, image_size=64)))
