"""What a result depends on besides its configuration: commit, versions, memory."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
from importlib import metadata
from pathlib import Path

PACKAGES = ("tensorflow", "keras", "tensorflow-probability", "tensorflow-gan", "scikit-learn", "numpy")


def git_commit() -> str | None:
    """The commit of the source tree, with `-dirty` where it was changed since; None outside a checkout."""
    source = Path(__file__).parent
    try:
        command = ["git", "-C", str(source), "describe", "--always", "--abbrev=40", "--dirty", "--exclude", "*"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None


def peak_memory_mb() -> float:
    """The most memory that this process has held so far, in megabytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}
