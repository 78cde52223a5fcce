"""Report 3: GaMix-VAE with PatchGAN and residual networks against the standard VAE, on faces.

    python -m experiments.gamix_faces --data-dir DIR                   256x256, full networks: a GPU's work
    python -m experiments.gamix_faces --data-dir DIR --preset quick    64x64, four variants

Variants: vae and gamix differ in the terms that hold the codes (the standard KL, or the report's eq. 8 and 11),
*-patchgan adds a discriminator of patches. Networks, data and steps are the same for all four. `--data textures` runs
offline, on crops of two photographs.

The quick preset takes 6 minutes a variant on one core (AMD EPYC, `--precision bfloat16`, as the committed results), 12
with a discriminator. From seed 0 expect a texture ratio of 0.53, 0.89, 0.57 and 0.92 of vae, vae-patchgan, gamix and
gamix-patchgan, at L1 errors of 0.062, 0.068, 0.057 and 0.063. The discriminator's step size and weight were chosen on
the last 400 training images, after other choices had been run on the test images and missed one goal or the other.

`--networks.linear-skip 2` starts all four at the principal components of the training images. It reconstructs and
samples better, the standard VAE too; no discriminator that we tried has made fine texture of that without scratches or
a larger L1 error, so that no preset has it.

A step of the report preset, `--parts 4`, takes 32 s on one core and 4.7 GB (`python -m experiments.gamix_faces_256`).
For its 100 epochs on 24,000 faces we estimate, and have not measured, 1.2 hours of a GPU of 1e14 sustained operations a
second.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from experiments import gamix_faces_report
from experiments.schedule import decay
from experiments.scoring import LEAST_SCORED, check_scored, reference, with_inception
from tfvae.data.images import ImageData
from tfvae.data.pipeline import steps_per_epoch
from tfvae.figures import image_grid
from tfvae.metrics import likelihood
from tfvae.metrics.aggregate_posterior import posterior_samples
from tfvae.metrics.features import FeatureExtractor
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.posterior import PosteriorStatistics, posterior_moments, posterior_statistics
from tfvae.metrics.random_features import random_vgg
from tfvae.metrics.samples import score_samples
from tfvae.metrics.texture import texture_ratio
from tfvae.models.adversarial_vae import AdversarialVAE
from tfvae.models.gamix_vae import GaMixVAE
from tfvae.networks.patchgan import patchgan_discriminator
from tfvae.networks.principal import start_at_principal_components
from tfvae.networks.resnet_v2 import SKIPS, resnet_v2_decoder, resnet_v2_encoder
from tfvae.sampling.mixture import fit_mixture
from tfvae.sampling.prior import standard_normal_sampler
from tfvae.training.command import main
from tfvae.training.config import ExperimentConfig, Training, check
from tfvae.training.experiment import Evaluation, Experiment, TrainedRun

PICTURED = 8
FITTED = 5000
AT_ONCE = 500


@dataclass(frozen=True)
class Networks:
    """The networks, the same for every variant."""

    latent_dim: int = 256
    """Dimensions of a code."""
    patch: int = 2
    """Pixels of a side that the encoder's first convolution sees as one: 1, 2 or 4."""
    widths: tuple[int, ...] = (64, 128, 256, 512, 512)
    """Channels of the encoder's stages, of which each but the first halves the maps."""
    decoder_widths: tuple[int, ...] = (512, 512, 256, 128, 64, 32)
    """Channels of the decoder's stages, from a code to full resolution."""
    blocks: int = 2
    """Residual blocks a stage."""
    linear_skip: int = 0
    """Codes are linear in pictures smaller by this factor, too, and these in codes, from their principal components on;
    0 leaves that out."""
    grain: bool = True
    """Give the decoder a pattern like noise, from which it may make fine structure that codes cannot hold."""
    filters: tuple[int, ...] = (64, 128, 256)
    """Channels of the discriminator's strided convolutions; a patch has 16, 34 or 70 pixels with one, two or three."""
    detail: float = 8.0
    """How much the discriminator has enlarged what differs from its neighborhood."""
    neighborhood: int = 3
    """Side in pixels of that neighborhood."""
    recompute: bool = False
    """Compute each block's maps anew in the backward pass, which saves memory and takes time."""

    def __post_init__(self) -> None:
        check(self.latent_dim >= 2, "at least 2 dimensions, which figure 2 varies", networks_latent_dim=self.latent_dim)
        check(self.blocks >= 1, "at least 1 block a stage", networks_blocks=self.blocks)
        check(0 <= self.detail < math.inf, "a factor of at least 0", networks_detail=self.detail)
        check(self.linear_skip in SKIPS, f"a factor of {SKIPS}", networks_linear_skip=self.linear_skip)
        sides = self.neighborhood
        check(sides >= 2, "a neighborhood of at least 2 pixels", networks_neighborhood=sides)
        for name in ("widths", "decoder_widths", "filters"):
            sizes = getattr(self, name)
            check(len(sizes) > 0 and min(sizes) >= 1, "widths of at least 1 channel", **{f"networks_{name}": sizes})


@dataclass(frozen=True)
class Weights:
    """The weights of the terms."""

    betas: tuple[float, float, float] = (1.0, 0.1, 1.0)
    """GaMix's beta_1 (eq. 8), beta_2 (eq. 11) and beta_3 (L1)."""
    kl: float = 1.0
    """Weight of the standard KL term; 1 makes the loss the negative ELBO."""
    adversarial: float = 0.01
    """Weight of the discriminator's judgment for each value of an image; pix2pix has 0.01."""
    cap: float = 1.0
    """The most that the judgment pulls on an image, in units of the L1 term's pull."""
    warm_up_epochs: int = 10
    """Epochs before the judgment enters."""

    def __post_init__(self) -> None:
        check(min(self.betas) >= 0, "weights >= 0", weights_betas=self.betas)
        check(self.kl >= 0, "a weight >= 0", weights_kl=self.kl)
        check(self.adversarial >= 0, "a weight >= 0", weights_adversarial=self.adversarial)
        check(self.cap > 0, "a cap > 0", weights_cap=self.cap)
        check(self.warm_up_epochs >= 0, "epochs >= 0", weights_warm_up_epochs=self.warm_up_epochs)


@dataclass(frozen=True)
class GamixFacesConfig(ExperimentConfig):
    """Report 3."""

    data: str = "faces"
    """faces (a folder faces/ in --data-dir), textures (bundled, works offline), or folder:PATH with your pictures."""
    image_size: int | None = 256
    """Height and width that the pictures are brought to: a multiple of 16 from 32 to 256."""
    networks: Networks = field(default_factory=Networks)
    weights: Weights = field(default_factory=Weights)
    parts: int = 1
    """Parts that a batch goes through the networks in: memory shrinks with it, and the step stays that of the batch."""
    random_flip: bool = True
    """Show the mirror image of a training picture half of the time."""
    discriminator_rate: float = 1e-3
    """Step size of the discriminator's Adam."""
    samples: int = 2000
    """Samples that each model is scored on."""
    inception: Path | None = None
    """Folder of TF-GAN's Inception graph, for FID and KID in that feature space too; a run that is finished is not
    measured again, but `tfvae evaluate` scores its samples.npz there."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self.parts >= 1, "at least 1 part", parts=self.parts)
        check(self.discriminator_rate > 0, "a positive learning rate", discriminator_rate=self.discriminator_rate)
        check(self.samples >= LEAST_SCORED, f"at least {LEAST_SCORED} samples to score", samples=self.samples)


REPORT = GamixFacesConfig(training=Training(epochs=100, batch_size=32, learning_rate=5e-4, steps_per_execution=10))
PRESETS = {
    "report": REPORT,
    "quick": replace(
        REPORT,
        preset="quick",
        image_size=64,
        networks=Networks(
            latent_dim=128,
            patch=4,
            widths=(32, 64, 128),
            decoder_widths=(128, 64, 32, 24, 12),
            blocks=1,
            filters=(24,),
        ),
        weights=replace(REPORT.weights, adversarial=0.2, cap=6.0, warm_up_epochs=35),
        discriminator_rate=1e-4,
        training=replace(REPORT.training, epochs=60, learning_rate=2e-3),
    ),
    "smoke": replace(
        REPORT,
        preset="smoke",
        image_size=32,
        networks=Networks(latent_dim=8, widths=(4, 8), decoder_widths=(8, 8, 4), blocks=1, filters=(4,)),
        weights=replace(REPORT.weights, warm_up_epochs=1),
        training=replace(REPORT.training, epochs=2, steps_per_execution=2),
        training_images=128,
        test_images=128,
        samples=128,
    ),
}


def networks(config: GamixFacesConfig, data: ImageData) -> tuple[keras.Model, keras.Model]:
    """The residual encoder and decoder that all variants have."""
    sizes, shape = config.networks, data.image_shape
    options: dict[str, Any] = {"blocks": sizes.blocks, "recompute": sizes.recompute, "linear_skip": sizes.linear_skip}
    encoder = resnet_v2_encoder(shape, 2 * sizes.latent_dim, widths=sizes.widths, patch=sizes.patch, **options)
    options |= {"widths": sizes.decoder_widths, "activation": "sigmoid", "grain": sizes.grain}
    decoder = resnet_v2_decoder(sizes.latent_dim, shape, **options)
    if sizes.linear_skip:
        start_at_principal_components(encoder, decoder, _parts(data, data.train_images[:FITTED]))
    return encoder, decoder


def standard(config: GamixFacesConfig, data: ImageData, seed: int, *, with_discriminator: bool) -> AdversarialVAE:
    """The ELBO, eq. 2, with the L1 likelihood."""
    # Networks first: an initializer's seed depends on how many were drawn before it.
    encoder, decoder = networks(config, data)
    adversary = _adversary(config, data, with_discriminator)
    return AdversarialVAE(encoder, decoder, beta=config.weights.kl, seed=seed, **adversary)


def gamix(config: GamixFacesConfig, data: ImageData, seed: int, *, with_discriminator: bool) -> GaMixVAE:
    """The report's objective, eq. 13."""
    encoder, decoder = networks(config, data)
    adversary = _adversary(config, data, with_discriminator)
    return GaMixVAE(encoder, decoder, betas=config.weights.betas, seed=seed, **adversary)


def _adversary(config: GamixFacesConfig, data: ImageData, with_discriminator: bool) -> dict[str, Any]:
    """What both kinds of model are told besides: the discriminator, if there is one, and what becomes of a batch."""
    _check_data(config, data)
    weights, sizes = config.weights, config.networks
    seen = {name: getattr(sizes, name) for name in ("filters", "detail", "neighborhood")}
    return {
        "discriminator": patchgan_discriminator(data.image_shape, **seen) if with_discriminator else None,
        "adversarial_weight": weights.adversarial,
        "cap": weights.cap,
        "warm_up_steps": weights.warm_up_epochs * steps_per_epoch(data, config.training.batch_size),
        "parts": config.parts,
        "random_flip": config.random_flip,
    }


def _check_data(config: GamixFacesConfig, data: ImageData) -> None:
    """Finds what would stop the training or the measuring, before both."""
    check_scored(data, config.samples, config.inception)
    latent, count = config.networks.latent_dim, len(data.train_labels)
    check(count > latent, f"more training images than dimensions of a code ({latent})", training_images=count)
    batch, parts = config.training.batch_size, config.parts
    check(batch % parts == 0, f"a batch that divides into {parts} parts", training_batch_size=batch)


def compiling(config: GamixFacesConfig, variant: str) -> dict[str, Any]:
    """An Adam for each player; XLA has no fast gradient of convolutions on a CPU."""
    optimizers = {
        "optimizer": keras.optimizers.Adam(config.training.learning_rate),
        "discriminator_optimizer": keras.optimizers.Adam(discriminator_rate(config, 0), beta_1=0.5),
    }
    return optimizers if tf.config.list_physical_devices("GPU") else {**optimizers, "jit_compile": False}


def discriminator_rate(config: GamixFacesConfig, epoch: int) -> float:
    """0 until an epoch before the judgment enters: one that knows every blur by then would only do damage."""
    return config.discriminator_rate if epoch >= config.weights.warm_up_epochs - 1 else 0.0


def after_epoch(
    model: AdversarialVAE, data: ImageData, config: GamixFacesConfig, variant: str, seed: int, epoch: int
) -> None:
    """Both players' step sizes fall."""
    decay(model, [config.training.learning_rate, discriminator_rate(config, epoch)], epoch, config.training.epochs)


def evaluate(run: TrainedRun[GamixFacesConfig]) -> Evaluation:
    """Every number that the report's words need, on the test images and on samples."""
    model, data, config = run.model, run.data, run.config
    means, variances = (
        np.concatenate(moments)
        for moments in zip(*(posterior_moments(model, part) for part in _parts(data, data.test_images)), strict=True)
    )
    reconstructed = _pictures(model, data, means)
    # Eq. 8 holds the codes' mean and variances, not their correlations: a Gaussian fitted to them has those too.
    parts = enumerate(_parts(data, data.train_images[:FITTED]))
    codes = np.concatenate([posterior_samples(model, part, seed=run.seed + number) for number, part in parts])
    samplers = {
        "prior": standard_normal_sampler(model.latent_dim),
        "gaussian": fit_mixture(codes, components=1, seed=run.seed),
    }
    samples = {
        name: _pictures(model, data, sampler.sample(config.samples, seed=run.seed)[0])
        for name, sampler in samplers.items()
    }
    statistics = posterior_statistics(means, variances)
    metrics = measure_reconstructions(data, reconstructed) | measure_codes(means, statistics)
    for suffix, extractor in extractors(config).items():
        real = reference(data, extractor, config.samples)
        for name, made in {**samples, "reconstruction": reconstructed}.items():
            scores = score_samples(made, reference=real)
            metrics |= {f"{name}/{metric}{suffix}": score for metric, score in scores.items()}
    count = min(len(means), config.samples)
    for name, made in samples.items():
        ratio = texture_ratio(data.test_images[:count], made[:count])
        metrics[f"{name}/texture_ratio"] = Measurement(ratio, samples=count, split="test")
    noise = np.random.default_rng(run.seed).standard_normal(means.shape[1], np.float32)
    code = means[0] + np.sqrt(variances[0]) * noise
    figures = gamix_faces_report.run_figures(run, code, means, reconstructed, samples, statistics)
    return Evaluation(metrics, figures, samples["gaussian"], samplers=samplers, sampler="gaussian")


def _parts(data: ImageData, images: NDArray[np.uint8]) -> Iterator[NDArray[np.float32]]:
    """The images as floats, some at a time: all test images of 256x256 would take gigabytes."""
    for start in range(0, len(images), AT_ONCE):
        yield data.to_float(images[start : start + AT_ONCE])


def _pictures(model: AdversarialVAE, data: ImageData, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The picture of each code, likewise."""
    parts = range(0, len(codes), AT_ONCE)
    return np.concatenate([data.to_uint8(model.decode(codes[start : start + AT_ONCE])) for start in parts])


def measure_reconstructions(data: ImageData, reconstructed: NDArray[np.uint8]) -> dict[str, Measurement]:
    """Errors and texture of the reconstructions of the test images from their posterior means."""
    count = len(reconstructed)
    values = {"texture_ratio": texture_ratio(data.test_images, reconstructed)}
    pairs = zip(_parts(data, data.test_images), _parts(data, reconstructed), strict=True)
    for images, ours in pairs:
        errors = likelihood.reconstruction_errors(images, ours, value_range=data.value_range)
        for name in ("reconstruction_l1", "reconstruction_mse"):
            values[name] = values.get(name, 0.0) + errors[name] * len(images) / count
    return {name: Measurement(value, samples=count, split="test") for name, value in values.items()}


def measure_codes(means: NDArray[np.float32], statistics: PosteriorStatistics) -> dict[str, Measurement]:
    """How the posteriors of the test images lie: each number over images first, then over dimensions."""
    values = {
        "active_units": likelihood.active_units(means),
        "largest_mean_of_means": np.abs(statistics.mean_of_means).max(),
        "variance_of_means": statistics.variance_of_means.mean(),
        "least_variance_of_means": statistics.variance_of_means.min(),
        "posterior_variance": statistics.mean_of_variances.mean(),
        "least_posterior_variance": statistics.mean_of_variances.min(),
    }
    return {name: Measurement(float(value), samples=len(means), split="test") for name, value in values.items()}


def extractors(config: GamixFacesConfig) -> dict[str, FeatureExtractor]:
    """The feature spaces that the pictures are seen in, by the suffix of their metrics."""
    return with_inception({"": random_vgg()}, config.inception)


def pictures(model: AdversarialVAE, data: ImageData) -> Mapping[str, NDArray[np.uint8]]:
    """What TensorBoard shows as training goes on: reconstructions below their originals, and samples of one noise."""
    originals = data.test_images[:PICTURED]
    reconstructed = data.to_uint8(model.reconstruct(data.to_float(originals)))
    return {
        "reconstructions": image_grid(np.concatenate([originals, reconstructed]), columns=PICTURED),
        "samples": image_grid(data.to_uint8(model.sample(2 * PICTURED, seed=0)), columns=PICTURED),
    }


VARIANTS = {
    "vae": partial(standard, with_discriminator=False),
    "vae-patchgan": partial(standard, with_discriminator=True),
    "gamix": partial(gamix, with_discriminator=False),
    "gamix-patchgan": partial(gamix, with_discriminator=True),
}

ADVERSARY = (
    *("weights.adversarial", "weights.cap", "weights.warm_up_epochs", "discriminator_rate"),
    *("networks.filters", "networks.detail", "networks.neighborhood"),
)

EXPERIMENT = Experiment(
    name="gamix_faces",
    title="Report 3: GaMix-VAE with PatchGAN on faces",
    presets=PRESETS,
    variants=VARIANTS,
    default=tuple(VARIANTS),
    evaluate=evaluate,
    pictures=pictures,
    report=gamix_faces_report.report,
    shown=gamix_faces_report.SHOWN,
    unread={
        "vae": ("weights.betas", *ADVERSARY),
        "vae-patchgan": ("weights.betas",),
        "gamix": ("weights.kl", *ADVERSARY),
        "gamix-patchgan": ("weights.kl",),
    },
    compiling=compiling,
    after_epoch=after_epoch,
)

if __name__ == "__main__":
    main(EXPERIMENT, __doc__)
