"""Sheets of images: samples, comparisons, class examples, means, reconstructions, interpolations."""

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

UNRECOGNIZABLE = "classifier confidence below 0.5"


@house_style
def sample_sheet(
    images: NDArray[np.uint8],
    *,
    columns: int,
    title: str,
    subtitle: str | None = None,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    captions: Sequence[str] | None = None,
    frames: NDArray[np.bool_] | None = None,
    frame_label: str = UNRECOGNIZABLE,
) -> Figure:
    """Images in reading order, with whatever is known of each.

    Args:
        images: uint8 [N, H, W, C], C = 1 or 3.
        columns: int >= 1.
        title: str.
        subtitle: str under the title, or None.
        row_labels: one text per row, or None.
        column_labels: one text per column, or None.
        captions: one text per image (its class and the classifier's confidence, say), or None.
        frames: bool [N], images to frame in the warning color, or None.
        frame_label: what a frame means; it is written below with the number of frames.

    Returns:
        Figure.

    Raises:
        InputError: if the images are not uint8 [N, H, W, C], or a length disagrees with them.
    """
    sheet = Sheet(images, columns, row_labels, column_labels, captions, frames)
    return drawn(title, [Layout.of(sheet)], subtitle=subtitle, frame_label=frame_label)


@house_style
def sample_comparison(
    sheets: Mapping[str, NDArray[np.uint8]],
    *,
    columns: int,
    title: str,
    subtitle: str | None = None,
    row_labels: Sequence[str] | None = None,
    captions: Mapping[str, Sequence[str]] | None = None,
    frames: Mapping[str, NDArray[np.bool_]] | None = None,
    frame_label: str = UNRECOGNIZABLE,
) -> Figure:
    """Several sheets of images side by side, each under its own title.

    Args:
        sheets: uint8 [N, H, W, C] of each sheet by its title, in order.
        columns: int >= 1, of each sheet.
        title: str.
        subtitle: str under the title, or None.
        row_labels: one text per row, written left of the first sheet, or None.
        captions: one text per image, by sheet; a sheet may be left out.
        frames: bool [N], images to frame in the warning color, by sheet; a sheet may be left out.
        frame_label: what a frame means; it is written below with the number of frames in each sheet.

    Returns:
        Figure.

    Raises:
        InputError: if there is no sheet, captions or frames name another sheet, images are not uint8
            [N, H, W, C], or a length disagrees with them.
    """
    captions, frames = captions or {}, frames or {}
    unknown = (set(captions) | set(frames)) - set(sheets)
    if not sheets or unknown:
        raise InputError(
            f"Expected one sheet or more, and captions and frames of these only. Received: sheets "
            f"{list(sheets)}, and captions or frames of {sorted(unknown)}. Use the same titles as keys."
        )
    layouts = [
        Layout.of(
            Sheet(
                images,
                columns,
                row_labels=row_labels if index == 0 else None,
                captions=captions.get(name),
                frames=frames.get(name),
            ),
            title=name,
        )
        for index, (name, images) in enumerate(sheets.items())
    ]
    return drawn(title, layouts, subtitle=subtitle, frame_label=frame_label)


@house_style
def class_examples(
    images: NDArray[np.uint8],
    labels: ArrayLike,
    class_names: Sequence[str],
    *,
    title: str = "One example of each class",
    columns: int = 5,
) -> Figure:
    """The first image of each class, named.

    Args:
        images: uint8 [N, H, W, C], C = 1 or 3.
        labels: int [N], index of each image's class in `class_names`.
        class_names: name of each class.
        title: str.
        columns: int >= 1.

    Returns:
        Figure.

    Raises:
        InputError: if the images are not uint8 [N, H, W, C], the labels are not one a picture, or a class has
            no image.

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
    return drawn(title, [Layout.of(sheet)], subtitle=None, frame_label="")


@house_style
def gaussian_means(
    images: NDArray[np.uint8],
    labels: ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
    title: str = "Decoded means of the Gaussians",
    columns: int = 5,
) -> Figure:
    """The decoded mean of each Gaussian of a mixture, in the order of the classes.

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
    return drawn(title, [Layout.of(sheet)], subtitle=None, frame_label="")


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
    return drawn(title, [Layout.of(sheet)], subtitle=subtitle, frame_label="")


@house_style
def interpolation_sheet(
    images: NDArray[np.uint8],
    *,
    title: str,
    subtitle: str | None = None,
    row_labels: Sequence[str] | None = None,
) -> Figure:
    """Decoded lines between codes, one a row, under the share of the way that each step has gone.

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
    return drawn(title, [Layout.of(sheet)], subtitle=subtitle, frame_label="")
