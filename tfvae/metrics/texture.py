"""Texture ratio: image gradients of reconstructions against those of the images."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfvae.errors import InputError


def texture_ratio(images: ArrayLike, reconstructions: ArrayLike) -> float:
    """Mean gradient magnitude of the reconstructions over that of the images.

    ratio = mean(g(reconstructions)) / mean(g(images))
    g(x)[i, j] = sqrt((x[i + 1, j] - x[i, j])**2 + (x[i, j + 1] - x[i, j])**2), in each channel by itself

    The unit of the pixels cancels, and so does their offset. A sharp reconstruction reaches 1; a blurred one, or one
    of less contrast, stays below; noise lifts it, above 1 as well, so read it beside `reconstruction_l1`.

    Args:
        images: uint8 or float [count, height, width, channels], height and width >= 2.
        reconstructions: the same shape, and uint8 where the images are, float where they are.

    Returns:
        float >= 0, dimensionless.

    Raises:
        InputError: if the shapes differ or are others, one is uint8 and one float, a value is not finite, or the
            images are flat.

    Reference:
        Report 3, section 5: "realistic texture" against "smoothed data", as a number.
    """
    x, y = np.asarray(images), np.asarray(reconstructions)
    if x.shape != y.shape or x.ndim != 4 or min(x.shape[1:3]) < 2 or x.size == 0:
        raise InputError(
            "texture_ratio: expected images and reconstructions of one shape [count, height, width, channels], at "
            f"least 2 pixels high and wide. Received: {list(x.shape)} and {list(y.shape)}. Pass the images that were "
            "reconstructed, whole."
        )
    if not (x.dtype == y.dtype == np.uint8 or all(np.issubdtype(array.dtype, np.floating) for array in (x, y))):
        raise InputError(
            "texture_ratio: expected both uint8, or both float in the same units. Received: images "
            f"{x.dtype}, reconstructions {y.dtype}. Convert one with `ImageData.to_float` or `ImageData.to_uint8`."
        )
    of_images, of_reconstructions = _mean_gradient(x), _mean_gradient(y)
    if not np.isfinite(of_images + of_reconstructions):
        raise InputError(
            "texture_ratio: expected finite pixels. Received: NaN or infinity. The model may have diverged: look at "
            "its reconstructions."
        )
    if of_images == 0.0:
        raise InputError(
            f"texture_ratio: expected images with some structure. Received: {len(x)} images, each of one value a "
            "channel, whose gradients are all 0. Pass other images."
        )
    return of_reconstructions / of_images


def _mean_gradient(images: NDArray[np.uint8] | NDArray[np.floating]) -> float:
    """Image by image, because float64 copies of a whole set of large pictures would not fit in memory."""
    return float(np.mean([_gradient_magnitude(image.astype(np.float64)).mean() for image in images]))


def _gradient_magnitude(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """[height, width, channels] -> [height - 1, width - 1, channels], where both differences exist."""
    down = np.diff(image, axis=0)[:, :-1]
    across = np.diff(image, axis=1)[:-1]
    return np.sqrt(down**2 + across**2)
