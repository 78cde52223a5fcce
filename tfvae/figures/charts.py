"""Line charts: losses over epochs, and metrics against a setting."""

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
from tfvae.figures.style import MARKERS, PALETTE, QUIET, heading, house_style, new_figure

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
    """Training curves over epochs: training series solid, validation series (named `val_...`) dashed.

    Args:
        history: {name: values}, the first at epoch 1, such as Keras' `History.history`. A value that is not finite
            leaves a gap.
        title: str.
        xlabel: str, with its unit.
        ylabel: str, with its unit.
        subtitle: str under the title, or None.
        panels: whether to draw each series in a panel with its own scale.

    Returns:
        Figure.

    Raises:
        InputError: if there is no series, or one is empty or not a list of numbers.
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
    """Series with x values of their own, and horizontal reference lines.

    Args:
        series: {name: (x [N], y [N])}; a value that is not finite leaves a gap.
        levels: {name: y} of each horizontal line.
        title: str.
        xlabel: str, with its unit.
        ylabel: str, with its unit.
        subtitle: str under the title, or None.

    Returns:
        Figure.

    Raises:
        InputError: if there is no series, one is empty or not a list of numbers, or x and y differ in length.

    Reference:
        Report 2, figure 7.
    """
    if not series:
        raise InputError("Expected one series or more. Received: none. Pass x and y values of each.")
    figure, (axes,) = _panels(1, title, subtitle)
    entries: list[Any] = []
    for index, (name, pair) in enumerate(series.items()):
        places, values = (_numbers(name, part) for part in pair)  # type: ignore[arg-type]
        if len(places) != len(values):
            raise InputError(
                f"Expected as many x as y values for {name!r}. Received: {len(places)} and {len(values)}. Pass both."
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
    references: Mapping[str, float] | None = None,
    reference_label: str = "real data",
) -> Figure:
    """Metrics against a varied setting, and those of real data as horizontal lines.

    Args:
        factors: float [F], finite, values of the setting.
        values: {metric: float [F]}; a value that is not finite leaves a gap.
        title: str.
        xlabel: str, with its unit.
        ylabel: str, with its unit.
        subtitle: str under the title, or None.
        references: {metric: value of the real data}, of all or some metrics, or None.
        reference_label: str, legend entry of the horizontal lines.

    Returns:
        Figure.

    Raises:
        InputError: if there is no metric, a length is not F, or references name another metric.
    """
    places = np.asarray(factors, dtype=np.float64)
    if places.ndim != 1 or not places.size or not np.isfinite(places).all():
        raise InputError(
            f"Expected factors as finite numbers [F]. Received: shape {places.shape}. Pass [1.0, 1.5, 3.0]."
        )
    heights = _metrics(values, len(places), references or {})
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
        entries += axes.plot(places, height, label=name, **look)
        if references and name in references:
            label = f"{name}, {reference_label}"
            entries.append(axes.axhline(references[name], color=color, ls="--", linewidth=1.2, label=label))
    axes.set(xlabel=xlabel, ylabel=ylabel, xticks=np.unique(places))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.margins(x=0.08, y=0.1)
    _legend(axes, entries)
    return _settled(figure)


def _numbers(name: str, values: Sequence[float]) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty((0, 0))
    if array.ndim != 1 or not array.size:
        raise InputError(
            f"Expected a list of numbers for {name!r}, one or more. Received: {values!r}. "
            "Pass one number per epoch or setting."
        )
    return np.where(np.isfinite(array), array, np.nan)


def _metrics(
    values: Mapping[str, Sequence[float]], count: int, references: Mapping[str, float]
) -> dict[str, NDArray[np.float64]]:
    unknown = set(references) - set(values)
    if not values or unknown:
        raise InputError(
            f"Expected one series or more, and references of these only. Received: series {list(values)}, references "
            f"of {sorted(unknown)}. Use the same names as keys."
        )
    heights = {name: _numbers(name, series) for name, series in values.items()}
    for name, series in heights.items():
        if len(series) != count:
            raise InputError(
                f"Expected {count} values of {name!r}, one per position on the axis. Received: {len(series)}. "
                "Put float('nan') where one is missing."
            )
    return heights


def _panels(count: int, title: str, subtitle: str | None) -> tuple[Figure, list[Axes]]:
    columns = 2 if count == 4 else min(count, 3)
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
    """Freezes the layout, which the constrained engine would otherwise change slightly at each drawing."""
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
