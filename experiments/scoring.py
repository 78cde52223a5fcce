"""What every experiment needs to be scored: `mnist_cnn`'s shape of images, a least count, and the real images."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from pathlib import Path

from tfvae.data.images import ImageData
from tfvae.data.labeled import LabeledData
from tfvae.metrics.features import FeatureExtractor, inception, mnist_cnn
from tfvae.metrics.samples import RealReference
from tfvae.metrics.scores import KID_BLOCK_SIZE
from tfvae.training.config import check

SCORED_SHAPE = (28, 28, 1)
LEAST_SCORED = 100  # above the number of features of `mnist_cnn` and `random_vgg`, 64
INCEPTION_DIMENSIONS = 2048

_inception = functools.lru_cache(maxsize=1)(inception)


def check_scored(data: ImageData, samples: int, inception_folder: Path | None) -> None:
    """Finds before the training what would stop the scoring: a wrong folder, or too few images.

    Args:
        data: the real images.
        samples: int, how many will be scored.
        inception_folder: of Inception's graph, if that is a judge too.

    Raises:
        InputError: if there is no graph in the folder, or a set is too small for FID or KID.
    """
    least = LEAST_SCORED
    if inception_folder is not None:
        _inception(inception_folder)
        least = INCEPTION_DIMENSIONS + 1
    least = max(least, 2 * math.ceil(samples / KID_BLOCK_SIZE))
    fewest = min(len(data.train_labels), len(data.test_labels), samples)
    check(fewest >= least, f"at least {least} samples and images of each split, which FID and KID need", images=fewest)


def with_inception(spaces: Mapping[str, FeatureExtractor], folder: Path | None) -> dict[str, FeatureExtractor]:
    """Feature spaces by the suffix of their metrics, with Inception's where its folder is named.

    Args:
        spaces: {suffix: extractor}.
        folder: of Inception's graph, which is loaded once for all variants, or None.
    """
    return dict(spaces) if folder is None else {**spaces, "_inception": _inception(folder)}


def real_reference(data: LabeledData, count: int) -> RealReference | None:
    """The real images as `mnist_cnn` sees them, once for all variants; None for what it cannot see.

    Args:
        data: images or signals.
        count: int >= 1, images of each split.
    """
    if not isinstance(data, ImageData) or data.image_shape != SCORED_SHAPE:
        return None
    return reference(data, mnist_cnn(), count)


_references: dict[tuple[str, str], RealReference] = {}


def reference(data: ImageData, extractor: FeatureExtractor, count: int) -> RealReference:
    """The real images as an extractor sees them, once for all variants, whatever their value range."""
    key = (data.sha256, extractor.sha256)
    if key not in _references:
        # Those of other data are not needed again; another extractor of the same data is.
        for other in [other for other in _references if other[0] != data.sha256]:
            del _references[other]
        _references[key] = RealReference.of(data, extractor)
    return _references[key]
