"""Accuracy against variety: a curve for each generator, and the real data as a point."""

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
    """Accuracy (up is better) against cosine similarity (left is more varied), on a scale that opens toward 1.

    Args:
        panels: {judge: {generator: (similarities float [P], accuracies float [P])}}, a panel for each judge; the same
            generator has the same color in each.
        title: str.
        samples: int >= 1, samples that an accuracy was measured on; one without an error is drawn half an error
            below 1.
        subtitle: str under the title, or None.
        points: {judge: {what: (similarity, accuracy)}}, such as the real data, or None.
        reported: {what: (similarity, accuracy)} of the report, drawn in every panel, or None.

    Returns:
        Figure.

    Raises:
        InputError: if there is no panel or curve, two lengths differ, or a number is outside [0, 1].

    Reference:
        Report 1, figure 1.
    """
    curves = {judge: {name: _checked(name, *pair) for name, pair in of.items()} for judge, of in panels.items()}
    names = list(dict.fromkeys(name for of in curves.values() for name in of))
    if not names:
        raise InputError("Expected one curve or more. Received: none. Pass the frontier of a generator.")
    figure = new_figure(WIDTH * len(curves) + LEGEND, HEIGHT)
    top = heading(figure, title, subtitle)
    figure.set_layout_engine("constrained", rect=(0.005, 0.01, 0.99, 1 - top / HEIGHT - 0.02))
    highest = 1.0 - 0.5 / samples
    axes_list = list(figure.subplots(1, len(curves), squeeze=False).ravel())
    for axes, (judge, of) in zip(axes_list, curves.items(), strict=True):
        for name, (similarities, accuracies) in of.items():
            style = names.index(name)
            look = {"color": PALETTE[style % len(PALETTE)], "marker": MARKERS[style % len(MARKERS)]}
            axes.plot(similarities, np.minimum(accuracies, highest), label=name, markersize=4, linewidth=1.6, **look)
        marks = [((points or {}).get(judge, {}), "*", 13), (reported or {}, "X", 9)]
        for group, marker, size in marks:
            for number, (name, (similarity, accuracy)) in enumerate(group.items()):
                place = (similarity, min(accuracy, highest))
                shade = {"color": INK, "alpha": 1.0 - 0.55 * number / max(1, len(group))}
                axes.plot(*place, marker=marker, markersize=size, linestyle="", label=name, **shade)
        _scaled(axes, judge, highest)
    entries = {line.get_label(): line for axes in axes_list for line in axes.lines}
    axes_list[-1].legend(
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


def _scaled(axes: Axes, judge: str, highest: float) -> None:
    """The accuracy on a scale on which every halving of the errors is one step up."""
    axes.set_yscale("function", functions=(lambda y: -np.log10(np.maximum(1 - y, 1e-9)), lambda v: 1 - 10.0**-v))
    lowest = min(float(np.min(line.get_ydata())) for line in axes.lines)
    ticks = [tick for tick in ACCURACIES if tick < highest]
    axes.set(xlabel="mean cosine similarity within a class", ylabel="class accuracy")
    axes.set_ylim(max(0.0, 1 - 1.15 * (1 - lowest)), 1 - 0.8 * (1 - highest))
    axes.set_yticks([tick for tick in ticks if tick >= lowest] or ticks[-1:])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.minorticks_off()
    axes.set_title(judge, loc="left", fontsize=10, fontweight="bold")
