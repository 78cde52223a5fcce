"""Report 3: how each variant is built, trained, measured and drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
from keras.optimizers.schedules import CosineDecay

from experiments.gamix_faces.claims import CLAIMS, SHOWN
from experiments.gamix_faces.config import SETTINGS, FacesConfig, PatchGANConfig
from tfvae.data.images import ImageData
from tfvae.data.pipeline import steps_per_epoch
from tfvae.evaluation.figures import interpolations_between, plain_sheet, training_curves
from tfvae.evaluation.images import samples_and_reconstructions
from tfvae.evaluation.posteriors import (
    measure_posteriors,
    posteriors_by_dimension,
    random_pairs,
    variants_by_two_axes,
)
from tfvae.evaluation.reconstructions import measure_texture, reconstruction_sheet, score_reconstructions
from tfvae.evaluation.samplers import FittedGaussian, Prior
from tfvae.figures import Figure
from tfvae.models.adversarial_vae import AdversarialVAE
from tfvae.models.gamix_vae import GaMixVAE
from tfvae.networks.patchgan import patchgan_discriminator
from tfvae.networks.resnet_v2 import resnet_v2_decoder, resnet_v2_encoder
from tfvae.reporting.experiment import Experiment
from tfvae.reporting.figures import samples_side_by_side
from tfvae.reporting.records import FinishedRun
from tfvae.training.callbacks import LearningRates
from tfvae.training.run import Run
from tfvae.training.strategy import no_xla_on_cpu
from tfvae.training.variant import Variant


def build_vae(config: FacesConfig, data: ImageData, seed: int) -> AdversarialVAE:
    """The ELBO, equation 2, with an L1 likelihood."""
    return AdversarialVAE(*networks(config, data), beta=config.weights.kl, seed=seed, **training_options(config, data))


def build_gamix(config: FacesConfig, data: ImageData, seed: int) -> GaMixVAE:
    """The report's objective, equation 13."""
    return GaMixVAE(*networks(config, data), betas=config.weights.betas, seed=seed, **training_options(config, data))


def networks(config: FacesConfig, data: ImageData) -> list[keras.Model]:
    """Residual encoder and decoder, and the discriminator of a variant that has one, built in this order."""
    sizes, shape = config.networks, data.image_shape
    options: dict[str, Any] = {"blocks": sizes.blocks, "recompute": sizes.recompute}
    encoder = resnet_v2_encoder(shape, 2 * sizes.latent_dim, widths=sizes.widths, patch=sizes.patch, **options)
    options |= {"widths": sizes.decoder_widths, "activation": "sigmoid", "noise_injection": sizes.noise_injection}
    built = [encoder, resnet_v2_decoder(sizes.latent_dim, shape, **options)]
    if isinstance(config, PatchGANConfig):
        options = {name: getattr(config.networks, name) for name in ("filters", "detail", "neighborhood")}
        built.append(patchgan_discriminator(shape, **options))
    return built


def training_options(config: FacesConfig, data: ImageData) -> dict[str, Any]:
    """Arguments of both models: micro-batches, flips, and the adversarial loss of a variant that has one."""
    options: dict[str, Any] = {"parts": config.parts, "random_flip": config.random_flip}
    if isinstance(config, PatchGANConfig):
        weights = config.weights
        steps = weights.warm_up_epochs * steps_per_epoch(data, config.training.batch_size)
        options |= {"adversarial_weight": weights.adversarial, "cap": weights.cap, "warm_up_steps": steps}
    return options


def optimizers(config: FacesConfig) -> dict[str, Any]:
    """An Adam for the autoencoder, and one for the discriminator."""
    made: dict[str, Any] = {"optimizer": keras.optimizers.Adam(config.training.learning_rate), **no_xla_on_cpu()}
    if isinstance(config, PatchGANConfig):
        made["discriminator_optimizer"] = keras.optimizers.Adam(config.discriminator_rate, beta_1=0.5)
    return made


def late_discriminator(run: Run) -> Sequence[keras.callbacks.Callback]:
    """The discriminator's learning rate is 0 until the epoch before its loss is added to the autoencoder's."""
    config, training = run.config, run.config.training
    rate, first = config.discriminator_rate, config.weights.warm_up_epochs - 1
    schedule = CosineDecay(rate, training.epochs) if training.schedule == "cosine" else lambda epoch: rate
    return [LearningRates(None, lambda epoch: schedule(epoch) if epoch >= first else 0.0)]


def overview(runs: Sequence[FinishedRun]) -> Figure | None:
    """Samples of all variants side by side."""
    titles = {name: name for name in SETTINGS.configs}
    return samples_side_by_side(runs, titles, count=25, columns=5, title="Generated pictures")


def variant(name: str, build: Callable[..., AdversarialVAE], **options: Any) -> Variant:
    """A variant by its configuration."""
    return Variant(
        name,
        SETTINGS.configs[name],
        build=build,
        optimizers=optimizers,
        samplers=(Prior(), FittedGaussian()),
        sampler="gaussian",
        metrics=(measure_posteriors, measure_texture, score_reconstructions),
        figures=(
            variants_by_two_axes((-6.0, 0.0, 6.0)),
            interpolations_between(random_pairs(6), steps=6, title="Transitions", file="transitions"),
            reconstruction_sheet(20),
            plain_sheet("gaussian", 36, 9, title="Samples of a Gaussian fitted to the codes"),
            plain_sheet("prior", 36, 9, title="Samples of the prior", file="prior_samples"),
            posteriors_by_dimension,
            training_curves,
        ),
        images=samples_and_reconstructions,
        **options,
    )


EXPERIMENT = Experiment(
    settings=SETTINGS,
    variants=[
        variant("vae", build_vae),
        variant("vae-patchgan", build_vae, callbacks=late_discriminator),
        variant("gamix", build_gamix),
        variant("gamix-patchgan", build_gamix, callbacks=late_discriminator),
    ],
    page=Path(__file__).with_name("page.md.j2"),
    shown=SHOWN,
    claims=CLAIMS,
    figures={"overview": overview},
)
