"""`python -m experiments.latent_generators`."""

from experiments.latent_generators.config import SETTINGS
from tfvae.cli.experiment import main

main(SETTINGS)
