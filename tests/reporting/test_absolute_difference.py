"""A claim on the distance between two variants."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfvae.reporting.claims import AbsoluteDifference
from tfvae.reporting.records import FinishedRun
from tfvae.training.run_folder import RunFolder


def runs(**values: float):
    return {
        variant: [FinishedRun(variant, 0, RunFolder(Path()), {"epochs": 1, "metrics": {"fid": {"value": value}}})]
        for variant, value in values.items()
    }


@pytest.mark.parametrize(("first", "second"), [(0.75, 0.82), (0.82, 0.75)])
def test_absolute_difference_has_no_sign(first, second):
    difference = AbsoluteDifference("fid", of="a", to="b")
    found = runs(a=first, b=second)
    assert difference.value(found) == pytest.approx(0.07)
    assert (difference <= 0.06).holds(found) is False and (difference <= 0.08).holds(found) is True
    assert (difference <= 0.08).holds(runs(a=first)) is None
