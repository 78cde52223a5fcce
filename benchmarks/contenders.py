"""What the benchmarks share: the images, and the measuring of one contender."""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

IMAGES, BATCH = 60_000, 128

Epochs = Callable[[NDArray[np.uint8], int], Iterator[float]]


def images() -> NDArray[np.uint8]:
    """uint8 [60000, 28, 28, 1]: the bundled digits enlarged four times less a border, and repeated."""
    small = load_digits().images
    large = np.kron(small * (255 / 16), np.ones((1, 4, 4)))[:, 2:30, 2:30]
    return np.resize(large.astype(np.uint8), (IMAGES, 28, 28))[..., np.newaxis]


def main(contenders: Mapping[str, Epochs], *, steps: int, description: str | None, loss_name: str) -> None:
    """Measures the contender that the command line names, and prints one line of JSON.

    Args:
        contenders: {name: function of (images, epochs) that yields the loss of each epoch}.
        steps: int, training steps of an epoch.
        description: of the benchmark, for its help.
        loss_name: what the printed loss is called, with its unit.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("name", choices=contenders)
    parser.add_argument("--epochs", type=int, default=5)
    arguments = parser.parse_args()
    seconds, losses = [], []
    began = time.perf_counter()
    for loss in contenders[arguments.name](images(), arguments.epochs + 1):
        losses.append(loss)
        seconds.append(time.perf_counter() - began)
        began = time.perf_counter()
    print(json.dumps(figures(seconds, losses, steps, loss_name)))


def figures(seconds: list[float], losses: list[float], steps: int, loss_name: str) -> dict[str, Any]:
    """The figures of one contender; the first epoch, which compiles, is not counted."""
    counted = seconds[1:]
    return {
        "seconds_per_epoch": {"min": min(counted), "median": median(counted), "max": max(counted)},
        "milliseconds_per_step": 1000 * median(counted) / steps,
        "images_per_second": round(steps * BATCH / median(counted)),
        "first_epoch_seconds": seconds[0],
        loss_name: losses[-1],
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
