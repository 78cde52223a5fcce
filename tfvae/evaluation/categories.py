"""Report 4's numbers: what is measured of a trained model and of its samples."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments import gan_vs_vae_report
from experiments.scoring import SCORED_SHAPE, reference, with_inception
from tfvae.data.images import ImageData
from tfvae.metrics import clustering, likelihood
from tfvae.metrics.features import FeatureExtractor, mnist_cnn
from tfvae.metrics.manifold import near_copies
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.samples import score_samples
from tfvae.models.autoencoder import Autoencoder
from tfvae.models.dcgan import DCGAN
from tfvae.models.latent_variable import LatentVariableModel
from tfvae.networks.convolutional import chosen_categories
from tfvae.training.experiment import TrainedRun
from tfvae.training.results import peak_memory_mb

TIMED = 5000


def extractors(image_shape: tuple[int, ...], inception_folder: Path | None) -> dict[str, FeatureExtractor]:
    """The feature spaces that such images can be seen in, by the suffix of their metrics."""
    spaces: dict[str, FeatureExtractor] = {"": mnist_cnn()} if image_shape == SCORED_SHAPE else {}
    return with_inception(spaces, inception_folder)


def measure(
    run: TrainedRun[Any],
    codes: NDArray[np.float32],
    images: NDArray[np.uint8],
    *,
    copies: int,
    spaces: Mapping[str, FeatureExtractor],
) -> dict[str, Measurement]:
    """Costs, scores of the samples in each feature space, how new they are, and a VAE's reconstructions.

    Args:
        run: the trained model and its data.
        codes: float32 [samples, latent_dim], draws of the prior.
        images: uint8 [samples, height, width, channels], what the model makes of them.
        copies: int, how many of them, and of the test images, are looked for among the training images.
        spaces: feature spaces by the suffix of their metrics.
    """
    metrics = measure_costs(run.model)
    for suffix, extractor in spaces.items():
        scores = score_samples(images, reference=reference(run.data, extractor, len(images)))
        metrics |= {f"prior/{name}{suffix}": score for name, score in scores.items()}
        if extractor.class_names == run.data.class_names:
            metrics |= measure_categories(run.model, codes, images, extractor)
    metrics |= measure_copies(images[:copies], run.data, copies)
    if isinstance(run.model, Autoencoder):
        metrics |= measure_reconstructions(run)
    return {name: beside_the_report(run.variant, name, metric) for name, metric in metrics.items()}


def measure_costs(model: LatentVariableModel) -> dict[str, Measurement]:
    """Parameters of each network, their megabytes as float32 (but for averages of weights), memory, time to sample."""
    networks = {"generator": getattr(model, "generator", None), "discriminator": getattr(model, "discriminator", None)}
    networks |= {"encoder": getattr(model, "encoder", None), "decoder": getattr(model, "decoder", None)}
    values: dict[str, float] = {"peak_memory_mb": peak_memory_mb()}
    for name, network in networks.items():
        if network is not None:
            values[f"{name}_parameters"] = network.count_params()
    values["weights_mb"] = 4 * sum(count for name, count in values.items() if name.endswith("_parameters")) / 1e6
    codes = np.random.default_rng(0).normal(size=(TIMED, model.latent_dim)).astype(np.float32)
    model.decode(codes[:TIMED])
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        model.decode(codes)
        seconds.append(time.perf_counter() - began)
    values["images_per_second"] = TIMED / median(seconds)
    return {name: Measurement(value) for name, value in values.items()}


def measure_categories(
    model: LatentVariableModel, codes: NDArray[np.float32], images: NDArray[np.uint8], extractor: FeatureExtractor
) -> dict[str, Measurement]:
    """How far each learned vector makes one class of images; nothing for a model without such vectors."""
    categories = chosen_categories(model.generator, codes) if isinstance(model, DCGAN) else None
    if categories is None:
        return {}
    purity = clustering.majority_accuracy(categories, extractor(images).logits.argmax(axis=1))
    measurement = Measurement(purity, samples=len(images), extractor=extractor.name, extractor_sha256=extractor.sha256)
    return {"prior/category_purity": measurement}


def measure_copies(images: NDArray[np.uint8], data: ImageData, count: int) -> dict[str, Measurement]:
    """How near the samples lie to training images; nothing where half of the test images are training images too."""
    seen = {image.tobytes() for image in data.train_images}
    unseen = data.test_images[:count]
    if 2 * sum(image.tobytes() in seen for image in unseen) >= len(unseen):
        return {}
    copies = near_copies(images, data.train_images, unseen)
    values = {"near_copy_ratio": copies.ratio, "near_copy_share": copies.share}
    return {f"prior/{name}": Measurement(value, samples=len(images), split="train") for name, value in values.items()}


def measure_reconstructions(run: TrainedRun[Any]) -> dict[str, Measurement]:
    """The VAE's numbers on the test images."""
    images = run.data.to_float(run.data.test_images)
    codes = run.model.encode(images)
    values = {
        **likelihood.reconstruction_errors(images, run.model.decode(codes)),
        "elbo": likelihood.evidence_lower_bound(run.model, images, seed=run.seed),
        "active_units": likelihood.active_units(codes),
    }
    return {name: Measurement(value, samples=len(images), split="test") for name, value in values.items()}


def beside_the_report(variant: str, name: str, metric: Measurement) -> Measurement:
    """The measurement with the number that the report gives for it, if it does."""
    reported, source = gan_vs_vae_report.REPORTED.get((variant, name), (None, None))
    return metric if reported is None else replace(metric, reported=reported, source=source)
