"""Figures of a model that clusters, and of the signals that it may be trained on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tfvae import figures
from tfvae.data.pipeline import steps_per_epoch
from tfvae.evaluation.clusters import cluster_probabilities
from tfvae.evaluation.evaluation import Draw, Evaluation
from tfvae.evaluation.images import samples_by_cluster
from tfvae.figures import Figure

PAIRED = 64


def signal_modes(evaluation: Evaluation) -> dict[str, Figure]:
    """The first eight training signals of each class, `modes`; rows are named where each class has eight."""
    data = evaluation.data
    rows = [data.train_images[data.train_labels == label][:8] for label in range(data.classes)]
    complete = all(len(row) == 8 for row in rows)
    return {
        "modes": figures.sample_sheet(
            data.pictures(np.concatenate(rows)),
            columns=8,
            title="Training signals of each mode",
            row_labels=data.class_names if complete else None,
        )
    }


def codes_by_cluster(evaluation: Evaluation) -> dict[str, Figure]:
    """Codes of the test split in two dimensions, colored by their most probable cluster."""
    names = _names(evaluation.model)
    used, accuracy = evaluation.value("used_clusters"), evaluation.value("cluster_accuracy")
    return {
        "codes_by_cluster": figures.latent_scatter(
            evaluation.test_codes,
            cluster_probabilities(evaluation, evaluation.data.test_images).argmax(axis=1),
            names,
            title=f"Codes of the test split by cluster: {evaluation.variant}",
            subtitle=f"{used:.0f} of {len(names)} clusters used, matched accuracy {accuracy:.3f}",
        )
    }


def cluster_sheet(evaluation: Evaluation) -> dict[str, Figure]:
    """Samples of every cluster, a row each; a column has one w and one noise of x, taken to all clusters."""
    values = samples_by_cluster(evaluation.model, 12, seed=evaluation.seed)
    return {
        "clusters": figures.sample_sheet(
            evaluation.data.pictures(values),
            columns=12,
            title=f"Every cluster with the same noises: {evaluation.variant}",
            row_labels=_names(evaluation.model),
        )
    }


def cluster_pairs(*pairs: tuple[int, int]) -> Draw:
    """Samples of two clusters side by side with the same noises, `pair_1`, `pair_2` and so on.

    Args:
        *pairs: numbers of clusters, taken modulo their count; a pair that falls on one cluster is left out.
    """

    def drawn(evaluation: Evaluation) -> dict[str, Figure]:
        model, sheets = evaluation.model, {}
        for position, pair in enumerate(pairs, start=1):
            first, second = (cluster % model.clusters for cluster in pair)
            if first != second:
                sheets[f"pair_{position}"] = {
                    f"({letter}) cluster {cluster}": evaluation.data.pictures(
                        model.sample(PAIRED, cluster=cluster, seed=evaluation.seed)
                    )
                    for letter, cluster in (("a", first), ("b", second))
                }
        title = f"Two clusters, the same noises: {evaluation.variant}"
        return {name: figures.sample_comparison(both, columns=8, title=title) for name, both in sheets.items()}

    return drawn


def z_prior_curves(steps: Callable[[Evaluation], Sequence[Mapping[str, Any]]]) -> Draw:
    """The z_prior term in the loss every few steps, and the information about z on the test split each epoch.

    Args:
        steps: function of the evaluation to the rows of its step history, {"step", "train": {term: mean}}.
    """

    def drawn(evaluation: Evaluation) -> dict[str, Figure]:
        model, history, rows = evaluation.model, evaluation.history, steps(evaluation)
        per_epoch = steps_per_epoch(evaluation.data, evaluation.config.training.batch_size)
        in_loss = [row["step"] / per_epoch for row in rows], [row["train"]["z_prior"] for row in rows]
        information = [row["epoch_metrics"]["cluster_information"] for row in history]
        highest = math.log(model.clusters)
        return {
            "z_prior": figures.leveled_curves(
                {
                    "in the loss, training": in_loss,
                    "information about z, test": ([row["epoch"] for row in history], information),
                },
                {f"threshold {model.threshold:g}": model.threshold, f"log {model.clusters} = {highest:.3f}": highest},
                title=f"The z_prior term over training: {evaluation.variant}",
                xlabel="epoch",
                ylabel="nats an example",
            )
        }

    return drawn


def _names(model: Any) -> list[str]:
    return [f"cluster {number}" for number in range(model.clusters)]
