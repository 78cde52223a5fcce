"""Real data in a feature space, extracted once for all variants; and what scoring needs, checked before training."""

from __future__ import annotations

import functools
import math
from pathlib import Path

from tfvae.data.images import ImageData
from tfvae.data.labeled import LabeledData
from tfvae.errors import InputError
from tfvae.metrics.features import FeatureExtractor, inception, mnist_cnn
from tfvae.metrics.random_features import random_vgg
from tfvae.metrics.samples import RealReference
from tfvae.metrics.scores import KID_BLOCK_SIZE

MIN_SCORED = 100  # more than the 64 features of `mnist_cnn` and `random_vgg`
INCEPTION_FEATURES = 2048

_inception = functools.lru_cache(maxsize=1)(inception)
_references: dict[tuple[str, str], RealReference] = {}


def feature_space(data: LabeledData) -> FeatureExtractor | None:
    """The main feature space of a data set: `mnist_cnn` for its shape, `random_vgg` for others, none of signals."""
    if not isinstance(data, ImageData):
        return None
    shipped = mnist_cnn()
    return shipped if shipped.image_shape == data.image_shape else random_vgg()


def feature_spaces(data: LabeledData, inception_folder: Path | None = None) -> dict[str, RealReference]:
    """Real images in each feature space, by the suffix of the metrics' names.

    Args:
        data: the real data.
        inception_folder: folder of TF-GAN's Inception graph, for metrics with the suffix `_inception` too.
    """
    spaces = {"": feature_space(data), "_inception": None if inception_folder is None else _inception(inception_folder)}
    return {
        suffix: reference(data, extractor)
        for suffix, extractor in spaces.items()
        if extractor is not None and isinstance(data, ImageData)
    }


def reference(data: ImageData, extractor: FeatureExtractor) -> RealReference:
    """The real images in a feature space; those of the last data set are kept, whatever their value range."""
    key = (data.sha256, extractor.sha256)
    if key not in _references:
        for other in [other for other in _references if other[0] != data.sha256]:
            del _references[other]
        _references[key] = RealReference.of(data, extractor)
    return _references[key]


def check_scored(data: LabeledData, samples: int, inception_folder: Path | None = None) -> None:
    """Finds before the training what would stop the scoring: a wrong folder, or too few images.

    Args:
        data: the real data.
        samples: int, number of generated samples.
        inception_folder: folder of TF-GAN's Inception graph, or None.

    Raises:
        InputError: if there is no graph in the folder, or a set is too small for FID or KID.
    """
    least = MIN_SCORED
    if isinstance(data, ImageData):
        if inception_folder is not None:
            _inception(inception_folder)
            least = INCEPTION_FEATURES + 1
        least = max(least, 2 * math.ceil(max(samples, len(data.test_labels)) / KID_BLOCK_SIZE))
    counts = {"samples": samples, "training_images": len(data.train_labels), "test_images": len(data.test_labels)}
    small = {name: count for name, count in counts.items() if count < least}
    if small:
        received = ", ".join(f"{name}={count}" for name, count in small.items())
        raise InputError(
            f"Expected at least {least} samples and {data.example}s of each split, which FID and KID need. "
            f"Received: {received}. Allow more of them."
        )
