"""Rejection sampling from a class-conditional mixture by the confidence of a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from tfvae.errors import InputError
from tfvae.losses.similarity import within_class_similarity
from tfvae.sampling.frontier import Frontier
from tfvae.sampling.mixture import fit_mixture_per_class
from tfvae.sampling.moments import checked_classes, checked_integer
from tfvae.sampling.sampler import GaussianMixtureSampler, checked_request
from tfvae.sampling.scored_settings import Decode, Progress, flat

BATCH = 1000  # codes that are decoded and classified at once
LEAST_ACCEPTED = 0.01
ATTEMPTS = 1000  # proposals a code: where 1 % are accepted, all of them fail for one code in 20,000
CONFIDENCES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999)


@dataclass(frozen=True, eq=False)
class RejectionSampler:
    """Rejection sampler: proposes from a class-conditional mixture, accepts by a classifier of the decoded images.

    p(z | y) ~ mixture(z | y) * (softmax(classify(decode(z)))[y] >= confidence)

    Args:
        mixture: labeled mixture, the proposal; classes 0 .. K - 1 are the classifier's.
        decode: function of float32 [B, D] codes to images, in the graph: `model.decode_step`.
        classify: function of those images to logits float32 [B, K], in the graph.
        confidence: float in [0, 1), least probability of the wanted class; 0 accepts everything.

    Raises:
        InputError: if the mixture has no classes or the confidence is outside [0, 1).

    Reference:
        Beyond report 1, with its classifier (section 3.4); discriminator rejection sampling, Azadi et al. 2019.
    """

    mixture: GaussianMixtureSampler
    decode: Decode
    classify: Decode
    confidence: float = 0.99

    def __post_init__(self) -> None:
        if not self.mixture.classes:
            raise InputError("Expected a mixture with classes. Received: one without labels. Fit it with labels.")
        if not 0 <= self.confidence < 1:
            raise InputError(
                f"Expected a confidence in [0, 1). Received: confidence={self.confidence}. Pass 0.99, or 0 to keep all."
            )
        codes, labels = tf.TensorSpec([None, self.latent_dim], tf.float32), tf.TensorSpec([None], tf.int64)
        seed = tf.TensorSpec([], tf.int64)
        for name, step, signature in (
            ("_probabilities", self._probabilities_step, [codes, labels]),
            ("_redrawn", self._redrawn_step, [codes, labels, seed]),
        ):
            object.__setattr__(self, name, tf.function(step, input_signature=signature))

    @classmethod
    def fit(
        cls,
        codes: ArrayLike,
        labels: ArrayLike,
        *,
        decode: Decode,
        classify: Decode,
        classes: int | None = None,
        components: int = 10,
        seed: int = 0,
    ) -> Self:
        """Fits a full-covariance mixture to the codes of each class; everything is accepted until it is tuned.

        Args:
            codes: float [N, D], finite.
            labels: int [N], in 0 .. classes - 1.
            decode: as above.
            classify: as above.
            classes: int >= 1, number of classes; None takes the largest label.
            components: int >= 1, Gaussians a class.
            seed: int >= 0, of the k-means starts.

        Raises:
            InputError: if codes or labels are malformed, a label has no codes, or a class has fewer codes than
                components or D + 1.
        """
        labels = checked_classes(labels, classes=classes)
        mixture = fit_mixture_per_class(codes, labels, components=components, seed=seed)
        return cls(mixture, decode, classify, confidence=0.0)

    @property
    def latent_dim(self) -> int:
        """Number of latent dimensions D."""
        return self.mixture.latent_dim

    @property
    def classes(self) -> tuple[int, ...]:
        """Classes that can be asked for."""
        return self.mixture.classes

    def with_theta(self, confidence: float) -> Self:
        """The same sampler at another confidence."""
        return replace(self, confidence=float(confidence))

    def sample(
        self, count: int, *, seed: int, label: int | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]:
        """Draws accepted codes of one class, or of all by their shares in the mixture, by `draw`.

        Args:
            count: int >= 1, number of codes.
            seed: int >= 0. The first n codes of a larger count are those of a count of n.
            label: class to draw from, or None for all.

        Returns:
            codes float32 [count, D], and their classes int64 [count].

        Raises:
            InputError: if `count` < 1, `seed` < 0, there is no class `label`, or 1,000 proposals for a code are all
                rejected, as happens where less than 1 % of them are accepted.
        """
        codes, labels, probabilities = self._drawn(*checked_request(self.classes, count, seed=seed, label=label))
        rejected = probabilities.numpy() < self.confidence
        if rejected.any():
            raise InputError(
                f"Expected a classifier that accepts {LEAST_ACCEPTED:.0%} of the codes or more at confidence "
                f"{self.confidence}. Received: {ATTEMPTS} rejected proposals for each of {rejected.sum()} of {count} "
                f"codes, of class {np.unique(labels.numpy()[rejected]).tolist()}. Lower the confidence, or train model "
                "and classifier for longer."
            )
        return codes.numpy(), labels.numpy()

    def draw(self, count: tf.Tensor, seed: tf.Tensor, labels: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Draws codes in the graph: row i is a pure function of `seed`, i and `labels[i]`.

        The first accepted proposal of each row; where all 1,000 are rejected, the one with the highest probability.

        Args:
            count: int32 [], number of codes.
            seed: int64 [].
            labels: int64 [count], the class of each code, among `classes`; None draws the classes too.

        Returns:
            codes float32 [count, D], and their classes int64 [count].
        """
        return self._drawn(count, seed, labels)[:2]

    def acceptance_rate(self, count: int = 10_000, *, seed: int) -> float:
        """Share of the mixture's codes that are accepted.

        Args:
            count: int >= 1, number of proposals.
            seed: int >= 0.

        Returns:
            float in [0, 1].
        """
        codes, labels = self.mixture.sample(count, seed=seed)
        return float(np.mean(self._probabilities(tf.constant(codes), tf.constant(labels)) >= self.confidence))  # type: ignore[attr-defined]

    def tune(
        self,
        decode: Decode,
        classify: Decode,
        *,
        search: Sequence[float] = CONFIDENCES,
        samples: int = 1000,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> Frontier:
        """Accuracy and similarity at each confidence, measured by a second classifier.

        Args:
            decode: as above.
            classify: function of images to logits, of a classifier other than the one that accepts: that one agrees
                with itself.
            search: floats in [0, 1), the confidences.
            samples: int >= 2, proposals a class.
            seed: int >= 0.
            progress: function of (scored, planned), called after each class.

        Returns:
            Frontier, thetas [P] being the confidences; a class of which less than 1 % or two codes are accepted counts
            as wrong.

        Raises:
            InputError: if a number is out of its range.
        """
        samples = checked_integer(samples, name="samples", minimum=2)
        thresholds = [self.with_theta(confidence).confidence for confidence in search]

        @tf.function
        def classified(codes: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            images = decode(codes)
            hits = tf.equal(tf.argmax(classify(images), axis=-1, output_type=tf.int32), label)
            return tf.nn.softmax(self.classify(images))[:, label], hits, flat(images)

        accuracies, similarities = (np.zeros((len(thresholds), len(self.classes))) for _ in range(2))
        for column, label in enumerate(self.classes):
            codes, _ = self.mixture.sample(samples, seed=seed, label=label)
            probability, hits, pixels = (array.numpy() for array in classified(tf.constant(codes), tf.constant(label)))
            for row, threshold in enumerate(thresholds):
                accepted = probability >= threshold
                similarities[row, column] = 1.0
                if accepted.sum() >= max(2, LEAST_ACCEPTED * samples):
                    accuracies[row, column] = hits[accepted].mean()
                    similarities[row, column] = float(within_class_similarity(tf.constant(pixels[accepted])))
            if progress is not None:
                progress(column + 1, len(self.classes))
        return Frontier(np.array(thresholds), accuracies, similarities, samples)

    def save(self, path: str | Path) -> Path:
        """Writes mixture and confidence to an .npz file; the classifier is kept apart, with its model.

        Raises:
            InputError: if `path` does not end in .npz.
        """
        return self.mixture.save(path, confidence=np.asarray(self.confidence))

    def _drawn(
        self, count: tf.Tensor, seed: tf.Tensor, labels: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Codes, classes, and the probability of its class that the classifier gives each."""
        codes, labels = self.mixture.draw(count, seed, labels)
        if self.confidence == 0:
            return codes, labels, tf.ones([count])
        codes, probabilities = self._redrawn(codes, labels, seed)  # type: ignore[attr-defined]
        return codes, labels, probabilities

    def _redrawn_step(self, codes: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The codes with every rejected one drawn again until it is accepted, and their probabilities."""

        def unfinished(attempt: tf.Tensor, codes: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
            return (attempt < ATTEMPTS) & tf.reduce_any(probabilities < self.confidence)

        def redrawn(attempt: tf.Tensor, codes: tf.Tensor, probabilities: tf.Tensor) -> tuple[tf.Tensor, ...]:
            proposals, _ = self.mixture.draw(tf.size(labels), seed, labels, attempt=attempt)
            rows = tf.where(probabilities < self.confidence)
            likelier = self._probabilities_step(tf.gather_nd(proposals, rows), tf.gather_nd(labels, rows))
            likelier = tf.tensor_scatter_nd_max(probabilities, rows, likelier)
            codes = tf.where((likelier > probabilities)[:, tf.newaxis], proposals, codes)
            return attempt + 1, codes, likelier

        start = tf.constant(1), codes, self._probabilities_step(codes, labels)
        _, codes, probabilities = tf.while_loop(unfinished, redrawn, start)
        return codes, probabilities

    def _probabilities_step(self, codes: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """float32 [count], softmax(classify(decode(z)))[y], in equal parts of at most 1,000 codes."""
        count = tf.size(labels)
        parts = tf.maximum(1, -(-count // BATCH))
        size = -(-count // parts)
        padded = tf.pad(codes, [[0, parts * size - count], [0, 0]])
        logits = tf.map_fn(
            lambda part: self.classify(self.decode(part)),
            tf.reshape(padded, [parts, size, self.latent_dim]),
            fn_output_signature=tf.float32,
            parallel_iterations=1,
        )
        probabilities = tf.nn.softmax(tf.reshape(logits, [parts * size, tf.shape(logits)[-1]])[:count])
        return tf.gather(probabilities, labels, batch_dims=1)
