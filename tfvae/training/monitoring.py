"""Metrics of a model after each epoch, and warnings about the training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from tfvae.training.callbacks import EpochMetrics, EpochWarnings
from tfvae.training.run import Run


def epoch_metrics_and_warnings(
    measure: Callable[[Any, Any], Mapping[str, float]],
    warning: Callable[[Sequence[Mapping[str, Any]]], str | None],
) -> Callable[[Run], Sequence[keras.callbacks.Callback]]:
    """Callbacks that add metrics to the logs of each epoch, and print a warning when it changes.

    Args:
        measure: function of (model, data) to {name: number}.
        warning: function of the rows of the history so far to a warning, or None.

    Returns:
        Function of a run to its callbacks, for `Variant.callbacks`.
    """

    def callbacks(run: Run) -> Sequence[keras.callbacks.Callback]:
        def say(text: str) -> None:
            run.progress.console.print(f"{run.name}: {text}", style="yellow", highlight=False, markup=False)

        return EpochMetrics(lambda model: measure(model, run.data)), EpochWarnings(run.folder, warning, say)

    return callbacks
