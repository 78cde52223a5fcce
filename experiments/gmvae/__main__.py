"""`python -m experiments.gmvae`."""

from experiments.gmvae.config import SETTINGS
from tfvae.experiment_cli import main

main(SETTINGS)
