"""Tradeoff of class accuracy and diversity: a curve for each generator, real data as points."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from tfvae.errors import InputError
from tfvae.figures.style import INK, MARKERS, PALETTE, heading, house_style, new_figure

WIDTH, HEIGHT = 560, 520
LEGEND = 250
ACCURACIES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9999)

Pairs = tuple[ArrayLike, ArrayLike]


@house_style
def tradeoff_curves(
    panels: Mapping[str, Mapping[str, Pairs]],
    *,
    title: str,
    samples: int,
    subtitle: str | None = None,
    points: Mapping[str, Mapping[str, tuple[float, float]]] | None = None,
    reported: Mapping[str, tuple[float, float]] | None = None,
) -> Figure:
    """Class accuracy, on a scale of -log10(1 - accuracy), against cosine similarity within a class (low: diverse).

    Args:
        panels: {panel: {generator: (similarities float [P], accuracies float [P])}}, at most two panels a row; a
            generator has one color in all panels.
        title: str.
        samples: int >= 1, samples per accuracy; accuracies are drawn at most at 1 - 0.5 / samples.
        subtitle: str under the title, or None.
        points: {panel: {name: (similarity, accuracy)}}, such as real data, or None.
        reported: {name: (similarity, accuracy)}, published values, drawn in every panel, or None.

    Returns:
        Figure.

    Raises:
        InputError: if there is no panel or curve, two lengths differ, or a number is outside [0, 1].

    Reference:
        Report 1, figure 1.
    """
    curves = {panel: {name: _checked(name, *pair) for name, pair in of.items()} for panel, of in panels.items()}
    names = list(dict.fromkeys(name for of in curves.values() for name in of))
    if not names:
        raise InputError("Expected one curve or more. Received: none. Pass the frontier of a generator.")
    columns = min(len(curves), 2)
    rows = -(-len(curves) // columns)
    figure = new_figure(WIDTH * columns + LEGEND, HEIGHT * rows)
    top = heading(figure, title, subtitle)
    figure.set_layout_engine("constrained", rect=(0.005, 0.01, 0.99, 1 - top / (HEIGHT * rows) - 0.02))
    highest = 1.0 - 0.5 / samples
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(curves) :]:
        axes.remove()
    axes_list = list(grid[: len(curves)])
    for axes, (panel, of) in zip(axes_list, curves.items(), strict=True):
        for name, (similarities, accuracies) in of.items():
            style = names.index(name)
            look = {"color": PALETTE[style % len(PALETTE)], "marker": MARKERS[style % len(MARKERS)]}
            axes.plot(similarities, np.minimum(accuracies, highest), label=name, markersize=4, linewidth=1.6, **look)
        marks = [((points or {}).get(panel, {}), "*", 13), (reported or {}, "X", 9)]
        for group, marker, size in marks:
            for number, (name, (similarity, accuracy)) in enumerate(group.items()):
                place = (similarity, min(accuracy, highest))
                shade = {"color": INK, "alpha": 1.0 - 0.55 * number / max(1, len(group))}
                axes.plot(*place, marker=marker, markersize=size, linestyle="", label=name, **shade)
        _scaled(axes, panel, highest)
    entries = {line.get_label(): line for axes in axes_list for line in axes.lines}
    axes_list[columns - 1].legend(
        handles=list(entries.values()), loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0.0
    )
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def _checked(name: str, similarities: ArrayLike, accuracies: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    pair = np.asarray(similarities, np.float64), np.asarray(accuracies, np.float64)
    if pair[0].shape != pair[1].shape or pair[0].ndim != 1 or not all(((a >= 0) & (a <= 1)).all() for a in pair):
        raise InputError(
            f"Expected similarities and accuracies of {name!r} as [P], each in [0, 1]. Received: shapes "
            f"{pair[0].shape} and {pair[1].shape}. Pass the columns of its frontier."
        )
    order = np.argsort(pair[0], kind="stable")
    return pair[0][order], pair[1][order]


def _scaled(axes: Axes, panel: str, highest: float) -> None:
    """Sets the scale -log10(1 - accuracy), on which halving the error rate is a constant step."""
    axes.set_yscale("function", functions=(lambda y: -np.log10(np.maximum(1 - y, 1e-9)), lambda v: 1 - 10.0**-v))
    lowest = min(float(np.min(line.get_ydata())) for line in axes.lines)
    ticks = [tick for tick in ACCURACIES if tick < highest]
    axes.set(xlabel="mean cosine similarity within a class", ylabel="class accuracy")
    axes.set_ylim(max(0.0, 1 - 1.15 * (1 - lowest)), 1 - 0.8 * (1 - highest))
    axes.set_yticks([tick for tick in ticks if tick >= lowest] or ticks[-1:])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.minorticks_off()
    axes.set_title(panel, loc="left", fontsize=10, fontweight="bold")
