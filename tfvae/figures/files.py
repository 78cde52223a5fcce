"""Figures as pixels and as files."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from tfvae.errors import InputError
from tfvae.figures.style import house_style


@house_style
def figure_pixels(figure: Figure) -> NDArray[np.uint8]:
    """A figure drawn at its own size, for an image summary, say.

    Args:
        figure: matplotlib Figure.

    Returns:
        uint8 [height, width, 3].
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def save_figure(figure: Figure, path: str | Path, *, largest: int = 300_000) -> Path:
    """Writes a figure as PNG, all or nothing; the same figure gives the same bytes.

    A figure too large for `largest` is stored in 256 colors, and if need be with fewer pixels.

    Args:
        figure: matplotlib Figure.
        path: file to write, ending in .png; its folder is made where it is missing.
        largest: int > 0, bytes that the file should not exceed.

    Returns:
        Path of the file.

    Raises:
        InputError: if `path` does not end in .png, or `largest` is not positive.
    """
    path = Path(path)
    if path.suffix != ".png":
        raise InputError(f"Expected a path ending in .png. Received: {path}. Name it {path.stem}.png.")
    if largest <= 0:
        raise InputError(f"Expected largest > 0 bytes. Received: {largest!r}. Leave it at 300,000.")
    content = _encoded(figure_pixels(figure), largest)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _encoded(picture: NDArray[np.uint8], largest: int) -> bytes:
    full = Image.fromarray(picture)
    content = _png(full)
    for share in (1.0, 0.8, 0.65, 0.5, 0.35):
        if len(content) <= largest:
            break
        size = (round(full.width * share), round(full.height * share))
        content = _png(full.resize(size, Image.Resampling.LANCZOS).quantize(256))
    return content


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    return file.getvalue()
