"""The "customization" of report 4: every sweep-* variant, one after the other, each in a process of its own.

    python -m experiments.gan_vs_vae.sweep --data-dir DIR --training.epochs 20

Takes the flags of `python -m experiments.gan_vs_vae` except --variants. The same command resumes an interrupted sweep.
The points are in TensorBoard's HParams tab, and in the figure `customization.png` beside `report.md`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from experiments.gan_vs_vae.config import SWEEP


def sweep(words: Sequence[str]) -> int:
    """Trains every variant of the sweep; returns the exit code of the first that failed, or 0."""
    if {"-h", "--help"} & set(words):
        print(__doc__)
        return 0
    if any(word.partition("=")[0] == "--variants" for word in words):
        print("error: Expected no --variants: the sweep names them. Received: --variants. Omit it.", file=sys.stderr)
        return 2
    for number, variant in enumerate(SWEEP, start=1):
        print(f"{number} of {len(SWEEP)}: {variant}", flush=True)
        command = [sys.executable, "-m", "experiments.gan_vs_vae", *words, "--variants", variant]
        if code := subprocess.run(command).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(sweep(sys.argv[1:]))
