"""`python -m experiments.center_gmm`."""

from experiments.center_gmm.config import SETTINGS
from tfvae.experiment_cli import main

main(SETTINGS)
