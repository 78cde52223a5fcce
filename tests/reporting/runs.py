"""Finished runs for tests of claims, tables and pages, without a training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.cli.runs import record
from tfvae.files import write_json
from tfvae.metrics.measurement import Measurement
from tfvae.reporting.records import FinishedRun, by_variant, find_runs
from tfvae.training.run_folder import RunFolder


def finished(
    variant: str, metrics: dict[str, Any], *, seed: int = 0, out: Path = Path("runs"), **fields: Any
) -> FinishedRun:
    """A run whose metrics are numbers or measurements; `fields` are those of metrics.json."""
    measured = {
        name: (value if isinstance(value, Measurement) else Measurement(value)).as_dict()
        for name, value in metrics.items()
    }
    folder = RunFolder(out / variant / f"seed-{seed}")
    return FinishedRun(variant, seed, folder, record(variant, seed, measured, **fields))


def grouped(*runs: FinishedRun) -> dict[str, list[FinishedRun]]:
    return by_variant(runs)


def written(out: Path, *runs: FinishedRun) -> list[FinishedRun]:
    """The runs as metrics.json files below a folder, and read from there."""
    for run in runs:
        write_json(out / run.variant / f"seed-{run.seed}" / "metrics.json", run.record)
    return find_runs(out)


def scored(value: float, **label: Any) -> Measurement:
    """A metric of samples with its label."""
    return Measurement(
        value, **{"samples": 1000, "split": "test", "extractor": "cnn", "extractor_sha256": "ab" * 32} | label
    )


def column(rows: Sequence[Sequence[str]], title: str) -> list[str]:
    """The cells of a column."""
    place = list(rows[0]).index(title)
    return [row[place] for row in rows[1:]]
