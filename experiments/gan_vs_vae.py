"""Report 4: a DCGAN against a convolutional VAE, by FID, inception score, size and time.

    python -m experiments.gan_vs_vae --data-dir DIR

Variants: dcgan and vae are the report's networks. dcgan-r1 is dcgan with a penalty on the discriminator's slope, an
average of the generator's weights and step sizes that fall, and dcgan-slim a DCGAN of a fortieth of the parameters
that is trained so too, with smaller batches. The sweep-* variants are the report's "customization": other latent sizes
and widths of dcgan-slim and vae. They run only when named, or all of them, each in a process of its own, by
`python -m experiments.gan_vs_vae_sweep`.

One core of an AMD EPYC needs 8 minutes an epoch of dcgan or dcgan-r1, 90 s of dcgan-slim and 25 s of vae, with
`--precision bfloat16`; float32 takes half as much again, and two cores less. A checkpoint of dcgan is 1 GB. From seed 0
expect a FID by `mnist_cnn` of 3.2 for vae and 0.19 for dcgan-slim after 100 epochs (the latter 2.1 times that of real
images, inception score 9.77), and of 12.7 for dcgan and 0.90 for dcgan-r1 after 20; vae's reconstructions at 0.0911
nats a pixel. The slim DCGAN's networks and training were chosen on the last 10,000 training images, by short runs on
the others.
All results, generated: experiments/README.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from experiments import gan_vs_vae_report
from experiments.gan_vs_vae_measure import extractors, measure
from experiments.gan_vs_vae_report import alarm
from experiments.schedule import decay
from experiments.scoring import LEAST_SCORED, SCORED_SHAPE, check_scored
from tfvae.data.images import ImageData
from tfvae.figures import figure_pixels, image_grid, latent_scatter
from tfvae.metrics.features import mnist_cnn
from tfvae.metrics.manifold import class_shares
from tfvae.models.autoencoder import Autoencoder
from tfvae.models.dcgan import DCGAN
from tfvae.models.latent_variable import LatentVariableModel
from tfvae.models.vae import VAE
from tfvae.networks.convolutional import (
    convolutional_decoder,
    convolutional_encoder,
    dcgan_discriminator,
    dcgan_generator,
)
from tfvae.sampling.prior import standard_normal_sampler
from tfvae.training.command import main
from tfvae.training.config import ExperimentConfig, Training, check
from tfvae.training.experiment import Evaluation, Experiment, TrainedRun

GRID = 25
PICTURED = 2000
WATCHED = 1000
STEADYING = ("gradient_penalty", "penalty_share", "average_decay")


@dataclass(frozen=True)
class GAN:
    """Both DCGANs."""

    discriminator_steps: int = 1
    """Steps of the discriminator on each batch: algorithm 1's num_discriminator_steps."""
    generator_steps: int = 1
    """Steps of the generator on each batch: algorithm 1's num_generator_steps."""
    beta_1: float = 0.5
    """Adam's first decay, for both players, as Radford et al. choose it."""

    def __post_init__(self) -> None:
        steps = self.discriminator_steps
        check(steps >= 1, "at least 1 step of the discriminator", gan_discriminator_steps=steps)
        check(self.generator_steps >= 1, "at least 1 step of the generator", gan_generator_steps=self.generator_steps)
        check(0 <= self.beta_1 < 1, "a decay in [0, 1)", gan_beta_1=self.beta_1)


@dataclass(frozen=True)
class Steadying:
    """What steadies the training of dcgan-r1; its step sizes fall too."""

    gradient_penalty: float = 2.0
    """Weight of the discriminator's squared slope at real images (R1)."""
    penalty_share: float = 0.25
    """How much of a batch the slope is worked out on, with as much more weight."""
    average_decay: float = 0.9995
    """Decay of the running average of the generator's weights, from which the images come."""

    def __post_init__(self) -> None:
        penalty, share, average = ({f"{type(self).__name__.lower()}_{name}": getattr(self, name)} for name in STEADYING)
        check(0 <= self.gradient_penalty < math.inf, "a weight of at least 0", **penalty)
        check(0 < self.penalty_share <= 1, "a share in (0, 1]", **share)
        check(0 < self.average_decay < 1, "a decay in (0, 1)", **average)


@dataclass(frozen=True)
class Slim(Steadying):
    """The slim DCGAN: its networks and its training."""

    gradient_penalty: float = 0.2
    """Weight of the discriminator's squared slope at real images (R1)."""
    batch_size: int | None = 32
    """Images of a training step, in place of --training.batch-size, which None takes; many small ones bring a training
    further in the same time."""
    learning_rate: float | None = 1e-3
    """First step size of Adam, for both players, in place of --training.learning-rate, which None takes; it falls by
    half a cosine to 0."""
    full_size_filters: int = 32
    """Channels of the generator's maps as large as the image; 0: its last transposed convolution makes the pixels."""
    categorical: bool = True
    """Whether the first half of a code's numbers chooses one of as many learned vectors, by the largest."""
    discriminator_filters: tuple[int, ...] = (32, 64, 128)
    """Channels of the discriminator's convolutions."""
    discriminator_widths: tuple[int, ...] = (256,)
    """Units of the discriminator's dense layers before the last."""

    def __post_init__(self) -> None:
        super().__post_init__()
        rate = self.learning_rate
        check(rate is None or rate > 0, "a positive learning rate", slim_learning_rate=rate)
        check(self.full_size_filters >= 0, "at least 0 channels", slim_full_size_filters=self.full_size_filters)
        check(self.batch_size is None or self.batch_size >= 1, "at least 1 image", slim_batch_size=self.batch_size)
        filters, widths = self.discriminator_filters, self.discriminator_widths
        check(min(filters, default=0) >= 1, "channels of at least 1", slim_discriminator_filters=filters)
        check(min(widths, default=1) >= 1, "units of at least 1", slim_discriminator_widths=widths)


@dataclass(frozen=True)
class GanVsVaeConfig(ExperimentConfig):
    """Report 4."""

    gan: GAN = field(default_factory=GAN)
    steadying: Steadying = field(default_factory=Steadying)
    slim: Slim = field(default_factory=Slim)
    width: float = 1.0
    """Scales the filters and units of every network."""
    samples: int = 10_000
    """Samples that each model is scored on."""
    copies: int = 1000
    """Samples, and test images, whose nearest training image is looked for."""
    inception: Path | None = None
    """Folder of TF-GAN's Inception graph, for FID, KID and inception score in that feature space too; a run that is
    finished is not measured again, but `tfvae evaluate` scores its samples.npz there."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check(0 < self.width < math.inf, "a positive width", width=self.width)
        check(self.samples >= LEAST_SCORED, f"at least {LEAST_SCORED} samples to score", samples=self.samples)
        check(self.copies >= 1, "at least 1 sample", copies=self.copies)


REPORT = GanVsVaeConfig(training=Training(epochs=100, batch_size=128, learning_rate=2e-4, steps_per_execution=20))
PRESETS = {
    "report": REPORT,
    "quick": replace(
        REPORT,
        preset="quick",
        variants=("vae", "dcgan-slim"),
        training=replace(REPORT.training, epochs=5),
        samples=5000,
    ),
    "smoke": replace(
        REPORT,
        preset="smoke",
        width=0.0625,
        training=replace(REPORT.training, epochs=2, steps_per_execution=5),
        training_images=1000,
        test_images=500,
        samples=500,
        copies=100,
    ),
}


def dcgan(config: GanVsVaeConfig, data: ImageData, seed: int, *, latent_dim: int = 100, steady: bool = False) -> DCGAN:
    """Section 3.2.1: the report's networks, with its training or a steadier one."""
    widths, filters, judges = (
        scaled(sizes, config.width) for sizes in ((7 * 7 * 128,), (256, 64), (64, 128, 256, 512))
    )
    generator = dcgan_generator(latent_dim, data.image_shape, widths=widths, filters=filters)
    discriminator = dcgan_discriminator(data.image_shape, filters=judges)
    return _dcgan(config, data, seed, generator, discriminator, config.steadying if steady else None)


def dcgan_slim(
    config: GanVsVaeConfig, data: ImageData, seed: int, *, latent_dim: int = 128, relative_width: float = 1.0
) -> DCGAN:
    """What a person would use: no wide dense layer, kernels of 4 that the strides divide, and a steadier training."""
    slim = config.slim
    width = relative_width * config.width
    full, *filters = scaled((slim.full_size_filters, 128, 64), width)
    judges, judging = (scaled(sizes, width) for sizes in (slim.discriminator_filters, slim.discriminator_widths))
    generator = dcgan_generator(
        latent_dim,
        data.image_shape,
        widths=(),
        filters=filters,
        kernel=4,
        normalize=True,
        full_size_filters=full if slim.full_size_filters else 0,
        categories=latent_dim // 2 if slim.categorical else 0,
    )
    discriminator = dcgan_discriminator(data.image_shape, filters=judges, widths=judging, kernel=4)
    return _dcgan(config, data, seed, generator, discriminator, slim)


def vae(
    config: GanVsVaeConfig, data: ImageData, seed: int, *, latent_dim: int = 10, relative_width: float = 1.0
) -> VAE:
    """Section 3.3: the report's convolutional VAE, on pixels in [0, 1] under a Bernoulli likelihood."""
    _check_data(config, data, (0.0, 1.0))
    convolutions, maps, down, up = (
        scaled(sizes, relative_width * config.width) for sizes in ((32, 64), (64, 64), (512, 256), (256, 512))
    )
    encoder = convolutional_encoder(data.image_shape, 2 * latent_dim, filters=convolutions, widths=down)
    return VAE(encoder, convolutional_decoder(latent_dim, data.image_shape, filters=maps, widths=up), seed=seed)


def _dcgan(
    config: GanVsVaeConfig,
    data: ImageData,
    seed: int,
    generator: keras.Model,
    discriminator: keras.Model,
    steadying: Steadying | None,
) -> DCGAN:
    _check_data(config, data, (-1.0, 1.0))
    return DCGAN(
        generator,
        discriminator,
        discriminator_steps=config.gan.discriminator_steps,
        generator_steps=config.gan.generator_steps,
        seed=seed,
        **({name: getattr(steadying, name) for name in STEADYING} if steadying else {}),
    )


def scaled(sizes: Sequence[int], width: float) -> tuple[int, ...]:
    """Each size times `width`, rounded, and 1 at least."""
    return tuple(max(1, round(size * width)) for size in sizes)


def _check_data(config: GanVsVaeConfig, data: ImageData, value_range: tuple[float, float]) -> None:
    """Finds what would stop the measuring, before the training."""
    low, high = value_range
    check(data.value_range == value_range, f"pixels in [{low:g}, {high:g}]", value_range=data.value_range)
    if data.image_shape == SCORED_SHAPE or config.inception is not None:
        check_scored(data, config.samples, config.inception)


def own_config(config: GanVsVaeConfig, variant: str) -> GanVsVaeConfig:
    """The slim DCGANs have steps of their own, in number and size."""
    if variant != "dcgan-slim" and not variant.startswith("sweep-dcgan"):
        return config
    own = {name: getattr(config.slim, name) for name in ("batch_size", "learning_rate")}
    named = {name: value for name, value in own.items() if value is not None}
    return replace(config, training=replace(config.training, **named))


def compiling(config: GanVsVaeConfig, variant: str) -> dict[str, Any]:
    """Adam for the VAE, and an Adam for each player of a GAN; XLA has no fast gradient of their layers on a CPU."""
    if VALUE_RANGES[variant] == (0.0, 1.0):
        return {"optimizer": keras.optimizers.Adam(config.training.learning_rate)}
    players = ("generator_optimizer", "discriminator_optimizer")
    optimizers = {
        player: keras.optimizers.Adam(config.training.learning_rate, beta_1=config.gan.beta_1) for player in players
    }
    return optimizers if tf.config.list_physical_devices("GPU") else {**optimizers, "jit_compile": False}


def after_epoch(
    model: LatentVariableModel, data: ImageData, config: GanVsVaeConfig, variant: str, seed: int, epoch: int
) -> None:
    """The step sizes of the steadied DCGANs fall; those of the others are constant."""
    if isinstance(model, DCGAN) and variant != "dcgan":
        decay(model, [config.training.learning_rate] * 2, epoch, config.training.epochs)


def evaluate(run: TrainedRun[GanVsVaeConfig]) -> Evaluation:
    """Every number of the report, those that its words need, and the figures."""
    model, data, config = run.model, run.data, run.config
    sampler = standard_normal_sampler(model.latent_dim)
    codes, _ = sampler.sample(config.samples, seed=run.seed)
    images = data.to_uint8(model.decode(codes))
    spaces = extractors(data.image_shape, config.inception)
    metrics = measure(run, codes, images, copies=config.copies, spaces=spaces)
    figures = gan_vs_vae_report.run_figures(run, codes, images)
    return Evaluation(metrics, figures, images, samplers={"prior": sampler}, sampler="prior")


def pictures(model: LatentVariableModel, data: ImageData) -> Mapping[str, NDArray[np.uint8]]:
    """What TensorBoard shows as training goes on: samples of the same codes, and the VAE's latent space."""
    drawn = {"samples": image_grid(data.to_uint8(model.sample(GRID, seed=0)), columns=5)}
    if isinstance(model, Autoencoder):
        codes = model.encode(data.to_float(data.test_images[:PICTURED]))
        labels = data.test_labels[:PICTURED]
        drawn["codes"] = figure_pixels(latent_scatter(codes, labels, data.class_names, title="Codes of test images"))
    return drawn


def watch(model: LatentVariableModel, data: ImageData) -> dict[str, float]:
    """Classes that a thousand samples of the same codes show, as `mnist_cnn` counts them."""
    if data.image_shape != SCORED_SHAPE or mnist_cnn().class_names != data.class_names:
        return {}
    shares = class_shares(mnist_cnn()(data.to_uint8(model.sample(WATCHED, seed=1))).logits)
    return {"classes": float(np.count_nonzero(shares)), "rarest_class_share": float(shares.min())}


Builder = Callable[..., LatentVariableModel]


def sweep_of(name: str, build: Builder, usual: int, sizes: Sequence[int]) -> dict[str, Builder]:
    """The points of one model: as it is, at other latent sizes, and at other widths."""
    points = {
        name: partial(build, latent_dim=usual, relative_width=1.0),
        **{f"{name}-latent-{size}": partial(build, latent_dim=size, relative_width=1.0) for size in sizes},
        **{f"{name}-width-{width:g}": partial(build, latent_dim=usual, relative_width=width) for width in (0.25, 0.5)},
    }
    return {f"sweep-{point}": builder for point, builder in points.items()}


SWEEP = sweep_of("dcgan", dcgan_slim, 128, (4, 16, 64)) | sweep_of("vae", vae, 10, (2, 5, 30))
VARIANTS: dict[str, Builder] = {
    "dcgan": dcgan,
    "dcgan-r1": partial(dcgan, steady=True),
    "vae": vae,
    "dcgan-slim": dcgan_slim,
    **SWEEP,
}
UNREAD = {
    "dcgan": ("slim.", "steadying."),
    "dcgan-r1": ("slim.",),
    **{
        name: ("slim.", "gan.", "steadying.") if "vae" in name else ("steadying.",)
        for name in ("vae", "dcgan-slim", *SWEEP)
    },
}
VALUE_RANGES = {name: (0.0, 1.0) if "vae" in name else (-1.0, 1.0) for name in VARIANTS}

EXPERIMENT = Experiment(
    name="gan_vs_vae",
    title="Report 4: DCGAN against VAE",
    presets=PRESETS,
    variants=VARIANTS,
    default=("dcgan", "dcgan-r1", "vae", "dcgan-slim"),
    evaluate=evaluate,
    pictures=pictures,
    report=gan_vs_vae_report.report,
    shown=gan_vs_vae_report.SHOWN,
    own_config=own_config,
    unread=UNREAD,
    compiling=compiling,
    after_epoch=after_epoch,
    value_ranges=VALUE_RANGES,
    watch=watch,
    alarm=alarm,
    snapshots=gan_vs_vae_report.SNAPSHOTS,
)

if __name__ == "__main__":
    main(EXPERIMENT, __doc__)
