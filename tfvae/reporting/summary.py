"""What the terminal shows after a command: the table ours / the report's, verdicts, and where everything lies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from tfvae.reporting.experiment import Experiment
from tfvae.reporting.page import RUNS
from tfvae.reporting.records import by_variant, find_runs, in_order
from tfvae.reporting.tables import comparison_rows, terminal_table
from tfvae.training.runner import Result, say_fallback


def print_summary(
    experiment: Experiment, result: Result, variants: Sequence[str], page: Path, console: Console
) -> None:
    """Prints the metrics of this command's variants, the verdicts on the claims that read them, and paths."""
    report = experiment.settings.report
    runs = find_runs(result.folder, RUNS)
    shown = in_order(runs, variants)
    names = ", ".join(dict.fromkeys(part.name for part in result.data))
    rows = comparison_rows(shown, experiment.shown, experiment.published)
    console.print(terminal_table(rows, f"Report {report.number}: {report.heading} ({names})"))
    groups = by_variant(runs)
    for claim in experiment.claims:
        if not claim.missing(groups) and set(claim.condition.variants()) & set(variants):
            console.print(Markdown(f"* {claim.written(groups)}"))
    say_fallback(console, result.data)
    lines = [f"Report and figures: {page}", *(f"  {folder.path}/" for folder in result.runs)]
    lines.append(f"Curves and pictures: tensorboard --logdir {result.folder}")
    console.print("\n".join(lines), soft_wrap=True, highlight=False, markup=False)
