"""Lines and bars: losses over training, and metrics against a setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from tfvae.errors import InputError
from tfvae.figures.style import INK, MARKERS, PALETTE, QUIET, heading, house_style, new_figure

WIDTH, HEIGHT = 820, 470
VALIDATION = "val_"


@house_style
def curves(
    history: Mapping[str, Sequence[float]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    subtitle: str | None = None,
    panels: bool = False,
) -> Figure:
    """Series over the epochs: training solid, and validation (the series called `val_...`) dashed.

    Args:
        history: values of each series by its name, the first at 1; Keras' `History.history` fits. A value
            that is not finite leaves a gap.
        title: str.
        xlabel: str, with its unit.
        ylabel: str, with its unit.
        subtitle: str under the title, or None.
        panels: whether each series has a panel and a scale of its own (for terms of different sizes).

    Returns:
        Figure.

    Raises:
        InputError: if there is no series, or one is empty or no list of numbers.
    """
    series = {name: _numbers(name, values) for name, values in history.items()}
    if not series:
        raise InputError("Expected one series or more. Received: none. Pass history.history after fit, say.")
    names = list(dict.fromkeys(name.removeprefix(VALIDATION) for name in series))
    groups = [[name] for name in names] if panels else [names]
    figure, axes_list = _panels(len(groups), title, subtitle)
    for axes, group in zip(axes_list, groups, strict=True):
        for name in group:
            color = PALETTE[names.index(name) % len(PALETTE)] if not panels else PALETTE[0]
            for key, dashes in ((name, "-"), (VALIDATION + name, "--")):
                if key in series:
                    _line(axes, series[key], color=color, linestyle=dashes)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        if panels:
            axes.set_title(group[0], loc="left", fontsize=10, fontweight="bold")
    validation = any(name.startswith(VALIDATION) for name in series)
    _curves_legend(axes_list[min(3, len(axes_list)) - 1], [] if panels else names, validation=validation)
    return _settled(figure)


@house_style
def leveled_curves(
    series: Mapping[str, tuple[ArrayLike, ArrayLike]],
    levels: Mapping[str, float],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    subtitle: str | None = None,
) -> Figure:
    """Series with places of their own along the axis, and levels that they are to be read against.

    Args:
        series: (places [N], values [N]) by name; a value that is not finite leaves a gap.
        levels: height of each horizontal line by its name.
        title: str.
        xlabel: str, with its unit.
        ylabel: str, with its unit.
        subtitle: str under the title, or None.

    Returns:
        Figure.

    Raises:
        InputError: if there is no series, one is empty or no list of numbers, or places and values differ in length.

    Reference:
        Report 2, figure 7.
    """
    if not series:
        raise InputError("Expected one series or more. Received: none. Pass places and values of each.")
    figure, (axes,) = _panels(1, title, subtitle)
    entries: list[Any] = []
    for index, (name, pair) in enumerate(series.items()):
        places, values = (_numbers(name, part) for part in pair)  # type: ignore[arg-type]
        if len(places) != len(values):
            raise InputError(
                f"Expected as many places as values for {name!r}. Received: {len(places)} and {len(values)}. Pass both."
            )
        marker = "o" if len(values) <= 10 else ""
        look: dict[str, Any] = {"color": PALETTE[index % len(PALETTE)], "marker": marker, "markersize": 4}
        entries += axes.plot(places, values, linewidth=1.8, label=name, **look)
    for index, (name, height) in enumerate(levels.items()):
        dashes = ("--", ":", "-.")[index % 3]
        entries.append(axes.axhline(height, color=QUIET, linestyle=dashes, linewidth=1.4, label=name))
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.margins(y=0.08)
    _legend(axes, entries)
    return _settled(figure)


@house_style
def metric_curves(
    factors: ArrayLike,
    values: Mapping[str, Sequence[float]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    subtitle: str | None = None,
    errors: Mapping[str, Sequence[float]] | None = None,
    references: Mapping[str, float] | None = None,
    reference_label: str = "real data",
) -> Figure:
    """Metrics against a number that was varied, with error bars, and each metric of the real data as a line.

    Args:
        factors: float [F], finite, the number that was varied.
        values: float [F] of each metric by its name; a value that is not finite leaves a gap.
        title: str.
        xlabel: str, with its unit.
        ylabel: str, with its unit.
        subtitle: str under the title, or None.
        errors: float [F], >= 0, half lengths of the error bars, by metric; one may be left out.
        references: value of the real data by metric; one may be left out.
        reference_label: what the horizontal lines are.

    Returns:
        Figure.

    Raises:
        InputError: if there is no metric, a length is not F, an error is negative, or errors or references
            name another metric.
    """
    places = np.asarray(factors, dtype=np.float64)
    if places.ndim != 1 or not places.size or not np.isfinite(places).all():
        raise InputError(
            f"Expected factors as finite numbers [F]. Received: shape {places.shape}. Pass [1.0, 1.5, 3.0]."
        )
    heights = _metrics(values, len(places), errors, references)
    figure, (axes,) = _panels(1, title, subtitle)
    entries: list[Any] = []
    for index, (name, height) in enumerate(heights.items()):
        color = PALETTE[index % len(PALETTE)]
        look: dict[str, Any] = {
            "color": color,
            "marker": MARKERS[index % len(MARKERS)],
            "markersize": 6,
            "linewidth": 1.8,
        }
        spread = (errors or {}).get(name)
        entries.append(axes.errorbar(places, height, yerr=spread, capsize=3, label=name, **look))
        if references and name in references:
            label = f"{name}, {reference_label}"
            entries.append(axes.axhline(references[name], color=color, ls="--", linewidth=1.2, label=label))
    axes.set(xlabel=xlabel, ylabel=ylabel, xticks=np.unique(places))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.margins(x=0.08, y=0.1)
    _legend(axes, entries)
    return _settled(figure)


@house_style
def metric_bars(
    groups: Sequence[str],
    values: Mapping[str, Sequence[float]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    subtitle: str | None = None,
    errors: Mapping[str, Sequence[float]] | None = None,
    reference: float | None = None,
    reference_label: str = "real data",
) -> Figure:
    """Metrics of several groups as bars from zero, each with its value, and the real data as a line.

    Args:
        groups: G names along the axis (variants or samplers).
        values: float [G] of each series by its name, one color a series; a value that is not finite leaves
            a gap.
        title: str.
        xlabel: str, with its unit where it has one.
        ylabel: str, with its unit.
        subtitle: str under the title, or None.
        errors: float [G], >= 0, half lengths of the error bars, by series; one may be left out.
        reference: value of the real data, or None.
        reference_label: what the horizontal line is.

    Returns:
        Figure.

    Raises:
        InputError: if there is no group or series, a length is not G, an error is negative, or errors name
            another series.
    """
    heights = _metrics(values, len(groups), errors, None)
    figure, (axes,) = _panels(1, title, subtitle)
    thickness = 0.8 / len(heights)
    places = np.arange(len(groups))
    entries: list[Any] = []
    for index, (name, height) in enumerate(heights.items()):
        offset = (index - (len(heights) - 1) / 2) * thickness
        spread = (errors or {}).get(name)
        bars = axes.bar(
            places + offset,
            height,
            0.92 * thickness,
            yerr=spread,
            color=PALETTE[index % len(PALETTE)],
            error_kw={"ecolor": INK, "capsize": 3, "elinewidth": 1.1},
            label=name,
        )
        entries.append(bars)
        texts = [f"{value:.3g}" if np.isfinite(value) else "" for value in height]
        axes.bar_label(bars, labels=texts, padding=2, fontsize=8, color=INK)
    if reference is not None:
        label = f"{reference_label}: {reference:.3g}"
        entries.append(axes.axhline(reference, color=INK, linestyle="--", linewidth=1.2, label=label))
    axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(-0.6, len(groups) - 0.4))
    axes.set_xticks(places, groups)
    axes.grid(visible=False, axis="x")
    axes.margins(y=0.12)
    _legend(axes, entries)
    return _settled(figure)


def _numbers(name: str, values: Sequence[float]) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty((0, 0))
    if array.ndim != 1 or not array.size:
        raise InputError(
            f"Expected numbers in a row for {name!r}, one or more. Received: {values!r}. "
            "Pass one number per epoch or setting."
        )
    return np.where(np.isfinite(array), array, np.nan)


def _metrics(
    values: Mapping[str, Sequence[float]],
    count: int,
    errors: Mapping[str, Sequence[float]] | None,
    references: Mapping[str, float] | None,
) -> dict[str, NDArray[np.float64]]:
    unknown = (set(errors or {}) | set(references or {})) - set(values)
    if not values or not count or unknown:
        raise InputError(
            f"Expected one series or more, and errors and references of these only. Received: series "
            f"{list(values)}, others of {sorted(unknown)}, {count} values each. Use the same names as keys."
        )
    heights = {name: _numbers(name, series) for name, series in values.items()}
    spreads = {name: _numbers(name, series) for name, series in (errors or {}).items()}
    for name, series in [*heights.items(), *spreads.items()]:
        if len(series) != count:
            raise InputError(
                f"Expected {count} numbers for {name!r}, one per place on the axis. Received: {len(series)}. "
                "Put float('nan') where one is missing."
            )
    if any(np.any(spread < 0) for spread in spreads.values()):
        raise InputError("Expected errors >= 0. Received: a negative one. Pass standard deviations.")
    return heights


def _panels(count: int, title: str, subtitle: str | None) -> tuple[Figure, list[Axes]]:
    columns = min(count, 3)
    rows = -(-count // columns)
    width, height = (WIDTH, HEIGHT) if count == 1 else (max(WIDTH, 330 * columns), 90 + 280 * rows)
    figure = new_figure(width, height)
    top = heading(figure, title, subtitle)
    figure.set_layout_engine("constrained", rect=(0.005, 0.01, 0.99, 1 - top / height - 0.02))
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[count:]:
        axes.remove()
    return figure, list(grid[:count])


def _settled(figure: Figure) -> Figure:
    """Fixes the layout, which otherwise moves by a hair each time the figure is drawn."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def _line(axes: Axes, values: NDArray[np.float64], *, color: str, linestyle: str) -> None:
    marker = "o" if len(values) <= 10 else ""
    axes.plot(
        np.arange(1, len(values) + 1),
        values,
        color=color,
        linestyle=linestyle,
        linewidth=1.8,
        marker=marker,
        markersize=4,
    )


def _curves_legend(axes: Axes, names: Sequence[str], *, validation: bool) -> None:
    entries = [
        Line2D([], [], color=PALETTE[index % len(PALETTE)], linewidth=2, label=name) for index, name in enumerate(names)
    ]
    if validation:
        color = QUIET if names else PALETTE[0]
        entries.append(Line2D([], [], color=color, linewidth=1.8, linestyle="-", label="training"))
        entries.append(Line2D([], [], color=color, linewidth=1.8, linestyle="--", label="validation"))
    if entries:
        _legend(axes, entries)


def _legend(axes: Axes, entries: Sequence[Any]) -> None:
    axes.legend(handles=entries, loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0)
