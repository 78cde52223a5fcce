"""Pictures of a model during training, for TensorBoard, by what the model can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfvae.data.labeled import LabeledData
from tfvae.evaluation.clusters import clusters
from tfvae.evaluation.model import encodes
from tfvae.figures import figure_pixels, image_grid, latent_scatter
from tfvae.metrics.subsets import random_subset

SCATTERED = 2000
COLUMNS = 10
PAIRS = 8


def training_images(model: Any, data: LabeledData) -> Mapping[str, NDArray[np.uint8]]:
    """{tag: uint8 [height, width, channels]}: samples of fixed codes, reconstructions, codes, class means, clusters."""
    grids = {"samples/prior": model.sample(COLUMNS**2, seed=0)}
    drawn: dict[str, NDArray[np.uint8]] = {}
    if encodes(model):
        originals = data.to_float(data.test_images[:COLUMNS])
        grids["reconstructions"] = np.concatenate([originals, model.reconstruct(originals)])
        codes, labels = scattered_codes(model, data)
        if codes.shape[1] >= 2:
            drawn["codes"] = codes_picture(codes, labels, data)
        means = np.stack([codes[labels == label].mean(axis=0) for label in np.unique(labels)])
        grids["samples/class_means"] = model.decode(means)
    if clusters(model):
        grids["samples/by_cluster"] = samples_by_cluster(model, COLUMNS)
    return {tag: image_grid(data.pictures(values), columns=COLUMNS) for tag, values in grids.items()} | drawn


def samples_and_codes(count: int, columns: int) -> Callable[[Any, LabeledData], Mapping[str, NDArray[np.uint8]]]:
    """`training_images` with two pictures alone: `samples`, of fixed codes, and `codes`, of a model that encodes."""

    def drawn(model: Any, data: LabeledData) -> dict[str, NDArray[np.uint8]]:
        pictures = {"samples": image_grid(data.pictures(model.sample(count, seed=0)), columns=columns)}
        return pictures | ({"codes": codes_picture(*scattered_codes(model, data), data)} if encodes(model) else {})

    return drawn


def scattered_codes(model: Any, data: LabeledData) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Codes and labels of at most 2,000 test examples, drawn at random and always the same."""
    chosen = random_subset(len(data.test_images), SCATTERED, seed=0)
    return model.encode(data.to_float(data.test_images[chosen])), data.test_labels[chosen]


def codes_picture(codes: NDArray[np.float32], labels: NDArray[np.int64], data: LabeledData) -> NDArray[np.uint8]:
    """A scatter of codes as uint8 [height, width, channels]."""
    return figure_pixels(latent_scatter(codes, labels, data.class_names, title="Codes of test images"))


def samples_and_reconstructions(model: Any, data: LabeledData) -> Mapping[str, NDArray[np.uint8]]:
    """Eight test images above their reconstructions, and samples of fixed codes: pictures without classes."""
    originals = data.to_float(data.test_images[:PAIRS])
    grids = {
        "reconstructions": np.concatenate([originals, model.reconstruct(originals)]),
        "samples": model.sample(2 * PAIRS, seed=0),
    }
    return {tag: image_grid(data.pictures(values), columns=PAIRS) for tag, values in grids.items()}


def samples_by_cluster(model: Any, columns: int, *, seed: int = 0) -> NDArray[np.float32]:
    """`columns` samples of each cluster, cluster by cluster, with the same noise in each."""
    return np.concatenate([model.sample(columns, cluster=cluster, seed=seed) for cluster in range(model.clusters)])
