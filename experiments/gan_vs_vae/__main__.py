"""`python -m experiments.gan_vs_vae`."""

from experiments.gan_vs_vae.config import SETTINGS
from tfvae.cli.experiment import main

main(SETTINGS)
