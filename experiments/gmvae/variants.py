"""Report 2: how each variant is trained, sampled and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from experiments.gmvae.claims import CLAIMS, SHOWN
from experiments.gmvae.config import SETTINGS
from experiments.gmvae.fields import MixtureConfig
from experiments.gmvae.models import build_autoencoder, build_gmvae, build_vae
from tfvae.data.images import ImageData
from tfvae.data.labeled import LabeledData
from tfvae.data.signals import SignalData
from tfvae.evaluation import cluster_figures, clusters
from tfvae.evaluation.evaluation import Draw
from tfvae.evaluation.figures import codes_scatter, plain_sheet, reconstructions, training_curves
from tfvae.evaluation.samplers import Prior
from tfvae.figures import Figure
from tfvae.networks.augmentation import RandomAffine
from tfvae.reporting.experiment import Experiment
from tfvae.reporting.figures import samples_side_by_side
from tfvae.reporting.records import FinishedRun
from tfvae.training.cluster_callbacks import cluster_callbacks, usage_callbacks
from tfvae.training.config import check
from tfvae.training.run import Run
from tfvae.training.run_folder import RunFolder, step_rows
from tfvae.training.variant import Variant


def check_classes(config: Any, data: LabeledData) -> None:
    """Clusters and silhouettes need several classes."""
    present = len(np.unique(data.test_labels))
    check(present >= 2, "test examples of at least 2 classes; allow more of them", classes=present)


def check_mixture(config: MixtureConfig, data: LabeledData) -> None:
    """The clusters are initialized from a mixture that is fitted to training codes."""
    check_classes(config, data)
    needed, count = max(config.mixture.latent_dim + 1, config.mixture.clusters), len(data.train_labels)
    check(count >= needed or not config.mixture.pretraining_epochs, f"at least {needed} training examples", count=count)


def mixture_callbacks(run: Run) -> list[keras.callbacks.Callback]:
    """Pre-training as a VAE, where there is any, and its end."""
    mixture = run.config.mixture
    return cluster_callbacks(run, pretraining_epochs=mixture.pretraining_epochs, learning_rate=mixture.learning_rate)


def figures(sampler: str, signals: bool) -> tuple[Draw, ...]:
    """What is drawn of every variant."""
    samples = plain_sheet(sampler, 100, 10, title="Samples of the prior")
    own = (cluster_figures.signal_modes,) if signals else ()
    return (codes_scatter(2), reconstructions, samples, training_curves, *own)


def dense(name: str, build: Any, *, signals: bool = False) -> Variant:
    """An autoencoder or a VAE."""
    return Variant(
        name,
        SETTINGS.configs[name],
        build=build,
        callbacks=usage_callbacks,
        check=check_classes,
        samplers=(Prior(),),
        metrics=(clusters.measure_kmeans,),
        figures=figures("prior", signals),
        projection=clusters.projection,
        value_range=(0.0, 1.0),
        data_kinds=(SignalData if signals else ImageData,),
    )


def mixture(name: str, build: Any = build_gmvae, *, signals: bool = False) -> Variant:
    """A GMVAE; the pairs of clusters are those of figures 8 and 9, of signals those of figures 10 and 11."""
    return replace(
        dense(name, build, signals=signals),
        callbacks=mixture_callbacks,
        check=check_mixture,
        samplers=(clusters.ClusterGaussians(),),
        sampler="cluster",
        class_sampler="cluster",
        draw=clusters.score_clusters,
        metrics=(clusters.measure_kmeans, clusters.measure_clusters),
        figures=(
            *figures("cluster", signals),
            cluster_figures.codes_by_cluster,
            cluster_figures.cluster_sheet,
            cluster_figures.z_prior_curves(lambda evaluation: step_rows(RunFolder(evaluation.folder))),
            cluster_figures.cluster_pairs(*(((4, 7), (8, 0)) if signals else ((9, 2), (8, 3)))),
        ),
    )


def overview(runs: Sequence[FinishedRun]) -> Figure | None:
    """Samples of the models on MNIST: the report in one picture."""
    titles = {"mnist-autoencoder": "Autoencoder", "mnist-vae": "VAE", "mnist-gmvae": "GMVAE"}
    return samples_side_by_side(runs, titles, count=100, columns=10, title="Generated digits")


EXPERIMENT = Experiment(
    settings=SETTINGS,
    figures={"overview": overview},
    claims=CLAIMS,
    shown=SHOWN,
    page=Path(__file__).with_name("page.md.j2"),
    variants=[
        dense("mnist-autoencoder", build_autoencoder),
        dense("mnist-vae", build_vae),
        dense("mnist-vae-128", build_vae),
        mixture("mnist-gmvae"),
        mixture("mnist-gmvae-best", partial(build_gmvae, augmentation=RandomAffine())),
        dense("synthetic-autoencoder", build_autoencoder, signals=True),
        dense("synthetic-vae", build_vae, signals=True),
        mixture("synthetic-gmvae", signals=True),
    ],
)
