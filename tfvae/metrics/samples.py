"""Scores a set of samples, ours or anyone's, against real images, with the floor that real images reach."""

from __future__ import annotations

import functools
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


@dataclass(frozen=True, eq=False)
class RealReference:
    """What samples are compared with: real test images, and real training images for the floor.

    Build it with `RealReference.of`, once for any number of scored sets.

    Args:
        extractor: the feature space.
        test: activations of real test images.
        train: activations of real training images, in random order.
        classes_fit: whether the extractor's logits mean the classes of the data.
    """

    extractor: FeatureExtractor
    test: Activations
    train: Activations
    classes_fit: bool
    _floors: dict[int, float] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def of(
        cls,
        data: ImageData,
        extractor: FeatureExtractor,
        *,
        count: int = 10_000,
        classes_fit: bool | None = None,
    ) -> RealReference:
        """Extracts the first `count` test images and `count` training images from a draw of fixed seed.

        Args:
            data: the real images.
            extractor: the feature space.
            count: images of each split, >= 1; a split with fewer gives all it has.
            classes_fit: whether the logits mean the data's classes; None compares the class names.

        Returns:
            The reference.

        Raises:
            InputError: if `count` is below 1 or the extractor does not take the images.
        """
        if count < 1:
            raise InputError(f"RealReference: expected count >= 1. Received: count={count}. Pass e.g. 10_000.")
        drawn = np.random.default_rng(0).permutation(len(data.train_images))[:count]
        fit = extractor.class_names == data.class_names if classes_fit is None else classes_fit
        return cls(
            extractor,
            extractor(data.test_images[:count]),
            extractor(data.train_images[drawn]),
            classes_fit=fit,
        )

    @property
    def floor(self) -> float:
        """FID between all its training images and its test images: what perfect samples would get."""
        return self.floor_at(len(self.train.features))

    def floor_at(self, count: int) -> float:
        """FID between `count` real training images and the test images.

        Args:
            count: int, more than the features have dimensions and no more than the reference holds.

        Returns:
            float > 0, computed once for each count.

        Raises:
            InputError: if there are not that many images, or too few for a covariance.
        """
        if count > len(self.train.features):
            raise InputError(
                f"RealReference: expected a count of at most {len(self.train.features)}, the training "
                f"images it holds. Received: count={count}."
            )
        if count not in self._floors:
            self._floors[count] = frechet_distance(self.test.features, self.train.features[:count])
        return self._floors[count]


def score_samples(
    images: NDArray[np.uint8], labels: NDArray[np.int64] | None = None, *, reference: RealReference
) -> dict[str, Measurement]:
    """Scores samples against real test images, with the extractor, counts and split of each number.

    fid_ratio = fid / floor,  floor = FID of as many real training images against the same test images

    Where the data set has fewer training images than there are samples, the ratio is of equal counts all the
    same: of that many samples, drawn with a fixed seed. Precision and recall (3 neighbors) and density and coverage
    (5 neighbors) are of 3,000 samples and 3,000 test images, drawn likewise, or of as many as the smaller set has.

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


def _distances(
    features: NDArray[np.float32], reference: RealReference, measure: Callable[..., Measurement]
) -> dict[str, Measurement]:
    """The scores that compare with the real test images."""
    fid = frechet_distance(reference.test.features, features)
    matched, matched_fid = len(features), fid
    if matched > len(reference.train.features):
        matched = len(reference.train.features)
        # Samples often come sorted by class, so the first ones would not do.
        drawn = np.random.default_rng(0).permutation(len(features))[:matched]
        matched_fid = frechet_distance(reference.test.features, features[drawn])
    kid, kid_error = kernel_distance(reference.test.features, features)
    return {
        "fid": measure(fid, split="test"),
        "fid_ratio": measure(matched_fid / reference.floor_at(matched), split="test", samples=matched),
        "kid": measure(kid, kid_error, split="test"),
    }


def _manifold(
    features: NDArray[np.float32], reference: RealReference, measure: Callable[..., Measurement]
) -> dict[str, Measurement]:
    """Fidelity and variety, each by itself."""
    count = min(MANIFOLD_SAMPLES, len(features), len(reference.test.features))
    real, generated = (
        array[np.random.default_rng(0).permutation(len(array))[:count]] for array in (reference.test.features, features)
    )
    precision, recall = precision_and_recall(real, generated)
    density, coverage = density_and_coverage(real, generated)
    values = {"precision": precision, "recall": recall, "density": density, "coverage": coverage}
    return {name: measure(value, split="test", samples=count) for name, value in values.items()}
