"""Report 1: ELBO-VAE against MMD-VAE, and class-conditional generators from the statistics of their codes.

    python -m experiments.latent_generators --data-dir DIR

Variants by objective and latent dimension. On each: Simple, by the whole grid; from ten dimensions on Medium-1 and
Medium-2, by gradient search, along the latent dimensions and along axes toward the other classes; on mmd-10 also by the
report's prioritized search under a budget. Beyond the report: rejection sampling from a Gaussian mixture per class.

The report preset takes about 90 minutes on 2 cores (AMD EPYC; an estimate). Expect, from seed 0, as cosine similarity /
accuracy: Simple at the report's settings 0.932 / 0.997 on elbo-20, 0.884 / 0.997 on mmd-20; on mmd-10 Medium-1 0.874 /
0.9996 and Medium-2 0.798 / 0.9997, along the other axes 0.634 / 0.998 and 0.662 / 0.9997.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tfvae.training.config import SMOKE, Training, VariantConfig, check
from tfvae.training.settings import Author, Preset, Report, Settings

LEAST = {"samples": 10, "budget_samples": 2, "spread": 2}


@dataclass(frozen=True)
class Generators:
    """The classifiers, and how generators are tuned and scored."""

    classifier_epochs: int = 3
    """Epochs of the classifiers on the reconstructions."""
    samples: int = 1000
    """Samples a class that a setting is scored on."""
    components: int = 10
    """Gaussians a class of the mixture for rejection sampling."""
    frontier_points: int = 6
    """Settings of each frontier that are scored again on fresh samples."""
    spread: int = 3
    """Sets of fresh samples, over which accuracy and similarity are given with their standard deviation."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            check(value >= LEAST.get(name, 1), f"at least {LEAST.get(name, 1)}", **{f"generators_{name}": value})


@dataclass(frozen=True)
class GradientGenerators(Generators):
    """With Medium-1 and Medium-2, by gradient search."""

    steps: int = 150
    """Steps of the gradient searches; every tenth setting is scored."""


@dataclass(frozen=True)
class PrioritizedGenerators(GradientGenerators):
    """With the report's prioritized grid search too."""

    budget: int = 400
    """Settings that each prioritized search scores."""
    budget_samples: int = 100
    """Samples a class that these are scored on."""


@dataclass(frozen=True)
class MMD:
    """The maximum mean discrepancy; its weights were chosen on training images alone (see the report's page)."""

    several_widths: bool = False
    """A kernel of four widths around the distance of two samples of the prior, in place of InfoVAE's one."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            check(value >= 0, "a weight of the discrepancy >= 0", **{f"mmd_{name}": value})


@dataclass(frozen=True)
class MMD2(MMD):
    weight_2: float = 100.0
    """Lambda in nats at 2 latent dimensions."""


@dataclass(frozen=True)
class MMD10(MMD):
    weight_10: float = 10.0
    """Lambda in nats at 10 latent dimensions."""


@dataclass(frozen=True)
class MMD20(MMD):
    weight_20: float = 30.0
    """Lambda in nats at 20 latent dimensions."""


@dataclass(frozen=True)
class ELBOConfig(VariantConfig):
    """Section 3.3, eq. 1."""

    training: Training = field(default_factory=lambda: Training(epochs=40))
    widths: tuple[int, ...] = (500, 500)
    """Units of the encoder's and the decoder's hidden layers."""
    generators: Generators = field(default_factory=Generators)

    def __post_init__(self) -> None:
        super().__post_init__()
        check(min(self.widths, default=0) >= 1, "one hidden layer or more, of at least 1 unit", widths=self.widths)


@dataclass(frozen=True)
class MMDConfig(ELBOConfig):
    """Section 3.3, eq. 2."""

    mmd: MMD = field(default_factory=MMD)


def section(prefix: str, **values: object) -> dict[str, object]:
    """Fields by their paths."""
    return {prefix + name: value for name, value in values.items()}


SETTINGS = Settings(
    name="latent_generators",
    report=Report(
        number=1,
        title="Statistical generation of hand-written digits via analysis of learned latent representations",
        heading="statistical generators on ELBO-VAE and MMD-VAE",
        compares="ELBO-VAE; MMD-VAE; three conditional generators, finished, and one beyond them",
        authors=(Author("Ernesto", "Vargas Aguilar"), Author("Cong (Frank)", "Gu"), Author("Yunchan Clemence", "Lee")),
    ),
    description=str(__doc__),
    configs={
        "elbo-2": ELBOConfig(),
        "elbo-10": ELBOConfig(generators=GradientGenerators()),
        "elbo-20": ELBOConfig(generators=GradientGenerators()),
        "mmd-2": MMDConfig(mmd=MMD2()),
        "mmd-10": MMDConfig(generators=PrioritizedGenerators(), mmd=MMD10()),
        "mmd-20": MMDConfig(generators=GradientGenerators(), mmd=MMD20()),
    },
    presets={
        "quick": Preset(
            {"training.epochs": 8, "samples": 5000}
            | section("generators.", classifier_epochs=1, samples=200, budget=200, steps=200)
        ),
        "smoke": Preset(
            SMOKE
            | {"widths": (64,)}
            | section("generators.", classifier_epochs=1, samples=20, budget=20, budget_samples=10, steps=10)
            | section("generators.", components=2, frontier_points=2, spread=2)
        ),
    },
)
