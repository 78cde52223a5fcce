"""Finished runs on disk: finding them, and reading their metrics.json, those of earlier versions too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfvae.errors import InputError
from tfvae.files import read_json
from tfvae.training.run_folder import RunFolder

FIELDS = (
    *("experiment", "variant", "seed", "preset", "dataset", "dataset_sha256", "parameters", "epochs"),
    *("seconds_per_epoch", "device", "versions", "git_commit", "metrics"),
)
"""What every metrics.json holds."""

EARLIER_NAMES = {
    "unrecognisable_share": "unrecognizable_share",
    "@prioritised/": "@prioritized/",
    "/draws": "/n",
}
"""{part of a metric's name up to version 0.1.0: what it is called today}."""


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """One run on disk: its variant and seed, its folder, and what metrics.json says."""

    variant: str
    seed: int
    folder: RunFolder
    record: dict[str, Any]

    def value(self, metric: str) -> float | None:
        """The measured value, or None where this run has no such metric."""
        measurement = self.record["metrics"].get(metric)
        return measurement["value"] if measurement is not None and math.isfinite(measurement["value"]) else None

    def number(self, name: str) -> float | None:
        """A metric, a number of the record such as `parameters`, or a setting such as `latent_dim`; None without it."""
        for source in ({name: self.value(name)}, self.record, self.record.get("settings", {})):
            if isinstance(source.get(name), int | float):
                return source[name]
        return None

    @property
    def epochs(self) -> int:
        """Number of epochs that it was trained for."""
        return int(self.record["epochs"])


def read_record(path: Path) -> dict[str, Any]:
    """A metrics.json with today's names of metrics.

    Raises:
        InputError: if the file is missing, no JSON, or not the record of a run.
    """
    record = read_json(path)
    missing = [name for name in FIELDS if not isinstance(record, dict) or name not in record]
    if missing or not isinstance(record["metrics"], dict) or not isinstance(record["seed"], int):
        raise InputError(
            f"Expected the metrics.json of a run. Received: {path}, without {', '.join(missing) or 'metrics by name'}. "
            "Remove it, and give the experiment's command again."
        )
    for name, metric in record["metrics"].items():
        if not isinstance(metric, dict) or not isinstance(metric.get("value"), int | float):
            raise InputError(
                f"Expected a number as the value of each metric. Received: {metric!r} for {name} in {path}. "
                "Remove the file, and give the experiment's command again."
            )
    return {**record, "metrics": {current_name(name): _comparable(of) for name, of in record["metrics"].items()}}


def _comparable(metric: dict[str, Any]) -> dict[str, Any]:
    """The measurement without a number of the report that is of another feature space, as version 0.1.0 recorded it."""
    metric = {"std": None, **metric}
    if "Inception" in str(metric.get("source")) and metric.get("extractor") != "inception":
        return {**metric, "reported": None, "source": None}
    return metric


def current_name(metric: str) -> str:
    """Today's name of a metric."""
    for earlier, name in EARLIER_NAMES.items():
        metric = metric.replace(earlier, name)
    return metric


def find_runs(folder: Path, pattern: str = "**/metrics.json") -> list[FinishedRun]:
    """Every finished run below `folder`, by experiment, variant and seed.

    Args:
        folder: a folder of runs.
        pattern: glob of their metrics.json.

    Raises:
        InputError: if the folder is missing, or a metrics.json is not the record of a run.
    """
    if not folder.is_dir():
        raise InputError(f"Expected a folder of runs. Received: {folder}, which is no folder. Check the path.")
    runs = []
    for path in sorted(folder.glob(pattern)):
        record = read_record(path)
        runs.append(FinishedRun(record["variant"], int(record["seed"]), RunFolder(path.parent), record))
    return sorted(runs, key=lambda run: (run.record["experiment"], run.variant, run.seed))


def by_variant(runs: Iterable[FinishedRun]) -> dict[str, list[FinishedRun]]:
    """The runs of each variant, over seeds."""
    groups: dict[str, list[FinishedRun]] = {}
    for run in runs:
        groups.setdefault(run.variant, []).append(run)
    return groups


def in_order(runs: Sequence[FinishedRun], order: Sequence[str]) -> list[FinishedRun]:
    """The runs of the named variants, in that order, seeds ascending."""
    named = [run for run in runs if run.variant in order]
    return sorted(named, key=lambda run: (order.index(run.variant), run.seed))


def label_of(record: Mapping[str, Any]) -> str:
    """What a result's numbers depend on, in a line: data, epochs, device, precision, versions, commit."""
    versions, precision = record["versions"], record.get("precision", "float32")
    place = record["device"] if precision == "float32" else f"{record['device']}, {precision}"
    images = f", {record['training_images']:,} for training" if "training_images" in record else ""
    return (
        f"{record['dataset']} (sha256 {record['dataset_sha256'][:12]}{images}), preset {record['preset']}, "
        f"{record['epochs']} epochs, {place}, TensorFlow {versions['tensorflow']}, "
        f"Keras {versions['keras']}, commit {(record['git_commit'] or 'unknown')[:12]}"
    )


def measured_with(measurement: Mapping[str, Any]) -> str:
    """What a number must be read with: extractor and its hash, generated and real samples, split; else empty."""
    extractor, samples, split = (measurement.get(name) for name in ("extractor", "samples", "split"))
    real = measurement.get("real_samples")
    parts = [f"{extractor} (sha256 {measurement['extractor_sha256'][:12]})" if extractor else None]
    if real:
        parts += [f"{samples:,} generated samples", f"{real:,} real ones of the {split} split"]
    else:
        parts += [f"{samples:,} samples" if samples else None, f"{split} split" if split else None]
    return ", ".join(part for part in parts if part)
