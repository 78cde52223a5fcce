"""Report 2's numbers: what is measured of a trained model and of its samples."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans

from experiments import gmvae_report
from experiments.scoring import real_reference
from tfvae.data.images import ImageData
from tfvae.data.labeled import LabeledData
from tfvae.data.signals import SignalData
from tfvae.data.synthetic import mixture_labels
from tfvae.metrics import clustering, likelihood
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.samples import score_samples
from tfvae.models.autoencoder import StochasticAutoencoder
from tfvae.models.gmvae import GMVAE
from tfvae.models.inference import in_batches
from tfvae.models.noise import Noise
from tfvae.models.vae import VAE
from tfvae.sampling.class_gaussian import fit_class_gaussians
from tfvae.sampling.prior import standard_normal_sampler
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.training.experiment import Evaluation, TrainedRun
from tfvae.training.projector import Projection

DRAWS = 10
FITTED = 20_000


def evaluate(run: TrainedRun[Any]) -> Evaluation:
    """Every claim of the report as a number, its figures, and the codes for the projector."""
    model, data, config = run.model, run.data, run.config
    codes = model.encode(data.to_float(data.test_images))
    metrics = measure_model(run, codes)
    probabilities = model.cluster(data.to_float(data.test_images)) if isinstance(model, GMVAE) else None
    if probabilities is not None:
        metrics |= measure_clusters(data, probabilities)
    classes, values = None, model.sample(config.samples, seed=run.seed)
    if isinstance(model, GMVAE):
        sampled, clusters = model.sample_codes(config.samples, seed=run.seed)
        classes, values = class_of_cluster(model, data)[clusters], model.decode(sampled)
    stored = data.to_uint8(values) if isinstance(data, ImageData) else values
    metrics |= measure_samples(run, stored, classes)
    name, sampler = code_sampler(model, run.seed)
    return Evaluation(
        metrics,
        gmvae_report.run_figures(run, codes, probabilities, colors(data), metrics),
        stored,
        classes,
        {name: sampler},
        sampler=name,
        class_sampler=name if isinstance(model, GMVAE) else None,
        projection=projection(data, codes, probabilities, config.projected),
    )


def measure_model(run: TrainedRun[Any], codes: NDArray[np.float32]) -> dict[str, Measurement]:
    """The numbers of the model itself, on the test split."""
    model, data = run.model, run.data
    images = data.to_float(data.test_images)
    values: dict[str, float] = {
        **likelihood.reconstruction_errors(images, model.decode(codes)),
        "silhouette": clustering.silhouette(codes, data.test_labels, sample_size=5000, seed=run.seed),
        "active_units": likelihood.active_units(codes),
        "kmeans_accuracy": kmeans_accuracy(run, codes),
    }
    if isinstance(model, StochasticAutoencoder):
        values["posterior_deviation"] = likelihood.posterior_deviation(model, images)
    if isinstance(model, VAE):
        values["elbo"] = likelihood.evidence_lower_bound(model, images, seed=run.seed)
    if isinstance(model, GMVAE):
        terms = mean_terms(model, images, seed=run.seed)
        values |= {"elbo": -sum(terms.values()), **{name: terms[name] for name in list(terms)[1:]}}
    return {name: Measurement(value, samples=len(images), split="test") for name, value in values.items()}


def mean_terms(model: GMVAE, images: NDArray[np.float32], *, seed: int, draws: int = DRAWS) -> dict[str, float]:
    """The means of the terms of the negative evidence lower bound, without the threshold, in nats."""

    @tf.function(jit_compile=True)
    def step(batch: tf.Tensor, draw: tf.Tensor) -> tf.Tensor:
        noise = Noise(seed, tf.cast(draw[0, 0], tf.int64))
        terms = model.divergences(batch, model.posteriors(batch), noise, training=False)
        return tf.stack([terms[name] for name in model.term_names], axis=1)

    rows = [in_batches(step, images, np.full((len(images), 1), draw), batch_size=1000) for draw in range(draws)]
    means = np.concatenate(rows).mean(axis=0, dtype=np.float64)
    return {name: float(mean) for name, mean in zip(model.term_names, means, strict=True)}


def kmeans_accuracy(run: TrainedRun[Any], codes: NDArray[np.float32]) -> float:
    """The matched accuracy of k-means on the codes, which any model has: what a mixture prior must beat."""
    train = run.model.encode(run.data.to_float(run.data.train_images[:FITTED]))
    found = KMeans(run.data.classes, n_init=4, random_state=run.seed).fit(train).predict(codes)
    return clustering.cluster_accuracy(found, run.data.test_labels)


def measure_clusters(data: LabeledData, probabilities: NDArray[np.float32]) -> dict[str, Measurement]:
    """The clusters of the test split against its classes, and the signs of collapse."""
    found = probabilities.argmax(axis=1)
    values = {
        "cluster_accuracy": clustering.cluster_accuracy(found, data.test_labels),
        "majority_accuracy": clustering.majority_accuracy(found, data.test_labels),
        **clustering.cluster_agreement(found, data.test_labels),
        **clustering.cluster_usage(probabilities),
    }
    values["unused_clusters"] = probabilities.shape[1] - values["used_clusters"]
    if isinstance(data, SignalData):
        fitted = colors(data)[0]
        values["fitted_label_accuracy"] = clustering.cluster_accuracy(found, fitted)
        values["mixture_accuracy"] = clustering.cluster_accuracy(fitted, data.test_labels)
    return {name: Measurement(value, samples=len(found), split="test") for name, value in values.items()}


@lru_cache(maxsize=4)
def colors(data: LabeledData) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """What the report colors test codes by: classes, or the components of a mixture fitted to the signals."""
    if not isinstance(data, SignalData):
        return data.test_labels, data.class_names
    return mixture_labels(data)[1], tuple(f"component {number}" for number in range(data.classes))


def measure_samples(
    run: TrainedRun[Any], stored: NDArray[Any], classes: NDArray[np.int64] | None
) -> dict[str, Measurement]:
    """Scores of the model's own samples; a class is that of the sample's cluster."""
    reference = real_reference(run.data, run.config.samples)
    if reference is None:
        return {}
    name = "prior" if classes is None else "cluster"
    scores = score_samples(stored, classes, reference=reference)
    return {f"{name}/{metric}": score for metric, score in scores.items()}


def class_of_cluster(model: GMVAE, data: LabeledData) -> NDArray[np.int64]:
    """The class that each cluster is matched to on the training split, int64 [clusters]; for scores alone.

    Clusters left over by the one-to-one matching take the class that most of their examples have.
    """
    found = model.cluster(data.to_float(data.train_images[:FITTED]), draws=1).argmax(axis=1)
    counts = np.zeros((model.clusters, data.classes), np.int64)
    np.add.at(counts, (found, data.train_labels[:FITTED]), 1)
    classes = counts.argmax(axis=1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    classes[rows] = columns
    return classes.astype(np.int64)


def code_sampler(model: Any, seed: int) -> tuple[str, GaussianMixtureSampler]:
    """What `tfvae sample` and an export draw codes from: N(0, I), or a Gaussian with the moments of each cluster."""
    if not isinstance(model, GMVAE):
        return "prior", standard_normal_sampler(model.latent_dim)
    per_cluster = max(2000, 4 * model.latent_dim)
    drawn = [model.sample_codes(per_cluster, cluster=cluster, seed=seed) for cluster in range(model.clusters)]
    codes, clusters = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    return "cluster", fit_class_gaussians(codes, clusters)


def projection(
    data: LabeledData, codes: NDArray[np.float32], probabilities: NDArray[np.float32] | None, count: int
) -> Projection:
    """The first test codes, with their labels, clusters and pictures."""
    labels = data.test_labels[:count]
    columns: dict[str, Any] = {"label": [data.class_names[label] for label in labels], "place": np.arange(len(labels))}
    if isinstance(data, SignalData):
        columns["fitted label"] = colors(data)[0][:count]
    if probabilities is not None:
        columns["cluster"] = probabilities[:count].argmax(axis=1)
        columns["probability"] = np.round(probabilities[:count].max(axis=1), 3)
    pictures = data.pictures(data.to_float(data.test_images[:count]))
    if pictures.mean() < 128:
        pictures = 255 - pictures  # the tab multiplies a thumbnail by its color, which shows on a light ground
    return Projection(codes[:count], columns, pictures, name=f"codes of the test split of {data.name}")
