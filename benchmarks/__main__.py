"""Times an epoch of the dense VAE 784-500-500-20 at batch 128, ours and its peers', and prints JSON.

    make bench        or        python -m benchmarks --epochs 5

Each contender trains the same networks with the same Adam on the same 60,000 images (scikit-learn's digits, repeated)
in a process of its own, one after the other; the first epoch, which compiles, is not counted. A peer that is not
installed is listed with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

CONTENDERS = ("tfvae", "tfvae_bfloat16", "keras", "pytorch", "jax")
NEEDS = {"pytorch": "torch", "jax": "jax"}


def measured(name: str, epochs: int) -> dict[str, Any]:
    """The figures of one contender, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.dense_vae", name, "--epochs", str(epochs)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    root = Path(__file__).parent.parent
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root)
    if done.returncode == 0:
        return {"name": name, **json.loads(done.stdout.splitlines()[-1])}
    missing = NEEDS.get(name)
    if missing and f"No module named '{missing}'" in done.stderr:
        return {"name": name, "not_measured": f"{missing} is not installed"}
    raise SystemExit(f"{name} failed:\n{done.stderr}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=5, help="epochs that are counted, after one that is not")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=CONTENDERS, help="contenders to measure")
    arguments = parser.parse_args()
    if arguments.epochs < 1:
        parser.error(f"Expected at least 1 epoch. Received: --epochs {arguments.epochs}.")
    result = {
        "benchmark": "dense VAE 784-500-500-20, batch 128, Adam, 468 steps an epoch",
        "device": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "contenders": [measured(name, arguments.epochs) for name in arguments.only],
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
