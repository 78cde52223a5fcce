"""A model by hand, for tests of evaluations: codes of two dimensions, images whose brighter half tells the class.

z[0] > 0 makes the upper half brighter (class 1), z[0] < 0 the lower one (class 0); z[1] brightens columns from left to
right, and so adds diversity that costs no accuracy.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf

from tfvae.data.images import ImageData
from tfvae.evaluation.evaluation import Evaluation

SIDE = 8
ROWS = tf.constant(np.where(np.arange(SIDE) < SIDE // 2, 1.0, -1.0), tf.float32)[:, tf.newaxis]
COLUMNS = tf.constant(np.linspace(-1.0, 1.0, SIDE), tf.float32)[tf.newaxis, :]


class Halves:
    """logit(pixel) = 3 * z[0] * (1 in the upper half, -1 in the lower) + z[1] * (-1 .. 1 from left to right)."""

    latent_dim = 2

    def decode_step(self, codes: tf.Tensor) -> tf.Tensor:
        first, second = (codes[:, place, tf.newaxis, tf.newaxis] for place in range(2))
        return tf.sigmoid(3.0 * first * ROWS + second * COLUMNS)[..., tf.newaxis]

    def decode(self, codes: Any) -> np.ndarray:
        return self.decode_step(tf.constant(codes, tf.float32)).numpy()

    def encode(self, images: np.ndarray) -> np.ndarray:
        clipped = np.clip(images[..., 0], 1e-3, 1 - 1e-3)
        logits = np.log(clipped / (1 - clipped))
        first = (logits * ROWS.numpy()).mean(axis=(1, 2)) / 3
        second = (logits * COLUMNS.numpy()).mean(axis=(1, 2)) / np.mean(COLUMNS.numpy() ** 2)
        return np.stack([first, second], axis=1).astype(np.float32)

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        return self.decode(self.encode(images))


def halves(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """uint8 images and int64 labels; classes lie at z[0] = -0.5 and 0.5 with a deviation of 0.3."""
    labels = np.arange(count) % 2
    noise = np.random.default_rng(seed).normal(size=(count, 2))
    codes = np.stack([np.where(labels == 1, 0.5, -0.5) + 0.3 * noise[:, 0], noise[:, 1]], axis=1)
    return np.round(255 * Halves().decode(codes)).astype(np.uint8), labels


def evaluation_of_halves(folder: Path, **generators: int) -> Evaluation:
    """An evaluation without a feature space; `generators` are fields of `config.generators`."""
    train, test = halves(600, 0), halves(200, 1)
    data = ImageData("halves", *train, *test, class_names=("lower", "upper"))
    settings = {
        **{"classifier_epochs": 4, "samples": 100, "components": 2, "frontier_points": 3, "spread": 2},
        **{"steps": 20, "budget": 20, "budget_samples": 20},
    }
    config = SimpleNamespace(samples=200, generators=SimpleNamespace(**settings | generators))
    return Evaluation("halves", Halves(), data, config, whole=data, seed=0, history=[], folder=folder, spaces={})
