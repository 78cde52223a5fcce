"""`python -m experiments.gmvae`."""

from experiments.gmvae.config import SETTINGS
from tfvae.cli.experiment import main

main(SETTINGS)
