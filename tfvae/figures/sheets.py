"""Image sheets: samples, comparisons, class examples, means, reconstructions, interpolations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from tfvae.checks import checked_labels
from tfvae.errors import InputError
from tfvae.figures.grid import checked_columns, checked_images
from tfvae.figures.layout import Layout, Sheet, drawn
from tfvae.figures.style import house_style


@house_style
def sample_sheet(
    images: NDArray[np.uint8],
    *,
    columns: int,
    title: str,
    subtitle: str | None = None,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    frames: NDArray[np.bool_] | None = None,
) -> Figure:
    """Images in rows, with labels of rows and columns, and frames around unrecognizable ones.

    Args:
        images: uint8 [N, H, W, C], C = 1 or 3.
        columns: int >= 1.
        title: str.
        subtitle: str under the title, or None.
        row_labels: one text per row, or None.
        column_labels: one text per column, or None.
        frames: bool [N], images with a classifier confidence below 0.5, or None; their number is written below.

    Returns:
        Figure.

    Raises:
        InputError: if the images are not uint8 [N, H, W, C], or a length does not match them.
    """
    sheet = Sheet(images, columns, row_labels, column_labels, frames=frames)
    return drawn(title, [Layout.of(sheet)], subtitle=subtitle)


@house_style
def sample_comparison(
    sheets: Mapping[str, NDArray[np.uint8]], *, columns: int, title: str, subtitle: str | None = None
) -> Figure:
    """Several image sheets side by side, each under its own title; in several rows where one is too wide.

    Args:
        sheets: {title: uint8 [N, H, W, C]}, in order.
        columns: int >= 1, of each sheet.
        title: str.
        subtitle: str under the title, or None.

    Returns:
        Figure.

    Raises:
        InputError: if there is no sheet, or images are not uint8 [N, H, W, C].
    """
    if not sheets:
        raise InputError("Expected one sheet or more. Received: none. Pass images by the title of their sheet.")
    layouts = [Layout.of(Sheet(images, columns, sheets=len(sheets)), title=name) for name, images in sheets.items()]
    return drawn(title, layouts, subtitle=subtitle)


@house_style
def class_examples(
    images: NDArray[np.uint8],
    labels: ArrayLike,
    class_names: Sequence[str],
    *,
    title: str = "One example of each class",
    columns: int = 5,
) -> Figure:
    """First image of each class, with its name.

    Args:
        images: uint8 [N, H, W, C], C = 1 or 3.
        labels: int [N], index of each image's class in `class_names`.
        class_names: name of each class.
        title: str.
        columns: int >= 1.

    Returns:
        Figure.

    Raises:
        InputError: if the images are not uint8 [N, H, W, C], the labels do not match them, or a class has no image.

    Reference:
        Report 0, figure 1.
    """
    images = checked_images(images)
    labels = checked_labels(labels, count=len(images))
    missing = [name for index, name in enumerate(class_names) if not np.any(labels == index)]
    if missing or not len(class_names):
        raise InputError(
            f"Expected an image of each class. Received: none of {', '.join(missing) or 'any class'}. "
            "Pass more images, or the names of the classes that occur."
        )
    first = [int(np.argmax(labels == index)) for index in range(len(class_names))]
    sheet = Sheet(images[first], columns, captions=list(class_names), cell=84, caption_points=9.0)
    return drawn(title, [Layout.of(sheet)], subtitle=None)


@house_style
def gaussian_means(
    images: NDArray[np.uint8],
    labels: ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
    title: str = "Decoded means of the Gaussians",
    columns: int = 5,
) -> Figure:
    """Decoded mean of each Gaussian of a mixture, in the order of the classes.

    Args:
        images: uint8 [K, H, W, C], decoded means.
        labels: int [K], class of each.
        class_names: name of each class, or None for the labels themselves.
        title: str.
        columns: int >= 1.

    Returns:
        Figure.

    Raises:
        InputError: if the images are not uint8 [K, H, W, C], or a label has no name.

    Reference:
        Report 0, figure 6.
    """
    images = checked_images(images)
    labels = checked_labels(labels, count=len(images), classes=None if class_names is None else len(class_names))
    order = np.argsort(labels, kind="stable")
    captions = [str(label) if class_names is None else class_names[label] for label in labels[order]]
    sheet = Sheet(images[order], columns, captions=captions, cell=84, caption_points=9.0)
    return drawn(title, [Layout.of(sheet)], subtitle=None)


@house_style
def reconstructions(
    originals: NDArray[np.uint8],
    reconstructed: NDArray[np.uint8],
    *,
    columns: int = 10,
    title: str = "Reconstructions of test images",
    subtitle: str | None = None,
) -> Figure:
    """Each original above its reconstruction, in pairs of rows.

    Args:
        originals: uint8 [N, H, W, C], C = 1 or 3.
        reconstructed: uint8, same shape.
        columns: int >= 1, pairs per row.
        title: str.
        subtitle: str under the title, or None.

    Returns:
        Figure.

    Raises:
        InputError: if the images are not uint8 [N, H, W, C], or the shapes differ.
    """
    originals = checked_images(originals, name="originals")
    reconstructed = checked_images(reconstructed, name="reconstructed")
    if originals.shape != reconstructed.shape:
        raise InputError(
            f"Expected originals and reconstructions of one shape. Received: {originals.shape} and "
            f"{reconstructed.shape}. Reconstruct exactly the images that you pass."
        )
    columns = min(checked_columns(columns), len(originals))
    pairs = -(-len(originals) // columns)
    blank = np.full((pairs * columns - len(originals), *originals.shape[1:]), 255, dtype=np.uint8)
    above, below = (
        np.concatenate([images, blank]).reshape(pairs, columns, *images.shape[1:])
        for images in (originals, reconstructed)
    )
    rows = np.stack([above, below], axis=1).reshape(-1, *originals.shape[1:])
    sheet = Sheet(rows, columns, row_labels=["original", "reconstruction"] * pairs, group=2)
    return drawn(title, [Layout.of(sheet)], subtitle=subtitle)


@house_style
def interpolation_sheet(
    images: NDArray[np.uint8],
    *,
    title: str,
    subtitle: str | None = None,
    row_labels: Sequence[str] | None = None,
) -> Figure:
    """Latent interpolations, one per row, with the interpolation weight alpha above each column.

    alpha = k / (steps - 1)

    Args:
        images: uint8 [pairs, steps, H, W, C], steps >= 2.
        title: str.
        subtitle: str under the title, or None.
        row_labels: one text per pair, or None.

    Returns:
        Figure.

    Raises:
        InputError: if the images are not uint8 [pairs, steps, H, W, C], or there is one step only.

    Reference:
        Report 3, latent transitions.
    """
    images = checked_images(images, axes=5)
    steps = images.shape[1]
    if steps < 2:
        raise InputError(f"Expected 2 steps or more. Received: {steps}. Decode interpolate(..., steps=6).")
    columns = [f"{k / (steps - 1):.2g}" for k in range(steps)]
    columns[0] = "\N{GREEK SMALL LETTER ALPHA} = 0"
    sheet = Sheet(images.reshape(-1, *images.shape[2:]), steps, row_labels, columns)
    return drawn(title, [Layout.of(sheet)], subtitle=subtitle)
