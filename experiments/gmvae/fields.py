"""Fields of each variant's configuration. Imports neither TensorFlow nor Keras."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from tfvae.training.config import Training, VariantConfig, check

DESKEWED = "deskewed:"


def check_least(config: Any, **least: float) -> None:
    """Raises InputError unless each named field is at least so large, and there is a hidden layer."""
    for name, value in least.items():
        check(getattr(config, name) >= value, f"{name.replace('_', '-')} >= {value}", **{name: getattr(config, name)})
    widths = getattr(config, "widths", (1,))
    check(min(widths, default=0) >= 1, "one hidden layer or more, of at least 1 unit", widths=widths)


@dataclass(frozen=True)
class GMVAEConfig(VariantConfig):
    """What every variant of report 2 has."""

    training: Training = field(default_factory=lambda: Training(epochs=20))
    projected: int = 1000
    """Test codes that TensorBoard's projector shows."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_least(self, projected=1)


@dataclass(frozen=True)
class PlaneConfig(GMVAEConfig):
    """An autoencoder or a VAE whose codes are drawn as they are."""

    widths: tuple[int, ...] = (512, 256)
    """Units of the encoder's hidden layers; the decoder mirrors them."""
    latent_dim: int = 2
    """Dimensions of the codes of the autoencoders and VAEs that are drawn as they are."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_least(self, latent_dim=2)


@dataclass(frozen=True)
class Codes:
    """What mnist-vae-128 shares with mnist-gmvae."""

    latent_dim: int = 128
    """Dimensions of a code, the x of the paper."""

    def __post_init__(self) -> None:
        check_least(self, latent_dim=2)


@dataclass(frozen=True)
class DeepConfig(GMVAEConfig):
    """A VAE with codes of as many dimensions as those of mnist-gmvae."""

    widths: tuple[int, ...] = (512, 256)
    """Units of the encoder's hidden layers; the decoder mirrors them."""
    mnist: Codes = field(default_factory=Codes)
    latent_dim = property(lambda self: self.mnist.latent_dim)


@dataclass(frozen=True)
class Mixture(Codes):
    """A GMVAE."""

    style_dim: int = 2
    """Dimensions of w, the noise from which a network makes the clusters' means and variances."""
    clusters: int = 10
    """K, the number of clusters."""
    threshold: float = 0.5
    """Lambda, in nats: the z_prior term has no gradient until it exceeds this. It is at most log(K)."""
    draws: int = 1
    """Samples of x and w for each example and step."""
    spread: float = 0.05
    """Standard deviation of the clusters' initial means, in units of the codes."""
    widths: tuple[int, ...] = (512, 256)
    """Units of the encoder's hidden layers; the decoder mirrors them."""
    pretraining_epochs: int = 0
    """Epochs as a VAE, after which the clusters are initialized from a mixture fitted to its codes; 0 for none."""
    pretraining_weight: float = 1.0
    """Weight of the KL term in these epochs."""
    learning_rate: float | None = None
    """Learning rate of Adam after the pre-training; if given, both rates fall along a cosine to 0."""

    def __post_init__(self) -> None:
        least = {"threshold": 0, "spread": 0, "pretraining_epochs": 0, "pretraining_weight": 0}
        check_least(self, latent_dim=2, style_dim=1, clusters=2, draws=1, **least)
        check(self.learning_rate is None or self.learning_rate > 0, "a rate > 0", learning_rate=self.learning_rate)


@dataclass(frozen=True)
class MixtureConfig(GMVAEConfig):
    """A GMVAE; each variant has a section of its own for it."""

    section: ClassVar[str]
    mixture = property(lambda self: getattr(self, self.section))

    def __post_init__(self) -> None:
        super().__post_init__()
        first, training = self.mixture.pretraining_epochs, self.training
        expected = f"fewer pre-training epochs than epochs ({training.epochs})"
        check(first < training.epochs, expected, **{f"{self.section}.pretraining_epochs": first})
        rates = {"training.schedule": training.schedule, "training.reduce_on_plateau": training.reduce_on_plateau}
        fixed = self.mixture.learning_rate is None or list(rates.values()) == ["constant", None]
        check(fixed, f"a constant schedule beside --{self.section}.learning-rate, which sets both rates", **rates)


@dataclass(frozen=True)
class MNISTMixtureConfig(MixtureConfig):
    """mnist-gmvae."""

    section: ClassVar[str] = "mnist"
    mnist: Mixture = field(default_factory=Mixture)


@dataclass(frozen=True)
class BestConfig(MixtureConfig):
    """mnist-gmvae-best."""

    section: ClassVar[str] = "best"
    best: Mixture = field(default_factory=Mixture)

    @property
    def dataset(self) -> str:
        """The images deskewed, whether or not `data` says so."""
        return DESKEWED + self.data.removeprefix("upright:").removeprefix(DESKEWED)


@dataclass(frozen=True)
class SyntheticPlaneConfig(PlaneConfig):
    """synthetic-autoencoder and synthetic-vae."""

    data: str = field(default="synthetic", init=False)


@dataclass(frozen=True)
class SyntheticMixtureConfig(MixtureConfig):
    """synthetic-gmvae."""

    section: ClassVar[str] = "synthetic"
    data: str = field(default="synthetic", init=False)
    synthetic: Mixture = field(default_factory=Mixture)
