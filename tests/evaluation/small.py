"""Evaluations of small untrained models, for tests of what is measured and drawn."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np

from tests.contracts import CLASSES, IMAGE_SHAPE, LATENT_DIM, small_images
from tfvae.data.images import ImageData
from tfvae.evaluation.evaluation import Evaluation
from tfvae.networks.dense import dense_decoder, dense_encoder

COUNT = 700  # more than the examples that are converted at once, and no multiple of them


def small_data(count: int = COUNT, value_range: tuple[float, float] = (0.0, 1.0)) -> ImageData:
    """Noisy pictures of three classes; the test split is the training split in another order."""
    images, labels = small_images(count)
    pixels = np.round(255 * images).astype(np.uint8)
    order = np.random.default_rng(1).permutation(count)
    data = ImageData("small", pixels, labels, pixels[order], labels[order], class_names=("zero", "one", "two"))
    return data if value_range == (0.0, 1.0) else data.with_value_range(*value_range)


def small_networks(parameters: int, seed: int = 0) -> tuple[keras.Model, keras.Model]:
    """An encoder with so many outputs, whose codes spread as those of a trained one, and a decoder."""
    keras.utils.set_random_seed(seed)
    return dense_encoder(IMAGE_SHAPE, parameters, widths=(16,)), dense_decoder(LATENT_DIM, IMAGE_SHAPE, widths=(16,))


def evaluation_of(model: Any, data: Any = None, *, folder: Path = Path("unused"), **fields: Any) -> Evaluation:
    """An evaluation without feature spaces; `fields` are those of the configuration."""
    data = small_data() if data is None else data
    config = SimpleNamespace(**{"samples": 30, **fields})
    return Evaluation("small", model, data, config, seed=0, history=[], folder=folder, whole=data, spaces={})


assert CLASSES == 3
