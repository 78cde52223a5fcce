"""Tradeoff curves: positions, panels, errors."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.figures import figure_pixels, tradeoff_curves

PANELS = {
    "one classifier": {"Simple": ([0.9, 0.6, 0.7], [1.0, 0.8, 0.95]), "Medium-1": ([0.5], [0.9])},
    "another": {"Medium-1": ([0.5, 0.6], [0.85, 0.9])},
}


def test_tradeoff_curves_are_sorted_and_share_colors_between_panels():
    figure = tradeoff_curves(PANELS, title="t", samples=100, points={"another": {"real": (0.5, 0.99)}})
    first, second = figure.axes
    simple, medium = first.lines
    assert simple.get_xdata().tolist() == [0.6, 0.7, 0.9]
    # Without an error among 100 samples, half an error is drawn.
    np.testing.assert_allclose(simple.get_ydata(), [0.8, 0.95, 0.995])
    assert second.lines[0].get_color() == medium.get_color() != simple.get_color()
    assert second.lines[1].get_marker() == "*"
    assert [text.get_text() for text in second.get_legend().get_texts()] == ["Simple", "Medium-1", "real"]


def test_reported_points_are_in_every_panel():
    figure = tradeoff_curves(PANELS, title="t", samples=100, reported={"the report": (0.92, 0.995)})
    assert all(axes.lines[-1].get_xdata().tolist() == [0.92] for axes in figure.axes)


def test_accuracy_scale_is_logarithmic_in_the_error():
    figure = tradeoff_curves({"panel": {"a": ([0.5, 0.6, 0.7], [0.9, 0.99, 0.999])}}, title="t", samples=10_000)
    (axes,) = figure.axes
    heights = axes.transData.transform(np.stack([[0.5] * 3, [0.9, 0.99, 0.999]], axis=1))[:, 1]
    assert np.diff(heights)[0] == pytest.approx(np.diff(heights)[1], rel=1e-6)


def test_four_panels_are_in_two_rows_of_at_most_1400_pixels():
    panels = {f"panel {index}": PANELS["another"] for index in range(4)}
    figure = tradeoff_curves(panels, title="t", samples=100)
    figure_pixels(figure)
    corners = np.array([axes.get_position().p0 for axes in figure.axes])
    assert corners[0, 1] == corners[1, 1] > corners[2, 1] == corners[3, 1]
    assert corners[0, 0] == pytest.approx(corners[2, 0]) and figure.get_size_inches()[0] * figure.dpi <= 1400
    assert [axes.get_legend() is not None for axes in figure.axes] == [False, True, False, False]


@pytest.mark.parametrize(
    "panels",
    [
        {},
        {"panel": {}},
        {"panel": {"a": ([0.5], [0.5, 0.6])}},
        {"panel": {"a": ([0.5], [1.5])}},
        {"panel": {"a": ([float("nan")], [0.5])}},
    ],
)
def test_tradeoff_curves_of_invalid_values_raise(panels):
    with pytest.raises(InputError, match=THREE_PARTS):
        tradeoff_curves(panels, title="t", samples=10)
