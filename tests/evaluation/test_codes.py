"""Codes against the prior."""

from __future__ import annotations

import numpy as np
import pytest

from tests.evaluation.halves import evaluation_of_halves
from tfvae.evaluation.codes import code_moments, codes_of_posterior, measure_codes


@pytest.fixture
def evaluation(tmp_path):
    """With 200 given samples of the posterior: variances 1 and 4, and a mean of 3 in the second dimension."""
    evaluation = evaluation_of_halves(tmp_path)
    codes = np.random.default_rng(0).normal(size=(200, 2))
    codes = (codes - codes.mean(axis=0)) / codes.std(axis=0) * (1, 2) + (0, 3)
    evaluation.once = lambda compute: {codes_of_posterior: codes.astype(np.float32)}[compute]  # type: ignore[method-assign]
    return evaluation


def test_moments_of_codes(evaluation):
    metrics = measure_codes(evaluation)
    values = {name: metric.value for name, metric in metrics.items() if name.startswith("code_")}
    expected = {"code_mean_largest": 3, "code_variance_smallest": 1, "code_variance_largest": 4}
    assert values == pytest.approx(expected, abs=1e-5)
    assert metrics["mmd"].value > 10 * metrics["mmd_floor"].value > 0
    assert all((metric.samples, metric.split) == (200, "test") for metric in metrics.values())


def test_figure_of_moments_has_both_curves_and_the_prior(evaluation):
    (axes,) = code_moments(evaluation)["moments"].axes
    curves = {line.get_label(): np.asarray(line.get_ydata()).tolist() for line in axes.lines}
    assert any(values == pytest.approx([0, 3], abs=1e-5) for values in curves.values() if len(values) == 2)
    assert any(values == pytest.approx([1, 4], abs=1e-5) for values in curves.values() if len(values) == 2)
