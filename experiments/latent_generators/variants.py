"""Report 1: how each variant is built, tuned, scored and drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras

from experiments.latent_generators.claims import CLAIMS, PUBLISHED, SHOWN, TABLE_4, TWENTY
from experiments.latent_generators.config import SETTINGS, ELBOConfig, MMDConfig
from tfvae.data.images import ImageData
from tfvae.evaluation.classifiers import measure_classifier
from tfvae.evaluation.codes import code_moments, measure_codes
from tfvae.evaluation.conditional import class_sheets, score_sets
from tfvae.evaluation.figures import codes_and_reconstructions, training_curves
from tfvae.evaluation.measured_frontiers import frontier_figure, similarity_at
from tfvae.evaluation.samplers import ClassGaussian, Prior, check_class_sizes
from tfvae.evaluation.tuned_generators import TunedGenerators, Tuning, grid, prioritized
from tfvae.figures import Figure
from tfvae.losses.mmd import infovae_bandwidths, multi_scale_bandwidths
from tfvae.models.mmd_vae import MMDVAE
from tfvae.models.vae import VAE
from tfvae.networks.dense import dense_decoder, dense_encoder
from tfvae.reporting.experiment import Experiment
from tfvae.reporting.figures import frontiers_side_by_side
from tfvae.reporting.records import FinishedRun
from tfvae.sampling import Medium1, Medium2, Simple, facing_axes
from tfvae.training.config import check
from tfvae.training.variant import Variant

TITLES = {
    "simple": "Simple",
    "medium1": "Medium-1",
    "medium1@prioritized": "Medium-1, the report's search",
    "medium1@facing": "Medium-1, axes toward other classes",
    "medium2": "Medium-2",
    "medium2@prioritized": "Medium-2, the report's search",
    "medium2@facing": "Medium-2, axes toward other classes",
    "class_mixture": "Mixture per class",
    "beyond": "Rejection sampling",
}
SHEETS = ("simple", "medium1", "medium2", "medium1@facing", "medium2@facing", "class_mixture", "beyond")

SIMPLE = {"simple": Tuning(Simple, 0.995, search=grid)}
MEDIUM = {
    "medium1": Tuning(Medium1, 0.998),
    "medium2": Tuning(Medium2, 0.9995),
    "medium1@facing": Tuning(Medium1, 0.998, axes=facing_axes),
    "medium2@facing": Tuning(Medium2, 0.9995, axes=facing_axes),
}
PRIORITIZED = {
    "medium1@prioritized": Tuning(Medium1, 0.998, search=prioritized, samples="budget_samples"),
    "medium2@prioritized": Tuning(Medium2, 0.9995, search=prioritized, samples="budget_samples"),
}


def build_vae(config: ELBOConfig, data: ImageData, seed: int, *, latent_dim: int) -> VAE:
    """Section 3.3, eq. 1: reconstruction and KL divergence."""
    return VAE(*networks(config, data, latent_dim), seed=seed)


def build_mmd_vae(config: MMDConfig, data: ImageData, seed: int, *, latent_dim: int) -> MMDVAE:
    """Section 3.3, eq. 2: reconstruction and maximum mean discrepancy."""
    widths = (multi_scale_bandwidths if config.mmd.several_widths else infovae_bandwidths)(latent_dim)
    weight = getattr(config.mmd, f"weight_{latent_dim}")
    return MMDVAE(*networks(config, data, latent_dim), mmd_weight=weight, bandwidths=widths, seed=seed)


def networks(config: ELBOConfig, data: ImageData, latent_dim: int) -> tuple[keras.Model, keras.Model]:
    """Tables 1 and 2."""
    encoder = dense_encoder(data.image_shape, 2 * latent_dim, widths=config.widths, activation="softplus")
    return encoder, dense_decoder(latent_dim, data.image_shape, widths=config.widths, activation="softplus")


def check_data(config: ELBOConfig, data: ImageData) -> None:
    """A Bernoulli likelihood takes pixels in [0, 1], and each class needs samples to compare."""
    check(data.value_range == (0.0, 1.0), "pixels in [0, 1]", value_range=data.value_range)
    components = config.generators.components
    check_class_sizes(data, components, f"a mixture of {components} Gaussians needs")
    check(
        config.samples >= 4 * data.classes,
        f"at least 4 samples of each of {data.classes} classes",
        samples=config.samples,
    )


def variant(
    name: str,
    build: Callable[..., Any],
    latent_dim: int,
    tunings: Mapping[str, Tuning],
    given: Mapping[str, tuple[float, ...]] | None = None,
) -> Variant:
    """A model with its generators; `given` are the report's settings."""
    generators = TunedGenerators(tunings, given or {})
    reported = {f"report: {TITLES[key]}": pair for (of, key), pair in TABLE_4.items() if of == name}
    return Variant(
        name,
        SETTINGS.configs[name],
        build=partial(build, latent_dim=latent_dim),
        check=check_data,
        samplers=(Prior(), ClassGaussian(), generators),
        sampler="beyond",
        class_sampler="beyond",
        draw=score_sets,
        metrics=(measure_codes, measure_classifier, generators.measure, similarity_at("simple", 0.95)),
        figures=(
            frontier_figure(TITLES, reported),
            code_moments,
            codes_and_reconstructions,
            training_curves,
            class_sheets(*SHEETS, titles=TITLES),
        ),
    )


def figure_1(runs: Sequence[FinishedRun]) -> Figure | None:
    """Both models of twenty dimensions."""
    reported = {f"report: Simple, {variant}": TABLE_4[variant, "simple"] for variant in TWENTY}
    return frontiers_side_by_side(runs, TWENTY, TITLES, reported)


EXPERIMENT = Experiment(
    settings=SETTINGS,
    variants=[
        variant("elbo-2", build_vae, 2, SIMPLE),
        variant("elbo-10", build_vae, 10, SIMPLE | MEDIUM),
        variant("elbo-20", build_vae, 20, SIMPLE | MEDIUM, {"simple@reported": (0.4, 2)}),
        variant("mmd-2", build_mmd_vae, 2, SIMPLE),
        variant("mmd-10", build_mmd_vae, 10, SIMPLE | MEDIUM | PRIORITIZED),
        variant("mmd-20", build_mmd_vae, 20, SIMPLE | MEDIUM, {"simple@reported": (0.6, 3)}),
    ],
    page=Path(__file__).with_name("page.md.j2"),
    shown=SHOWN,
    claims=CLAIMS,
    published=PUBLISHED,
    figures={"figure-1": figure_1},
)
