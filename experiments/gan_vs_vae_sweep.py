"""Report 4's "customization": every latent size and width, one after the other, each in a process of its own.

    python -m experiments.gan_vs_vae_sweep --data-dir DIR --training.epochs 20

Takes the words of `python -m experiments.gan_vs_vae`, but for --variants. Given again, it goes on where it was stopped.
The points are in TensorBoard's HParams tab, and in the figure `customization.png` beside `report.md`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from experiments.gan_vs_vae import SWEEP


def sweep(words: Sequence[str]) -> int:
    """Runs every point, and returns the exit code of the first that failed, or 0."""
    if {"-h", "--help"} & set(words):
        print(__doc__)
        return 0
    if any(word.partition("=")[0] == "--variants" for word in words):
        print(
            "error: Expected no --variants, since the sweep names them. Received: one. Leave it out.", file=sys.stderr
        )
        return 2
    for number, variant in enumerate(SWEEP, start=1):
        print(f"{number} of {len(SWEEP)}: {variant}", flush=True)
        command = [sys.executable, "-m", "experiments.gan_vs_vae", *words, "--variants", variant]
        code = subprocess.run(command).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(sweep(sys.argv[1:]))
