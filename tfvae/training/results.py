"""metrics.json: writing it, finding it, and the tables that are made from it and from nothing else."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from tfvae.errors import InputError
from tfvae.training.experiment import FinishedRun
from tfvae.training.run_folder import RunFolder, read_json


def git_commit() -> str | None:
    """The commit of the source tree, with `-dirty` where it was changed since; None outside a checkout."""
    source = Path(__file__).parent
    try:
        command = ["git", "-C", str(source), "describe", "--always", "--abbrev=40", "--dirty", "--exclude", "*"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None


def find_runs(folder: Path) -> list[FinishedRun]:
    """Every finished run below `folder`, by experiment, variant and seed.

    Raises:
        InputError: if the folder is missing, or a metrics.json is none.
    """
    if not folder.is_dir():
        raise InputError(f"Expected a folder of runs. Received: {folder}, which is no folder. Check the path.")
    runs = []
    for path in sorted(folder.rglob("metrics.json")):
        record = read_json(path)
        try:
            runs.append(FinishedRun(record["variant"], int(record["seed"]), RunFolder(path.parent), record))
        except (KeyError, TypeError):
            raise InputError(
                f"Expected the metrics.json of a run. Received: {path}, without its variant and seed. Remove it."
            ) from None
    return sorted(runs, key=lambda run: (run.record["experiment"], run.variant, run.seed))


def number(value: float | None) -> str:
    """A value to four significant digits; an en dash where there is none."""
    if value is None:
        return "–"
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def over_seeds(values: Iterable[float | None]) -> str:
    """One value, or `mean ± deviation (n)` over seeds."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return number(known[0] if known else None)
    mean = sum(known) / len(known)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in known) / (len(known) - 1))
    return f"{number(mean)} ± {number(deviation)} ({len(known)})"


def first(runs: Sequence[FinishedRun], variant: str) -> FinishedRun | None:
    """The run of a variant with the lowest seed, or None."""
    return next((run for run in runs if run.variant == variant), None)


def by_variant(runs: Sequence[FinishedRun]) -> dict[str, list[FinishedRun]]:
    """The runs of each variant, over seeds."""
    groups: dict[str, list[FinishedRun]] = {}
    for run in runs:
        groups.setdefault(run.variant, []).append(run)
    return groups


def comparison_rows(runs: Sequence[FinishedRun], shown: Mapping[str, str]) -> list[list[str]]:
    """A header and a row a metric: its name, each variant's value, and what is known of it.

    Args:
        runs: finished runs of one experiment.
        shown: {metric: what the report says of it, or the goal}, in the order of the rows.

    Returns:
        Strings; rows whose metric no run has are left out.
    """
    groups = by_variant(runs)
    rows = [["metric", *groups, "the report, or the goal"]]
    for metric, known in shown.items():
        values = [over_seeds(run.value(metric) for run in group) for group in groups.values()]
        if any(value != "–" for value in values):
            rows.append([metric, *values, known])
    return rows


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """`rows` as a Markdown table, the first being its header."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]) + "\n"


def terminal_table(rows: Sequence[Sequence[str]], title: str) -> Table:
    """`rows` as a table for the terminal, the first being its header."""
    table = Table(title=title, title_justify="left")
    for position, name in enumerate(rows[0]):
        table.add_column(name, justify="left" if position in (0, len(rows[0]) - 1) else "right")
    for row in rows[1:]:
        table.add_row(*row)
    return table


def label_of(record: Mapping[str, Any]) -> str:
    """What a result's numbers depend on, in a line: data, epochs, device, versions, commit."""
    versions = record["versions"]
    return (
        f"{record['dataset']} (sha256 {record['dataset_sha256'][:12]}), preset {record['preset']}, "
        f"{record['epochs']} epochs, {record['device']}, TensorFlow {versions['tensorflow']}, "
        f"Keras {versions['keras']}, commit {(record['git_commit'] or 'unknown')[:12]}"
    )
