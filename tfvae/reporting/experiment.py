"""A report's experiment: variants, claims and a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfvae.figures import Figure
from tfvae.reporting.claims import Claim
from tfvae.reporting.records import FinishedRun
from tfvae.training.published import Published
from tfvae.training.settings import Settings
from tfvae.training.variant import Variant

DrawRuns = Callable[[Sequence[FinishedRun]], Figure | None]
Warn = Callable[[Sequence[Mapping[str, Any]]], str | None]


@dataclass(frozen=True, eq=False)
class Experiment:
    """One report's experiment.

    Attributes:
        settings: name, report, configurations and presets: all that the command line needs.
        variants: what is trained, with a variant for each configuration of the settings.
        page: path of the Jinja2 template of `report.md`.
        shown: {metric: words of the report, or the goal}, the rows of the closing table.
        claims: what the metrics decide.
        published: numbers of the report.
        figures: {file name without ending: function of the finished runs to a figure, or None}, drawn beside the page.
        warning: function of the rows of a run's history so far to a warning, or None; the page lists the warnings.
    """

    settings: Settings
    variants: Sequence[Variant]
    page: Path
    shown: Mapping[str, str]
    claims: Sequence[Claim] = ()
    published: Sequence[Published] = ()
    figures: Mapping[str, DrawRuns] = field(default_factory=dict)
    warning: Warn | None = None

    @property
    def by_name(self) -> dict[str, Variant]:
        """{name: variant}."""
        return {variant.name: variant for variant in self.variants}
