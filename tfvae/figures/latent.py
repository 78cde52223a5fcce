"""Scatter plots of latent codes, colored by class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import matplotlib.patheffects as path_effects
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D, proj3d
from numpy.typing import ArrayLike, NDArray

from tfvae.checks import checked_labels
from tfvae.errors import InputError
from tfvae.figures.style import MARKERS, PALETTE, QUIET, heading, house_style, new_figure, text_width

Box = tuple[float, float, float, float]

WIDTH, HEIGHT = 820, 680
MOST_POINTS = 4000
NAME = 11.0
LEGEND_ROWS = 26
# Never along an axis; views from behind are equivalent.
AZIMUTHS = (-60, -45, -30, 30, 45, 60)
ELEVATIONS = (15, 25, 35)


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points with their labels, class names and axis names."""

    places: NDArray[np.float64]
    labels: NDArray[np.int64]
    class_names: Sequence[str]
    axis_names: Sequence[str]

    @property
    def colors(self) -> NDArray[np.str_]:
        return np.array([PALETTE[index % len(PALETTE)] for index in range(len(self.class_names))])

    def marker(self, label: int) -> str:
        """Marker of a class: another one for each ten classes, which share the palette."""
        return MARKERS[label // len(PALETTE) % len(MARKERS)]

    def by_marker(self, order: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.int64]]]:
        tens = self.labels[order] // len(PALETTE)
        for ten in np.unique(tens):
            yield self.marker(int(ten) * len(PALETTE)), order[tens == ten]


@house_style
def latent_scatter(
    codes: ArrayLike,
    labels: ArrayLike,
    class_names: Sequence[str],
    *,
    title: str,
    subtitle: str | None = None,
    dimensions: int | None = None,
) -> Figure:
    """Scatter plot of codes in 2-D or 3-D with equal axes, each class in its color and named at its median.

    Codes of more dimensions are projected on their principal components, and the axes give the explained share of the
    variance. A 3-D view is rotated to where most codes lie nearest to the mean of their class. Of more than 4,000
    codes, as many are drawn at random with a fixed seed, and the subtitle says so.

    Args:
        codes: float [N, D], D >= 2, finite.
        labels: int [N], index of each code's class in `class_names`.
        class_names: name of each class.
        title: str.
        subtitle: str under the title, or None.
        dimensions: 2 or 3, or None: D where that is 2 or 3, else 2.

    Returns:
        Figure.

    Raises:
        InputError: if codes are not finite [N, D >= 2], labels do not fit them, or `dimensions` is not 2 or 3 or
            exceeds D.

    Reference:
        Report 0, figures 2 and 4.
    """
    places, classes = _checked(codes, labels, class_names)
    count = len(places)
    dimensions = _checked_dimensions(dimensions, places.shape[1])
    places, axis_names = _projected(places, dimensions)
    if count > MOST_POINTS:
        shown = np.random.default_rng(0).permutation(count)[:MOST_POINTS]
        places, classes = places[shown], classes[shown]
        note = f"{MOST_POINTS:,} of {count:,} codes"
        subtitle = f"{subtitle}; {note}" if subtitle else note
    cloud = Cloud(places, classes, class_names, axis_names)
    figure = new_figure(WIDTH, HEIGHT)
    top = heading(figure, title, subtitle)
    draw = _draw_flat if dimensions == 2 else _draw_solid
    legend = _legend(figure, cloud, top)
    draw(figure, (0.01, 0.01, 0.99 - legend / WIDTH, 0.99 - top / HEIGHT), cloud)
    return figure


def _checked(
    codes: ArrayLike, labels: ArrayLike, class_names: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    array = np.asarray(codes, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] < 2 or not len(array) or not np.isfinite(array).all():
        raise InputError(
            f"Expected finite codes of shape [N, D], D >= 2. Received: shape {array.shape}, "
            f"{int(np.sum(~np.isfinite(array)))} numbers not finite. Pass the output of model.encode(images)."
        )
    return array, checked_labels(labels, count=len(array), classes=len(class_names))


def _checked_dimensions(dimensions: int | None, available: int) -> int:
    if dimensions is None:
        return available if available in (2, 3) else 2
    if dimensions not in (2, 3) or dimensions > available:
        raise InputError(
            f"Expected dimensions 2 or 3, at most {available}. Received: {dimensions!r}. "
            "Leave it out to have it chosen."
        )
    return int(dimensions)


def _projected(codes: NDArray[np.float64], dimensions: int) -> tuple[NDArray[np.float64], list[str]]:
    """The codes or their first principal components, and the axis labels."""
    if codes.shape[1] == dimensions:
        return codes, [f"latent dimension {axis + 1} (dimensionless)" for axis in range(dimensions)]
    centered = codes - codes.mean(axis=0)
    variances, directions = np.linalg.eigh(centered.T @ centered / len(codes))
    directions = directions[:, ::-1][:, :dimensions]
    # An eigenvector's sign is arbitrary: its largest entry is made positive.
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(dimensions)])
    kind = "principal component" if dimensions == 2 else "component"
    shares = variances[::-1][:dimensions] / max(variances.sum(), np.finfo(float).tiny)
    names = [f"{kind} {axis + 1} ({share:.0%} of variance)" for axis, share in enumerate(shares)]
    return centered @ (directions * signs), names


def _draw_flat(figure: Figure, box: Box, cloud: Cloud) -> None:
    axes = figure.add_axes((box[0] + 0.07, box[1] + 0.07, box[2] - 0.08, box[3] - 0.09))
    # Shuffled, so that no class is drawn over all others.
    order = np.random.default_rng(0).permutation(len(cloud.places))
    for marker, rows in cloud.by_marker(order):
        x, y = cloud.places[rows].T
        axes.scatter(x, y, s=7, c=cloud.colors[cloud.labels[rows]], marker=marker, linewidths=0, alpha=0.75)
    axes.set(xlabel=cloud.axis_names[0], ylabel=cloud.axis_names[1])
    axes.set_aspect("equal", adjustable="datalim")
    axes.apply_aspect()
    _write_names(figure, cloud, axes.transData.transform(cloud.places))


def _draw_solid(figure: Figure, box: Box, cloud: Cloud) -> None:
    axes = figure.add_axes(box, projection="3d")
    assert isinstance(axes, Axes3D)
    for marker, rows in cloud.by_marker(np.arange(len(cloud.places))):
        x, y, z = cloud.places[rows].T
        color = cloud.colors[cloud.labels[rows]]
        axes.scatter(x, y, z, s=6, c=color, marker=marker, linewidths=0, alpha=0.7, depthshade=False)
    low, high = cloud.places.min(axis=0), cloud.places.max(axis=0)
    widths = np.maximum(high - low, 1e-9) * 1.04
    middle = (low + high) / 2
    limits = np.stack([middle - widths / 2, middle + widths / 2], axis=1)
    axes.set(xlim=limits[0], ylim=limits[1], zlim=limits[2])
    elevation, azimuth = best_view(cloud.places, cloud.labels)
    axes.view_init(elev=elevation, azim=azimuth)
    for axis, name in zip((axes.xaxis, axes.yaxis, axes.zaxis), cloud.axis_names, strict=True):
        axis.set_pane_color((0.97, 0.97, 0.98, 1.0))
        axis.set_label_text(name, fontsize=8.5)
        axis.set_major_locator(MaxNLocator(6))
    _fill(figure, axes, box, widths)
    x, y, _ = proj3d.proj_transform(*cloud.places.T, axes.get_proj())
    _write_names(figure, cloud, axes.transData.transform(np.stack([x, y], axis=1)))


def _fill(figure: Figure, axes: Axes3D, box: Box, widths: NDArray[np.float64]) -> None:
    """Zooms and shifts a 3-D view so that it fills the box with its labels."""
    space = np.array([box[2] * WIDTH, box[3] * HEIGHT])
    middle = np.array([(box[0] + box[2] / 2) * WIDTH, (box[1] + box[3] / 2) * HEIGHT])
    zoom = 1.0
    # Labels keep their size while the cube grows, so that several corrections are needed; the last only shifts.
    for last in (False, False, False, False, True):
        axes.set_box_aspect(tuple(widths), zoom=zoom)
        figure.draw_without_rendering()
        extent = axes.get_tightbbox()
        assert extent is not None
        shift = (middle - (extent.p0 + extent.p1) / 2) / (WIDTH, HEIGHT)
        place = axes.get_position(original=True)
        axes.set_position((place.x0 + shift[0], place.y0 + shift[1], place.width, place.height))
        zoom *= 1.0 if last else float(np.min(space / extent.size))
    figure.draw_without_rendering()


def _write_names(figure: Figure, cloud: Cloud, spots: NDArray[np.float64]) -> None:
    """Writes each class name at the median of its points, large classes first, where it overlaps no other."""
    taken: list[tuple[float, float, float]] = []
    sizes = np.bincount(cloud.labels, minlength=len(cloud.class_names))
    for label in np.argsort(-sizes, kind="stable"):
        if not sizes[label]:
            continue
        x, y = np.median(spots[cloud.labels == label], axis=0)
        half = text_width(cloud.class_names[label], points=NAME, bold=True) / 2 + 1
        if any(abs(x - other) < half + wide and abs(y - level) < 1.15 * NAME for other, level, wide in taken):
            continue
        taken.append((x, y, half))
        halo = [path_effects.withStroke(linewidth=3, foreground="white")]
        figure.text(
            x / WIDTH,
            y / HEIGHT,
            cloud.class_names[label],
            ha="center",
            va="center",
            weight="bold",
            fontsize=NAME,
            path_effects=halo,
        )


def best_view(places: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[int, int]:
    """Elevation and azimuth, in degrees, of the projection in which most codes are nearest to their class mean.

    Args:
        places: float64 [N, 3].
        labels: int64 [N].

    Returns:
        (elevation, azimuth) among ELEVATIONS and AZIMUTHS; the first of equals.
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


def _legend(figure: Figure, cloud: Cloud, top: float) -> float:
    """Draws the legend at the right and returns its width in pixels."""
    entries = [
        Line2D([], [], linestyle="", marker=cloud.marker(index), markersize=7, color=color, label=name)
        for index, (name, color) in enumerate(zip(cloud.class_names, cloud.colors, strict=True))
        if np.any(cloud.labels == index)
    ]
    columns = -(-len(entries) // LEGEND_ROWS)
    corner = (0.985, 1 - top / HEIGHT - 0.03)
    legend = figure.legend(handles=entries, title="class", loc="upper right", bbox_to_anchor=corner, ncols=columns)
    legend.get_title().set_color(QUIET)
    return columns * (max(text_width(name, points=9) for name in cloud.class_names) + 60)
