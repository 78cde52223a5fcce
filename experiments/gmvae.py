"""Report 2: autoencoder, VAE and Gaussian mixture VAE with the threshold trick, on MNIST and on synthetic signals.

    python -m experiments.gmvae --data-dir DIR

Variants: mnist-autoencoder and mnist-vae (codes in two dimensions, figures 1 to 4), mnist-vae-128 and mnist-gmvae (128
dimensions, figure 6; the report's setting), mnist-gmvae-best (made to cluster: upright images, moved for the encoder,
a start from a mixture), and synthetic-autoencoder, synthetic-vae and synthetic-gmvae on one-dimensional signals. The
mnist-* variants train on --data, the synthetic-* ones on the synthetic set. Several seeds for what is said of clusters:

    python -m experiments.gmvae --variants mnist-gmvae mnist-gmvae-best synthetic-gmvae --seeds 0 1 2 3 4

On one core (AMD EPYC) all eight variants take about 15 minutes: mnist-gmvae-best 5 to 8, mnist-gmvae 2 to 4, the other
mnist-* a minute and a half each, the synthetic ones seconds. From seeds 0 to 4 expect of mnist-gmvae a z_prior of 2.06
to 2.15 nats and an accuracy of 0.63 to 0.84, of synthetic-gmvae 2.30 and 1.00, and of mnist-gmvae-best a mean accuracy
of 0.963 by one-to-one matching on the test images (0.957 to 0.968), all with all ten clusters used. The recipe of
mnist-gmvae-best was found on the last 10,000 training images, whose labels were looked at to judge a recipe, never to
train or to select a run.
All results, generated: experiments/README.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from experiments import gmvae_report
from experiments.gmvae_measure import evaluate
from experiments.scoring import LEAST_SCORED
from tfvae import distributions
from tfvae.data.images import ImageData
from tfvae.data.labeled import LabeledData
from tfvae.data.pipeline import steps_per_epoch
from tfvae.data.signals import SignalData
from tfvae.figures import figure_pixels, image_grid, latent_scatter
from tfvae.metrics.clustering import cluster_usage
from tfvae.metrics.likelihood import active_units
from tfvae.models.autoencoder import Autoencoder
from tfvae.models.base import GenerativeModel
from tfvae.models.clustering_gmvae import ClusteringGMVAE
from tfvae.models.gmvae import GMVAE
from tfvae.models.inference import in_batches
from tfvae.models.vae import VAE
from tfvae.networks.augmentation import RandomAffine
from tfvae.networks.dense import dense_decoder, dense_encoder
from tfvae.networks.mixture_prior import dense_mixture_prior, joined_encoders
from tfvae.sampling.mixture import fit_mixture
from tfvae.training.command import main
from tfvae.training.config import ExperimentConfig, Training, check
from tfvae.training.experiment import Experiment

UPRIGHT = "upright:"
WATCHED = 2000
FITTED = 20_000
STARTS = 6
STYLE_UNITS = 128


@dataclass(frozen=True)
class Mixture:
    """A GMVAE."""

    latent_dim: int = 128
    """Dimensions of a code, the x of the paper."""
    style_dim: int = 2
    """Dimensions of the noise w that makes the clusters' means and variances."""
    clusters: int = 10
    """K, the number of clusters."""
    threshold: float = 0.5
    """Lambda, in nats: the z_prior term costs nothing until it exceeds this. log(K) is the most that it can reach."""
    draws: int = 1
    """Samples of x and w for each image and step."""
    spread: float = 0.05
    """Standard deviation of the clusters' initial means, in units of the codes."""
    widths: tuple[int, ...] = (512, 256)
    """Units of the encoder's hidden layers; the decoder mirrors them."""
    pretraining_epochs: int = 0
    """Epochs as a VAE, before the clusters start from a mixture fitted to its codes; 0 starts with the clusters."""
    pretraining_weight: float = 1.0
    """Weight of the KL term in these epochs."""
    learning_rate: float | None = None
    """Step size of Adam after them; where given, it and the one before fall along a cosine. None: it stays."""

    def __post_init__(self) -> None:
        sizes = {"latent_dim": self.latent_dim, "style_dim": self.style_dim, "draws": self.draws}
        check(min(sizes.values()) >= 1, "sizes of at least 1", **sizes)
        check(min(self.widths, default=0) >= 1, "one hidden layer or more, of at least 1 unit", widths=self.widths)
        check(self.clusters >= 2, "at least 2 clusters", clusters=self.clusters)
        check(self.threshold >= 0, "a threshold >= 0", threshold=self.threshold)
        check(self.spread >= 0, "a spread >= 0", spread=self.spread)
        check(self.pretraining_epochs >= 0, "pre-training epochs >= 0", pretraining_epochs=self.pretraining_epochs)
        check(self.pretraining_weight >= 0, "a weight >= 0", pretraining_weight=self.pretraining_weight)
        rate = self.learning_rate
        check(rate is None or rate > 0, "a positive learning rate", learning_rate=rate)


@dataclass(frozen=True)
class GMVAEConfig(ExperimentConfig):
    """Report 2."""

    training: Training = field(default_factory=lambda: Training(epochs=20))
    widths: tuple[int, ...] = (512, 256)
    """Units of the autoencoders' and VAEs' hidden layers on the way to the code; the decoder mirrors them."""
    latent_dim: int = 2
    """Dimensions of the codes of the autoencoders and VAEs that are drawn as they are."""
    mnist: Mixture = field(default_factory=Mixture)
    """mnist-gmvae, and the latent dimension of mnist-vae-128."""
    best: Mixture = field(
        default_factory=lambda: Mixture(
            latent_dim=10,
            threshold=2.31,
            widths=(1024, 512),
            pretraining_epochs=10,
            pretraining_weight=0.05,
            learning_rate=1e-3,
        )
    )
    """mnist-gmvae-best."""
    best_training: Training = field(default_factory=lambda: Training(epochs=34, batch_size=128, learning_rate=2e-3))
    """How mnist-gmvae-best is trained, in place of `training`."""
    synthetic: Mixture = field(default_factory=lambda: Mixture(latent_dim=10, pretraining_epochs=10))
    """synthetic-gmvae."""
    samples: int = 10_000
    """Samples that each model is scored on."""
    projected: int = 1000
    """Test codes that TensorBoard's projector shows."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self.samples >= LEAST_SCORED, f"at least {LEAST_SCORED} samples to score", samples=self.samples)
        check(self.latent_dim >= 2, "codes of at least 2 dimensions to draw", latent_dim=self.latent_dim)
        check(self.projected >= 1, "at least 1 projected code", projected=self.projected)
        check(min(self.widths, default=0) >= 1, "one hidden layer or more, of at least 1 unit", widths=self.widths)
        for name, epochs in (("best", self.best_training.epochs), ("synthetic", self.training.epochs)):
            first = getattr(self, name).pretraining_epochs
            check(first < epochs, f"fewer pre-training epochs than epochs ({epochs})", **{f"{name}_epochs": first})


REPORT = GMVAEConfig()
PRESETS = {
    "report": REPORT,
    "quick": replace(
        REPORT,
        preset="quick",
        training=Training(epochs=8),
        best=replace(REPORT.best, pretraining_epochs=4),
        best_training=replace(REPORT.best_training, epochs=10),
        synthetic=replace(REPORT.synthetic, pretraining_epochs=2),
        samples=5000,
    ),
    "smoke": replace(
        REPORT,
        preset="smoke",
        training=Training(epochs=2, steps_per_execution=10),
        best=replace(REPORT.best, pretraining_epochs=1),
        best_training=Training(epochs=2, batch_size=128, learning_rate=2e-3, steps_per_execution=10),
        synthetic=replace(REPORT.synthetic, pretraining_epochs=1),
        training_images=2000,
        test_images=500,
        samples=500,
        projected=200,
    ),
}


def autoencoder(config: GMVAEConfig, data: LabeledData, seed: int) -> Autoencoder:
    """Section 1: reconstruction alone."""
    networks = _networks(config.widths, data, config.latent_dim, parameters=config.latent_dim)
    return Autoencoder(*networks, likelihood=_likelihood(data), seed=seed)


def vae(config: GMVAEConfig, data: LabeledData, seed: int, *, deep: bool = False) -> VAE:
    """Section 2: reconstruction and KL; `deep` takes the dimensions of the GMVAE beside it."""
    latent_dim = config.mnist.latent_dim if deep else config.latent_dim
    networks = _networks(config.widths, data, latent_dim, parameters=2 * latent_dim)
    return VAE(*networks, likelihood=_likelihood(data), seed=seed)


def gmvae(config: GMVAEConfig, data: LabeledData, seed: int) -> GMVAE:
    """Section 3, the report's setting."""
    settings = config.mnist
    return GMVAE(
        *_mixture_networks(settings, data, seed),
        threshold=settings.threshold,
        draws=settings.draws,
        likelihood=_likelihood(data),
        seed=seed,
    )


def clustering_gmvae(
    config: GMVAEConfig, data: LabeledData, seed: int, *, augmentation: RandomAffine | None = None
) -> ClusteringGMVAE:
    """Section 3, started from a mixture."""
    settings = _settings(config, data)
    _check_start(settings, data)
    return ClusteringGMVAE(
        *_mixture_networks(settings, data, seed, towers=augmentation is not None),
        pretraining_steps=settings.pretraining_epochs * steps_per_epoch(data, config.training.batch_size),
        pretraining_weight=settings.pretraining_weight,
        augmentation=augmentation,
        threshold=settings.threshold,
        draws=settings.draws,
        likelihood=_likelihood(data),
        seed=seed,
    )


def _settings(config: GMVAEConfig, data: LabeledData) -> Mixture:
    return config.synthetic if isinstance(data, SignalData) else config.best


def _likelihood(data: LabeledData) -> Any:
    return distributions.unit_normal if isinstance(data, SignalData) else distributions.bernoulli


def _networks(
    widths: tuple[int, ...], data: LabeledData, latent_dim: int, *, parameters: int
) -> tuple[keras.Model, keras.Model]:
    _check_data(data)
    encoder = dense_encoder(data.image_shape, parameters, widths=widths)
    return encoder, dense_decoder(latent_dim, data.image_shape, widths=widths[::-1])


def _mixture_networks(
    settings: Mixture, data: LabeledData, seed: int, *, towers: bool = False
) -> tuple[keras.Model, keras.Model, keras.Model]:
    """With one trunk for both posteriors, or a small tower of its own for the style's."""
    of_codes, of_styles = 2 * settings.latent_dim, 2 * settings.style_dim
    parameters = of_codes if towers else of_codes + of_styles
    encoder, decoder = _networks(settings.widths, data, settings.latent_dim, parameters=parameters)
    if towers:
        encoder = joined_encoders(encoder, dense_encoder(data.image_shape, of_styles, widths=(STYLE_UNITS,)))
    sizes = (settings.style_dim, settings.clusters, settings.latent_dim)
    return encoder, decoder, dense_mixture_prior(*sizes, spread=settings.spread, seed=seed)


def _check_data(data: LabeledData) -> None:
    """Finds what would stop the measuring, before the training."""
    if isinstance(data, ImageData):
        check(data.value_range == (0.0, 1.0), "pixels in [0, 1]", value_range=data.value_range)
    check(data.classes >= 2, "at least 2 classes, such as 2 sub-folders of pictures", classes=data.classes)
    fewest = min(len(data.train_labels), len(data.test_labels))
    check(fewest >= LEAST_SCORED, f"at least {LEAST_SCORED} {data.example}s of each split", fewest=fewest)
    present = len(np.unique(data.test_labels))
    check(present >= 2, "test examples of at least 2 classes; allow more of them", classes=present)


def _check_start(settings: Mixture, data: LabeledData) -> None:
    needed = max(settings.latent_dim + 1, settings.clusters)
    count = len(data.train_labels)
    check(count >= needed, f"at least {needed} training examples, which the mixture's start needs", examples=count)


def own_config(config: GMVAEConfig, variant: str) -> GMVAEConfig:
    """The synthetic variants bring their data; mnist-gmvae-best has upright images and a training of its own."""
    if variant.startswith("synthetic-"):
        return replace(config, data="synthetic")
    check(
        config.data != "synthetic",
        "pictures for the mnist-* variants; name the synthetic-* ones with --variants",
        data=config.data,
        variant=variant,
    )
    if variant != "mnist-gmvae-best":
        return config
    return replace(config, data=UPRIGHT + config.data.removeprefix(UPRIGHT), training=config.best_training)


def after_epoch(model: Any, data: LabeledData, config: GMVAEConfig, variant: str, seed: int, epoch: int) -> None:
    """Starts the clusters from a mixture after the pre-training, and lowers the learning rate."""
    if not isinstance(model, ClusteringGMVAE):
        return
    settings = _settings(config, data)
    if epoch == settings.pretraining_epochs:
        start_from_mixture(model, data, seed)
        # Adam as new: with few moments and many steps behind it, its first steps would be three times too large, and
        # styles that are thrown off so early are never used again.
        for variable in model.optimizer.variables:
            if variable is not model.optimizer.learning_rate:
                variable.assign(keras.ops.zeros_like(variable))
    if settings.learning_rate is not None:
        first = epoch < settings.pretraining_epochs
        peak = config.training.learning_rate if first else settings.learning_rate
        begun = 0 if first else settings.pretraining_epochs
        ended = settings.pretraining_epochs if first else config.training.epochs
        if epoch < ended:
            model.optimizer.learning_rate = peak * (1 + math.cos(math.pi * (epoch - begun) / (ended - begun))) / 2


def start_from_mixture(model: ClusteringGMVAE, data: LabeledData, seed: int) -> None:
    """Fits a mixture to codes of training examples, several times, and puts the clusters where the likeliest has them.

    variance of a cluster = that of the codes' means in it + mean variance of q(x | y)
    """
    examples = data.to_float(data.train_images[:FITTED])
    parameters = in_batches(model.compiled_step(model.parameters_step), examples, batch_size=1000)
    codes, log_variances = np.split(parameters[:, : 2 * model.latent_dim], 2, axis=1)
    fitted = fit_mixture(
        codes, components=model.clusters, seed=seed, starts=STARTS, regularization=1e-4, iterations=100
    )
    noise = np.exp(np.clip(log_variances, *distributions.LOG_VARIANCE_LIMITS)).mean(axis=0)
    model.start_clusters(fitted.means, np.diagonal(fitted.covariances, axis1=1, axis2=2) + noise)


def watch(model: Any, data: LabeledData) -> Mapping[str, float]:
    """What tells a collapse, each epoch, without a label: active units, used clusters, how evenly and how surely."""
    examples = data.to_float(data.test_images[:WATCHED])
    usage = cluster_usage(model.cluster(examples, draws=1)) if isinstance(model, GMVAE) else {}
    return {"active_units": active_units(model.encode(examples)), **usage}


def pictures(model: Any, data: LabeledData) -> Mapping[str, NDArray[np.uint8]]:
    """What TensorBoard shows as training goes on: samples of fixed noise, by cluster, reconstructions, codes."""
    originals, labels = data.to_float(data.test_images[:WATCHED]), data.test_labels[:WATCHED]
    codes = model.encode(originals)
    pairs = np.concatenate([originals[:10], model.decode(codes[:10])])
    scatter = latent_scatter(codes, labels, data.class_names, title="Codes of the test split")
    shown = {
        "samples/prior": model.sample(100, seed=0),
        "reconstructions": pairs,
    }
    if isinstance(model, GMVAE):
        shown["samples/by_cluster"] = gmvae_report.by_cluster(model, 10)
    grids = {name: image_grid(data.pictures(values), columns=10) for name, values in shown.items()}
    return {**grids, "codes": figure_pixels(scatter)}


SECTIONS = {
    "mnist-vae-128": "mnist",
    "mnist-gmvae": "mnist",
    "mnist-gmvae-best": "best",
    "synthetic-gmvae": "synthetic",
}
VARIANTS: dict[str, Callable[[GMVAEConfig, Any, int], GenerativeModel]] = {
    "mnist-autoencoder": autoencoder,
    "mnist-vae": vae,
    "mnist-vae-128": partial(vae, deep=True),
    "mnist-gmvae": gmvae,
    "mnist-gmvae-best": partial(clustering_gmvae, augmentation=RandomAffine()),
    "synthetic-autoencoder": autoencoder,
    "synthetic-vae": vae,
    "synthetic-gmvae": clustering_gmvae,
}

EXPERIMENT = Experiment(
    name="gmvae",
    title="Report 2: autoencoder, VAE and Gaussian mixture VAE",
    presets=PRESETS,
    variants=VARIANTS,
    default=tuple(VARIANTS),
    evaluate=evaluate,
    pictures=pictures,
    report=gmvae_report.report,
    shown=gmvae_report.SHOWN,
    own_config=own_config,
    unread={
        variant: tuple(
            f"{section}."
            for section in ("mnist", "best", "best_training", "synthetic")
            if section != SECTIONS.get(variant)
        )
        for variant in VARIANTS
    },
    data_kinds=(ImageData, SignalData),
    after_epoch=after_epoch,
    watch=watch,
)

if __name__ == "__main__":
    main(EXPERIMENT, __doc__)
