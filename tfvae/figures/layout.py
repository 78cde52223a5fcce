"""Layout of image sheets with captions, row and column labels, and frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from tfvae.errors import InputError
from tfvae.figures.grid import checked_columns, checked_images
from tfvae.figures.style import (
    INK,
    QUIET,
    WARNING,
    heading,
    new_figure,
    pixels,
    text_height,
    text_width,
    wrapped,
)

CAPTION, LABEL, PANEL_TITLE = 7.0, 9.0, 10.0
FRAME, GUTTER, MARGIN, PANEL_GAP = 3, 3, 14, 34
SMALLEST_WIDTH, LARGEST_WIDTH = 360, 1400
REDUCED_PIXELS = 160_000
"""Pixels of all images of a sheet together, about, where large images are reduced."""
FRAME_LABEL = "classifier confidence below 0.5"


@dataclass(frozen=True, eq=False)
class Sheet:
    """Images in rows, with their labels, captions and frames.

    Args:
        images: uint8 [N, H, W, C].
        columns: int >= 1.
        row_labels: one text per row, or None.
        column_labels: one text per column, or None.
        captions: one text per image, or None.
        frames: bool [N], which images have a frame, or None.
        group: int, a wider gap follows every `group` rows; 0 for none.
        cell: int, approximate width of small images on the sheet, in pixels, and the least width of reduced ones.
        caption_points: float, font size of the captions.
        sheets: int >= 1, sheets of the figure, which share the size of one.

    Raises:
        InputError: if a length disagrees with the images.
    """

    images: NDArray[np.uint8]
    columns: int
    row_labels: Sequence[str] | None = None
    column_labels: Sequence[str] | None = None
    captions: Sequence[str] | None = None
    frames: NDArray[np.bool_] | None = None
    group: int = 0
    cell: int = 56
    caption_points: float = CAPTION
    sheets: int = 1

    def __post_init__(self) -> None:
        count = len(checked_images(self.images))
        object.__setattr__(self, "columns", min(checked_columns(self.columns), count))
        _check_length("row_labels", self.row_labels, self.rows, "row")
        _check_length("column_labels", self.column_labels, self.columns, "column")
        _check_length("captions", self.captions, count, "image")
        if self.frames is not None and np.asarray(self.frames).dtype != np.bool_:
            raise InputError(
                f"Expected frames as bool [N]. Received: dtype {np.asarray(self.frames).dtype}. "
                "Pass a comparison, such as confidence < 0.5."
            )
        _check_length("frames", self.frames, count, "image")

    @property
    def rows(self) -> int:
        return -(-len(self.images) // self.columns)

    @property
    def row_label_width(self) -> int:
        widths = [text_width(label, points=LABEL) for label in self.row_labels or ()]
        return round(max(widths) + 10) if widths else 0

    @property
    def column_label_height(self) -> int:
        return round(pixels(LABEL) * 1.7) if self.column_labels else 0

    def zoomed(self) -> NDArray[np.uint8]:
        """RGB images at their size on the sheet: small ones enlarged by a whole factor, large ones reduced."""
        colored = np.broadcast_to(self.images, (*self.images.shape[:3], 3))
        height, width = self.images.shape[1:3]
        if width <= 2 * self.cell:
            zoom = max(1, round(self.cell / width))
            return colored.repeat(zoom, axis=1).repeat(zoom, axis=2)
        fitting = round((REDUCED_PIXELS / self.sheets / len(self.images) * width / height) ** 0.5)
        reduced_width = min(max(fitting, self.cell), 2 * self.cell)
        size = (reduced_width, max(1, round(reduced_width * height / width)))
        reduced = [Image.fromarray(image).resize(size, Image.Resampling.LANCZOS) for image in colored]
        return np.stack([np.asarray(image) for image in reduced])


def _check_length(name: str, values: Sequence[str] | NDArray | None, count: int, what: str) -> None:
    if values is not None and np.shape(values) != (count,):
        raise InputError(
            f"Expected {name} with one entry per {what}, {count}. Received: shape {np.shape(values)}. "
            f"Pass {count} of them, or leave {name} out."
        )


@dataclass(frozen=True, eq=False)
class Layout:
    """Positions of the images of a sheet, in pixels from its upper left corner.

    Args:
        sheet: Sheet.
        images: uint8 [N, h, w, 3], the sheet's images at their size in pixels.
        pitch: (down, across), pixels from one image to the next.
        title: text above the sheet, or None.
        title_height: int, height reserved for the title, equal for sheets side by side.
    """

    sheet: Sheet
    images: NDArray[np.uint8]
    pitch: tuple[int, int]
    title: str | None = None
    title_height: int = 0

    @classmethod
    def of(cls, sheet: Sheet, title: str | None = None) -> Layout:
        """Layout with room for every caption and column label, and the title wrapped."""
        images = sheet.zoomed()
        points = sheet.caption_points
        widths = [text_width(text, points=points) for text in sheet.captions or ()]
        widths += [text_width(text, points=LABEL) for text in sheet.column_labels or ()]
        lines = max((len(text.splitlines()) for text in sheet.captions or ()), default=0)
        captions = round(lines * pixels(points) * 1.35 + 3) if lines else 0
        across = max(images.shape[2] + 2 * FRAME, round(max(widths, default=0.0)) + 4) + GUTTER
        layout = cls(sheet, images, (images.shape[1] + 2 * FRAME + GUTTER + captions, across))
        if not title:
            return layout
        title = wrapped(title, width=layout.width - sheet.row_label_width, points=PANEL_TITLE, bold=True)
        return replace(layout, title=title, title_height=round(text_height(title, points=PANEL_TITLE) + 6))

    @property
    def width(self) -> int:
        return self.sheet.row_label_width + self.sheet.columns * self.pitch[1] - GUTTER

    @property
    def height(self) -> int:
        last_top, _ = self.corner(len(self.images) - 1)
        return last_top - FRAME + self.pitch[0]

    def corner(self, index: int) -> tuple[int, int]:
        """Top and left of image `index`, centered in its cell."""
        row, column = divmod(index, self.sheet.columns)
        gap = row // self.sheet.group * 12 if self.sheet.group else 0
        top = self.title_height + self.sheet.column_label_height + row * self.pitch[0] + gap + FRAME
        spare = self.pitch[1] - GUTTER - self.images.shape[2]
        return top, self.sheet.row_label_width + column * self.pitch[1] + spare // 2

    def framed(self, index: int) -> bool:
        return self.sheet.frames is not None and bool(self.sheet.frames[index])

    def paint(self, canvas: NDArray[np.uint8]) -> None:
        """Copies the images and their frames to a white canvas of the sheet's size."""
        height, width = self.images.shape[1:3]
        warning = [int(WARNING[start : start + 2], 16) for start in (1, 3, 5)]
        for index, image in enumerate(self.images):
            top, left = self.corner(index)
            if self.framed(index):
                canvas[top - FRAME : top + height + FRAME, left - FRAME : left + width + FRAME] = warning
            canvas[top : top + height, left : left + width] = image

    def write(self, axes: Axes, x: float, y: float) -> None:
        """Writes title, labels and captions, with the sheet's corner at (x, y)."""
        height, width = self.images.shape[1:3]
        sheet, first_top = self.sheet, self.corner(0)[0]
        if self.title:
            left = x + self.corner(0)[1]
            axes.text(left, y, self.title, va="top", fontsize=PANEL_TITLE, weight="bold", linespacing=1.25)
        for column, label in enumerate(sheet.column_labels or ()):
            middle = x + self.corner(column)[1] + width / 2
            axes.text(middle, y + first_top - FRAME - 3, label, ha="center", va="bottom", fontsize=LABEL)
        for row, label in enumerate(sheet.row_labels or ()):
            middle = y + self.corner(row * sheet.columns)[0] + height / 2
            axes.text(x + sheet.row_label_width - 8, middle, label, ha="right", va="center", fontsize=LABEL)
        for index, caption in enumerate(sheet.captions or ()):
            top, left = self.corner(index)
            place = (x + left + width / 2, y + top + height + FRAME + 2)
            color = WARNING if self.framed(index) else QUIET
            axes.text(*place, caption, ha="center", va="top", fontsize=sheet.caption_points, color=color)

    def write_legend(self, axes: Axes, x: float, y: float) -> None:
        """Writes the meaning and the number of frames, with the left end at (x, y)."""
        if self.sheet.frames is None:
            return
        left = x + self.corner(0)[1]
        text = f"{FRAME_LABEL}: {int(np.sum(self.sheet.frames))} of {len(self.images)}"
        text = wrapped(text, width=max(self.width - 18, SMALLEST_WIDTH / 2), points=CAPTION + 1)
        axes.plot([left + 5], [y + 6], marker="s", markersize=6, mfc="none", mec=WARNING, mew=2)
        axes.text(left + 18, y, text, va="top", fontsize=CAPTION + 1, color=INK)


def drawn(title: str, layouts: Sequence[Layout], *, subtitle: str | None) -> Figure:
    """One figure of one or more sheets side by side, in several rows where they are too wide for one.

    Args:
        title: str.
        layouts: one or more.
        subtitle: str under the title, or None.

    Returns:
        Figure, whose pixels are those of the sheets.
    """
    highest = max(layout.title_height for layout in layouts)
    layouts = [replace(layout, title_height=highest) for layout in layouts]
    rows = _rows(layouts)
    inner = max(sum(layout.width + PANEL_GAP for layout in row) - PANEL_GAP for row in rows)
    width = max(inner + 2 * MARGIN, SMALLEST_WIDTH)
    legend = 34 if any(layout.sheet.frames is not None for layout in layouts) else 0
    bodies = [max(layout.height for layout in row) + legend for row in rows]
    # The heading's height depends on how it wraps, so it is measured on a figure of the same width.
    top = round(heading(new_figure(width, 100), title, subtitle)) + 6
    height = top + sum(bodies) + PANEL_GAP * (len(rows) - 1) + MARGIN
    figure = new_figure(width, height)
    heading(figure, title, subtitle)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    canvas = np.full((height, width, 3), 255, dtype=np.uint8)
    for row, body in zip(rows, bodies, strict=True):
        left = (width - inner) // 2
        for layout in row:
            layout.paint(canvas[top : top + layout.height, left : left + layout.width])
            layout.write(axes, left, top)
            layout.write_legend(axes, left, top + body - legend + 8)
            left += layout.width + PANEL_GAP
        top += body + PANEL_GAP
    axes.imshow(canvas, extent=(0, width, height, 0), interpolation="nearest", aspect="auto", zorder=-1)
    return figure


def _rows(layouts: Sequence[Layout]) -> list[Sequence[Layout]]:
    """The layouts in as few rows of equal length as fit the largest width."""
    widest = max(layout.width for layout in layouts) + PANEL_GAP
    fitting = max(1, (LARGEST_WIDTH - 2 * MARGIN + PANEL_GAP) // widest)
    count = -(-len(layouts) // fitting)
    length = -(-len(layouts) // count)
    return [layouts[start : start + length] for start in range(0, len(layouts), length)]
