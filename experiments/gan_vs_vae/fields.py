"""Report 4: what can be set of each kind of variant. Imports neither TensorFlow nor Keras."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from tfvae.training.config import Training, VariantConfig, check

TRAINING = Training(epochs=100, batch_size=128, learning_rate=2e-4, steps_per_execution=20)
COSINE = replace(TRAINING, schedule="cosine")
SMALL_BATCHES = replace(COSINE, batch_size=32, learning_rate=1e-3)


@dataclass(frozen=True)
class ReportConfig(VariantConfig):
    """What all variants have."""

    training: Training = TRAINING
    width: float = 1.0
    """Factor of the filters and units of every network."""
    copies: int = 1000
    """Samples, and test images, whose nearest training image is searched for."""
    inception: Path | None = None
    """Folder of TF-GAN's Inception graph, for FID, KID and inception score in that feature space too; a finished run is
    not measured again, but `tfvae evaluate` scores its samples.npz there."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check(0 < self.width < math.inf, "a positive width", width=self.width)
        check(self.copies >= 1, "at least 1 sample", copies=self.copies)


@dataclass(frozen=True)
class GAN:
    """Alternating updates of a GAN."""

    discriminator_steps: int = 1
    """Discriminator updates per batch: algorithm 1's num_discriminator_steps."""
    generator_steps: int = 1
    """Generator updates per batch: algorithm 1's num_generator_steps."""
    beta_1: float = 0.5
    """Adam's beta_1, for both networks, as in Radford et al. (2016)."""

    def __post_init__(self) -> None:
        check(0 <= self.beta_1 < 1, "a decay in [0, 1)", gan_beta_1=self.beta_1)


@dataclass(frozen=True)
class Steadying:
    """Gradient penalty and weight averaging."""

    gradient_penalty: float = 2.0
    """Weight of the R1 gradient penalty: the discriminator's squared gradient norm at real images."""
    penalty_share: float = 0.25
    """Fraction of a batch on which the penalty is computed, scaled up to the whole batch."""
    average_decay: float = 0.9995
    """Decay of the exponential moving average of the generator's weights, which generates the images."""


@dataclass(frozen=True)
class Slim(Steadying):
    """Networks of the slim DCGAN, its gradient penalty and weight averaging."""

    gradient_penalty: float = 0.2
    full_size_filters: int = 32
    """Channels of the generator's maps of the image's size; with 0 its last transposed convolution makes the pixels."""
    categorical: bool = True
    """Whether the first half of a code selects one of as many learned vectors, by its largest entry."""
    discriminator_filters: tuple[int, ...] = (32, 64, 128)
    """Channels of the discriminator's convolutions."""
    discriminator_widths: tuple[int, ...] = (256,)
    """Units of the discriminator's dense layers before the last."""

    def __post_init__(self) -> None:
        check(self.full_size_filters >= 0, "at least 0 channels", slim_full_size_filters=self.full_size_filters)
        filters, widths = self.discriminator_filters, self.discriminator_widths
        check(min(filters, default=0) >= 1, "channels of at least 1", slim_discriminator_filters=filters)
        check(min(widths, default=1) >= 1, "units of at least 1", slim_discriminator_widths=widths)


@dataclass(frozen=True)
class DCGANConfig(ReportConfig):
    """The DCGAN of section 3.2.1."""

    gan: GAN = field(default_factory=GAN)


@dataclass(frozen=True)
class DCGANR1Config(DCGANConfig):
    """The same networks with gradient penalty and weight averaging."""

    training: Training = COSINE
    steadying: Steadying = field(default_factory=Steadying)


@dataclass(frozen=True)
class VAEConfig(ReportConfig):
    """The VAE of section 3.3, and others like it."""

    newer_fields: ClassVar[tuple[str, ...]] = ("latent_dim", "relative_width")
    latent_dim: int = 10
    """Dimensions of the latent space."""
    relative_width: float = 1.0
    """Factor of the filters and units of this variant, besides --width."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self.latent_dim >= 2, "at least 2 latent dimensions", latent_dim=self.latent_dim)
        check(0 < self.relative_width < math.inf, "a positive width", relative_width=self.relative_width)


@dataclass(frozen=True)
class SlimConfig(VAEConfig):
    """The slim DCGAN, and others like it."""

    training: Training = SMALL_BATCHES
    latent_dim: int = 128
    gan: GAN = field(default_factory=GAN)
    slim: Slim = field(default_factory=Slim)
