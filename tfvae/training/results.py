"""metrics.json: writing it, finding it, and the tables that are made from it and from nothing else."""

from __future__ import annotations

import math
import resource
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tfvae.errors import InputError
from tfvae.files import atomic_write, read_json
from tfvae.training.experiment import FinishedRun
from tfvae.training.run_folder import RunFolder

MISSING = "-"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"


def git_commit() -> str | None:
    """The commit of the source tree, with `-dirty` where it was changed since; None outside a checkout."""
    source = Path(__file__).parent
    try:
        command = ["git", "-C", str(source), "describe", "--always", "--abbrev=40", "--dirty", "--exclude", "*"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None


def peak_memory_mb() -> float:
    """The most memory that this process has held so far, in megabytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


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
            named = {key: record[key] for key in ("experiment", "variant", "seed")}
            runs.append(FinishedRun(named["variant"], int(named["seed"]), RunFolder(path.parent), record))
        except (KeyError, TypeError):
            raise InputError(
                f"Expected the metrics.json of a run. Received: {path}, without its experiment, variant and seed. "
                "Remove it."
            ) from None
    return sorted(runs, key=lambda run: (run.record["experiment"], run.variant, run.seed))


def number(value: float | None) -> str:
    """A value to four significant digits, thousands apart from 10,000 on; a hyphen where there is none."""
    if value is None:
        return MISSING
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:,.0f}" if round(abs(value)) >= 10_000 else f"{value:.{digits}f}"


def over_seeds(values: Iterable[float | None]) -> str:
    """One value, or `mean ± deviation (n)` over seeds."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return number(known[0] if known else None)
    mean = sum(known) / len(known)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in known) / (len(known) - 1))
    decimals = len(number(mean).partition(".")[2])
    return f"{number(mean)} ± {round(deviation, decimals) or 0:.{decimals if deviation else 0}f} ({len(known)})"


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
        if any(value != MISSING for value in values):
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
        edge = position in (0, len(rows[0]) - 1)
        table.add_column(name, justify="left" if edge else "right", no_wrap=position < len(rows[0]) - 1)
    for row in rows[1:]:
        table.add_row(*row)
    return table


def terminal() -> Console:
    """The console; where it is no terminal, wide enough for the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=max(console.width, 130))


def label_of(record: Mapping[str, Any]) -> str:
    """What a result's numbers depend on, in a line: data, epochs, device, precision, versions, commit."""
    versions, precision = record["versions"], record.get("precision", "float32")
    place = record["device"] if precision == "float32" else f"{record['device']}, {precision}"
    return (
        f"{record['dataset']} (sha256 {record['dataset_sha256'][:12]}), preset {record['preset']}, "
        f"{record['epochs']} epochs, {place}, TensorFlow {versions['tensorflow']}, "
        f"Keras {versions['keras']}, commit {(record['git_commit'] or 'unknown')[:12]}"
    )


def measured_with(measurement: Mapping[str, Any]) -> str:
    """What a number must be read with: extractor and its hash, samples, split; empty where it has no such label."""
    extractor, samples, split = (measurement.get(name) for name in ("extractor", "samples", "split"))
    parts = [f"{extractor} (sha256 {measurement['extractor_sha256'][:12]})" if extractor else None]
    parts += [f"{samples:,} samples" if samples else None, f"{split} split" if split else None]
    return ", ".join(part for part in parts if part)


def markdown_page(runs: Sequence[FinishedRun]) -> str:
    """A Markdown section for each experiment, data set, preset and length of training: labels, then tables.

    Args:
        runs: finished runs of any experiments.

    Returns:
        Markdown with a heading of level 2 for each section.

    Raises:
        InputError: if there is no run, or the record of one lacks a field.
    """
    if not runs:
        raise InputError("Expected a finished run or more. Received: no metrics.json. Run an experiment first.")
    for run in runs:
        missing = [field for field in _FIELDS if field not in run.record]
        if missing:
            raise InputError(
                f"Expected the metrics.json of a run. Received: {run.folder.metrics}, without {', '.join(missing)}. "
                "Remove it."
            )
    sections: dict[tuple[Any, ...], list[FinishedRun]] = {}
    for run in runs:
        sections.setdefault(tuple(run.record[field] for field in _SECTION), []).append(run)
    return "\n".join(_section(group) for group in sections.values())


_SECTION = ("experiment", "dataset", "dataset_sha256", "preset", "epochs")
_FIELDS = (*_SECTION, "parameters", "seconds_per_epoch", "device", "versions", "git_commit", "metrics")


def _section(runs: Sequence[FinishedRun]) -> str:
    record, groups = runs[0].record, by_variant(runs)
    heading = f"## {record['experiment']}: {record['dataset']}, preset {record['preset']}, {record['epochs']} epochs\n"
    lines = [heading]
    if record.get("fallback_for"):
        lines.append(f"**Not {record['fallback_for']}: {record['dataset']} stood in for it.**\n")
    labels: dict[str, list[str]] = {}
    for run in runs:
        labels.setdefault(label_of(run.record), []).append(f"{run.variant} seed {run.seed}")
    lines += [
        f"{label}: {', '.join(names)}.\n" if len(labels) > 1 else f"{label}.\n" for label, names in labels.items()
    ]
    names = list(dict.fromkeys(name for run in runs for name in run.record["metrics"]))
    notes: dict[str, str] = {}
    of_model = _metric_rows(groups, [name for name in names if "/" not in name], notes)
    of_samples = _metric_rows(groups, [name for name in names if "/" in name], notes)
    sizes = [" / ".join(sorted({f"{run.record['parameters']:,}" for run in group})) for group in groups.values()]
    seconds = [over_seeds(run.record["seconds_per_epoch"] for run in group) for group in groups.values()]
    costs = [["parameters", *sizes, MISSING, ""], ["seconds per epoch", *seconds, MISSING, ""]]
    for name, rows in (("metric", of_model + costs), ("metric of samples", of_samples)):
        if rows:
            lines.append(markdown_table(_without_empty_columns([[name, *groups, "the report", "label"], *rows])))
    lines += [f"{note} {label}  " for label, note in notes.items()]
    return "\n".join(lines).rstrip() + "\n"


def _metric_rows(
    groups: Mapping[str, Sequence[FinishedRun]], names: Sequence[str], notes: dict[str, str]
) -> list[list[str]]:
    """A row for each metric and label, so that numbers that do not compare share neither a row nor a mean."""
    rows = []
    for name in names:
        measured: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
        for variant, group in groups.items():
            for metric in (run.record["metrics"][name] for run in group if name in run.record["metrics"]):
                measured.setdefault(measured_with(metric), {}).setdefault(variant, []).append(metric)
        for label, by_variant in measured.items():
            values = [over_seeds(metric["value"] for metric in by_variant.get(variant, [])) for variant in groups]
            metrics = [metric for found in by_variant.values() for metric in found]
            note = notes.setdefault(label, f"({len(notes) + 1})") if label else ""
            rows.append([name, *values, _reported(metrics), note])
    return rows


def _reported(metrics: Sequence[Mapping[str, Any]]) -> str:
    known = (metric for metric in metrics if metric.get("reported") is not None)
    texts = (
        number(metric["reported"]) + (f" ({metric['source']})" if metric.get("source") else "") for metric in known
    )
    return "; ".join(dict.fromkeys(texts)) or MISSING


def _without_empty_columns(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """`rows` without the columns that say nothing below their header."""
    kept = [position for position in range(len(rows[0])) if any(row[position] not in ("", MISSING) for row in rows[1:])]
    return [[row[position] for position in kept] for row in rows]


def write_between_markers(path: Path, page: str) -> None:
    """Replaces what stands in a Markdown file between BEGIN and END, whole or not at all.

    Args:
        path: file with one line BEGIN and, below it, one line END.
        page: Markdown.

    Raises:
        InputError: if the file cannot be read or written, or has no such pair.
    """
    try:
        before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
        _, end, after = rest.partition(END)
        if not (begin and end) or BEGIN in rest or END in before + after:
            raise InputError(
                f"Expected one line {BEGIN} and, below it, one line {END}. Received: {path} without that pair. "
                "Put them where the tables belong."
            )
        with atomic_write(path) as temporary:
            temporary.write_text(f"{before}{begin}\n\n{page}\n{end}{after}", encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"Expected a text file that can be read and written. Received: {path} ({error}). Check the path."
        ) from None
