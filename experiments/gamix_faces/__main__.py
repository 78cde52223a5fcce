"""`python -m experiments.gamix_faces`."""

from experiments.gamix_faces.config import SETTINGS
from tfvae.cli.experiment import main

main(SETTINGS)
