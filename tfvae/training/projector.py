"""Codes for TensorBoard's Projector tab, and for the public projector page: tensors, metadata and thumbnails."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import text_format
from numpy.typing import NDArray
from PIL import Image
from tensorboard.plugins.projector import ProjectorConfig

from tfvae.errors import InputError
from tfvae.evaluation.evaluation import Projection
from tfvae.figures.grid import checked_images
from tfvae.files import atomic_write

CONFIG = "projector_config.pbtxt"
FOLDER = "projector"
LARGEST_SPRITE = 8192  # pixels a side, the most that the tab reads


def write_projection(projection: Projection, folder: Path) -> None:
    """Writes what the Projector tab reads of a run, and the same as TSV files for projector.tensorflow.org.

    folder/projector_config.pbtxt, and in folder/projector: codes.tsv, metadata.tsv and, with thumbnails, sprite.png

    On the public page, *Load* takes codes.tsv as the vectors and metadata.tsv as the metadata.

    Args:
        projection: the points.
        folder: the run's folder, which holds an event file.

    Raises:
        InputError: if a length is not N, a code is not finite, there is no column, or the thumbnails are too many or
            too large for one sprite.
    """
    check_projection(projection)
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


def check_projection(projection: Projection) -> None:
    """Raises InputError unless TensorBoard's Projector tab can show the points."""
    codes = np.asarray(projection.codes)
    if codes.ndim != 2 or codes.shape[1] < 2 or not len(codes) or not np.isfinite(codes).all():
        raise InputError(
            f"Expected finite codes [N, D], D >= 2. Received: shape {codes.shape}. Pass model.encode(images)."
        )
    lengths = {title: len(values) for title, values in projection.columns.items()}
    if not lengths or set(lengths.values()) != {len(codes)}:
        raise InputError(
            f"Expected one column or more of {len(codes)} values, one a code. Received: {lengths or 'none'}. "
            "Pass the labels of these codes, for example."
        )
    if projection.pictures is None:
        return
    height, width = checked_images(projection.pictures, name="pictures").shape[1:3]
    side = _side(len(codes))
    if len(projection.pictures) != len(codes) or side * max(height, width) > LARGEST_SPRITE:
        raise InputError(
            f"Expected {len(codes)} thumbnails that make a sprite of at most {LARGEST_SPRITE} pixels a side. "
            f"Received: {len(projection.pictures)} of {height} x {width}. Pass fewer codes, or smaller pictures."
        )


def _metadata(columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> str:
    """A header and a row a point; a single column has no header, as the projector reads it."""
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
    config = ProjectorConfig()
    embedding = config.embeddings.add()
    embedding.tensor_name = _cell(projection.name)
    embedding.tensor_shape.extend(np.shape(projection.codes))
    embedding.tensor_path = f"{FOLDER}/codes.tsv"
    embedding.metadata_path = f"{FOLDER}/metadata.tsv"
    if projection.pictures is not None:
        height, width = projection.pictures.shape[1:3]
        embedding.sprite.image_path = f"{FOLDER}/sprite.png"
        embedding.sprite.single_image_dim.extend([width, height])
    return text_format.MessageToString(config)
