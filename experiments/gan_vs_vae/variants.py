"""Report 4: how each variant is sampled, measured and drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from experiments.gan_vs_vae.claims import CLAIMS, PUBLISHED, SHOWN
from experiments.gan_vs_vae.config import SETTINGS
from experiments.gan_vs_vae.fields import DCGANConfig, DCGANR1Config, SlimConfig, VAEConfig
from experiments.gan_vs_vae.models import build_dcgan, build_slim, build_vae, two_adams
from tfvae.evaluation.categories import category_sheet, measure_categories
from tfvae.evaluation.collapse import class_curves, collapse_warning, measure_classes
from tfvae.evaluation.figures import codes_scatter, plain_sheet, reconstructions, training_curves
from tfvae.evaluation.images import samples_and_codes
from tfvae.evaluation.model import measure_copies, measure_costs
from tfvae.evaluation.samplers import Prior
from tfvae.figures import Figure
from tfvae.reporting.experiment import Experiment
from tfvae.reporting.figures import metric_against_parameters, samples_side_by_side
from tfvae.reporting.records import FinishedRun
from tfvae.training.monitoring import epoch_metrics_and_warnings
from tfvae.training.variant import Variant, one_adam

GRID, COLUMNS = 25, 5
BUILDERS: dict[type, Callable[..., Any]] = {
    DCGANConfig: build_dcgan,
    DCGANR1Config: build_dcgan,
    SlimConfig: build_slim,
    VAEConfig: build_vae,
}


def overview(runs: Sequence[FinishedRun]) -> Figure | None:
    """Samples of all models: the report in one picture."""
    titles = {"dcgan": "DCGAN", "dcgan-r1": "DCGAN, R1", "vae": "VAE", "dcgan-slim": "Slim DCGAN"}
    return samples_side_by_side(runs, titles, count=2 * GRID, columns=COLUMNS, title="Generated digits")


def customization(runs: Sequence[FinishedRun]) -> Figure | None:
    """Section 3.6: quality against size."""
    return metric_against_parameters(
        runs,
        {"slim DCGAN": "sweep-dcgan", "VAE": "sweep-vae"},
        "prior/fid_ratio",
        title="Customization: quality against size",
        ylabel="FID over that of real images (dimensionless)",
        reference=1.0,
        reference_label="real training images",
    )


def variant(name: str) -> Variant:
    """A variant by its configuration."""
    config = SETTINGS.configs[name]
    encodes = type(config) is VAEConfig
    return Variant(
        name,
        config,
        build=BUILDERS[type(config)],
        optimizers=one_adam if encodes else two_adams,
        callbacks=epoch_metrics_and_warnings(measure_classes, collapse_warning),
        samplers=(Prior(),),
        metrics=(measure_costs, measure_copies, measure_categories),
        figures=(
            plain_sheet("prior", GRID, COLUMNS, title="Samples"),
            training_curves,
            class_curves,
            category_sheet,
            *((codes_scatter(2), reconstructions) if encodes else ()),
        ),
        images=samples_and_codes(GRID, COLUMNS),
        snapshots=(1, 10, 20, 50),
        value_range=(0.0, 1.0) if encodes else (-1.0, 1.0),
    )


EXPERIMENT = Experiment(
    settings=SETTINGS,
    variants=[variant(name) for name in SETTINGS.configs],
    page=Path(__file__).with_name("page.md.j2"),
    published=PUBLISHED,
    shown=SHOWN,
    claims=CLAIMS,
    figures={"overview": overview, "customization": customization},
    warning=collapse_warning,
)
