"""The space of random weights: its forward pass from a second source, its bits, and what it sees and does not."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_sample_images

from tfvae.data import ImageData, load_folder
from tfvae.errors import InputError
from tfvae.metrics import RealReference, frechet_distance, random_vgg, score_samples
from tfvae.metrics.random_features import random_vgg_input, random_weights

WEIGHTS_SHA256 = "ab59bad6f3c490086d76177f67a43e72558a104b45768c8fd1b0ad658effaca0"
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def crops() -> ImageData:
    """64 x 64 crops of scikit-learn's two bundled photographs: 140 to train and 140 others to test."""
    generator = np.random.default_rng(0)
    pictures = []
    for photograph in load_sample_images().images:
        corners = generator.integers(0, np.array(photograph.shape[:2]) - 64, (140, 2))
        pictures.append(np.stack([photograph[row : row + 64, column : column + 64] for row, column in corners]))
    mixed = generator.permutation(np.concatenate(pictures))
    labels = np.zeros(140, np.int64)
    return ImageData("crops", mixed[:140], labels, mixed[140:], labels, ("all",))


@pytest.fixture(scope="module")
def faces() -> ImageData:
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("TFVAE_DATA_DIR") or beside) / "faces"
    if not folder.is_dir():
        pytest.skip("needs the folder faces in the folder that TFVAE_DATA_DIR names, or in ../shared/data")
    return load_folder(folder, image_size=64)


def blurred(images: np.ndarray, sigma: float) -> np.ndarray:
    return np.rint(gaussian_filter(images.astype(np.float32), (0, sigma, sigma, 0))).astype(np.uint8)


def noisy(images: np.ndarray, scale: float) -> np.ndarray:
    noise = np.random.default_rng(1).normal(scale=scale, size=images.shape)
    return np.clip(np.rint(images + noise), 0, 255).astype(np.uint8)


def forward(picture: np.ndarray) -> np.ndarray:
    """The docstring's equation in numpy, float64 [64, 64, 3] -> [64]."""
    *kernels, projection = [weights.astype(np.float64) for weights in random_weights()]
    x = picture / 127.5 - 1
    for number, kernel in enumerate(kernels):
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((1, 1), (1, 1), (0, 0))), (3, 3), axis=(0, 1))
        x = np.maximum(np.einsum("ijcuv,uvcd->ijd", windows, kernel, optimize=True), 0)
        if number % 2:
            x = x.reshape(len(x) // 2, 2, len(x) // 2, 2, -1).max(axis=(1, 3))
    return x.reshape(-1) @ projection


def test_random_vgg_weights_have_the_recorded_hash():
    assert random_vgg().sha256 == WEIGHTS_SHA256
    tf.random.set_seed(5)
    np.random.seed(5)
    for weights, again in zip(random_weights(), random_weights(), strict=True):
        np.testing.assert_array_equal(weights, again)
        inputs = np.prod(weights.shape[:-1])
        variance = (2 if weights.ndim == 4 else 1) / inputs
        assert weights.var() == pytest.approx(variance, rel=6 * np.sqrt(2 / weights.size))


def test_random_vgg_features_follow_the_equation(crops):
    features, logits = random_vgg()(crops.test_images[:3])
    assert features.shape == (3, 64) and logits.shape == (3, 0)
    assert features.dtype == logits.dtype == np.float32
    expected = np.stack([forward(picture.astype(np.float64)) for picture in crops.test_images[:3]])
    np.testing.assert_allclose(features, expected, atol=1e-5 * np.abs(expected).max())


def test_random_vgg_is_bit_identical_in_another_process(crops, tmp_path):
    np.save(tmp_path / "images.npy", crops.test_images[:60])
    script = (
        "import hashlib, numpy; from tfvae.metrics import random_vgg\n"
        f"features = random_vgg()(numpy.load({str(tmp_path / 'images.npy')!r})).features\n"
        "print(hashlib.sha256(features.tobytes()).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    features = random_vgg()(crops.test_images[:60]).features
    assert other.stdout.split()[-1] == hashlib.sha256(features.tobytes()).hexdigest()


def test_random_vgg_resizes_pictures_of_any_size(crops):
    image = crops.test_images[:2]
    np.testing.assert_array_equal(random_vgg_input(tf.constant(image)), image)
    # Nearest-neighbor enlargement, antialiased back, is almost the picture again.
    large = image.repeat(4, axis=1).repeat(4, axis=2)
    np.testing.assert_allclose(random_vgg_input(tf.constant(large)), image, atol=40)
    assert np.abs(random_vgg_input(tf.constant(large)) - image).mean() < 3
    # Stripes finer than the network's pixels become gray; without a filter every sample would fall on black.
    stripes = np.tile(np.array([255, 0, 0, 255], np.uint8), 64)
    fine = np.broadcast_to(stripes[None, None, :, None], (1, 256, 256, 3))
    np.testing.assert_allclose(random_vgg_input(tf.constant(fine)), np.full((1, 64, 64, 3), 127.5), atol=40)
    extractor = random_vgg()
    between = np.linalg.norm(np.diff(extractor(image).features, axis=0))
    assert np.linalg.norm(extractor(large).features - extractor(image).features, axis=1).max() < between / 3
    gray = image[..., :1]
    np.testing.assert_array_equal(extractor(gray).features, extractor(gray.repeat(3, axis=3)).features)
    assert extractor(np.zeros((1, 32, 80, 1), np.uint8)).features.shape == (1, 64)


@pytest.mark.parametrize("shape", [(2, 31, 64, 3), (2, 64, 31, 3), (2, 64, 64, 2), (64, 64, 3), (0, 64, 64, 3)])
def test_random_vgg_refuses_other_pictures(shape):
    with pytest.raises(InputError, match=r"random_vgg: expected .+ Received: "):
        random_vgg()(np.zeros(shape, np.uint8))
    with pytest.raises(InputError, match="uint8"):
        random_vgg()(np.zeros((2, 64, 64, 3), np.float32))


def test_random_vgg_scores_have_no_class_metrics(crops):
    scores = score_samples(crops.train_images, reference=RealReference.of(crops, random_vgg()))
    assert set(scores) == {"fid", "fid_ratio", "kid", "precision", "recall", "density", "coverage"}
    assert scores["fid_ratio"].value == pytest.approx(1.0)
    assert {(s.extractor, s.extractor_sha256) for s in scores.values()} == {("random_vgg", WEIGHTS_SHA256)}


def test_fid_of_photographs_grows_with_their_distortion(crops):
    real = random_vgg()(crops.test_images).features
    assert_sees(real, crops.train_images)


def test_fid_of_faces_grows_with_their_distortion(faces):
    images = faces.train_images[:300]
    real = random_vgg()(faces.test_images[:300]).features
    floor = assert_sees(real, images)
    # A face upside down keeps its colors and its edges, and still stands out by the layout.
    assert frechet_distance(real, random_vgg()(images[:, ::-1]).features) > 2 * floor
    assert frechet_distance(real, random_vgg()(images[:, :, ::-1]).features) < 1.5 * floor


def assert_sees(real: np.ndarray, images: np.ndarray) -> float:
    """Blur, noise and swapped colors lie further from real features than real images do, whose distance it returns."""

    def distance(changed: np.ndarray) -> float:
        return frechet_distance(real, random_vgg()(changed).features)

    floor = distance(images)
    assert floor < distance(blurred(images, 1)) < distance(blurred(images, 2)) < distance(blurred(images, 4))
    assert floor < distance(noisy(images, 20)) < distance(noisy(images, 60))
    assert distance(blurred(images, 4)) < distance(noisy(images, 60))
    assert distance(images[..., [2, 0, 1]]) > 1.5 * floor
    return floor
