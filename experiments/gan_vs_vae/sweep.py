"""The "customization" of report 4: every sweep-* variant, one after the other, each in a process of its own.

    python -m experiments.gan_vs_vae.sweep --data-dir DIR --training.epochs 20

Takes the flags of `python -m experiments.gan_vs_vae` except --variants. The same command resumes an interrupted sweep.
The points are in TensorBoard's HParams tab, and in the figure `customization.png` beside `report.md`.
"""

import sys

from experiments.gan_vs_vae.config import SWEEP
from tfvae.cli.processes import run_each_variant


def main() -> None:
    """Trains every variant of the sweep."""
    sys.exit(run_each_variant("gan_vs_vae", SWEEP, sys.argv[1:], description=str(__doc__)))


if __name__ == "__main__":
    main()
