"""Metrics of generated images against the whole test split, with the FID that real training images reach."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tfvae.data.images import ImageData
from tfvae.errors import InputError
from tfvae.metrics.conditional import checked_labels, class_accuracy, cosine_similarity, unrecognizable_share
from tfvae.metrics.features import Activations, FeatureExtractor
from tfvae.metrics.manifold import class_shares, density_and_coverage, precision_and_recall
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.scores import frechet_distance, inception_score, kernel_distance

MANIFOLD_SAMPLES = 3000
# Training images extracted at once: a multiple of the extractors' batch sizes, so that an image's features do not
# depend on how many are extracted later.
CHUNK = 500
DIM_FACTOR = 8  # images whose largest value is less than an eighth of the real ones' are probably scaled otherwise


@dataclass(frozen=True, eq=False)
class RealReference:
    """Real images in a feature space: the whole test split, and training images for the floor of the FID.

    Build it with `RealReference.of`, once for any number of scored sets of any size.

    Args:
        extractor: the feature space.
        test: activations of all test images.
        train_images: uint8 [N, H, W, C], training images, extracted when a floor needs them.
        classes_fit: whether the extractor's logits mean the classes of the data.
    """

    extractor: FeatureExtractor
    test: Activations
    train_images: NDArray[np.uint8] = field(repr=False)
    classes_fit: bool
    _floors: dict[int, float] = field(default_factory=dict, init=False, repr=False)
    _chunks: list[NDArray[np.float32]] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def of(cls, data: ImageData, extractor: FeatureExtractor, *, classes_fit: bool | None = None) -> RealReference:
        """Extracts the whole test split; training images follow when a floor needs them.

        Args:
            data: the real images.
            extractor: the feature space.
            classes_fit: whether the logits mean the data's classes; None compares the class names.

        Returns:
            The reference.

        Raises:
            InputError: if the extractor does not take the images.
        """
        fit = extractor.class_names == data.class_names if classes_fit is None else classes_fit
        return cls(extractor, extractor(data.test_images), data.train_images, classes_fit=fit)

    def floor_at(self, count: int) -> float:
        """FID between that many real training images and the test images: what perfect samples would get.

        floor = FID(test split, `count` training images drawn at random with a fixed seed)

        Args:
            count: int, more than the features have dimensions and no more than there are training images.

        Returns:
            float >= 0, computed once for each count.

        Raises:
            InputError: if there are not that many images, or too few for a covariance.
        """
        if count > len(self.train_images):
            raise InputError(
                f"RealReference: expected a count of at most {len(self.train_images)}, the training images. "
                f"Received: count={count}. Ask for fewer."
            )
        if count not in self._floors:
            self._floors[count] = frechet_distance(self.test.features, self._train_features(count))
        return self._floors[count]

    def _train_features(self, count: int) -> NDArray[np.float32]:
        """float32 [count, D] of the first `count` training images in a random order that never changes."""
        order = np.random.default_rng(0).permutation(len(self.train_images))
        while len(self._chunks) * CHUNK < count:
            start = len(self._chunks) * CHUNK
            self._chunks.append(self.extractor(self.train_images[order[start : start + CHUNK]]).features)
        return np.concatenate(self._chunks)[:count]


def score_samples(
    images: NDArray[np.uint8], labels: NDArray[np.int64] | None = None, *, reference: RealReference
) -> dict[str, Measurement]:
    """Scores samples against the whole test split, with the extractor, both counts and the split of each number.

    fid_ratio = fid / floor,  floor = FID of as many real training images, drawn at random, against the same test images

    Where the data set has fewer training images than there are samples, the ratio is of equal counts all the
    same: of that many samples, drawn with a fixed seed. Precision and recall (3 neighbors) and density and coverage
    (5 neighbors) are of 3,000 samples and 3,000 test images, drawn likewise, or of as many as the smaller set has.
    `real_samples` says how many test images a number compares with.

    Args:
        images: uint8 [N, H, W, C], N above the extractor's number of features.
        labels: int64 [N], the classes that the samples were generated for; None for unconditional samples.
        reference: real activations from `RealReference.of`.

    Returns:
        {name: measurement}: fid fid_ratio kid precision recall density coverage; inception_score where the extractor
        has logits; where its classes are those of the data unrecognizable_share, mode_coverage (number of classes
        found) and rarest_class_share; with labels cosine_similarity, and class_accuracy where the classes fit.

    Raises:
        InputError: if the images do not fit the extractor, are too few, or the labels do not fit the images.

    Reference:
        Report 0 (class_accuracy, unrecognizable_share), report 1 (acc, cos), report 4 (FID, inception score, mode
        collapse).
    """
    if labels is not None:
        labels = checked_labels("score_samples", labels, count=len(images))
    extractor = reference.extractor
    features, logits = extractor(images)
    measure = functools.partial(
        Measurement, samples=len(images), extractor=extractor.name, extractor_sha256=extractor.sha256
    )
    scores = _distances(features, reference, measure)
    if logits.shape[1] > 0:
        scores["inception_score"] = measure(inception_score(logits))
    scores |= _manifold(features, reference, measure)
    if reference.classes_fit:
        shares = class_shares(logits)
        scores["unrecognizable_share"] = measure(unrecognizable_share(logits))
        scores["mode_coverage"] = measure(float(np.count_nonzero(shares)))
        scores["rarest_class_share"] = measure(shares.min())
    if reference.classes_fit and labels is not None:
        scores["class_accuracy"] = measure(class_accuracy(logits, labels))
    if labels is not None:
        scores["cosine_similarity"] = Measurement(cosine_similarity(images, labels), samples=len(images))
    return scores


def checked_pixels(images: NDArray[np.uint8], *, real: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns images of unknown origin after checking that they are scaled as the real ones are.

    Samples of a collapsed model are black, dim or all alike and are measured all the same: of these, a warning tells.

    Args:
        images: uint8 [N, H, W, C], such as a file holds.
        real: uint8 [M, H, W, C], the images that they will be compared with.

    Returns:
        The images.

    Raises:
        InputError: if they are not uint8, or hold only 0 and 1 where the real images hold more.

    Warns:
        UserWarning: if all pixels have one value, or the largest is below an eighth of the real images' largest.
    """
    pixels = np.asarray(images)
    if pixels.dtype != np.uint8 or not pixels.size:
        raise InputError(
            f"Expected uint8 pixels in 0..255. Received: {pixels.dtype} {list(pixels.shape)}. Convert them with "
            "`ImageData.to_uint8`."
        )
    least, largest, largest_real = int(pixels.min()), int(pixels.max()), int(real.max())
    if least < largest == 1 < largest_real:
        raise InputError(
            "Expected uint8 pixels in 0..255. Received: a largest value of 1. Multiply by 255 (or, of pixels that "
            "were float in [0, 1], before the conversion to uint8)."
        )
    if least == largest:
        warnings.warn(
            f"All pixels of all {len(pixels)} images are {largest}: the generator has collapsed, or the file is not "
            "the one that was meant.",
            stacklevel=2,
        )
    elif DIM_FACTOR * largest < largest_real:
        warnings.warn(
            f"The largest pixel is {largest}, and {largest_real} in the real images: are these scaled to 0..255?",
            stacklevel=2,
        )
    return pixels


def _distances(
    features: NDArray[np.float32], reference: RealReference, measure: Callable[..., Measurement]
) -> dict[str, Measurement]:
    """FID, its ratio to the floor, and KID, against all test images."""
    fid = frechet_distance(reference.test.features, features)
    matched, matched_fid = len(features), fid
    if matched > len(reference.train_images):
        matched = len(reference.train_images)
        # Samples often come sorted by class, so the first ones would not do.
        drawn = np.random.default_rng(0).permutation(len(features))[:matched]
        matched_fid = frechet_distance(reference.test.features, features[drawn])
    kid, kid_error = kernel_distance(reference.test.features, features)
    of_test = functools.partial(measure, split="test", real_samples=len(reference.test.features))
    return {
        "fid": of_test(fid),
        "fid_ratio": of_test(matched_fid / reference.floor_at(matched), samples=matched),
        "kid": of_test(kid, kid_error),
    }


def _manifold(
    features: NDArray[np.float32], reference: RealReference, measure: Callable[..., Measurement]
) -> dict[str, Measurement]:
    """Precision, recall, density and coverage, of equal numbers drawn from both sets."""
    count = min(MANIFOLD_SAMPLES, len(features), len(reference.test.features))
    real, generated = (
        array[np.random.default_rng(0).permutation(len(array))[:count]] for array in (reference.test.features, features)
    )
    precision, recall = precision_and_recall(real, generated)
    density, coverage = density_and_coverage(real, generated)
    values = {"precision": precision, "recall": recall, "density": density, "coverage": coverage}
    return {name: measure(value, split="test", samples=count, real_samples=count) for name, value in values.items()}
