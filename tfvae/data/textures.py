"""Random crops of scikit-learn's two bundled photographs: color textures without a download."""

from __future__ import annotations

import numpy as np
import sklearn.datasets
from numpy.typing import NDArray
from PIL import Image

from tfvae.data.images import ImageData
from tfvae.errors import InputError

CLASS_NAMES = ("china", "flower")
SMALLEST = 16
LARGEST = 256
"""Side in pixels of the largest crop, and width of the test region of each photograph."""

_LARGEST_SCALE = 2.0


def load_textures(*, image_size: int = 64, train: int = 2000, test: int = 400, seed: int = 0) -> ImageData:
    """Crops squares from two photographs, of a tower in China (`china`) and a flower (`flower`), 427 x 640 pixels each.

    crop = photograph[top : top + side, left : left + side] resized to image_size, mirrored or not
    side ~ U{image_size .. min(2 * image_size, 256)},  top, left uniform where the crop fits,  P(mirrored) = 1/2

    Test crops come from the left 256 columns of each photograph, training crops from the right 384: no pixel is in
    both splits, and the border divides the tower and the flower. The classes alternate; within a class the order is
    random.

    Args:
        image_size: int in 16 .. 256, pixels.
        train: int >= 2, training crops.
        test: int >= 2, test crops.
        seed: int >= 0; equal arguments give equal crops where Pillow decodes JPEG files alike.

    Returns:
        ImageData named "textures", uint8 [N, image_size, image_size, 3] in 0 .. 255, with two classes.

    Raises:
        InputError: if an argument is out of its range.

    Reference:
        scikit-learn, `load_sample_images`: photographs by danielbuechele and vultilion on Flickr (CC BY 2.0).
    """
    if not SMALLEST <= image_size <= LARGEST:
        raise InputError(
            f"textures: expected image_size in {SMALLEST} .. {LARGEST} pixels, which the two photographs hold for both "
            f"splits. Received: image_size={image_size}. Choose another, or pictures of your own: --data folder:PATH."
        )
    if min(train, test) < len(CLASS_NAMES) or seed < 0:
        raise InputError(
            f"textures: expected {len(CLASS_NAMES)} crops or more of each split and a seed >= 0. "
            f"Received: train={train}, test={test}, seed={seed}."
        )
    photographs = [sklearn.datasets.load_sample_image(f"{name}.jpg") for name in CLASS_NAMES]
    generator = np.random.default_rng(seed)
    train_images = _crops([photograph[:, LARGEST:] for photograph in photographs], train, image_size, generator)
    test_images = _crops([photograph[:, :LARGEST] for photograph in photographs], test, image_size, generator)
    return ImageData(
        name="textures",
        train_images=train_images,
        train_labels=np.arange(train, dtype=np.int64) % len(CLASS_NAMES),
        test_images=test_images,
        test_labels=np.arange(test, dtype=np.int64) % len(CLASS_NAMES),
        class_names=CLASS_NAMES,
    )


def _crops(
    regions: list[NDArray[np.uint8]], count: int, image_size: int, generator: np.random.Generator
) -> NDArray[np.uint8]:
    pictures = [Image.fromarray(np.ascontiguousarray(region)) for region in regions]
    crops = np.empty((count, image_size, image_size, 3), np.uint8)
    for rank in range(count):
        picture = pictures[rank % len(pictures)]
        side = int(generator.integers(image_size, min(int(_LARGEST_SCALE * image_size), LARGEST), endpoint=True))
        left, top = (int(generator.integers(0, length - side, endpoint=True)) for length in picture.size)
        box = (left, top, left + side, top + side)
        crop = np.asarray(picture.resize((image_size, image_size), Image.Resampling.LANCZOS, box=box))
        crops[rank] = crop[:, ::-1] if generator.integers(2) else crop
    return crops
