"""Sections of report 3's configuration: sizes of the networks, weights of the losses."""

from dataclasses import dataclass

from tfvae.training.config import check


@dataclass(frozen=True)
class Networks:
    """Encoder and decoder."""

    latent_dim: int = 256
    """Dimensions of the latent space."""
    patch: int = 2
    """Side in pixels of the patches that the encoder's first layer reads as one position: 1, 2 or 4."""
    widths: tuple[int, ...] = (64, 128, 256, 512, 512)
    """Channels of the encoder's stages, of which each but the first halves the feature maps."""
    decoder_widths: tuple[int, ...] = (512, 512, 256, 128, 64, 32)
    """Channels of the decoder's stages, from the code to full resolution."""
    blocks: int = 2
    """Residual blocks in each stage."""
    noise_injection: bool = True
    """Add a fixed noise pattern, modulated by the code, to the decoder: texture that codes cannot hold."""
    recompute: bool = False
    """Recompute the activations of each block in the backward pass: less memory, more time."""

    def __post_init__(self) -> None:
        check(self.latent_dim >= 2, "at least 2 dimensions, which figure 2 varies", networks_latent_dim=self.latent_dim)
        for name, value in vars(self).items():
            sizes = value if isinstance(value, tuple) else (1,)
            check(min(sizes, default=0) >= 1, "at least 1 channel", **{f"networks_{name}": value})


@dataclass(frozen=True)
class PatchGANNetworks(Networks):
    """Encoder, decoder and discriminator."""

    filters: tuple[int, ...] = (64, 128, 256)
    """Channels of the discriminator's strided convolutions; one, two or three give patches of 16, 34 or 70 pixels."""
    detail: float = 8.0
    """Factor of the discriminator's extra input, the image minus the mean of each pixel's neighborhood; 0: none."""
    neighborhood: int = 3
    """Side in pixels of that neighborhood."""


@dataclass(frozen=True)
class Weights:
    """Weights of the terms of a loss."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            least = min(value) if isinstance(value, tuple) else value
            check(least >= 0, "no negative number", **{f"weights_{name}": value})


@dataclass(frozen=True)
class KL(Weights):
    """Weights of the standard VAE."""

    kl: float = 1.0
    """Weight of the KL divergence; 1 makes the loss the negative ELBO."""


@dataclass(frozen=True)
class GaMix(Weights):
    """Weights of the report's objective."""

    betas: tuple[float, float, float] = (1.0, 0.1, 1.0)
    """Weights beta_1 (equation 8), beta_2 (equation 11) and beta_3 (L1 error)."""


@dataclass(frozen=True)
class Adversarial(Weights):
    """Weights of the adversarial loss."""

    adversarial: float = 0.01
    """Weight of the adversarial loss for each value of an image; pix2pix has 0.01."""
    cap: float = 1.0
    """Largest gradient norm of the adversarial loss on an image, as a multiple of the reconstruction loss's."""
    warm_up_epochs: int = 10
    """Epochs before the adversarial loss is added."""


@dataclass(frozen=True)
class AdversarialKL(Adversarial, KL):
    """Weights of the standard VAE with a discriminator."""


@dataclass(frozen=True)
class AdversarialGaMix(Adversarial, GaMix):
    """Weights of the report's objective with a discriminator."""
