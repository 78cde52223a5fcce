"""Reconstructions of the test split and samples as images: fine structure, and scores in feature spaces."""

from __future__ import annotations

from tfvae import figures
from tfvae.evaluation.evaluation import Draw, Evaluation
from tfvae.evaluation.samples import scores
from tfvae.figures import Figure
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.subsets import random_subset
from tfvae.metrics.texture import texture_ratio


def measure_texture(evaluation: Evaluation) -> dict[str, Measurement]:
    """Mean gradient magnitude of reconstructions, and of each sampler's samples, over that of as many test images."""
    images, real, seed = evaluation.data.test_images, evaluation.whole.test_images, evaluation.seed
    found = {"texture_ratio": evaluation.measured(texture_ratio(images, evaluation.reconstructions))}
    for name, samples in evaluation.samples.items():
        count = min(len(real), len(samples.images))
        pair = (every[random_subset(len(every), count, seed=seed)] for every in (real, samples.images))
        found[f"{name}/texture_ratio"] = evaluation.measured(texture_ratio(*pair), samples=count)
    return found


def score_reconstructions(evaluation: Evaluation) -> dict[str, Measurement]:
    """Scores of the reconstructions in each feature space, `reconstruction/fid` and so on.

    They are scored against the test split that they reconstruct, so a `fid_ratio` below 1 is possible.
    """
    return scores(evaluation, "reconstruction", evaluation.reconstructions)


def reconstruction_sheet(count: int) -> Draw:
    """The first test images above their reconstructions, `reconstructions`."""

    def drawn(evaluation: Evaluation) -> dict[str, Figure]:
        title = f"Reconstructions of the test split: {evaluation.variant}"
        originals = evaluation.data.test_images[:count]
        return {"reconstructions": figures.reconstructions(originals, evaluation.reconstructions[:count], title=title)}

    return drawn
