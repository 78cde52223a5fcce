"""Latent codes as points, coloured by class."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.patheffects as path_effects
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from mpl_toolkits.mplot3d import Axes3D
from numpy.typing import ArrayLike, NDArray

from tfvae.errors import InputError
from tfvae.figures.style import INK, MARKERS, QUIET, class_colors, heading, house_style, new_figure

WIDTH, HEIGHT = 820, 680
AZIMUTHS = range(-90, 90, 15)
ELEVATIONS = (12, 22, 32)


@house_style
def latent_scatter(
    codes: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str],
    *,
    title: str,
    subtitle: str | None = None,
    dimensions: int | None = None,
    points: int = 4000,
) -> Figure:
    """Codes as points in 2-D or 3-D with equal axes, each class in its colour and named at its median.

    Codes of more dimensions than are drawn are projected on their principal components, and the axes say which
    share of the variance each holds. A 3-D view is turned to where most codes lie nearest to their own class.

    Args:
        codes: float [N, D], D >= 2, finite.
        labels: int [N], index of each code's class in `class_names`.
        class_names: name of each class.
        title: str.
        subtitle: str under the title, or None.
        dimensions: 2 or 3 to draw; None draws codes of 2 or 3 dimensions as they are, and others in 2.
        points: int >= 1, most points to draw; of more codes, evenly spaced ones are drawn and the figure says so.

    Returns:
        Figure.

    Raises:
        InputError: if codes are not finite [N, D >= 2], labels do not belong to them, or `dimensions` is not
            2 or 3 or exceeds D.

    Reference:
        Report 0, figures 2 and 4.
    """
    codes, labels = _checked(codes, labels, class_names)
    dimensions = _checked_dimensions(dimensions, codes.shape[1])
    if points < 1:
        raise InputError(f"Expected points >= 1. Received: {points!r}. Leave it at 4000.")
    places, axis_names = _places(codes, dimensions)
    if len(codes) > points:
        shown = np.linspace(0, len(codes) - 1, points).astype(int)
        places, labels = places[shown], labels[shown]
        note = f"{points:,} of {len(codes):,} codes"
        subtitle = f"{subtitle}; {note}" if subtitle else note
    figure = new_figure(WIDTH, HEIGHT)
    top = heading(figure, title, subtitle)
    draw = _draw_flat if dimensions == 2 else _draw_solid
    draw(figure, (0.01, 0.01, 0.84, 1 - top / HEIGHT - 0.02), places, labels, class_names, axis_names)
    _legend(figure, labels, class_names, top)
    return figure


def _checked(
    codes: ArrayLike, labels: ArrayLike, class_names: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    array, classes = np.asarray(codes, dtype=np.float64), np.asarray(labels)
    if array.ndim != 2 or array.shape[1] < 2 or not len(array) or not np.isfinite(array).all():
        raise InputError(
            f"Expected finite codes of shape [N, D], D >= 2. Received: shape {array.shape}, "
            f"{int(np.sum(~np.isfinite(array)))} numbers not finite. Pass the output of model.encode(images)."
        )
    fits = classes.shape == (len(array),) and np.issubdtype(classes.dtype, np.integer)
    if not fits or classes.min() < 0 or classes.max() >= len(class_names):
        raise InputError(
            f"Expected labels as int [{len(array)}] in 0 ... {len(class_names) - 1}. Received: shape "
            f"{classes.shape}, dtype {classes.dtype}. Pass the labels of these codes and a name for every class."
        )
    return array, classes.astype(np.int64)


def _checked_dimensions(dimensions: int | None, available: int) -> int:
    if dimensions is None:
        return available if available in (2, 3) else 2
    if dimensions not in (2, 3) or dimensions > available:
        raise InputError(
            f"Expected dimensions 2 or 3, at most {available}. Received: {dimensions!r}. "
            "Leave it out to have it chosen."
        )
    return int(dimensions)


def _places(codes: NDArray[np.float64], dimensions: int) -> tuple[NDArray[np.float64], list[str]]:
    """The codes themselves, or their principal components, and the names of the axes."""
    if codes.shape[1] == dimensions:
        return codes, [f"latent dimension {axis + 1} (dimensionless)" for axis in range(dimensions)]
    centered = codes - codes.mean(axis=0)
    variances, directions = np.linalg.eigh(centered.T @ centered / len(codes))
    directions = directions[:, ::-1][:, :dimensions]
    # An eigenvector's sign is arbitrary: its largest entry is made positive.
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(dimensions)])
    shares = variances[::-1][:dimensions] / max(variances.sum(), np.finfo(float).tiny)
    names = [
        f"principal component {axis + 1} ({share:.0%} of the variance)" for axis, share in enumerate(shares)
    ]
    return centered @ (directions * signs), names


def _draw_flat(
    figure: Figure,
    box: tuple[float, float, float, float],
    places: NDArray[np.float64],
    labels: NDArray[np.int64],
    class_names: Sequence[str],
    axis_names: Sequence[str],
) -> None:
    axes = figure.add_axes((box[0] + 0.07, box[1] + 0.07, box[2] - 0.09, box[3] - 0.09))
    # In one shuffled order, so that no class hides another by being drawn last.
    order = np.random.default_rng(0).permutation(len(places))
    colors = np.array(class_colors(len(class_names)))
    for marker in range(-(-len(class_names) // len(colors[:10]))):
        chosen = order[labels[order] // 10 == marker]
        kind = MARKERS[marker % len(MARKERS)]
        axes.scatter(*places[chosen].T, s=7, c=colors[labels[chosen]], marker=kind, linewidths=0, alpha=0.75)
    for label in np.unique(labels):
        middle = np.median(places[labels == label], axis=0)
        axes.text(*middle, class_names[label], **_name_style())
    axes.set(xlabel=axis_names[0], ylabel=axis_names[1])
    axes.set_aspect("equal", adjustable="datalim")


def _draw_solid(
    figure: Figure,
    box: tuple[float, float, float, float],
    places: NDArray[np.float64],
    labels: NDArray[np.int64],
    class_names: Sequence[str],
    axis_names: Sequence[str],
) -> None:
    axes = figure.add_axes(box, projection="3d")
    assert isinstance(axes, Axes3D)
    colors = np.array(class_colors(len(class_names)))
    for marker in np.unique(labels // 10):
        chosen = labels // 10 == marker
        kind = MARKERS[marker % len(MARKERS)]
        axes.scatter(*places[chosen].T, s=6, c=colors[labels[chosen]], marker=kind, linewidths=0, alpha=0.7)
    for label in np.unique(labels):
        middle = np.median(places[labels == label], axis=0)
        axes.text(*middle, class_names[label], zorder=10, **_name_style())
    axes.set(xlabel=axis_names[0], ylabel=axis_names[1], zlabel=axis_names[2])
    axes.set_aspect("equal")
    elevation, azimuth = best_view(places, labels)
    axes.view_init(elev=elevation, azim=azimuth)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color((0.97, 0.97, 0.98, 1.0))
        axis.label.set_fontsize(8)


def _name_style() -> dict[str, object]:
    halo = [path_effects.withStroke(linewidth=3, foreground="white")]
    return {
        "ha": "center",
        "va": "center",
        "weight": "bold",
        "fontsize": 11,
        "color": INK,
        "path_effects": halo,
    }


def best_view(places: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[int, int]:
    """Elevation and azimuth, in degrees, from which most codes look nearest to the mean of their own class.

    Args:
        places: float64 [N, 3].
        labels: int64 [N].

    Returns:
        (elevation, azimuth) among 12, 22, 32 and -90, -75, ... 75 degrees; the first of equals.
    """
    classes, rows = np.unique(labels, return_inverse=True)
    means = np.stack([places[labels == label].mean(axis=0) for label in classes])
    scores = {}
    for elevation in ELEVATIONS:
        for azimuth in AZIMUTHS:
            e, a = np.deg2rad([elevation, azimuth])
            right = np.array([-np.sin(a), np.cos(a), 0.0])
            up = np.array([-np.sin(e) * np.cos(a), -np.sin(e) * np.sin(a), np.cos(e)])
            screen = np.stack([right, up], axis=1)
            seen, centers = places @ screen, means @ screen
            distances = np.stack([np.sum((seen - center) ** 2, axis=1) for center in centers], axis=1)
            scores[elevation, azimuth] = np.mean(distances.argmin(axis=1) == rows)
    return max(scores, key=lambda view: scores[view])


def _legend(figure: Figure, labels: NDArray[np.int64], class_names: Sequence[str], top: float) -> None:
    colors = class_colors(len(class_names))
    entries = [
        Line2D(
            [],
            [],
            linestyle="",
            marker=MARKERS[index // 10 % 10],
            markersize=7,
            color=colors[index],
            label=name,
        )
        for index, name in enumerate(class_names)
        if np.any(labels == index)
    ]
    legend = figure.legend(
        handles=entries, title="class", loc="upper right", bbox_to_anchor=(0.985, 1 - top / HEIGHT - 0.03)
    )
    legend.get_title().set_color(QUIET)
