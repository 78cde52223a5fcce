"""Report 0: how each variant is built, sampled and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from experiments.center_gmm.claims import CLAIMS, SHOWN
from experiments.center_gmm.config import SETTINGS, CenterConfig, DenseConfig, VAEConfig
from tfvae.data.images import ImageData
from tfvae.evaluation.evaluation import Evaluation
from tfvae.evaluation.figures import (
    class_examples,
    codes_and_reconstructions,
    gaussian_means,
    interpolations_between,
    sample_sheets,
    shrinking,
    training_curves,
)
from tfvae.evaluation.samplers import ClassGaussian, ClassMixture, ClassStartedMixture, Prior
from tfvae.figures import Figure
from tfvae.models.center_vae import CenterVAE
from tfvae.models.vae import VAE
from tfvae.networks.dense import dense_decoder, dense_encoder
from tfvae.reporting.experiment import Experiment
from tfvae.reporting.figures import samples_side_by_side
from tfvae.reporting.records import FinishedRun
from tfvae.training.config import check
from tfvae.training.variant import Variant

FACTORS = (1.5, 3.0)
SHRUNK = "class_gaussian@1.5"


def build_vae(config: VAEConfig, data: ImageData, seed: int) -> VAE:
    """Section III.A: reconstruction and KL divergence."""
    return VAE(*networks(config, data), seed=seed)


def build_center_vae(config: CenterConfig, data: ImageData, seed: int) -> CenterVAE:
    """Section III.B: reconstruction and center loss."""
    return CenterVAE(
        *networks(config, data),
        classes=data.classes,
        center_weight=config.center.weight,
        center_step=config.center.step,
        center_spread=config.center.spread,
        seed=seed,
    )


def networks(config: DenseConfig, data: ImageData) -> tuple[keras.Model, keras.Model]:
    """The dense networks of the notebook that report 0 cites."""
    encoder = dense_encoder(data.image_shape, 2 * config.latent_dim, widths=config.widths)
    return encoder, dense_decoder(config.latent_dim, data.image_shape, widths=config.widths[::-1])


def check_data(config: DenseConfig, data: ImageData) -> None:
    """A Bernoulli likelihood takes pixels in [0, 1]."""
    check(data.value_range == (0.0, 1.0), "pixels in [0, 1]", value_range=data.value_range)


def pairs_of_classes(evaluation: Evaluation) -> NDArray[np.int64]:
    """The first test images of the classes 0 and 1, 2 and 3, and so on."""
    data = evaluation.data
    first = [np.flatnonzero(data.test_labels == label % data.classes)[0] for label in range(10)]
    return np.array(first).reshape(5, 2)


def overview(runs: Sequence[FinishedRun]) -> Figure | None:
    """Samples of both models: the report in one picture."""
    titles = {"vanilla-6": "VAE, z from N(0, I)", "center-6": "Center loss, a Gaussian a class"}
    return samples_side_by_side(runs, titles, count=100, columns=10, title="Generated digits")


def variant(name: str) -> Variant:
    """A variant by its configuration."""
    config = SETTINGS.configs[name]
    centered = isinstance(config, CenterConfig)
    return Variant(
        name,
        config,
        build=build_center_vae if centered else build_vae,
        check=check_data,
        samplers=(Prior(), ClassGaussian(FACTORS), ClassStartedMixture(FACTORS), ClassMixture()),
        sampler=SHRUNK if centered else "prior",
        class_sampler=SHRUNK,
        figures=(
            class_examples,
            codes_and_reconstructions,
            gaussian_means,
            interpolations_between(pairs_of_classes, steps=11, title="From one test image to another"),
            training_curves,
            sample_sheets("prior", "class_gaussian", SHRUNK, "mixture@1.5", "class_mixture"),
            shrinking("class_gaussian", (1.0, *FACTORS)),
        ),
    )


EXPERIMENT = Experiment(
    settings=SETTINGS,
    variants=[variant(name) for name in SETTINGS.configs],
    page=Path(__file__).with_name("page.md.j2"),
    shown=SHOWN,
    claims=CLAIMS,
    figures={"overview": overview},
)
