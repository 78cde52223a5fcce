"""Report 3: GaMix-VAE with PatchGAN and residual networks against the standard VAE, on faces.

    python -m experiments.gamix_faces --data-dir DIR                   256x256, full networks: needs a GPU
    python -m experiments.gamix_faces --data-dir DIR --preset quick    64x64, small networks

gamix replaces the KL divergence of vae by the report's equations 8 and 11; *-patchgan adds a discriminator. Networks,
data and number of steps are equal. `--data textures` runs offline, on crops of two photographs.

The quick preset takes 6 minutes a variant on one core (AMD EPYC, `--precision bfloat16`), 12 with a discriminator.
Expect, from seed 0, texture ratios of 0.53, 0.89, 0.57 and 0.92 for vae, vae-patchgan, gamix and gamix-patchgan, and L1
errors of 0.062, 0.068, 0.057 and 0.063. A step of the report preset, `--parts 4`, takes 32 s on one core and 4.7 GB
(`python -m benchmarks.gamix_faces_256`); its 100 epochs on 24,000 faces are estimated, not measured, at 1.2 hours of a
GPU that sustains 1e14 operations a second. All results, generated: experiments/README.md.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.gamix_faces.sections import KL, AdversarialGaMix, AdversarialKL, GaMix, Networks, PatchGANNetworks
from tfvae.training.config import Training, VariantConfig, check, section
from tfvae.training.settings import Alias, Author, Preset, Report, Settings


@dataclass(frozen=True)
class FacesConfig(VariantConfig):
    """A model without a discriminator."""

    data: str = "faces"
    """faces (a folder faces/ in --data-dir), textures (bundled, works offline), or folder:PATH with your pictures."""
    image_size: int | None = 256
    """Height and width of the pictures in pixels: a multiple of 16 from 32 to 256."""
    networks: Networks = field(default_factory=Networks)
    weights: Any = field(default_factory=KL)  # KL or GaMix
    parts: int = 1
    """Micro-batches of a step; more take less memory and change nothing but the noise."""
    random_flip: bool = True
    """Mirror each training picture with probability 1/2."""
    samples: int = 2000
    """Generated samples that each sampler is scored on."""
    inception: Path | None = None
    """Folder of TF-GAN's Inception graph, for FID and KID in that feature space too."""
    training: Training = field(
        default_factory=lambda: Training(100, 32, learning_rate=5e-4, schedule="cosine", steps_per_execution=10)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self.parts >= 1, "at least 1 part", parts=self.parts)
        batch = self.training.batch_size
        check(batch % self.parts == 0, f"a batch that divides into {self.parts} parts", training_batch_size=batch)


@dataclass(frozen=True)
class PatchGANConfig(FacesConfig):
    """A model with a PatchGAN discriminator."""

    networks: PatchGANNetworks = field(default_factory=PatchGANNetworks)
    weights: Any = field(default_factory=AdversarialKL)  # AdversarialKL or AdversarialGaMix
    discriminator_rate: float = 1e-3
    """Initial learning rate of the discriminator's Adam, from the epoch before the adversarial loss is added."""

    def __post_init__(self) -> None:
        super().__post_init__()
        rate = self.discriminator_rate
        check(rate > 0, "a positive learning rate", discriminator_rate=rate)


SETTINGS = Settings(
    name="gamix_faces",
    report=Report(
        number=3,
        title="GAMIX-VAE: A VAE with Gaussian Mixture Based Posterior",
        heading="GaMix-VAE with PatchGAN on faces",
        compares="VAE; GaMix-VAE, each with and without PatchGAN, on faces",
        authors=(Author("Mariano", "Rivera", "Centro de Investigacion en Matematicas A.C."),),
    ),
    description=str(__doc__),
    configs={
        "vae": FacesConfig(),
        "vae-patchgan": PatchGANConfig(),
        "gamix": FacesConfig(weights=GaMix()),
        "gamix-patchgan": PatchGANConfig(weights=AdversarialGaMix()),
    },
    presets={
        "quick": Preset(
            {
                **section("networks", latent_dim=128, patch=4, widths=(32, 64, 128), blocks=1, filters=(24,)),
                **section("networks", decoder_widths=(128, 64, 32, 24, 12)),
                **section("weights", adversarial=0.2, cap=6.0, warm_up_epochs=35),
                **section("training", epochs=60, learning_rate=2e-3),
                **{"image_size": 64, "discriminator_rate": 1e-4},
            }
        ),
        "smoke": Preset(
            {
                **section("networks", latent_dim=8, widths=(4, 8), decoder_widths=(8, 8, 4), blocks=1, filters=(4,)),
                **section("training", epochs=2, steps_per_execution=2),
                **{"weights.warm_up_epochs": 1, "image_size": 32, "samples": 128},
                **{"training_images": 128, "test_images": 128},
            }
        ),
    },
    aliases={
        "networks.grain": Alias("networks.noise_injection"),
        "networks.no_grain": Alias("networks.no_noise_injection"),
        "networks.neighbourhood": Alias("networks.neighborhood"),
    },
    reference=("--preset quick --precision bfloat16",),
)
