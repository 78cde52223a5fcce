"""`tfvae evaluate`: metrics of any generator's samples against the whole test split of a data set."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from tfvae.checks import checked_labels
from tfvae.cli.arguments import Evaluate
from tfvae.cli.printing import check_output, print_metrics, say
from tfvae.data import load_images
from tfvae.data.images import ImageData, to_pixels
from tfvae.errors import InputError
from tfvae.files import read_npz, write_json
from tfvae.metrics.features import FeatureExtractor, inception, mnist_cnn
from tfvae.metrics.random_features import random_vgg
from tfvae.metrics.samples import RealReference, checked_pixels, score_samples

FEW_REAL_IMAGES = 1000  # below, FID and KID depend on which images happen to be in the test split
HOW_TO_WRITE = "Write it with numpy.savez(path, images=..., labels=...)."


def evaluate(arguments: Evaluate, console: Console) -> None:
    """Scores the samples, prints the metrics, and writes them where `--json` names a file.

    Raises:
        InputError: if the file is no file of samples, or does not fit the data set.
    """
    path, file = arguments.samples, arguments.json
    images, labels = _read_samples(path)
    data = load_images(arguments.data, data_dir=arguments.data_dir, image_size=arguments.image_size)
    if images.shape[1:] != data.image_shape:
        raise InputError(
            f"Expected samples of the shape of {data.name}, {list(data.image_shape)}. Received: "
            f"{list(images.shape[1:])}. Resize them, or compare with another data set."
        )
    if labels is not None:
        labels = checked_labels(labels, count=len(images), classes=data.classes, owner=f"{path}, as of {data.name}")
    checked_pixels(images, real=data.test_images)
    if file is not None:
        check_output(file)
    extractor, real = _feature_space(arguments.inception, data), len(data.test_images)
    with console.status("Scoring ..."):
        scores = score_samples(images, labels, reference=RealReference.of(data, extractor))
    if real < FEW_REAL_IMAGES:
        warnings.warn(_few(data), stacklevel=2)
    metrics = {name: score.as_dict() for name, score in scores.items()}
    say(
        console,
        f"{path}: {len(images):,} generated images against the whole test split of {data.name}, {real:,} real images "
        f"(sha256 {data.sha256[:12]})",
    )
    print_metrics(console, metrics)
    if file is not None:
        record = {
            "samples_file": str(path),
            "samples_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "dataset": data.name,
            "dataset_sha256": data.sha256,
            "metrics": metrics,
        }
        write_json(file, record)
        say(console, f"Written: {file}")


def _few(data: ImageData) -> str:
    total = len(data.train_images) + len(data.test_images)
    return (
        f"The test split of {data.name} has {len(data.test_images):,} of its {total:,} images. With fewer than "
        f"{FEW_REAL_IMAGES:,} real images FID, KID, precision and recall are biased, and compare only with numbers of "
        "this same split. Use a data set with more images (of a folder, a fifth is the test split)."
    )


def _read_samples(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
    """uint8 [N, H, W, C], and int64 [N] or None, of any generator's file."""
    arrays = read_npz(path, expected="an .npz file of samples", remedy=HOW_TO_WRITE)
    if "images" not in arrays:
        raise InputError(
            f"Expected the array `images` in {path}. Received: {', '.join(arrays) or 'no array'}. {HOW_TO_WRITE}"
        )
    images, labels = arrays["images"], arrays.get("labels")
    floats = np.issubdtype(images.dtype, np.floating)
    if images.ndim not in (3, 4) or len(images) < 2 or not images.size or not (floats or images.dtype == np.uint8):
        raise InputError(
            "Expected images as uint8 in 0 .. 255, or float in [0, 1], [N, H, W] or [N, H, W, C], with N of at least "
            f"2. Received: {images.dtype} {list(images.shape)}. Convert them before saving."
        )
    if floats and not (images.min() >= 0 and images.max() <= 1):
        raise InputError(
            f"Expected float images in [0, 1]. Received: {images.min():g} .. {images.max():g}. Rescale them, or "
            "save them as uint8."
        )
    pixels = to_pixels(images, (0.0, 1.0)) if floats else images
    return pixels if images.ndim == 4 else pixels[..., np.newaxis], labels


def _feature_space(path: Path | None, data: ImageData) -> FeatureExtractor:
    if path is not None:
        return inception(None if str(path) == "hub" else path)
    shipped = mnist_cnn()
    return shipped if shipped.image_shape == data.image_shape else random_vgg()
