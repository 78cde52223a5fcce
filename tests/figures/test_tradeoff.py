"""Tradeoff curves: positions, panels, errors."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.figures import tradeoff_curves

PANELS = {
    "one judge": {"Simple": ([0.9, 0.6, 0.7], [1.0, 0.8, 0.95]), "Medium-1": ([0.5], [0.9])},
    "another": {"Medium-1": ([0.5, 0.6], [0.85, 0.9])},
}


def test_each_generator_has_one_color_and_ascending_similarities():
    figure = tradeoff_curves(PANELS, title="t", samples=100, points={"another": {"real": (0.5, 0.99)}})
    first, second = figure.axes
    simple, medium = first.lines
    assert simple.get_xdata().tolist() == [0.6, 0.7, 0.9]
    # Without an error among 100 samples, half an error is drawn.
    np.testing.assert_allclose(simple.get_ydata(), [0.8, 0.95, 0.995])
    assert second.lines[0].get_color() == medium.get_color() != simple.get_color()
    assert second.lines[1].get_marker() == "*"
    assert [text.get_text() for text in second.get_legend().get_texts()] == ["Simple", "Medium-1", "real"]


def test_the_report_s_points_stand_in_every_panel():
    figure = tradeoff_curves(PANELS, title="t", samples=100, reported={"the report": (0.92, 0.995)})
    assert all(axes.lines[-1].get_xdata().tolist() == [0.92] for axes in figure.axes)


def test_the_higher_of_two_accuracies_near_one_is_drawn_clearly_higher():
    figure = tradeoff_curves({"judge": {"a": ([0.5, 0.6, 0.7], [0.9, 0.99, 0.999])}}, title="t", samples=10_000)
    (axes,) = figure.axes
    heights = axes.transData.transform(np.stack([[0.5] * 3, [0.9, 0.99, 0.999]], axis=1))[:, 1]
    assert np.diff(heights)[0] == pytest.approx(np.diff(heights)[1], rel=1e-6)


@pytest.mark.parametrize(
    "panels",
    [{}, {"judge": {}}, {"judge": {"a": ([0.5], [0.5, 0.6])}}, {"judge": {"a": ([0.5], [1.5])}},
     {"judge": {"a": ([float("nan")], [0.5])}}],
)  # fmt: skip
def test_wrong_curves_are_refused(panels):
    with pytest.raises(InputError, match=THREE_PARTS):
        tradeoff_curves(panels, title="t", samples=10)
