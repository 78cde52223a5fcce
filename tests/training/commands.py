"""The tiny experiment's command in this process, and what it leaves."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.training.tiny import EXPERIMENT, SETTINGS, Moments
from tfvae import data as datasets
from tfvae.cli.experiment import main
from tfvae.files import read_json
from tfvae.models.base import GenerativeModel
from tfvae.training import fit
from tfvae.training.config import VariantConfig
from tfvae.training.run_folder import RunFolder
from tfvae.training.runner import build_model
from tfvae.training.strategy import choose_strategy


def command(out: Path, *words: str, at: str = "") -> int:
    """The exit code of `python -m tests.training.tiny --out OUT WORDS`, interrupted at a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warnings, "showwarning", warnings.showwarning)  # put back afterwards
        patch.setattr(fit, "StopOnNonFinite", Moments)
        patch.setenv("INTERRUPT_AT", at)
        with pytest.raises(SystemExit) as ended:
            main(SETTINGS, lambda: EXPERIMENT, ["--out", str(out), *words])
    return int(ended.value.code or 0)


def run_folder(out: Path, variant: str, preset: str = "report") -> RunFolder:
    return RunFolder(out / ("tiny" if preset == "report" else f"tiny-{preset}") / variant / "seed-0")


def built(variant: str, config: VariantConfig | None = None) -> GenerativeModel:
    """A variant's compiled model, not trained."""
    config = config or SETTINGS.configs[variant]
    data = datasets.load("digits").subset(train=config.training_images, test=config.test_images)
    return build_model(EXPERIMENT.by_name[variant], config, data, 0, choose_strategy("one"))


def saved_weights(folder: RunFolder) -> list[np.ndarray]:
    """The weights of the run's saved model, without its counters of noise draws."""
    return [variable.numpy() for variable in keras.saving.load_model(folder.model).trainable_variables]


def history_without_seconds(folder: RunFolder) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in read_json(folder.history)]


def assert_equal_arrays(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    for value, expected in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(value, expected)
