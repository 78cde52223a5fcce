"""Tables of finished runs: Markdown, and the terminal's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tfvae.reporting.numbers import MISSING, number, over_seeds
from tfvae.reporting.records import FinishedRun, by_variant
from tfvae.training.published import Published

Rows = list[list[str]]


def comparison_rows(runs: Sequence[FinishedRun], shown: Mapping[str, str], published: Sequence[Published] = ()) -> Rows:
    """A header and a row per metric: its name, each variant's value, and what is known of it.

    A number of the report stands in the row of a metric only where it is of the same feature space.

    Args:
        runs: finished runs of one experiment, in the order of the columns.
        shown: {metric: words of the report, or the goal}, in the order of the rows.
        published: numbers of the report.

    Returns:
        Strings; rows whose metric no run has are left out.
    """
    groups = by_variant(runs)
    rows = [["metric", *groups, "the report, or the goal"]]
    for metric, known in shown.items():
        values = [over_seeds(run.number(metric) for run in group) for group in groups.values()]
        if any(value != MISSING for value in values):
            theirs = [f"{entry.value:g} {entry.variant}" for entry in published if entry.metric == metric]
            rows.append([metric, *values, "; ".join([*theirs, *([known] if known else [])])])
    return rows


def variant_rows(runs: Sequence[FinishedRun], columns: Mapping[str, str]) -> Rows:
    """A header and a row per variant.

    Args:
        runs: finished runs, in the order of the rows.
        columns: {title: metric, number of the record or setting}.

    Returns:
        Strings; columns of which no run has a number are left out.
    """
    rows = [["variant", *columns]]
    for variant, group in by_variant(runs).items():
        rows.append([variant, *(over_seeds(run.number(name) for run in group) for name in columns.values())])
    return without_empty_columns(rows)


def sampler_rows(
    runs: Sequence[FinishedRun],
    samplers: Mapping[str, str],
    metrics: Mapping[str, str],
    published: Sequence[Published] = (),
) -> Rows:
    """A header and a row per variant and sampler, with the deviation over sets of samples, or over seeds.

    Args:
        runs: finished runs, in the order of the rows.
        samplers: {sampler: title}, in the order of each variant's rows.
        metrics: {title: metric of a sampler}.
        published: numbers of the report; a sampler's own stand in the last column.
    """
    rows = [["variant", "sampler", *metrics, "the report"]]
    for variant, group in by_variant(runs).items():
        for sampler, title in samplers.items():
            names = [f"{sampler}/{metric}" for metric in metrics.values()]
            cells = [_with_deviation(group, name) for name in names]
            theirs = [
                f"{entry.metric.rpartition('/')[2]} {entry.value:g}"
                for entry in published
                if entry.variant == variant and entry.metric in names
            ]
            if any(cell != MISSING for cell in cells):
                rows.append([variant, title, *cells, ", ".join(theirs) or MISSING])
    return without_empty_columns(rows)


def _with_deviation(group: Sequence[FinishedRun], name: str) -> str:
    if len(group) > 1:
        return over_seeds(run.value(name) for run in group)
    measured = group[0].record["metrics"].get(name)
    if measured is None:
        return MISSING
    if measured["std"] is None:
        return number(measured["value"])
    return f"{measured['value']:.4f} ± {measured['std']:.4f}"


def without_empty_columns(rows: Sequence[Sequence[str]]) -> Rows:
    """`rows` without the columns that say nothing below their header."""
    kept = [place for place in range(len(rows[0])) if any(row[place] not in ("", MISSING) for row in rows[1:])]
    return [[row[place] for place in kept] for row in rows]


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


def cost_rows(runs: Sequence[FinishedRun]) -> Rows:
    """Parameters and training time of each variant."""
    columns = {
        "parameters": "parameters",
        "epochs": "epochs",
        "seconds an epoch": "seconds_per_epoch",
        "training seconds": "train_seconds",
    }
    return variant_rows(runs, columns)


def rows_of_metrics(metrics: Mapping[str, Mapping[str, Any]], label: Any) -> tuple[Rows, dict[str, str]]:
    """A row per metric with a footnote, and the footnotes: {label: "(1)"}.

    Args:
        metrics: as in metrics.json.
        label: function of a measurement to its label.
    """
    rows, notes = [["metric", "value", "label"]], dict[str, str]()
    for name, metric in metrics.items():
        spread = "" if metric["std"] is None else f" ± {number(metric['std'])}"
        note = notes.setdefault(label(metric), f"({len(notes) + 1})")
        rows.append([name, number(metric["value"]) + spread, note])
    return rows, notes
