"""Figures and image grids as PNG files, and figures as pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from tfvae.errors import InputError
from tfvae.figures.grid import checked_images, image_grid
from tfvae.figures.style import house_style
from tfvae.files import atomic_write

CELL, WIDEST = 56, 1400
"""Width in pixels to which small images are enlarged, about, and of the widest enlarged grid."""


@house_style
def figure_pixels(figure: Figure) -> NDArray[np.uint8]:
    """Renders a figure at its own size, for an image summary, say.

    Args:
        figure: matplotlib Figure.

    Returns:
        uint8 [height, width, 3].
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Saves a figure as PNG, atomically; equal figures give equal bytes.

    Figures that show images are stored without loss, in one channel where all pixels are gray; charts, which have few
    hues, in a palette of 256 colors.

    Args:
        figure: matplotlib Figure.
        path: file to write, ending in .png; its folder is created where it is missing.

    Returns:
        Path of the file.

    Raises:
        InputError: if `path` does not end in .png.
    """
    pixels = figure_pixels(figure)
    if not any(axes.images for axes in figure.axes):
        return _save(Image.fromarray(pixels).quantize(256, dither=Image.Dither.NONE), path)
    gray = bool((pixels == pixels[..., :1]).all())
    return _save(Image.fromarray(pixels[..., 0] if gray else pixels), path)


def save_image_grid(images: NDArray[np.uint8], path: str | Path, *, columns: int) -> Path:
    """Saves images side by side as PNG, atomically; small ones are enlarged by a whole factor (nearest neighbor).

    Args:
        images: uint8 [N, H, W, C], C = 1 or 3.
        path: file to write, ending in .png; its folder is created where it is missing.
        columns: int >= 1.

    Returns:
        Path of the file.

    Raises:
        InputError: if `path` does not end in .png, or the images are not uint8 [N, H, W, C].
    """
    images = checked_images(images)
    width = images.shape[2]
    zoom = max(1, min(round(CELL / width), WIDEST // (columns * width)))
    grid = image_grid(images.repeat(zoom, axis=1).repeat(zoom, axis=2), columns=columns)
    return _save(Image.fromarray(grid[..., 0] if grid.shape[-1] == 1 else grid), path)


def _save(image: Image.Image, path: str | Path) -> Path:
    path = Path(path)
    if path.suffix != ".png":
        raise InputError(f"Expected a path ending in .png. Received: {path}. Name it {path.stem}.png.")
    with atomic_write(path) as temporary:
        image.save(temporary, optimize=True)
    return path
