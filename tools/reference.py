"""Completes the committed results in tensorboard_logs/reference, and what is generated from them.

    python -m tools.reference [--experiments center_gmm gmvae]

Each experiment's settings name the commands of its results. Finished runs are skipped.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys

from tools.documents import ROOT, all_settings

REFERENCE = ROOT / "tensorboard_logs" / "reference"
EVENTS = re.compile(r"(tfevents\.\d+)\..*\.(\d+\.v2)$")


def without_host_names() -> None:
    """Renames event files, whose names carry the machine's."""
    for path in REFERENCE.rglob("events.out.tfevents.*"):
        path.rename(path.with_name(EVENTS.sub(r"\1.\2", path.name)))


def main() -> None:
    found = {settings.name: settings for settings in all_settings()}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", nargs="+", choices=list(found), default=list(found))
    for name in parser.parse_args().experiments:
        for line in found[name].reference:
            # A process each, for the memory that each takes.
            command = [sys.executable, "-m", f"experiments.{name}", *line.split(), "--out", str(REFERENCE)]
            print(" ".join(["python", *command[1:-1], str(REFERENCE.relative_to(ROOT))]), flush=True)
            subprocess.run(command, check=True, cwd=ROOT)
    without_host_names()
    table = ["-m", "tfvae", "table", str(REFERENCE), "--into", str(ROOT / "experiments" / "README.md")]
    subprocess.run([sys.executable, *table], check=True, cwd=ROOT)
    subprocess.run([sys.executable, "-m", "tools.documents"], check=True, cwd=ROOT)


if __name__ == "__main__":
    main()
