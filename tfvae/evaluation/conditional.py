"""Scores of class-conditional samplers over several sets of samples, by two classifiers, and sheets of the samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tfvae import figures
from tfvae.evaluation.classifiers import reconstruction_classifiers
from tfvae.evaluation.evaluation import Draw, Evaluation, Samples
from tfvae.evaluation.figures import rows_by_class
from tfvae.evaluation.samples import draw, draw_classes, score
from tfvae.figures import Figure
from tfvae.metrics.conditional import class_accuracy, cosine_similarity
from tfvae.metrics.measurement import Measurement

FIRST_SEED = 10_000  # above the seeds of searches, so that no setting was chosen on the noise that it is scored on
SEED_STEP = 1000

REPORT_ACCURACY = "report_accuracy"
"""Metric: accuracy by the run's own classifier, the one of report 1."""


def conditional_scores(evaluation: Evaluation, samples: Samples) -> dict[str, float]:
    """Similarity within a class, and the accuracy by the run's classifier and by one that knows the classes.

    Args:
        evaluation: with classifiers of its own.
        samples: with labels.

    Returns:
        {"cosine_similarity", "report_accuracy", and "class_accuracy" where the main feature space fits the classes}.
    """
    space = evaluation.once(reconstruction_classifiers).space
    labels = np.asarray(samples.labels)
    scores = {
        "cosine_similarity": cosine_similarity(samples.images, labels),
        REPORT_ACCURACY: class_accuracy(space(samples.images).logits, labels),
    }
    if evaluation.classifies and evaluation.reference is not None:
        scores["class_accuracy"] = class_accuracy(evaluation.reference.extractor(samples.images).logits, labels)
    return scores


def score_sets(evaluation: Evaluation) -> None:
    """Draws `config.generators.spread` sets of samples from each sampler, as many of each class, and scores them.

    The distances in the feature spaces are of the first set; accuracies and similarity are means over the sets with
    their standard deviation. A sampler without classes is drawn from once.
    """
    bar = evaluation.progress("samples")
    config, samplers = evaluation.config, evaluation.samplers
    for done, (name, sampler) in enumerate(samplers.items()):
        seed = FIRST_SEED + evaluation.seed
        if getattr(sampler, "classes", ()):
            seeds = range(seed, seed + SEED_STEP * config.generators.spread, SEED_STEP)
            sets = [draw_classes(evaluation, sampler, seed=each, samples=config.samples) for each in seeds]
            score(evaluation, name, sets[0])
            evaluation.metrics |= {f"{name}/{metric}": value for metric, value in over_sets(evaluation, sets).items()}
        else:
            score(evaluation, name, draw(evaluation, sampler, seed=seed))
        bar(done + 1, len(samplers))


def over_sets(evaluation: Evaluation, sets: Sequence[Samples]) -> dict[str, Measurement]:
    """Mean and standard deviation of `conditional_scores` over two or more sets of samples."""
    rows = [conditional_scores(evaluation, samples) for samples in sets]
    spaces = {REPORT_ACCURACY: evaluation.once(reconstruction_classifiers).space}
    if evaluation.reference is not None:
        spaces["class_accuracy"] = evaluation.reference.extractor
    return {
        name: Measurement(
            float(np.mean([row[name] for row in rows])),
            float(np.std([row[name] for row in rows], ddof=1)),
            samples=len(sets[0].images),
            extractor=spaces[name].name if name in spaces else None,
            extractor_sha256=spaces[name].sha256 if name in spaces else None,
        )
        for name in rows[0]
    }


def class_sheets(*names: str, titles: Mapping[str, str]) -> Draw:
    """Ten samples of each class for each named sampler that was scored, `samples_<name>`, with both numbers."""

    def drawn(evaluation: Evaluation) -> dict[str, Figure]:
        present = [name for name in names if name in evaluation.samples]
        return {f"samples_{name}": _sheet(evaluation, name, titles[name]) for name in present}

    return drawn


def _sheet(evaluation: Evaluation, name: str, title: str) -> Figure:
    data, samples = evaluation.data, evaluation.samples[name]
    rows = rows_by_class(samples.images, np.asarray(samples.labels), data.classes)
    cosine, accuracy = (evaluation.value(f"{name}/{metric}") for metric in ("cosine_similarity", REPORT_ACCURACY))
    return figures.sample_sheet(
        rows,
        columns=10,
        title=f"{title}: {evaluation.variant}",
        subtitle=f"cosine similarity {cosine:.3f}, accuracy {accuracy:.4f} by the report's classifier",
        row_labels=data.class_names if len(rows) == 10 * data.classes else None,
    )
