"""Deskewing: images sheared to zero slant and centered, a normalization that uses no label."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from tfvae.data.images import ImageData
from tfvae.errors import InputError

_CHUNK = 5000


def deskew(data: ImageData) -> ImageData:
    """Shears each image to zero slant and moves its center of mass to the middle, by one bilinear resampling.

    out[v, u] = image[v - middle + center_y, u - middle + center_x + slant * (v - middle)]
    slant = covariance(x, y) / variance(y),  moments weighted by the pixels' values

    Two of the ways in which handwriting of one class varies, position and slant, are removed before training. Each
    image is normalized by itself, so that training and test images are treated alike.

    Args:
        data: images of light ink on a dark ground, uint8 in 0 .. 255.

    Returns:
        ImageData named "deskewed:<name>", with the shapes, labels and order of `data`; an image without ink is
        unchanged.

    Raises:
        InputError: if the edges of the training images are on average lighter than the images, as with dark ink on a
            light ground.

    Reference:
        LeCun et al. 1998, "Gradient-based learning applied to document recognition", section III.C (deslanted images).
    """
    _check_ground(data)
    train, test = (
        np.concatenate([_deskewed(images[start : start + _CHUNK]) for start in range(0, len(images), _CHUNK)])
        for images in (data.train_images, data.test_images)
    )
    return dataclasses.replace(data, name=f"deskewed:{data.name}", train_images=train, test_images=test, sha256="")


def _check_ground(data: ImageData) -> None:
    images = data.train_images
    edge = np.mean([images[:, 0].mean(), images[:, -1].mean(), images[:, :, 0].mean(), images[:, :, -1].mean()])
    if edge > images.mean():
        raise InputError(
            f"Expected light ink on a dark ground. Received: {data.name}, lighter at the edges ({edge:.0f}) than "
            f"in the whole ({images.mean():.0f} of 255). Invert the pictures."
        )


def _deskewed(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Deskews uint8 images [N, H, W, C]."""
    values = images.astype(np.float32)
    ink = values.mean(axis=-1)
    _, height, width = ink.shape
    rows, columns = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
    total = np.maximum(ink.sum(axis=(1, 2)), 1e-6)
    center_y, center_x = (ink.sum(axis=2) @ rows) / total, (ink.sum(axis=1) @ columns) / total
    from_y, from_x = rows - center_y[:, np.newaxis], columns - center_x[:, np.newaxis]
    variance = np.sum(ink.sum(axis=2) * from_y**2, axis=1) / total
    covariance = np.einsum("nij,ni,nj->n", ink, from_y, from_x, optimize=True) / total
    blank = ink.sum(axis=(1, 2)) == 0
    slant = np.where(blank, 0.0, covariance / np.maximum(variance, 1e-6))
    down, right = rows - (height - 1) / 2, columns - (width - 1) / 2
    middle_y = np.where(blank, (height - 1) / 2, center_y)[:, np.newaxis, np.newaxis]
    middle_x = np.where(blank, (width - 1) / 2, center_x)[:, np.newaxis, np.newaxis]
    y = np.broadcast_to(middle_y + down[:, np.newaxis], ink.shape)
    x = middle_x + right + slant[:, np.newaxis, np.newaxis] * down[:, np.newaxis]
    return np.clip(np.rint(_bilinear(values, y, x)), 0, 255).astype(np.uint8)


def _bilinear(values: NDArray[np.float32], y: NDArray[np.float32], x: NDArray[np.float32]) -> NDArray[np.float32]:
    """`values` [N, H, W, C] interpolated at the positions (y, x) [N, H, W]; 0 beyond the edges."""
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    count, height, width, _ = values.shape
    rows = np.arange(count)[:, np.newaxis, np.newaxis]
    result = np.zeros_like(values)
    for step_y in (0, 1):
        for step_x in (0, 1):
            at_y, at_x = top + step_y, left + step_x
            inside = (at_y >= 0) & (at_y < height) & (at_x >= 0) & (at_x < width)
            weight = inside * (1 - np.abs(y - at_y)) * (1 - np.abs(x - at_x))
            corner = values[rows, np.clip(at_y, 0, height - 1), np.clip(at_x, 0, width - 1)]
            result += weight[..., np.newaxis].astype(np.float32) * corner
    return result
