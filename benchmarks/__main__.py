"""Times the dense VAE and the slim DCGAN at batch 128, ours and their peers', and prints JSON.

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

VAE_PEERS = ("tfvae", "tfvae_bfloat16", "keras", "pytorch", "jax")
BENCHMARKS = {
    "dense_vae": ("dense VAE 784-500-500-20, batch 128, Adam, 468 steps an epoch", VAE_PEERS),
    "slim_dcgan": (
        "slim DCGAN, batch 128, Adam, both players, R1 on a quarter of the batch, the average of the weights, 50 steps "
        "an epoch",
        ("tfvae", "pytorch", "pytorch_channels_last"),
    ),
}
NEEDS = {"pytorch": "torch", "pytorch_channels_last": "torch", "jax": "jax"}


def measured(benchmark: str, name: str, epochs: int) -> dict[str, Any]:
    """The figures of one contender, from a process of its own."""
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", name, "--epochs", str(epochs)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    root = Path(__file__).parent.parent
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root)
    if done.returncode == 0:
        return {"name": name, **json.loads(done.stdout.splitlines()[-1])}
    missing = NEEDS.get(name)
    if missing and f"No module named '{missing}'" in done.stderr:
        return {"name": name, "not_measured": f"{missing} is not installed"}
    raise SystemExit(f"{benchmark} {name} failed:\n{done.stderr}")


def main() -> None:
    every = tuple(dict.fromkeys(name for _, names in BENCHMARKS.values() for name in names))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=5, help="epochs that are counted, after one that is not")
    parser.add_argument("--benchmarks", nargs="+", choices=BENCHMARKS, default=tuple(BENCHMARKS), help="which to run")
    parser.add_argument("--only", nargs="+", choices=every, default=every, help="contenders to measure")
    arguments = parser.parse_args()
    if arguments.epochs < 1:
        parser.error(f"Expected at least 1 epoch. Received: --epochs {arguments.epochs}.")
    results = [
        {
            "benchmark": BENCHMARKS[benchmark][0],
            "contenders": [
                measured(benchmark, name, arguments.epochs)
                for name in BENCHMARKS[benchmark][1]
                if name in arguments.only
            ],
        }
        for benchmark in arguments.benchmarks
    ]
    device = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    print(json.dumps({"device": device, "benchmarks": results}, indent=2))


if __name__ == "__main__":
    main()
