"""`python -m experiments.latent_generators`."""

from experiments.latent_generators.config import SETTINGS
from tfvae.experiment_cli import main

main(SETTINGS)
