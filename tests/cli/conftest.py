"""A finished run, a copy of it to change, and the command in this process."""

from __future__ import annotations

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfvae
from tests.cli.runs import fid, record
from tfvae import cli
from tfvae.figures import sample_sheet, save_figure
from tfvae.files import write_json
from tfvae.metrics import GraphExtractor, Measurement
from tfvae.sampling import fit_class_gaussians, standard_normal_sampler
from tfvae.training.run_folder import RunFolder


@pytest.fixture(scope="module")
def finished(digits, tmp_path_factory) -> Path:
    """The folder of a run that has ended; what it trained matters to nothing here."""
    keras.utils.set_random_seed(0)
    shape, codes = digits.image_shape, np.random.default_rng(0).normal(size=(200, 2))
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "tiny" / "vae-2" / "seed-0")
    identity = {"experiment": "tiny", "variant": "vae-2", "seed": 0, "dataset": "digits", "training.batch_size": 50}
    with folder.locked():
        folder.begin(identity, {"value_range": [0.0, 1.0]}, overwrite=False)
        tfvae.VAE(tfvae.dense_encoder(shape, 4, widths=(8,)), tfvae.dense_decoder(2, shape, widths=(8,))).save(
            folder.model
        )
        classes = fit_class_gaussians(codes, np.arange(200) % 10)
        for name, sampler in {"prior": standard_normal_sampler(2), "class_gaussian@1.5": classes.shrunk(1.5)}.items():
            sampler.save(folder.samplers / f"{name}.npz")
        write_json(folder.samplers / "index.json", {"sampler": "prior", "class_sampler": "class_gaussian@1.5"})
        save_figure(sample_sheet(digits.test_images[:4], columns=2, title="Samples"), folder.figures / "samples.png")
        metrics = {"elbo": Measurement(-151.25, samples=100, split="test").as_dict(), "prior/fid": fid(12.5, std=0.25)}
        write_json(folder.metrics, record("vae-2", 0, metrics, dataset="digits"))
    return folder.path


@pytest.fixture
def run(finished, tmp_path, monkeypatch) -> Path:
    """A copy of the run that a test may damage, and a working directory to write to."""
    monkeypatch.chdir(tmp_path)
    copy = tmp_path / "tiny" / "vae-2" / "seed-0"
    shutil.copytree(finished, copy)
    return copy


@pytest.fixture
def tfvae_command(capsys):
    """Runs a command line in this process: its exit code, output and errors."""

    def call(*words) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main([str(word) for word in words])
        output, errors = capsys.readouterr()
        return int(ended.value.code or 0), output, errors

    return call


@pytest.fixture
def tiny_space(monkeypatch) -> GraphExtractor:
    """A feature space of a few pixels in place of `mnist_cnn`."""

    def few_pixels(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        flat = tf.reshape(tf.cast(images, tf.float32), [tf.shape(images)[0], -1]) / 255.0
        return flat[:, 300:500:50], flat[:, 290:490:20]

    names = tuple(str(digit) for digit in range(10))
    space = GraphExtractor("tiny", "ab" * 32, (28, 28, 1), names, few_pixels, default_batch_size=50)
    monkeypatch.setattr("tfvae.cli.evaluate.mnist_cnn", lambda: space)
    return space
