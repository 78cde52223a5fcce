"""Warnings and seed summaries of a page, from runs whose numbers are given."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tfvae.reporting.page import _Page
from tfvae.reporting.records import FinishedRun
from tfvae.training.run_folder import RunFolder


def page(**accuracies: list[float]) -> Any:
    """A page of runs with these accuracies, a seed each; a lower one leaves more clusters unused."""
    runs = [
        FinishedRun(variant, seed, RunFolder(Path("run")), {"metrics": metrics(value)})
        for variant, values in accuracies.items()
        for seed, value in enumerate(values)
    ]
    settings = SimpleNamespace(report=None)
    return _Page(SimpleNamespace(by_name=accuracies, settings=settings), runs, Path("folder"))  # type: ignore[arg-type]


def metrics(accuracy: float) -> dict[str, dict[str, float]]:
    unused = float(round(10 * (1 - accuracy)))
    return {"accuracy": {"value": accuracy}, "unused": {"value": unused}, "used": {"value": 10 - unused}}


def test_alerts_name_each_run_beyond_a_bound_with_its_numbers() -> None:
    made = page(one=[1.0, 0.8], other=[0.7])
    assert made.alerts("unused", above=0, text="{used} used, {unused} unused.") == (
        "> one, seed 1: 8 used, 2 unused.\n\n> other, seed 0: 7 used, 3 unused.\n"
    )
    assert made.alerts("accuracy", "one", below=0.9, text="low.") == "> one, seed 1: low.\n"
    assert made.alerts("accuracy", "one", below=0.8, text="low.") == "", "a bound itself is allowed"
    assert made.alerts("absent", above=0, text="never") == ""


def test_best_and_mean_lists_both_for_each_variant_and_metric() -> None:
    lines = (
        page(one=[0.5, 0.75], other=[0.7]).best_and_mean("*", metrics={"accuracy": "ours", "absent": "no"}).splitlines()
    )
    # The deviation of 0.5 and 0.75 with n - 1 is 0.25 / sqrt(2) = 0.1768.
    assert lines[2:] == ["| one | ours | 0.7500 | 0.6250 ± 0.1768 (2) |", "| other | ours | 0.7000 | 0.7000 |"]


@pytest.mark.parametrize("variants", [("none",), ()])
def test_best_and_mean_of_no_number_is_empty(variants: tuple[str, ...]) -> None:
    assert page(one=[0.5]).best_and_mean(*variants, metrics={"absent": "no"}) == ""
