"""`python -m experiments.center_gmm`."""

from experiments.center_gmm.config import SETTINGS
from tfvae.cli.experiment import main

main(SETTINGS)
