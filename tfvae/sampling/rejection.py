"""A mixture per class whose samples are kept only where a classifier is sure of their class."""

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
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.sampling.scored_settings import Decode, Progress, flat

BATCH = 1000
LEAST_ACCEPTED = 0.01
FEWEST_DRAWN = 200  # candidates a class and attempt
ATTEMPTS = 300  # enough for a thousand samples of a class of which 1 % is kept
CONFIDENCES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999)


@dataclass(frozen=True, eq=False)
class RejectionSampler:
    """Draws from a class's mixture until a classifier is sure that the decoded image is of that class.

    p(z | y) ~ mixture(z | y) * (softmax(classify(decode(z)))[y] >= confidence)

    Args:
        mixture: labeled mixture, the proposal; classes 0 .. K - 1 are the classifier's.
        decode: function of float32 [B, D] codes to images, in the graph: `model.decode_step`.
        classify: function of those images to logits float32 [B, K], in the graph.
        confidence: float in [0, 1), least probability of the wanted class; 0 keeps everything.

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
        shapes = [tf.TensorSpec([None, self.latent_dim], tf.float32), tf.TensorSpec([None], tf.int64)]
        object.__setattr__(self, "_probability", tf.function(self._probability_step, input_signature=shapes))

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
        """A full-covariance mixture for the codes of each class, of which everything is kept until it is tuned.

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
        """Draws codes that are kept, of one class or of all by their shares in the mixture.

        Args:
            count: int >= 1, number of codes.
            seed: int >= 0.
            label: class to draw from, or None for all.

        Returns:
            codes float32 [count, D], and their classes int64 [count].

        Raises:
            InputError: if `count` < 1, `seed` < 0, there is no class `label`, or less than 1 % of its codes are kept.
        """
        codes, labels = self.mixture.sample(count, seed=seed, label=label)
        if labels is None or self.confidence == 0:
            return codes, labels
        missing = np.flatnonzero(~self._kept(codes, labels))
        for attempt in range(1, ATTEMPTS + 1):
            if not missing.size:
                return codes, labels
            refused = []
            for wanted in np.unique(labels[missing]):
                rows = missing[labels[missing] == wanted]
                # Another length than the seed [seed, label + 1] of the first draw, so other noise.
                fresh = int(np.random.SeedSequence([seed, attempt, int(wanted)]).generate_state(1)[0])
                drawn, of_class = self.mixture.sample(max(len(rows), FEWEST_DRAWN), seed=fresh, label=int(wanted))
                kept = drawn[self._kept(drawn, np.asarray(of_class))][: len(rows)]
                codes[rows[: len(kept)]] = kept
                refused.append(rows[len(kept) :])
            missing = np.concatenate(refused)
        raise InputError(
            f"Expected a classifier that is {self.confidence} sure of at least {LEAST_ACCEPTED:.0%} of the codes. "
            f"Received: {missing.size} of {count} still refused, of class {np.unique(labels[missing]).tolist()}. "
            "Lower the confidence, or train model and classifier for longer."
        )

    def acceptance_rate(self, count: int = 10_000, *, seed: int) -> float:
        """Share of the mixture's codes that are kept.

        Args:
            count: int >= 1, codes that are tried.
            seed: int >= 0.

        Returns:
            float in [0, 1].
        """
        codes, labels = self.mixture.sample(count, seed=seed)
        return float(np.mean(self._kept(codes, np.asarray(labels))))

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
        """What each confidence does to accuracy and variety, as another classifier sees it.

        Args:
            decode: as above.
            classify: function of images to logits: of a classifier other than the one that decides what is kept,
                which would find itself right.
            search: floats in [0, 1), the confidences.
            samples: int >= 2, codes a class before any is refused.
            seed: int >= 0.
            progress: function of (scored, planned), called after each class.

        Returns:
            Frontier, thetas [P] being the confidences; classes of which less than 1 % or two codes are kept count as
            wrong.

        Raises:
            InputError: if a number is out of its range.
        """
        samples = checked_integer(samples, name="samples", minimum=2)
        thresholds = [self.with_theta(confidence).confidence for confidence in search]

        @tf.function
        def seen(codes: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            images = decode(codes)
            hits = tf.equal(tf.argmax(classify(images), axis=-1, output_type=tf.int32), label)
            return tf.nn.softmax(self.classify(images))[:, label], hits, flat(images)

        accuracies, similarities = (np.zeros((len(thresholds), len(self.classes))) for _ in range(2))
        for column, label in enumerate(self.classes):
            codes, _ = self.mixture.sample(samples, seed=seed, label=label)
            probability, hits, pixels = (array.numpy() for array in seen(tf.constant(codes), tf.constant(label)))
            for row, threshold in enumerate(thresholds):
                kept = probability >= threshold
                similarities[row, column] = 1.0
                if kept.sum() >= max(2, LEAST_ACCEPTED * samples):
                    accuracies[row, column] = hits[kept].mean()
                    similarities[row, column] = float(within_class_similarity(tf.constant(pixels[kept])))
            if progress is not None:
                progress(column + 1, len(self.classes))
        return Frontier(np.array(thresholds), accuracies, similarities, samples)

    def first_kept(self, candidates: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """The first of several codes that is kept, or the surest where none is: sampling in a graph that must end.

        Args:
            candidates: float32 [count, tries, D], codes of the mixture.
            labels: int64 [count], the classes that they were drawn for.

        Returns:
            float32 [count, D].
        """
        tries = tf.shape(candidates)[1]
        flattened = tf.reshape(candidates, [-1, self.latent_dim])
        sure = tf.reshape(self._probability_step(flattened, tf.repeat(labels, tries)), [-1, tries])
        kept = sure >= self.confidence
        chosen = tf.where(
            tf.reduce_any(kept, axis=1), tf.argmax(tf.cast(kept, tf.int32), axis=1), tf.argmax(sure, axis=1)
        )
        return tf.gather(candidates, chosen, batch_dims=1)

    def save(self, path: str | Path) -> Path:
        """Writes mixture and confidence to an .npz file; the classifier is kept apart, with its model.

        Raises:
            InputError: if `path` does not end in .npz.
        """
        return self.mixture.save(path, confidence=np.asarray(self.confidence))

    def _kept(self, codes: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        parts = [slice(start, start + BATCH) for start in range(0, len(codes), BATCH)]
        probabilities = [self._probability(tf.constant(codes[part]), tf.constant(labels[part])) for part in parts]  # type: ignore[attr-defined]
        return np.concatenate([part.numpy() for part in probabilities]) >= self.confidence

    def _probability_step(self, codes: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.nn.softmax(self.classify(self.decode(codes))), labels, batch_dims=1)
