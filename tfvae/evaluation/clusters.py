"""Clusters of a model: initialization from a mixture, metrics, samples by cluster, and codes for the projector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics.cluster import contingency_matrix

from tfvae import distributions
from tfvae.data.labeled import LabeledData
from tfvae.data.signals import SignalData
from tfvae.data.synthetic import mixture_labels
from tfvae.evaluation.evaluation import Evaluation, Projection, Sampler, Samples
from tfvae.evaluation.samples import score
from tfvae.metrics import clustering
from tfvae.metrics.likelihood import active_units
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.subsets import random_subset
from tfvae.models.inference import in_batches
from tfvae.sampling.class_gaussian import fit_class_gaussians
from tfvae.sampling.mixture import fit_mixture

FITTED = 20_000
MIXTURE_STARTS = 6
EACH_EPOCH = 2000  # test examples of `usage_metrics`


@dataclass(frozen=True)
class ClusterGaussians:
    """A Gaussian with the moments of each cluster's codes, `cluster`."""

    def check(self, data: LabeledData, latent_dim: int) -> None:
        """Moments of the model's own prior need no data."""

    def fit(self, evaluation: Evaluation) -> Mapping[str, Sampler]:
        return {"cluster": cluster_sampler(evaluation)}


def clusters(model: Any) -> bool:
    """Whether the model gives cluster probabilities."""
    return hasattr(model, "cluster")


def cluster_probabilities(evaluation: Evaluation, examples: NDArray[Any], **options: Any) -> NDArray[np.float32]:
    """p(cluster | example), float32 [N, clusters], of stored examples."""
    return np.concatenate([evaluation.model.cluster(part, **options) for part in evaluation.chunks(examples)])


def initialize_from_mixture(model: Any, data: LabeledData, *, seed: int) -> None:
    """Initializes a GMVAE's clusters from the likeliest of several Gaussian mixtures fitted to training codes.

    mean of a cluster = mean of the component
    variance of a cluster = variances of the component + mean over x of the variance of q(z | x)

    Args:
        model: `ClusteringGMVAE`, whose prior network is changed.
        data: training examples, of which at most 20,000, drawn at random, are encoded.
        seed: int >= 0, of the subset and of the fits.
    """
    chosen = random_subset(len(data.train_images), FITTED, seed=seed)
    examples = data.to_float(data.train_images[chosen])
    parameters = in_batches(model.compiled_step(model.parameters_step), examples, batch_size=1000)
    codes, log_variances = np.split(parameters[:, : 2 * model.latent_dim], 2, axis=1)
    fitted = fit_mixture(
        codes, components=model.clusters, seed=seed, starts=MIXTURE_STARTS, regularization=1e-4, iterations=100
    )
    noise = np.exp(np.clip(log_variances, *distributions.LOG_VARIANCE_LIMITS)).mean(axis=0)
    model.initialize_clusters(fitted.means, np.diagonal(fitted.covariances, axis1=1, axis2=2) + noise)


def usage_metrics(model: Any, data: LabeledData) -> dict[str, float]:
    """Active units and, of a model that clusters, `cluster_usage`: signs of collapse that need no label.

    Args:
        model: a model that encodes.
        data: test examples, of which at most 2,000, drawn at random but the same at each call, are encoded.
    """
    examples = data.to_float(data.test_images[random_subset(len(data.test_images), EACH_EPOCH, seed=0)])
    usage = clustering.cluster_usage(model.cluster(examples, num_samples=1)) if clusters(model) else {}
    return {"active_units": active_units(model.encode(examples)), **usage}


def color_labels(data: LabeledData) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """What scatters of test codes are colored by: classes, or components of a mixture fitted to the signals.

    Reference:
        Report 2, figure 1: the synthetic set is colored by a Gaussian mixture's labels.
    """
    if not isinstance(data, SignalData):
        return data.test_labels, data.class_names
    return _fitted_labels(data), tuple(f"component {number}" for number in range(data.classes))


@lru_cache(maxsize=2)
def _fitted_labels(data: SignalData) -> NDArray[np.int64]:
    return mixture_labels(data)[1]


def measure_kmeans(evaluation: Evaluation) -> dict[str, Measurement]:
    """Matched accuracy of k-means on the codes, the baseline of a mixture prior."""
    data = evaluation.data
    chosen = data.train_images[random_subset(len(data.train_images), FITTED, seed=evaluation.seed)]
    fitted = KMeans(data.classes, n_init=4, random_state=evaluation.seed).fit(evaluation.encode(chosen))
    accuracy = clustering.cluster_accuracy(fitted.predict(evaluation.test_codes), data.test_labels)
    return {"kmeans_accuracy": evaluation.measured(accuracy)}


def measure_clusters(evaluation: Evaluation) -> dict[str, Measurement]:
    """The clusters of the test split against its classes, and the signs of collapse; nothing without clusters."""
    model, data = evaluation.model, evaluation.data
    if not clusters(model):
        return {}
    probabilities = cluster_probabilities(evaluation, data.test_images)
    found = probabilities.argmax(axis=1)
    values = {
        "cluster_accuracy": clustering.cluster_accuracy(found, data.test_labels),
        "majority_accuracy": clustering.majority_accuracy(found, data.test_labels),
        **clustering.cluster_agreement(found, data.test_labels),
        **clustering.cluster_usage(probabilities),
    }
    values["unused_clusters"] = probabilities.shape[1] - values["used_clusters"]
    if isinstance(data, SignalData):
        fitted = color_labels(data)[0]
        values["fitted_label_accuracy"] = clustering.cluster_accuracy(found, fitted)
        values["mixture_accuracy"] = clustering.cluster_accuracy(fitted, data.test_labels)
    return {name: evaluation.measured(value) for name, value in values.items()}


def class_of_cluster(evaluation: Evaluation) -> NDArray[np.int64]:
    """The class that each cluster is matched to on the training split, int64 [clusters]; for scores alone.

    Clusters left over by the one-to-one matching take the class of most of their examples.
    """
    model, data = evaluation.model, evaluation.data
    chosen = random_subset(len(data.train_images), FITTED, seed=evaluation.seed)
    found = cluster_probabilities(evaluation, data.train_images[chosen], num_samples=1).argmax(axis=1)
    counts = np.zeros((model.clusters, data.classes), np.int64)
    present, classes = np.unique(found), np.unique(data.train_labels[chosen])
    counts[np.ix_(present, classes)] = contingency_matrix(found, data.train_labels[chosen])
    matched = counts.argmax(axis=1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    matched[rows] = columns
    return matched.astype(np.int64)


def score_clusters(evaluation: Evaluation) -> None:
    """Samples and scores the model's own prior, `cluster`."""
    score(evaluation, "cluster", sample_clusters(evaluation))


def sample_clusters(evaluation: Evaluation) -> Samples:
    """`config.samples` samples of the model's own prior; a sample's label is the class its cluster is matched to."""
    codes, chosen = evaluation.model.sample_codes(evaluation.config.samples, seed=evaluation.seed)
    return Samples(evaluation.decode(codes), class_of_cluster(evaluation)[chosen], codes)


def cluster_sampler(evaluation: Evaluation) -> Any:
    """A Gaussian with the moments of each cluster's codes, for `tfvae sample` and exports."""
    model, seed = evaluation.model, evaluation.seed
    each = max(2000, 4 * model.latent_dim)
    drawn = [model.sample_codes(each, cluster=cluster, seed=seed) for cluster in range(model.clusters)]
    codes, labels = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    return fit_class_gaussians(codes, labels)


def projection(evaluation: Evaluation) -> Projection:
    """`config.projected` test codes for the projector, drawn at random, with labels, clusters and thumbnails."""
    data = evaluation.data
    chosen = random_subset(len(data.test_images), evaluation.config.projected, seed=evaluation.seed)
    labels, examples = data.test_labels[chosen], data.test_images[chosen]
    columns: dict[str, Any] = {"label": [data.class_names[label] for label in labels], "index": chosen}
    if isinstance(data, SignalData):
        columns["fitted label"] = color_labels(data)[0][chosen]
    if clusters(evaluation.model):
        probabilities = cluster_probabilities(evaluation, examples)
        columns["cluster"] = probabilities.argmax(axis=1)
        columns["probability"] = np.round(probabilities.max(axis=1), 3)
    pictures = data.pictures(data.to_float(examples))
    if pictures.mean() < 128:
        pictures = 255 - pictures  # the tab multiplies a thumbnail by its color, which shows on a light ground
    name = f"codes of the test split of {data.name}"
    return Projection(evaluation.test_codes[chosen], columns, pictures, name)
