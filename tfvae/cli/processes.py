"""Several variants of an experiment, each in a process of its own: TensorFlow returns memory when a process ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence


def run_each_variant(experiment: str, variants: Iterable[str], words: Sequence[str], *, description: str) -> int:
    """Runs `python -m experiments.<experiment> WORDS --variants NAME` for one variant after the other.

    Args:
        experiment: str, name of the experiment.
        variants: names of its variants.
        words: the command line, without --variants.
        description: str, shown by `--help`.

    Returns:
        Exit code of the first that failed; 0 where none did, 2 where the command line names variants.
    """
    names = list(variants)
    if {"-h", "--help"} & set(words):
        print(description)
        return 0
    if any(word.partition("=")[0] == "--variants" for word in words):
        message = f"Expected no --variants: these are {', '.join(names)}. Received: --variants. Leave it out."
        print(f"error: {message}", file=sys.stderr)
        return 2
    for number, name in enumerate(names, start=1):
        print(f"{number} of {len(names)}: {name}", flush=True)
        command = [sys.executable, "-m", f"experiments.{experiment}", *words, "--variants", name]
        if code := subprocess.run(command).returncode:
            return code
    return 0
