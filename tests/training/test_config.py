"""Configurations check themselves, and say what makes two runs the same run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest

from tfvae.errors import InputError
from tfvae.training.config import Training, VariantConfig, check, fingerprint, flat_fields, replaced, section


@dataclass(frozen=True)
class Center:
    weight: float = 3.0


@dataclass(frozen=True)
class ExampleConfig(VariantConfig):
    factors: tuple[float, ...] = (1.0, 1.5)
    center: Center = field(default_factory=Center)
    inception: str | None = None
    derived: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "derived", len(self.factors))


class DeskewedConfig(ExampleConfig):
    @property
    def dataset(self) -> str:
        return f"deskewed:{self.data}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("batch_size", 0),
        ("learning_rate", 0.0),
        ("learning_rate", -1e-3),
        ("learning_rate", float("nan")),
        ("early_stopping", 0),
        ("reduce_on_plateau", -1),
        ("steps_per_execution", 0),
        ("checkpoint_minutes", -1.0),
    ],
)
def test_training_field_out_of_range_is_named(name, value):
    with pytest.raises(InputError, match=rf"^Expected .+\. Received: training-{name.replace('_', '-')}={value}\."):
        Training(**{name: value})


def test_plateau_and_schedule_do_not_go_together():
    with pytest.raises(InputError, match=r"constant schedule .*Received: training-schedule=cosine"):
        Training(schedule="cosine", reduce_on_plateau=3)
    Training(schedule="cosine", early_stopping=3)


@pytest.mark.parametrize(
    ("name", "value"), [("training_images", 0), ("test_images", -1), ("image_size", 0), ("samples", 0)]
)
def test_variant_field_out_of_range_is_named(name, value):
    with pytest.raises(InputError, match=rf"^Expected .+\. Received: {name.replace('_', '-')}="):
        VariantConfig(**{name: value})


def test_limits_of_the_ranges_are_allowed():
    Training(epochs=1, batch_size=1, steps_per_execution=1, checkpoint_minutes=0, early_stopping=1)
    VariantConfig(training_images=1, test_images=1, image_size=1, samples=1)


def test_check_names_every_value():
    with pytest.raises(InputError, match=r"^Expected a below b\. Received: first-value=2, second=1\."):
        check(False, "a below b", first_value=2, second=1)
    check(True, "nothing")


def test_flat_fields_have_the_path_of_each_field():
    fields = flat_fields(ExampleConfig(training=Training(epochs=3)))
    assert fields["training.epochs"] == 3 and fields["center.weight"] == 3.0 and fields["factors"] == (1.0, 1.5)
    assert fields["derived"] == 2 and "training" not in fields


def test_section_prefixes_its_fields():
    assert section("training", epochs=2, batch_size=3) == {"training.epochs": 2, "training.batch_size": 3}


def test_replaced_changes_fields_by_path_and_leaves_the_others():
    config = ExampleConfig(samples=7, training=Training(batch_size=5))
    changed = replaced(
        config, {"training.epochs": 2, "center.weight": 1.0, "factors": (9.0,), "training.schedule": "cosine"}
    )
    expected = ExampleConfig(
        samples=7,
        training=Training(batch_size=5, epochs=2, schedule="cosine"),
        center=Center(1.0),
        factors=(9.0,),
    )
    assert changed == expected and changed.derived == 1 and config.training.epochs == 50


def test_replaced_checks_values_and_refuses_unknown_fields():
    with pytest.raises(InputError, match="training-epochs=0"):
        replaced(ExampleConfig(), {"training.epochs": 0})
    for path in ("wings", "wings.span"):
        with pytest.raises(KeyError):
            replaced(ExampleConfig(), {path: 1})


def test_fingerprint_is_flat_json():
    fields = fingerprint(ExampleConfig(training=Training(epochs=3)), ExampleConfig())
    assert fields["training.epochs"] == 3 and fields["factors"] == [1.0, 1.5]
    assert json.loads(json.dumps(fields)) == fields
    assert not any(isinstance(value, dict) for value in fields.values())


def test_fingerprint_names_the_data_that_the_variant_trains_on():
    assert fingerprint(DeskewedConfig(data="mnist"), DeskewedConfig())["data"] == "deskewed:mnist"


@pytest.mark.parametrize(
    "change",
    [
        {"inception": "folder"},
        {"training": Training(steps_per_execution=7)},
        {"training": Training(checkpoint_minutes=7)},
    ],
    ids=lambda change: str(next(iter(change.values()))),
)
def test_fingerprint_ignores_what_changes_no_number(change):
    config = ExampleConfig()
    assert fingerprint(replace(config, **change), config) == fingerprint(config, config)


@pytest.mark.parametrize(
    "change",
    [
        {"precision": "bfloat16"},
        {"training_images": 10},
        {"image_size": 64},
        {"samples": 10},
        {"factors": (2.0,)},
        {"center": Center(1.0)},
        {"training": Training(learning_rate=1e-4)},
        {"training": Training(batch_size=7)},
        {"training": Training(schedule="cosine")},
        {"training": Training(early_stopping=3)},
        {"training": Training(reduce_on_plateau=3)},
    ],
    ids=lambda change: str(next(iter(change.items()))),
)
def test_fingerprint_changes_with_what_changes_the_numbers(change):
    config = ExampleConfig()
    assert fingerprint(replace(config, **change), config) != fingerprint(config, config)


def test_fingerprint_leaves_out_newer_fields_at_the_variants_own_value():
    """So runs from before these fields existed stay the same runs, also of a variant with a schedule of its own."""
    newer = {"image_size", "training.schedule", "training.early_stopping", "training.reduce_on_plateau"}
    config = ExampleConfig()
    assert newer.isdisjoint(fingerprint(config, config))
    own = replace(config, training=Training(schedule="cosine"))
    assert newer.isdisjoint(fingerprint(own, own))
    assert fingerprint(config, own)["training.schedule"] == "constant"
