"""`python -m experiments.center_gmm`."""

from experiments.center_gmm.config import SETTINGS
from tfvae.experiment_cli import main


def load():  # type: ignore[no-untyped-def]
    from experiments.center_gmm.variants import EXPERIMENT

    return EXPERIMENT


main(SETTINGS, load)
