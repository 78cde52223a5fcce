"""Earlier name of `python -m experiments.gan_vs_vae.sweep`."""

import sys

from experiments.gan_vs_vae.sweep import sweep

if __name__ == "__main__":
    sys.exit(sweep(sys.argv[1:]))
