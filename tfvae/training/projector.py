"""Codes for TensorBoard's Projector tab, and for the public projector page: tensors, metadata and thumbnails."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tfvae.errors import InputError
from tfvae.figures.grid import checked_images
from tfvae.files import atomic_write

CONFIG = "projector_config.pbtxt"
FOLDER = "projector"
LARGEST_SPRITE = 8192  # pixels a side, the most that the tab takes


@dataclass(frozen=True, eq=False)
class Projection:
    """Points for the projector, and what is known of each.

    Args:
        codes: float [N, D], D >= 2, finite.
        columns: {title: N values}, such as labels and predicted clusters; the tab colors by any of them.
        pictures: uint8 [N, H, W, C], a thumbnail of each point, or None.
        name: str, what the tab calls them.

    Raises:
        InputError: if a length is not N, a code is not finite, there is no column, or the thumbnails are too many or
            too large for one sprite.
    """

    codes: NDArray[Any]
    columns: Mapping[str, Sequence[Any] | NDArray[Any]]
    pictures: NDArray[np.uint8] | None = None
    name: str = field(default="codes of the test split", kw_only=True)

    def __post_init__(self) -> None:
        codes = np.asarray(self.codes)
        if codes.ndim != 2 or codes.shape[1] < 2 or not len(codes) or not np.isfinite(codes).all():
            raise InputError(
                f"Expected finite codes [N, D], D >= 2. Received: shape {codes.shape}. Pass model.encode(images)."
            )
        lengths = {title: len(values) for title, values in self.columns.items()}
        if not lengths or set(lengths.values()) != {len(codes)}:
            raise InputError(
                f"Expected one column or more of {len(codes)} values, one a code. Received: {lengths or 'none'}. "
                "Pass the labels of these codes, say."
            )
        if self.pictures is None:
            return
        height, width = checked_images(self.pictures, name="pictures").shape[1:3]
        side = _side(len(codes))
        if len(self.pictures) != len(codes) or side * max(height, width) > LARGEST_SPRITE:
            raise InputError(
                f"Expected {len(codes)} thumbnails that make a sprite of at most {LARGEST_SPRITE} pixels a side. "
                f"Received: {len(self.pictures)} of {height} x {width}. Pass fewer codes, or smaller pictures."
            )


def write_projection(projection: Projection, folder: Path) -> None:
    """Writes what the Projector tab reads of a run, and the same as TSV files for projector.tensorflow.org.

    folder/projector_config.pbtxt, and in folder/projector: codes.tsv, metadata.tsv and, with thumbnails, sprite.png

    On the public page, *Load* takes codes.tsv as the vectors and metadata.tsv as the metadata.

    Args:
        projection: the points.
        folder: the run's folder, which holds an event file.
    """
    files = folder / FOLDER
    with atomic_write(files / "codes.tsv") as temporary:
        np.savetxt(temporary, np.asarray(projection.codes), fmt="%.4g", delimiter="\t")
    with atomic_write(files / "metadata.tsv") as temporary:
        temporary.write_text(_metadata(projection.columns), encoding="utf-8")
    if projection.pictures is not None:
        with atomic_write(files / "sprite.png") as temporary:
            _sprite(projection.pictures).save(temporary)
    with atomic_write(folder / CONFIG) as temporary:
        temporary.write_text(_config(projection), encoding="utf-8")


def _metadata(columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> str:
    """A header and a row a point; a single column has no header, as the projector wants it."""
    rows = ["\t".join(map(_cell, values)) for values in zip(*columns.values(), strict=True)]
    header = ["\t".join(map(_cell, columns))] if len(columns) > 1 else []
    return "\n".join([*header, *rows]) + "\n"


def _cell(value: Any) -> str:
    return " ".join(str(value).split())


def _side(count: int) -> int:
    return math.isqrt(count - 1) + 1


def _sprite(pictures: NDArray[np.uint8]) -> Image.Image:
    """All thumbnails in one square of side * side places, in reading order, without gaps."""
    count, height, width, channels = pictures.shape
    side = _side(count)
    places = np.full((side * side, height, width, channels), 255, np.uint8)
    places[:count] = pictures
    grid = places.reshape(side, side, height, width, channels).swapaxes(1, 2)
    sheet = grid.reshape(side * height, side * width, channels)
    return Image.fromarray(sheet[..., 0] if channels == 1 else sheet)


def _config(projection: Projection) -> str:
    count, dimensions = np.shape(projection.codes)
    lines = [
        f'tensor_name: "{_cell(projection.name)}"',
        f"tensor_shape: {count}",
        f"tensor_shape: {dimensions}",
        f'tensor_path: "{FOLDER}/codes.tsv"',
        f'metadata_path: "{FOLDER}/metadata.tsv"',
    ]
    if projection.pictures is not None:
        height, width = projection.pictures.shape[1:3]
        lines.append(
            f'sprite {{ image_path: "{FOLDER}/sprite.png" single_image_dim: {width} single_image_dim: {height} }}'
        )
    return "embeddings {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"
