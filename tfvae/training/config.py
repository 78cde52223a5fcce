"""What a run is told: frozen dataclasses that check themselves."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tfvae.errors import InputError


def check(condition: bool, expected: str, **received: Any) -> None:
    """Raises InputError unless `condition` holds, naming the field and what it received."""
    if not condition:
        values = ", ".join(f"{name.replace('_', '-')}={value}" for name, value in received.items())
        raise InputError(f"Expected {expected}. Received: {values}.")


@dataclass(frozen=True)
class Training:
    """How a variant is trained."""

    epochs: int = 50
    """Passes over the training images."""
    batch_size: int = 100
    """Examples a step, over all replicas."""
    learning_rate: float = 1e-3
    """Step size of Adam."""
    steps_per_execution: int = 100
    """Steps that run in the graph before Python looks at them."""
    checkpoint_minutes: float = 5.0
    """A checkpoint is kept after every epoch, and within an epoch once this many minutes have passed."""

    def __post_init__(self) -> None:
        check(self.epochs >= 1, "at least 1 epoch", training_epochs=self.epochs)
        check(self.batch_size >= 1, "a batch size of at least 1", training_batch_size=self.batch_size)
        check(self.learning_rate > 0, "a positive learning rate", training_learning_rate=self.learning_rate)
        steps = self.steps_per_execution
        check(steps >= 1, "at least 1 step per execution", training_steps_per_execution=steps)
        minutes = self.checkpoint_minutes
        check(minutes >= 0, "minutes >= 0 between checkpoints", training_checkpoint_minutes=minutes)


@dataclass(frozen=True)
class ExperimentConfig:
    """What every experiment can be told; an experiment adds its own fields by subclassing."""

    preset: Literal["smoke", "quick", "report"] = "report"
    """smoke: seconds, proves the path. quick: minutes, worth looking at. report: the report's own setting."""
    variants: tuple[str, ...] = ()
    """Which variants to run, of those that are named above; the report's own if none is given."""
    data: str = "mnist"
    """mnist, digits (bundled, works offline), faces, textures (bundled), or folder:PATH with your own pictures,
    sub-folders being classes; any of these after deskewed: to center and deskew them; or synthetic (1-D
    signals, for report 2)."""
    data_dir: Path | None = None
    """Folder that holds mnist.npz or faces/; TFVAE_DATA_DIR if not given, and then, of MNIST, the ordinary download."""
    image_size: int | None = None
    """Side of the pictures in pixels, for faces, textures and folder:PATH; if not given, 64 for textures and the size
    of the files for the others."""
    out: Path = Path("tensorboard_logs")
    """Where runs are written: OUT/<experiment>/<variant>/seed-<n>/."""
    seeds: tuple[int, ...] = (0,)
    """One run of each variant a seed."""
    strategy: Literal["auto", "one", "mirrored"] = "auto"
    """one: a single device. mirrored: every GPU (or logical device). auto: mirrored with two GPUs or more."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16 computes layers in bfloat16 and keeps weights and statistics in float32."""
    overwrite: bool = False
    """Delete what the named runs wrote before, and start afresh."""
    fallback_to_digits: bool = False
    """Where MNIST cannot be had, take scikit-learn's bundled digits instead, and say so."""
    training_images: int | None = None
    """Use only the first so many training images; all if not given."""
    test_images: int | None = None
    """Use only the first so many test images; all if not given."""
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        for name in ("training_images", "test_images"):
            count = getattr(self, name)
            check(count is None or count >= 1, "at least one image", **{name: count})
        size = self.image_size
        check(size is None or size >= 1, "an image size of at least 1 pixel", image_size=size)
        check(len(self.seeds) >= 1, "at least one seed", seeds=self.seeds)
        check(len(set(self.seeds)) == len(self.seeds), "each seed once", seeds=self.seeds)
        check(all(0 <= seed < 2**31 for seed in self.seeds), "seeds in [0, 2**31)", seeds=self.seeds)


NOT_IDENTITY = (
    *("variants", "data_dir", "out", "seeds", "overwrite", "fallback_to_digits", "inception"),
    *("training.steps_per_execution", "training.checkpoint_minutes"),
)
"""Fields that say which runs to make, where and how smoothly, and change nothing that a run computes."""

_YOUNGER = ("image_size",)
"""Fields that are left out while they are None: runs that were begun before there were any stay the same runs."""


def identity(config: ExperimentConfig) -> dict[str, Any]:
    """The fields that decide what one run computes, flat: {"training.epochs": 50, ...}, ready for JSON."""
    flat = dict(_flat(dataclasses.asdict(config)))
    younger = {name for name in _YOUNGER if flat[name] is None}
    return {name: value for name, value in flat.items() if name not in younger.union(NOT_IDENTITY)}


def _flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            pairs += _flat(value, f"{prefix}{name}.")
        else:
            pairs.append((prefix + name, list(value) if isinstance(value, tuple) else value))
    return pairs
