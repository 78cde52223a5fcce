"""`python -m experiments.gamix_faces`."""

from experiments.gamix_faces.config import SETTINGS
from tfvae.experiment_cli import main

main(SETTINGS)
