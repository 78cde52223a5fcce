"""Samplers x feature spaces -> metrics: generated samples are drawn, decoded and scored."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tfvae.evaluation.evaluation import Evaluation, Sampler, Samples
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.samples import score_samples


def draw(evaluation: Evaluation, sampler: Sampler, *, seed: int | None = None) -> Samples:
    """`config.samples` decoded samples of a sampler, as `tfvae sample RUN --count N` draws them."""
    seed = evaluation.seed if seed is None else seed
    codes, labels = sampler.sample(evaluation.config.samples, seed=seed)
    return Samples(evaluation.decode(codes), labels, codes)


def draw_classes(evaluation: Evaluation, sampler: Sampler, *, seed: int, samples: int) -> Samples:
    """Decoded samples, the same number of each class."""
    classes = evaluation.data.classes
    each = samples // classes
    codes = np.concatenate([sampler.sample(each, seed=seed, label=label)[0] for label in range(classes)])
    return Samples(evaluation.decode(codes), np.repeat(np.arange(classes), each), codes)


def score(evaluation: Evaluation, name: str, samples: Samples) -> None:
    """Keeps the samples under a sampler's name and adds their scores in each feature space to the metrics."""
    evaluation.samples[name] = samples
    evaluation.metrics |= scores(evaluation, name, samples.images, samples.labels)


def scores(
    evaluation: Evaluation, name: str, images: NDArray[np.uint8], labels: NDArray[np.int64] | None = None
) -> dict[str, Measurement]:
    """Scores of images in each feature space, {NAME/METRIC with the space's suffix: measurement}."""
    found: dict[str, Measurement] = {}
    for suffix, reference in evaluation.spaces.items():
        measured = score_samples(images, labels, reference=reference)
        found |= {f"{name}/{metric}{suffix}": value for metric, value in measured.items()}
    return found
