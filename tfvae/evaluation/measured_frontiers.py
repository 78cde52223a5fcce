"""Frontiers of accuracy and similarity, measured again on fresh samples, kept with the run, and drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfvae import figures
from tfvae.evaluation.classifiers import reconstruction_classifiers
from tfvae.evaluation.conditional import FIRST_SEED, REPORT_ACCURACY, conditional_scores
from tfvae.evaluation.evaluation import Draw, Evaluation, Measure, Sampler, Samples
from tfvae.evaluation.samples import draw_classes
from tfvae.figures import Figure
from tfvae.files import read_json
from tfvae.metrics.measurement import Measurement
from tfvae.sampling.frontier import Frontier

FILE = "frontiers.json"
SEED_STEP = 500
CLASSIFIERS = {REPORT_ACCURACY: "the report's classifier", "class_accuracy": "mnist_cnn"}
"""{metric: title of the classifier}."""


class Candidates(NamedTuple):
    """Settings of a generator.

    Attributes:
        frontier: the settings with the scores by which one is chosen.
        sampler: function of a setting to the sampler that draws with it.
    """

    frontier: Frontier
    sampler: Callable[[Any], Sampler]


def measured_frontiers(evaluation: Evaluation, candidates: Mapping[str, Candidates]) -> dict[str, Any]:
    """Settings along the frontier of each generator, scored on samples that no search has seen.

    Args:
        evaluation: `config.generators.frontier_points` is the number of settings of each frontier, and half of
            `config.samples` the number of samples.
        candidates: {generator: its settings}.

    Returns:
        {"real": scores of the whole test split, "samples": number of samples of a setting, "generators": {name:
        {"theta" and each score: a list over the settings}}}.
    """
    whole, config = evaluation.whole, evaluation.config
    samples = config.samples // 2
    bar = evaluation.progress("frontiers")
    generators: dict[str, dict[str, list[Any]]] = {}
    for done, (name, (frontier, sampler)) in enumerate(candidates.items()):
        best = frontier.pareto()
        places = np.linspace(0, len(best) - 1, config.generators.frontier_points).round().astype(int)
        thetas = frontier.thetas[best[np.unique(places)]]
        seed = FIRST_SEED + SEED_STEP + evaluation.seed
        rows = [
            conditional_scores(evaluation, draw_classes(evaluation, sampler(theta), seed=seed, samples=samples))
            for theta in thetas
        ]
        generators[name] = {metric: [row[metric] for row in rows] for metric in rows[0]}
        generators[name]["theta"] = thetas.tolist()
        bar(done + 1, len(candidates))
    real = conditional_scores(evaluation, Samples(whole.test_images, whole.test_labels))
    return {"real": real, "samples": samples, "generators": generators}


def kept_frontiers(folder: Path) -> dict[str, Any]:
    """What `measured_frontiers` gave for a run, with the settings that were chosen."""
    return read_json(folder / FILE)


def similarity_at(generator: str, accuracy: float) -> Measure:
    """Measures the similarity that a generator has at an accuracy, between the measured settings of its frontier.

    The metric is `<generator>/cosine_similarity_at_<accuracy>`; there is none where no two settings enclose it.
    """

    def measured(evaluation: Evaluation) -> dict[str, Measurement]:
        kept = kept_frontiers(evaluation.folder)
        curve = kept["generators"][generator]
        order = np.argsort(curve[REPORT_ACCURACY], kind="stable")
        accuracies, similarities = (np.array(curve[name])[order] for name in (REPORT_ACCURACY, "cosine_similarity"))
        if not accuracies[0] <= accuracy <= accuracies[-1]:
            return {}
        value = float(np.interp(accuracy, accuracies, similarities))
        measure = evaluation.once(reconstruction_classifiers).measured
        return {f"{generator}/cosine_similarity_at_{accuracy:g}": measure(value, samples=kept["samples"])}

    return measured


def frontier_figure(titles: Mapping[str, str], reported: Mapping[str, tuple[float, float]]) -> Draw:
    """The frontiers of one run by both classifiers, `frontier`.

    Args:
        titles: {generator: title}.
        reported: {title: (similarity, accuracy)} of the report.
    """
    return lambda evaluation: {
        "frontier": tradeoff({evaluation.variant: kept_frontiers(evaluation.folder)}, titles, reported)
    }


def tradeoff(
    runs: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str], reported: Mapping[str, tuple[float, float]]
) -> Figure:
    """Accuracy against similarity of the generators of one run or several, a panel for each run and classifier.

    Args:
        runs: {variant: what `kept_frontiers` gives}.
        titles: {generator: title}.
        reported: {title: (similarity, accuracy)} of the report.

    Reference:
        Report 1, figure 1.
    """
    panels: dict[str, dict[str, Any]] = {}
    points: dict[str, dict[str, tuple[float, float]]] = {}
    for variant, kept in runs.items():
        real = kept["real"]
        for metric in (name for name in CLASSIFIERS if name in real):
            panel = CLASSIFIERS[metric] if len(runs) == 1 else f"{variant}, by {CLASSIFIERS[metric]}"
            curves = {titles.get(name, name): curve for name, curve in kept["generators"].items()}
            panels[panel] = {title: (curve["cosine_similarity"], curve[metric]) for title, curve in curves.items()}
            points[panel] = {"real test images": (real["cosine_similarity"], real[metric])}
    samples = min(kept["samples"] for kept in runs.values())
    return figures.tradeoff_curves(
        panels,
        title=f"Accuracy against similarity within a class: {', '.join(runs)}",
        subtitle=f"each point from {samples:,} samples that no search has seen",
        samples=samples,
        points=points,
        reported=reported,
    )
