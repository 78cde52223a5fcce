"""`report.md` of an experiment: its Jinja2 template, with tables, claims and figures of finished runs."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

from tfvae.errors import InputError
from tfvae.figures import save_figure
from tfvae.files import atomic_write
from tfvae.reporting.commands import commands
from tfvae.reporting.experiment import Experiment
from tfvae.reporting.numbers import number, over_seeds
from tfvae.reporting.records import FinishedRun, by_variant, find_runs, in_order, label_of, measured_with
from tfvae.reporting.tables import comparison_rows, cost_rows, markdown_table, sampler_rows, variant_rows
from tfvae.training.run_folder import history_rows

RUNS = "*/seed-*/metrics.json"
MISSING = "\0"  # stands in a rendered page where no run has the figure


def write_page(experiment: Experiment, folder: Path) -> Path:
    """Writes the report of all finished runs of an experiment, and the figures beside it.

    Args:
        experiment: the experiment.
        folder: its folder, which holds <variant>/seed-<n>/.

    Returns:
        Path of the page.
    """
    runs = find_runs(folder, RUNS)
    for name, draw in experiment.figures.items():
        figure = draw(in_order(runs, list(experiment.by_name)))
        if figure is not None:
            save_figure(figure, folder / f"{name}.png")
    path = folder / "report.md"
    with atomic_write(path) as temporary:
        temporary.write_text(render(experiment, runs, folder), encoding="utf-8")
    return path


def render(experiment: Experiment, runs: Sequence[FinishedRun], folder: Path) -> str:
    """The Markdown of an experiment's page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(experiment.page.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    page = _Page(experiment, runs, folder)
    names = {name: getattr(page, name) for name in dir(page) if not name.startswith("_")}
    text = environment.get_template(experiment.page.name).render(names)
    return "\n\n".join(without_gaps(text)) + "\n"


def without_gaps(text: str) -> list[str]:
    """The blocks of a page without what a missing figure leaves behind: the paragraph before it, and empty headings."""
    blocks = [block.strip("\n") for block in re.split(r"\n\s*\n", text) if block.strip()]
    kept: list[str] = []
    for place, block in enumerate(blocks):
        pictures = blocks[place + 1 : place + 2]
        introduces = block[0] not in "#|-!>" and pictures == [MISSING]
        if block == MISSING or (introduces and not "".join(blocks[place + 2 : place + 3]).startswith("![")):
            continue
        kept.append(block)
    complete: list[str] = []
    for block in reversed(kept):
        level = len(block) - len(block.lstrip("#"))
        below = complete[-1] if complete else "# "
        if not level or "\n" in block or not below.startswith("#") or len(below) - len(below.lstrip("#")) > level:
            complete.append(block)
    return complete[::-1]


class _Page:
    """What a template may use; every method returns Markdown, empty where the runs for it are missing."""

    def __init__(self, experiment: Experiment, runs: Sequence[FinishedRun], folder: Path) -> None:
        self._experiment = experiment
        self._folder = folder
        self._runs = in_order(runs, list(experiment.by_name))
        self.report = experiment.settings.report
        self.settings = experiment.settings

    def has(self, *variants: str) -> bool:
        """Whether every named variant has a finished run."""
        return set(variants) <= {run.variant for run in self._runs}

    def value(self, metric: str, variant: str) -> str:
        """A metric of a variant, over seeds."""
        return over_seeds(run.number(metric) for run in self._runs if run.variant == variant)

    def overview(self, name: str = "overview", alt: str = "Samples of the models") -> str:
        """A figure beside the page."""
        return f"![{alt}]({name}.png)\n" if (self._folder / f"{name}.png").exists() else ""

    def claims(self) -> str:
        """A verdict and the numbers for each claim; claims whose variants were not run are named in the end."""
        runs = by_variant(self._runs)
        missing = [claim for claim in self._experiment.claims if claim.missing(runs)]
        lines = [f"- {claim.written(runs)}" for claim in self._experiment.claims if claim not in missing]
        if missing:
            names = sorted({name for claim in missing for name in claim.missing(runs)})
            lines.append(f"- Not judged, since {', '.join(names)} were not run: {len(missing)} more claims.")
        return "\n".join(lines) + "\n"

    def numbers(self, *variants: str, metrics: Sequence[str] | None = None) -> str:
        """Metrics side by side, a column per variant in the given order."""
        shown = self._experiment.shown
        chosen = shown if metrics is None else {metric: shown.get(metric, "") for metric in metrics}
        rows = comparison_rows(self._named(variants), chosen, self._experiment.published)
        return markdown_table(rows) if len(rows) > 1 else ""

    def variants_table(self, *variants: str, columns: Mapping[str, str]) -> str:
        """A row per variant; names may hold `*`."""
        rows = variant_rows(self._named(variants), columns)
        return markdown_table(rows) if len(rows) > 1 else ""

    def samplers_table(self, *variants: str, samplers: Mapping[str, str], metrics: Mapping[str, str]) -> str:
        """A row per variant and sampler."""
        rows = sampler_rows(self._named(variants), samplers, metrics, self._experiment.published)
        return markdown_table(rows) if len(rows) > 1 else ""

    def costs(self, *variants: str) -> str:
        """Parameters and training time of each variant."""
        runs = self._named(variants)
        return markdown_table(cost_rows(runs)) if runs else ""

    def extremes(self, *variants: str, metric: str) -> str:
        """Which of several variants have the lowest and the highest value of a metric."""
        values = {run.variant: run.value(metric) for run in self._named(variants)}
        known = {name: value for name, value in values.items() if value is not None}
        if len(known) < 2:
            return ""
        lowest, highest = min(known, key=lambda name: known[name]), max(known, key=lambda name: known[name])
        return f"lowest {metric}: {lowest}, {number(known[lowest])}; highest: {highest}, {number(known[highest])}"

    def published_elsewhere(self) -> str:
        """Numbers of the report in feature spaces in which nothing was measured here."""
        ours = {(run.variant, name) for run in self._runs for name in run.record["metrics"]}
        rest = [entry for entry in self._experiment.published if (entry.variant, entry.metric) not in ours]
        return "".join(f"- {entry.metric} of {entry.variant}: {entry.value:g} ({entry.where})\n" for entry in rest)

    def figure(self, name: str, *variants: str, alt: str = "") -> str:
        """A figure of several variants side by side."""
        first = {variant: group[0] for variant, group in by_variant(self._named(variants)).items()}
        paths = [run.folder.figures / f"{name}.png" for run in first.values()]
        links = [f"![{alt or name}]({path.relative_to(self._folder)})" for path in paths if path.exists()]
        return (" ".join(links) if links else MISSING) + "\n"

    def snapshots(self, tag: str, variant: str) -> str:
        """Pictures of one variant as its training goes on, from left to right."""
        run = next((run for run in self._runs if run.variant == variant), None)
        paths = sorted(run.folder.figures.glob(f"epoch-*_{tag}.png")) if run else []
        epochs = ", ".join(str(int(path.name[6:9])) for path in paths)
        links = " ".join(f"![{path.stem}]({path.relative_to(self._folder)})" for path in paths)
        words = f"Epochs {epochs}, from left to right." if len(paths) > 1 else f"Epoch {epochs}."
        return f"{words}\n\n{links}\n" if paths else f"{MISSING}\n"

    def warnings(self, *variants: str) -> str:
        """The warnings of the experiment's rule on each run's history, by epoch."""
        lines, rule = [], self._experiment.warning
        if rule is None:
            raise InputError("Expected an experiment with a `warning`. Received: none. Give `Experiment` the rule.")
        for run in self._named(variants):
            history = history_rows(run.folder.history)
            found = [(row["epoch"], rule(history[: place + 1])) for place, row in enumerate(history)]
            warned = [(epoch, warning) for epoch, warning in found if warning]
            name = f"{run.variant} seed {run.seed}"
            if warned:
                epochs = ", ".join(str(epoch) for epoch, _ in warned)
                lines.append(f"- {name}: warned at epochs {epochs}; the last: {warned[-1][1]}.")
            else:
                lines.append(f"- {name}: no warning in {len(history)} epochs.")
        return "\n".join(lines) + "\n" if lines else ""

    def fallback(self) -> str:
        """A warning where another data set replaced the one that was asked for."""
        pairs = {(run.record["fallback_for"], run.record["dataset"]) for run in self._runs}
        return "".join(
            f"> NOT {asked}: these are numbers of {data}, which replaced it.\n" for asked, data in pairs if asked
        )

    def provenance(self, *metrics_of_samples: str) -> str:
        """Commands, what the numbers depend on, and the labels of these metrics of samples, of all if none is named."""
        metrics = [
            metric
            for run in self._runs
            for name, metric in run.record["metrics"].items()
            if "/" in name and (not metrics_of_samples or name.split("/")[1] in metrics_of_samples)
        ]
        labels = sorted({label for metric in metrics if metric["extractor"] and (label := measured_with(metric))})
        made_by = [f"- `{command}`" for command in commands(self.settings, self._runs)]
        lines = ["Made by:\n", *made_by, "\nMeasured on:\n"]
        lines += [f"- {line}" for line in sorted({label_of(run.record) for run in self._runs})]
        if labels:
            lines += ["\nMetrics of samples, on which no model was chosen:\n", *(f"- {label}" for label in labels)]
        return "\n".join(lines) + "\n"

    def alerts(self, metric: str, *variants: str, text: str, above: float = math.inf, below: float = -math.inf) -> str:
        """A warning for every run whose metric is above or below a bound; `{name}` in its text stands for a metric."""
        lines = []
        for run in self._named(variants):
            values = {name: float(run.value(name) or 0) for name in run.record["metrics"]}
            if metric in values and (values[metric] > above or values[metric] < below):
                named = {name: number(int(v) if v.is_integer() else v) for name, v in values.items()}
                lines.append(f"> {run.variant}, seed {run.seed}: {text.format_map(named)}\n")
        return "\n".join(lines)

    def best_and_mean(self, *variants: str, metrics: Mapping[str, str]) -> str:
        """A row per variant and metric: the highest value of all seeds, and their mean; `metrics` gives titles."""
        rows = [["variant", "metric", "best", "mean ± deviation (seeds)"]]
        for variant, group in by_variant(self._named(variants)).items():
            for metric, title in metrics.items():
                values = [value for run in group if (value := run.value(metric)) is not None]
                if values:
                    rows.append([variant, title, number(max(values)), over_seeds(values)])
        return markdown_table(rows) if len(rows) > 1 else ""

    def _named(self, variants: Sequence[str]) -> list[FinishedRun]:
        """The runs of the named variants in that order, `*` in a name standing for anything; all if none is named."""
        if not variants:
            return self._runs
        known = list(self._experiment.by_name)
        names = [name for pattern in variants for name in fnmatch.filter(known, pattern)]
        return in_order(self._runs, names)
