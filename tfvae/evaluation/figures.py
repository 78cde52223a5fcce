"""Figures of a trained model that several reports show, each a function of an `Evaluation`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfvae import figures
from tfvae.evaluation.clusters import color_labels
from tfvae.evaluation.evaluation import Draw, Evaluation
from tfvae.evaluation.model import encodes
from tfvae.figures import Figure
from tfvae.metrics.conditional import class_accuracy, cosine_similarity, unrecognizable
from tfvae.sampling.traversal import interpolate

SHEET = 100
SHOWN = 40


def training_curves(evaluation: Evaluation) -> dict[str, Figure]:
    """Every term of the loss over the epochs, training and validation."""
    rows = evaluation.history
    names = list(rows[0]["train"])
    series = {name: [row["train"][name] for row in rows] for name in names}
    series |= {f"val_{name}": [row["validation"][name] for row in rows] for name in names}
    title = f"Terms of the loss: {evaluation.variant}"
    return {"curves": figures.curves(series, title=title, xlabel="epoch", ylabel="nats an image", panels=True)}


def codes_and_reconstructions(evaluation: Evaluation) -> dict[str, Figure]:
    """Codes of the test split in up to three dimensions, and reconstructions, of a model that encodes."""
    return {**codes_scatter(3)(evaluation), **reconstructions(evaluation)} if encodes(evaluation.model) else {}


def codes_scatter(dimensions: int) -> Draw:
    """Codes of the test split in up to so many dimensions, `codes`, colored by class."""

    def drawn(evaluation: Evaluation) -> dict[str, Figure]:
        labels, names = color_labels(evaluation.data)
        silhouette = evaluation.metrics.get("silhouette")
        return {
            "codes": figures.latent_scatter(
                evaluation.test_codes,
                labels,
                names,
                title=f"Codes of the test split: {evaluation.variant}",
                subtitle="" if silhouette is None else f"silhouette of the classes {silhouette.value:.2f}",
                dimensions=min(dimensions, evaluation.model.latent_dim),
            )
        }

    return drawn


def reconstructions(evaluation: Evaluation) -> dict[str, Figure]:
    """The first test examples above their reconstructions."""
    data = evaluation.data
    originals = data.pictures(data.to_float(data.test_images[:SHOWN]))
    decoded = data.pictures(evaluation.model.decode(evaluation.test_codes[:SHOWN]))
    title = f"Reconstructions of the test split: {evaluation.variant}"
    return {"reconstructions": figures.reconstructions(originals, decoded, title=title)}


def rows_by_class(images: NDArray[np.uint8], labels: NDArray[np.int64], classes: int) -> NDArray[np.uint8]:
    """Ten images of each class, class by class."""
    return np.concatenate([images[labels == label][:10] for label in range(classes)])


def sample_sheets(*names: str, titles: Mapping[str, str] | None = None) -> Draw:
    """A sheet of a hundred samples for each named sampler, `samples_<name>`, unrecognizable ones framed."""

    def drawn(evaluation: Evaluation) -> dict[str, Figure]:
        present = [name for name in names if name in evaluation.samples]
        shown = {name: (titles or {}).get(name, f"Samples of {name}") for name in present}
        return {f"samples_{name}": _sheet(evaluation, name, title) for name, title in shown.items()}

    return drawn


def _sheet(evaluation: Evaluation, name: str, title: str) -> Figure:
    """Rows of one class where the samples have classes."""
    data, samples = evaluation.data, evaluation.samples[name]
    labels = samples.labels
    rows = samples.images[:SHEET] if labels is None else rows_by_class(samples.images, labels, data.classes)
    share = evaluation.metrics.get(f"{name}/unrecognizable_share")
    frames = None
    if evaluation.classifies and evaluation.reference is not None:
        frames = unrecognizable(evaluation.reference.extractor(rows).logits)
    return figures.sample_sheet(
        data.pictures(rows) if rows.ndim == 2 else rows,
        columns=10,
        title=f"{title}: {evaluation.variant}",
        subtitle="" if share is None else f"{share.value:.1%} unrecognizable (classifier below 0.5 sure)",
        row_labels=None if labels is None or len(rows) != 10 * data.classes else data.class_names,
        frames=frames,
    )


def plain_sheet(name: str, count: int, columns: int, *, title: str, file: str = "samples") -> Draw:
    """A sheet of `count` samples of one sampler, without frames."""

    def drawn(evaluation: Evaluation) -> dict[str, Figure]:
        images = evaluation.samples[name].images[:count]
        pictures = evaluation.data.pictures(images) if images.ndim == 2 else images
        return {file: figures.sample_sheet(pictures, columns=columns, title=f"{title}: {evaluation.variant}")}

    return drawn


def class_examples(evaluation: Evaluation) -> dict[str, Figure]:
    """The first training image of each class."""
    data = evaluation.data
    return {"classes": figures.class_examples(data.train_images, data.train_labels, data.class_names)}


def gaussian_means(evaluation: Evaluation) -> dict[str, Figure]:
    """Decoded mean of each class's Gaussian."""
    gaussians: Any = evaluation.samplers["class_gaussian"]
    return {
        "means": figures.gaussian_means(
            evaluation.decode(gaussians.component_means()),
            np.sort(np.asarray(gaussians.labels)),
            class_names=evaluation.data.class_names,
            title=f"Decoded mean of each Gaussian: {evaluation.variant}",
        )
    }


def interpolations_between(
    pairs: Callable[[Evaluation], NDArray[np.int64]], *, steps: int, title: str, file: str = "interpolations"
) -> Draw:
    """Straight lines between the codes of pairs of test images.

    Args:
        pairs: function of the evaluation to int64 [lines, 2], indices of test images.
        steps: int >= 2, images in a line.
        title: str.
        file: str, name of the figure.
    """

    def drawn(evaluation: Evaluation) -> dict[str, Figure]:
        ends = pairs(evaluation)
        codes = evaluation.test_codes
        lines = interpolate(codes[ends[:, 0]], codes[ends[:, 1]], steps=steps)
        pictures = evaluation.decode(lines.reshape(-1, codes.shape[1]))
        shaped = pictures.reshape(*lines.shape[:2], *pictures.shape[1:])
        return {file: figures.interpolation_sheet(shaped, title=f"{title}: {evaluation.variant}")}

    return drawn


def shrinking(sampler: str, factors: Sequence[float]) -> Draw:
    """Accuracy and cosine similarity of a class sampler against the factor that divides its covariances."""

    def drawn(evaluation: Evaluation) -> dict[str, Figure]:
        reference, data = evaluation.reference, evaluation.whole
        if reference is None or not evaluation.classifies:
            return {}
        names = [sampler if factor == 1 else f"{sampler}@{factor:g}" for factor in factors]
        shown = {"class accuracy": "class_accuracy", "cosine similarity": "cosine_similarity"}
        return {
            "shrinking": figures.metric_curves(
                list(factors),
                {title: [evaluation.value(f"{name}/{metric}") for name in names] for title, metric in shown.items()},
                references={
                    "class accuracy": class_accuracy(reference.test.logits, data.test_labels),
                    "cosine similarity": cosine_similarity(data.test_images, data.test_labels),
                },
                title=f"Dividing the covariance of each class: {evaluation.variant}",
                xlabel="factor that the covariance is divided by",
                ylabel="share of samples, or mean cosine (dimensionless)",
                reference_label="real test images",
            )
        }

    return drawn
