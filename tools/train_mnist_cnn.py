"""Trains the classifier behind the `mnist_cnn` feature space and writes the weights that the package ships.

    python -m tools.train_mnist_cnn --data-dir DIR --out DIR

The schedule is fixed beforehand and the last epoch is kept, so the test images choose nothing. Two runs of
the same command on one machine give the same weights, byte for byte.
"""

from __future__ import annotations

import dataclasses
import json
import platform
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tyro

from tfvae.data import load
from tfvae.metrics.mnist_classifier import WEIGHTS_NAME, save_weights, sha256_of_file
from tfvae.networks.classifier import convolutional_classifier

# Gaussian blur of 1.2 pixels, cut at three.
_OFFSETS = np.exp(-(np.arange(-3, 4) ** 2) / (2 * 1.2**2))
BLUR_KERNEL = (np.outer(_OFFSETS, _OFFSETS) / _OFFSETS.sum() ** 2).astype(np.float32)[:, :, None, None]


@dataclasses.dataclass(frozen=True)
class Settings:
    """Training of the `mnist_cnn` classifier.

    Attributes:
        data_dir: folder that holds mnist.npz; None downloads it.
        out: folder that receives mnist_cnn.npz and mnist_cnn.json.
        seed: seed of the initial weights, of the order of the images and of the augmentation.
        epochs: passes over the training images.
        batch_size: images per step.
        learning_rate: peak of the cosine schedule, after a warm-up of one epoch.
        weight_decay: decoupled weight decay.
        holdout: last training images to hold out and to score instead of the test images (0: train on all).
    """

    data_dir: Path | None = None
    out: Path = Path("mnist_cnn")
    seed: int = 0
    epochs: int = 18
    batch_size: int = 128
    learning_rate: float = 4e-3
    weight_decay: float = 1e-2
    holdout: int = 0


def moved(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Rotates by up to 12 degrees, scales by up to 12 %, shifts by up to 2 pixels: a draw for each image."""
    size = float(images.shape[1])
    draws = tf.random.stateless_uniform([tf.shape(images)[0], 5], seed, -1.0, 1.0)
    angle, zoom_x, zoom_y, shift_x, shift_y = tf.unstack(draws * [np.pi / 15, 0.12, 0.12, 2.0, 2.0], axis=1)
    a, b = tf.cos(angle) * (1.0 + zoom_x), -tf.sin(angle) * (1.0 + zoom_x)
    c, d = tf.sin(angle) * (1.0 + zoom_y), tf.cos(angle) * (1.0 + zoom_y)
    center = (size - 1.0) / 2.0
    offset_x = center - a * center - b * center + shift_x
    offset_y = center - c * center - d * center + shift_y
    zeros = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a, b, offset_x, c, d, offset_y, zeros, zeros], axis=1),
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def degraded(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Blurs, dims and adds noise to half of the images: samples of a VAE are soft, and must still be read."""
    count = tf.shape(images)[0]
    draws = tf.random.stateless_uniform([4, count, 1, 1, 1], seed)
    chosen = tf.cast(draws[0] < 0.5, tf.float32)
    blur, dim, noise = chosen * draws[1], chosen * draws[2] * 0.4, chosen * draws[3] * 0.1
    soft = tf.nn.depthwise_conv2d(images, BLUR_KERNEL, strides=[1, 1, 1, 1], padding="SAME")
    softened = (images + blur * (soft - images)) * (1.0 - dim)
    return tf.clip_by_value(
        softened + noise * tf.random.stateless_normal(tf.shape(images), seed + tf.constant([1, 0], tf.int64)),
        0.0,
        1.0,
    )


def training_batches(images: np.ndarray, labels: np.ndarray, *, settings: Settings) -> tf.data.Dataset:
    """Yields augmented batches, float32 [B, 28, 28, 1] in [0, 1] and int64 [B], as the seed alone decides."""
    pairs = tf.data.Dataset.from_tensor_slices((images, labels))
    pairs = pairs.shuffle(len(images), seed=settings.seed, reshuffle_each_iteration=True).repeat()
    batches = pairs.batch(settings.batch_size, drop_remainder=True).enumerate()

    def prepare(step: tf.Tensor, batch: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        scaled = tf.cast(batch[0], tf.float32) / 255.0
        seed = tf.stack([tf.cast(settings.seed, tf.int64), 2 * step])
        return degraded(moved(scaled, seed), seed + tf.constant([0, 1], tf.int64)), batch[1]

    return batches.map(prepare).prefetch(4)


def train(images: np.ndarray, labels: np.ndarray, *, settings: Settings) -> keras.Model:
    """Trains for the fixed schedule and returns the model of the last epoch."""
    keras.utils.set_random_seed(settings.seed)
    model = convolutional_classifier()
    steps = len(images) // settings.batch_size
    rate = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / 20,
        steps * (settings.epochs - 1),
        warmup_target=settings.learning_rate,
        warmup_steps=steps,
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=True,
    )
    batches = training_batches(images, labels, settings=settings)
    model.fit(batches, epochs=settings.epochs, steps_per_epoch=steps, verbose=2)
    return model


def main(settings: Settings) -> dict[str, object]:
    """Trains, scores, writes weights and record, and returns the record."""
    data = load("mnist", data_dir=settings.data_dir)
    kept = len(data.train_images) - settings.holdout
    scored = (data.train_images[kept:], data.train_labels[kept:])
    if not settings.holdout:
        scored = (data.test_images, data.test_labels)

    started = time.perf_counter()
    model = train(data.train_images[:kept], data.train_labels[:kept], settings=settings)
    seconds = time.perf_counter() - started
    logits = model.predict(scored[0].astype(np.float32) / 255.0, batch_size=500, verbose=0)

    settings.out.mkdir(parents=True, exist_ok=True)
    weights = settings.out / WEIGHTS_NAME
    save_weights(model, weights)
    record: dict[str, object] = {
        "command": f"python -m tools.train_mnist_cnn --data-dir DIR --out DIR --seed {settings.seed}",
        "settings": {k: v for k, v in dataclasses.asdict(settings).items() if k not in ("data_dir", "out")},
        "dataset": data.name,
        "dataset_sha256": data.sha256,
        "scored": f"last {settings.holdout} training images" if settings.holdout else "test images",
        "accuracy": float(np.mean(np.argmax(logits, axis=1) == scored[1])),
        "train_seconds": round(seconds, 1),
        "device": f"{platform.machine()} CPU" if not tf.config.list_physical_devices("GPU") else "GPU",
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__},
        "parameters": model.count_params(),
        "weights_sha256": sha256_of_file(weights),
    }
    weights.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))
    return record


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
