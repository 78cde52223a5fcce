"""Learned categories of a generator: how pure they are in the classes of a classifier, and samples of each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfvae import figures
from tfvae.evaluation.evaluation import Evaluation
from tfvae.figures import Figure
from tfvae.metrics.clustering import majority_accuracy
from tfvae.metrics.measurement import Measurement
from tfvae.networks.convolutional import chosen_categories

SHEET = 10


def sample_categories(evaluation: Evaluation) -> NDArray[np.int64] | None:
    """The category of each sample of the prior, int64 [N]; None for a generator without categories."""
    generator: Any = getattr(evaluation.model, "generator", None)
    codes = evaluation.samples["prior"].codes
    return None if generator is None or codes is None else chosen_categories(generator, codes)


def measure_categories(evaluation: Evaluation) -> dict[str, Measurement]:
    """Purity of the categories: the share of samples in the majority class of their category, by the classifier."""
    categories = sample_categories(evaluation)
    if categories is None or evaluation.reference is None or not evaluation.classifies:
        return {}
    extractor, images = evaluation.reference.extractor, evaluation.samples["prior"].images
    purity = majority_accuracy(categories, extractor(images).logits.argmax(axis=1))
    measured = Measurement(purity, samples=len(images), extractor=extractor.name, extractor_sha256=extractor.sha256)
    return {"prior/category_purity": measured}


def category_sheet(evaluation: Evaluation) -> dict[str, Figure]:
    """Samples of the first ten categories, a row each, with as many columns as all of them can fill."""
    categories = sample_categories(evaluation)
    if categories is None:
        return {}
    members = [np.flatnonzero(categories == category) for category in np.unique(categories)[:SHEET]]
    columns = min(SHEET, *map(len, members))
    chosen = np.concatenate([places[:columns] for places in members])
    title = f"Learned categories, a row each: {evaluation.variant}"
    images = evaluation.samples["prior"].images[chosen]
    return {"categories": figures.sample_sheet(images, columns=columns, title=title)}
