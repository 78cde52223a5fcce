"""Configuration of a variant: frozen dataclasses that check themselves. Imports neither TensorFlow nor Keras."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar

from tfvae.errors import InputError

Config = TypeVar("Config", bound="VariantConfig")


def check(condition: bool, expected: str, **received: Any) -> None:
    """Raises InputError unless `condition` holds; the message names the field and the value that it received."""
    if not condition:
        values = ", ".join(f"{name.replace('_', '-')}={value}" for name, value in received.items())
        raise InputError(f"Expected {expected}. Received: {values}.")


@dataclass(frozen=True)
class Training:
    """How a variant is trained."""

    epochs: int = 50
    """Number of passes over the training images."""
    batch_size: int = 100
    """Examples per step, over all replicas."""
    learning_rate: float = 1e-3
    """Initial learning rate of Adam."""
    schedule: Literal["constant", "cosine"] = "constant"
    """Learning rate over the epochs: constant, or half a cosine from the initial value to 0, set at each epoch."""
    early_stopping: int | None = None
    """Stop after this many epochs without a lower validation loss, and restore the best weights; never if not given."""
    reduce_on_plateau: int | None = None
    """Halve the learning rate after this many epochs without a lower validation loss; never if not given."""
    steps_per_execution: int = 100
    """Training steps in one call of the compiled function."""
    checkpoint_minutes: float = 5.0
    """A checkpoint is written after each epoch, and within an epoch after this many minutes."""

    def __post_init__(self) -> None:
        check(self.epochs >= 1, "at least 1 epoch", training_epochs=self.epochs)
        check(self.batch_size >= 1, "a batch size of at least 1", training_batch_size=self.batch_size)
        check(0 < self.learning_rate < math.inf, "a positive learning rate", training_learning_rate=self.learning_rate)
        for name in ("early_stopping", "reduce_on_plateau"):
            epochs = getattr(self, name)
            check(epochs is None or epochs >= 1, "at least 1 epoch", **{f"training_{name}": epochs})
        check(
            self.reduce_on_plateau is None or self.schedule == "constant",
            "a constant schedule with --training.reduce-on-plateau, since both set the learning rate",
            training_schedule=self.schedule,
        )
        steps = self.steps_per_execution
        check(steps >= 1, "at least 1 step per execution", training_steps_per_execution=steps)
        minutes = self.checkpoint_minutes
        check(minutes >= 0, "minutes >= 0 between checkpoints", training_checkpoint_minutes=minutes)


@dataclass(frozen=True)
class VariantConfig:
    """Configuration of one variant; an experiment adds its own fields by subclassing.

    Class attributes:
        newer_fields: an experiment's own fields that are newer than some runs, treated like OMITTED_AT_DEFAULT.
    """

    newer_fields: ClassVar[tuple[str, ...]] = ()

    data: str = "mnist"
    """mnist, digits (bundled, works offline), faces, textures (bundled), or folder:PATH with your own pictures, whose
    sub-folders are classes; any of these after deskewed: to center them and remove their slant; or synthetic (1-D
    signals, for report 2)."""
    image_size: int | None = None
    """Height and width of the pictures in pixels, for faces, textures and folder:PATH; if not given, 64 for textures
    and the size of the files for the others."""
    training_images: int | None = None
    """Use only this many training images; all if not given."""
    test_images: int | None = None
    """Use only this many test images for validation and for metrics of the model; samples are always compared with the
    whole test split."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16 computes layers in bfloat16 and keeps weights and statistics in float32."""
    samples: int = 10_000
    """Generated samples that each sampler is scored on."""
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        for name in ("training_images", "test_images"):
            count = getattr(self, name)
            check(count is None or count >= 1, "at least one image", **{name: count})
        size = self.image_size
        check(size is None or size >= 1, "an image size of at least 1 pixel", image_size=size)
        check(self.samples >= 1, "at least 1 sample", samples=self.samples)

    @property
    def dataset(self) -> str:
        """Name of the data set that the variant is trained on; a variant may deskew what `data` names."""
        return self.data


SMOKE = {
    "training.epochs": 2,
    "training.steps_per_execution": 10,
    "training_images": 2000,
    "test_images": 500,
    "samples": 500,
}
"""Fields of a run of seconds on images of 28x28 pixels, for smoke presets."""

NOT_IN_FINGERPRINT = ("inception", "training.steps_per_execution", "training.checkpoint_minutes")
"""Fields that change nothing that a run computes."""

OMITTED_AT_DEFAULT = ("training.schedule", "training.early_stopping", "training.reduce_on_plateau")
"""Fields newer than some runs: left out while they have the variant's own value, so older fingerprints stay valid."""

OMITTED_WHILE_NONE = ("image_size",)
"""A field that runs record where they have one, and that is newer than some that have none."""


def section(name: str, **fields: Any) -> dict[str, Any]:
    """Fields of one section by their paths: section("training", epochs=2) is {"training.epochs": 2}."""
    return {f"{name}.{entry}": value for entry, value in fields.items()}


def flat_fields(config: Any) -> dict[str, Any]:
    """Every field of a nested dataclass by its path: {"training.epochs": 50, ...}."""
    return dict(_flat(config, ""))


def _flat(config: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for entry in dataclasses.fields(config):
        value = getattr(config, entry.name)
        if dataclasses.is_dataclass(value):
            yield from _flat(value, f"{prefix}{entry.name}.")
        else:
            yield prefix + entry.name, value


def replaced(config: Config, changes: Mapping[str, Any]) -> Config:
    """`config` with some fields changed, given by their paths as in `flat_fields`.

    Raises:
        InputError: if a changed value is not allowed.
        KeyError: if there is no such field.
    """
    own: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = {}
    for path, value in changes.items():
        name, _, rest = path.partition(".")
        if not hasattr(config, name):
            raise KeyError(path)
        if rest:
            nested.setdefault(name, {})[rest] = value
        else:
            own[name] = value
    sections = {name: replaced(getattr(config, name), inner) for name, inner in nested.items()}
    return dataclasses.replace(config, **own, **sections)


def fingerprint(config: VariantConfig, default: VariantConfig) -> dict[str, Any]:
    """The fields that decide what a run computes, flat and ready for JSON.

    Args:
        config: what the run was told.
        default: the variant's own configuration, without what the command line changed.
    """
    usual, newer = flat_fields(default), (*OMITTED_AT_DEFAULT, *config.newer_fields)
    values = {**flat_fields(config), "data": config.dataset}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if name not in NOT_IN_FINGERPRINT
        and not (name in newer and value == usual[name])
        and not (name in OMITTED_WHILE_NONE and value is None)
    }
