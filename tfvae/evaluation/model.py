"""Metrics of a model on the test split, by what the model can do: encode, give a likelihood, cluster."""

from __future__ import annotations

import time
from collections.abc import Mapping
from statistics import median
from typing import Any

import numpy as np

from tfvae.data.images import ImageData
from tfvae.evaluation.evaluation import Evaluation
from tfvae.metrics import clustering, likelihood
from tfvae.metrics.manifold import near_copies
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.subsets import random_subset
from tfvae.provenance import peak_memory_mb

TIMED = 5000
NETWORKS = ("encoder", "decoder", "generator", "discriminator")


def encodes(model: Any) -> bool:
    """Whether the model has codes of examples."""
    return hasattr(model, "encode")


def measure_model(evaluation: Evaluation) -> dict[str, Measurement]:
    """Reconstructions, codes, likelihood and clusters, as far as the model has them."""
    model, data = evaluation.model, evaluation.data
    metrics: dict[str, Measurement] = {}
    if encodes(model):
        metrics |= measure_reconstructions(evaluation)
        codes, labels = evaluation.test_codes, data.test_labels
        metrics["active_units"] = evaluation.measured(likelihood.active_units(codes))
        if len(np.unique(labels)) > 1:
            value = clustering.silhouette(codes, labels, sample_size=len(codes), seed=evaluation.seed)
            metrics["silhouette"] = evaluation.measured(value)
    if hasattr(model, "posterior"):
        deviations = [
            (likelihood.posterior_deviation(model, part), len(part)) for part in evaluation.chunks(data.test_images)
        ]
        metrics["posterior_deviation"] = evaluation.measured(_weighted_mean(deviations))
    if likelihood.has_likelihood(model):
        metrics |= measure_likelihood(evaluation)
    return metrics


def measure_reconstructions(evaluation: Evaluation) -> dict[str, Measurement]:
    """Errors of the reconstructions of the test split from codes without noise, in units of pixels in [0, 1]."""
    data = evaluation.data
    value_range = data.value_range if isinstance(data, ImageData) else (0.0, 1.0)
    rows: dict[str, list[tuple[float, int]]] = {}
    codes = np.split(evaluation.test_codes, range(500, len(data.test_labels), 500))
    for images, part in zip(evaluation.chunks(data.test_images), codes, strict=True):
        errors = likelihood.reconstruction_errors(images, evaluation.model.decode(part), value_range=value_range)
        for name, error in errors.items():
            rows.setdefault(name, []).append((error, len(images)))
    complete = {name: errors for name, errors in rows.items() if len(errors) == len(codes)}
    return {name: evaluation.measured(_weighted_mean(errors)) for name, errors in complete.items()}


def measure_likelihood(evaluation: Evaluation) -> dict[str, Measurement]:
    """The ELBO with its terms and, where the configuration has `nll_images`, the importance-sampled likelihood."""
    model, data, config, seed = evaluation.model, evaluation.data, evaluation.config, evaluation.seed
    rows: dict[str, list[tuple[float, int]]] = {}
    for number, part in enumerate(evaluation.chunks(data.test_images)):
        terms = likelihood.evidence_lower_bound_terms(model, part, seed=seed + number)
        for name, value in {"elbo": -sum(terms.values()), **terms}.items():
            rows.setdefault(name, []).append((value, len(part)))
    metrics = {name: evaluation.measured(_weighted_mean(values)) for name, values in rows.items()}
    count = getattr(config, "nll_images", 0)
    if count:
        images = data.to_float(data.test_images[random_subset(len(data.test_images), count, seed=seed)])
        value = likelihood.negative_log_likelihood(model, images, num_samples=config.nll_draws, seed=seed)
        metrics["nll"] = evaluation.measured(value, samples=len(images))
    return metrics


def measure_costs(evaluation: Evaluation) -> dict[str, Measurement]:
    """Parameters of each network, megabytes of their float32 weights, peak memory, images sampled per second."""
    model = evaluation.model
    networks = {name: getattr(model, name, None) for name in NETWORKS}
    values: dict[str, float] = {"peak_memory_mb": peak_memory_mb()}
    values |= {f"{name}_parameters": network.count_params() for name, network in networks.items() if network}
    values["weights_mb"] = 4 * sum(count for name, count in values.items() if name.endswith("_parameters")) / 1e6
    codes = np.random.default_rng(0).normal(size=(TIMED, model.latent_dim)).astype(np.float32)
    seconds = []
    for _ in range(4):
        began = time.perf_counter()
        model.decode(codes)
        seconds.append(time.perf_counter() - began)
    values["images_per_second"] = TIMED / median(seconds[1:])
    return {name: Measurement(value) for name, value in values.items()}


def measure_copies(evaluation: Evaluation) -> dict[str, Measurement]:
    """Distances of samples of the prior to their nearest training image, against those of as many test images.

    Nothing where half of the test images are training images too.
    """
    data, count = evaluation.data, evaluation.config.copies
    train = {image.tobytes() for image in data.train_images}
    unseen = data.test_images[random_subset(len(data.test_images), count, seed=evaluation.seed)]
    if 2 * sum(image.tobytes() in train for image in unseen) >= len(unseen):
        return {}
    images = evaluation.samples["prior"].images[:count]
    copies = near_copies(images, data.train_images, unseen)
    values: Mapping[str, float] = {"near_copy_ratio": copies.ratio, "near_copy_share": copies.share}
    return {
        f"prior/{name}": Measurement(value, samples=len(images), split="train", real_samples=len(unseen))
        for name, value in values.items()
    }


def _weighted_mean(values: list[tuple[float, int]]) -> float:
    return float(np.average([value for value, _ in values], weights=[count for _, count in values]))
