"""Figures of several finished runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tfvae.evaluation.measured_frontiers import kept_frontiers, tradeoff
from tfvae.figures import Figure, quality_against_size, sample_comparison
from tfvae.reporting.records import FinishedRun, by_variant


def samples_side_by_side(
    runs: Sequence[FinishedRun], titles: Mapping[str, str], *, count: int, columns: int, title: str
) -> Figure | None:
    """The first samples of each variant's lowest seed, or None where some have none: a clone keeps the picture.

    Args:
        runs: finished runs.
        titles: {variant: title}, in order.
        count: int >= 1, samples of each.
        columns: int >= 1, of each variant's sheet.
        title: str.
    """
    first = {variant: group[0] for variant, group in by_variant(runs).items() if variant in titles}
    present = {variant: first[variant] for variant in titles if variant in first}
    if not present or not all(run.folder.samples.exists() for run in present.values()):
        return None
    sheets = {}
    for variant, run in present.items():
        with np.load(run.folder.samples, allow_pickle=False) as arrays:
            sheets[titles[variant]] = arrays["images"][:count]
    return sample_comparison(sheets, columns=columns, title=title)


def metric_against_parameters(
    runs: Sequence[FinishedRun],
    families: Mapping[str, str],
    metric: str,
    *,
    title: str,
    ylabel: str,
    reference: float | None = None,
    reference_label: str = "real data",
) -> Figure | None:
    """A metric, the mean over seeds, against the number of parameters: a point per variant, a series per family.

    Args:
        runs: finished runs.
        families: {series: beginning of its variants' names}; what follows is the name of a point.
        metric: str, as in metrics.json, above 0.
        title: str.
        ylabel: str, with its unit.
        reference: value of the real data, or None.
        reference_label: what the reference is.

    Returns:
        Figure, or None where no run has the metric.
    """
    series: dict[str, list[tuple[str, float, float]]] = {}
    for variant, group in by_variant(runs).items():
        values = [value for run in group if (value := run.value(metric)) is not None]
        for family in [name for name, start in families.items() if values and variant.startswith(start)]:
            point = variant.removeprefix(families[family]).lstrip("-") or variant
            place = (point, float(group[0].record["parameters"]), sum(values) / len(values))
            series.setdefault(family, []).append(place)
    if not series:
        return None
    return quality_against_size(
        series,
        title=title,
        xlabel="trainable parameters of all networks",
        ylabel=ylabel,
        reference=reference,
        reference_label=reference_label,
    )


def frontiers_side_by_side(
    runs: Sequence[FinishedRun],
    variants: Sequence[str],
    titles: Mapping[str, str],
    reported: Mapping[str, tuple[float, float]],
) -> Figure | None:
    """The frontiers of each variant's lowest seed, a panel for each variant and classifier; None where one is missing.

    Args:
        runs: finished runs.
        variants: those that are drawn, in order.
        titles: {generator: title}.
        reported: {title: (similarity, accuracy)} of the report.
    """
    first = {variant: group[0].folder.path for variant, group in by_variant(runs).items()}
    if not set(variants) <= first.keys():
        return None
    return tradeoff({variant: kept_frontiers(first[variant]) for variant in variants}, titles, reported)
