"""The results page: a Markdown section for each experiment, generated from metrics.json files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfvae.errors import InputError
from tfvae.files import atomic_write
from tfvae.reporting.numbers import MISSING, number, over_seeds
from tfvae.reporting.records import FinishedRun, by_variant, label_of, measured_with
from tfvae.reporting.tables import markdown_table, without_empty_columns

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"


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
            lines.append(markdown_table(without_empty_columns([[name, *groups, "the report", "label"], *rows])))
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
        for label, of_variant in measured.items():
            values = [over_seeds(metric["value"] for metric in of_variant.get(variant, [])) for variant in groups]
            metrics = [metric for found in of_variant.values() for metric in found]
            note = notes.setdefault(label, f"({len(notes) + 1})") if label else ""
            rows.append([name, *values, _reported(metrics), note])
    return rows


def _reported(metrics: Sequence[Mapping[str, Any]]) -> str:
    known = (metric for metric in metrics if metric.get("reported") is not None)
    texts = (
        number(metric["reported"]) + (f" ({metric['source']})" if metric.get("source") else "") for metric in known
    )
    return "; ".join(dict.fromkeys(texts)) or MISSING


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
