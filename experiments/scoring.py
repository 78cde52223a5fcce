"""What every experiment needs to be scored: `mnist_cnn`'s shape of images, a least count, and the real images."""

from __future__ import annotations

from functools import lru_cache

from tfvae.data.images import ImageData
from tfvae.data.labelled import LabelledData
from tfvae.metrics.features import FeatureExtractor, mnist_cnn
from tfvae.metrics.samples import RealReference

SCORED_SHAPE = (28, 28, 1)
LEAST_SCORED = 100  # above the number of features of `mnist_cnn` and `random_vgg`, 64


@lru_cache(maxsize=2)
def real_reference(data: LabelledData, count: int) -> RealReference | None:
    """The real images as `mnist_cnn` sees them, once for all variants; None for what it cannot see.

    Args:
        data: images or signals.
        count: int >= 1, images of each split.
    """
    if not isinstance(data, ImageData) or data.image_shape != SCORED_SHAPE:
        return None
    return RealReference.of(data, mnist_cnn(), count=count)


_references: dict[tuple[str, str, int], RealReference] = {}


def reference(data: ImageData, extractor: FeatureExtractor, count: int) -> RealReference:
    """The real images as an extractor sees them, once for all variants, whatever their value range."""
    key = (data.sha256, extractor.sha256, count)
    if key not in _references:
        # Those of other data are not needed again; another extractor of the same data is.
        for other in [other for other in _references if (other[0], other[2]) != (data.sha256, count)]:
            del _references[other]
        _references[key] = RealReference.of(data, extractor, count=count)
    return _references[key]
