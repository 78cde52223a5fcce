"""Labeled scatter plots on logarithmic axes: quality against size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tfvae.errors import InputError
from tfvae.figures.style import INK, MARKERS, PALETTE, heading, house_style, new_figure

WIDTH, HEIGHT = 820, 520

Point = tuple[str, float, float]


@house_style
def quality_against_size(
    series: Mapping[str, Sequence[Point]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    subtitle: str | None = None,
    reference: float | None = None,
    reference_label: str = "real data",
) -> Figure:
    """Labeled points on two logarithmic axes, one color and marker per series, and real data as a line.

    Args:
        series: {series: [(name, x, y), ...]}, x and y above 0.
        title: str.
        xlabel: str, with its unit.
        ylabel: str, with its unit.
        subtitle: str under the title, or None.
        reference: y of the real data, above 0, or None.
        reference_label: str, legend entry of the horizontal line.

    Returns:
        Figure.

    Raises:
        InputError: if there is no point, or a number is not above 0 and finite.

    Reference:
        Report 4, section 3.6.
    """
    numbers = np.array([place for points in series.values() for _, *place in points], np.float64)
    if not numbers.size or not np.isfinite(numbers).all() or numbers.min() <= 0:
        raise InputError(
            f"Expected one point or more, with finite coordinates above 0. Received: {numbers.tolist()}. "
            "Leave out what was not measured."
        )
    figure = new_figure(WIDTH, HEIGHT)
    top = heading(figure, title, subtitle)
    figure.set_layout_engine("constrained", rect=(0.005, 0.01, 0.99, 1 - top / HEIGHT - 0.02))
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    for index, (name, points) in enumerate(series.items()):
        places = [(x, y) for _, x, y in points]
        look: dict[str, Any] = {"color": PALETTE[index % len(PALETTE)], "marker": MARKERS[index % len(MARKERS)]}
        axes.plot(*zip(*places, strict=True), linestyle="", markersize=7, label=name, **look)
        for text, x, y in points:
            axes.annotate(text, (x, y), xytext=(6, 4), textcoords="offset points", fontsize=8, color=INK)
    if reference is not None:
        axes.axhline(reference, color=INK, linestyle="--", linewidth=1.2, label=f"{reference_label}: {reference:.3g}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axis.set_minor_formatter(FuncFormatter(_between_decades))
    axes.tick_params(which="both", length=4)  # aligns the labels of major and minor ticks
    axes.margins(x=0.25, y=0.12)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def _between_decades(value: float, _: int | None) -> str:
    """Labels of minor ticks: only 2 and 5 times a power of ten."""
    text = f"{value:,.10g}"
    return text if text.replace(".", "").lstrip("0").startswith(("2", "5")) else ""
