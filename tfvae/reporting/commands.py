"""The commands that made finished runs, from their config.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfvae.reporting.records import FinishedRun, by_variant
from tfvae.training.config import fingerprint, flat_fields
from tfvae.training.run_folder import recorded_fingerprint
from tfvae.training.settings import Settings


def commands(settings: Settings, runs: Sequence[FinishedRun]) -> list[str]:
    """A command for each preset, seeds and changed fields that the runs have.

    Args:
        settings: of the experiment.
        runs: its finished runs.
    """
    groups: dict[tuple[str, str, tuple[int, ...]], list[str]] = {}
    for variant, group in by_variant(runs).items():
        seeds: dict[tuple[str, str], list[int]] = {}
        for run in group:
            seeds.setdefault((run.record["preset"], _flags(settings, run)), []).append(run.seed)
        for (preset, flags), found in seeds.items():
            groups.setdefault((preset, flags, tuple(found)), []).append(variant)
    lines = []
    for (preset, flags, numbers), variants in groups.items():
        line = f"python -m experiments.{settings.name} --data-dir DIR"
        line += f" --preset {preset}" * (preset != "report")
        if set(variants) != set(settings.default_variants(preset)):
            line += f" --variants {' '.join(variants)}"
        lines.append(f"{line}{flags}{f' --seeds {_written(numbers)}' * (numbers != (0,))}")
    return lines


def _flags(settings: Settings, run: FinishedRun) -> str:
    """The fields of a run that differ from the variant's own under its preset, as flags."""
    default = settings.of_preset(run.record["preset"])[run.variant]
    usual = fingerprint(default, default)
    if run.folder.config.exists():
        recorded = recorded_fingerprint(run.folder.config, usual)
    else:
        recorded = {**usual, "precision": run.record.get("precision", "float32"), "training.epochs": run.epochs}
    if run.record.get("fallback_for"):
        recorded["training.epochs"] = usual["training.epochs"]
    own = {**{name: _plain(value) for name, value in flat_fields(default).items()}, **usual}
    changed = {name: recorded[name] for name in own if name in recorded and recorded[name] != own[name]}
    return "".join(f" {_flag(name, value)}" for name, value in changed.items())


def _flag(name: str, value: Any) -> str:
    *sections, last = name.replace("_", "-").split(".")
    if isinstance(value, bool):
        return f"--{'.'.join([*sections, last if value else f'no-{last}'])}"
    return f"--{'.'.join([*sections, last])} {_written(value)}"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _written(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
