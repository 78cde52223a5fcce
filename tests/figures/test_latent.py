"""Latent scatter plots: points, colors, names, shares of variance, the 3-D view."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgba_array

from tfvae.errors import InputError
from tfvae.figures import figure_pixels, latent, latent_scatter
from tfvae.figures.latent import best_view
from tfvae.figures.style import PALETTE

THREE_PARTS = r"(?s)^Expected .+\. Received: .+\. [A-Z].+\.$"
CODES = np.random.default_rng(0).standard_normal((60, 2))
LABELS = np.arange(60) % 3
NAMES = ("zero", "one", "two", "never")


def drawn_points(axes):
    return np.concatenate([np.asarray(points.get_offsets()) for points in axes.collections])


def test_latent_scatter_colors_points_by_class():
    figure = latent_scatter(CODES, LABELS, NAMES, title="Codes", subtitle="vanilla-2")
    (axes,) = figure.axes
    points = drawn_points(axes)
    colors = np.concatenate([scatter.get_facecolors() for scatter in axes.collections])
    expected = to_rgba_array([PALETTE[label] for label in LABELS])
    for code, color in zip(CODES, expected, strict=True):
        (row,) = np.flatnonzero((points == code).all(axis=1))
        np.testing.assert_array_equal(colors[row, :3], color[:3])
    assert len(points) == 60 and axes.get_aspect() == 1
    assert axes.get_xlabel() == "latent dimension 1 (dimensionless)"
    assert [text.get_text() for text in figure.texts][:2] == ["Codes", "vanilla-2"]


def test_legend_lists_occurring_classes():
    figure = latent_scatter(CODES, LABELS, NAMES, title="t")
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["zero", "one", "two"]
    assert legend.get_title().get_text() == "class"


def test_class_names_are_at_the_medians():
    codes = np.array([[-5.0, 0.0], [-5.0, 2.0], [-5.0, 100.0], [5.0, 0.0], [5.0, 1.0], [5.0, 2.0]])
    figure = latent_scatter(codes, np.repeat([0, 1], 3), ("left", "right"), title="t")
    (axes,) = figure.axes
    figure_pixels(figure)
    places = {text.get_text(): text.get_position() for text in figure.texts}
    for name, median in (("left", (-5, 2)), ("right", (5, 1))):
        x, y = figure.transFigure.inverted().transform(axes.transData.transform(median))
        assert places[name] == pytest.approx((x, y), abs=1e-3)


def test_overlapping_class_names_are_omitted():
    codes = np.concatenate([CODES[:20], CODES[:20] + 1e-6, CODES[:20] + np.array([50, 0])])
    figure = latent_scatter(codes, np.repeat([0, 1, 2], 20), NAMES, title="t")
    written = [text.get_text() for text in figure.texts]
    assert ("zero" in written) != ("one" in written) and "two" in written


def test_principal_components_match_hand_computed_values():
    # Orthogonal columns of variances 1, 6, 3 and 0: components 2 and 3 hold 60 % and 30 %.
    signs = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    codes = np.column_stack([signs * np.sqrt([1, 6, 3]), np.zeros(4)]) + 7
    figure = latent_scatter(codes, np.zeros(4, int), ("all",), title="t")
    (axes,) = figure.axes
    assert axes.get_xlabel() == "principal component 1 (60% of variance)"
    assert axes.get_ylabel() == "principal component 2 (30% of variance)"
    found = drawn_points(axes)
    expected = signs[:, 1:] * np.sqrt([6, 3])
    np.testing.assert_allclose(found[np.lexsort(found.T)], expected[np.lexsort(expected.T)], atol=1e-12)


def test_3d_scatter_has_equal_axes():
    codes = np.column_stack([CODES, 3 * CODES[:, 0] + CODES[:, 1] ** 2])
    figure = latent_scatter(codes, LABELS, NAMES, title="t")
    (axes,) = figure.axes
    widths = [np.ptp(limits) for limits in (axes.get_xlim(), axes.get_ylim(), axes.get_zlim())]
    # Only the ratios of the box are public nowhere; matplotlib scales them together.
    box = np.array(axes._box_aspect)
    np.testing.assert_allclose(np.array(widths) / widths[0], box / box[0], rtol=1e-6)
    assert axes.get_zlabel() == "latent dimension 3 (dimensionless)"


def test_3d_scatter_and_labels_are_inside_the_figure():
    codes = np.column_stack([CODES * [1, 20], CODES[:, 0] ** 3])
    figure = latent_scatter(codes, LABELS, NAMES, title="t")
    picture = figure_pixels(figure)
    edge = np.concatenate([picture[-2:].reshape(-1, 3), picture[:, :2].reshape(-1, 3), picture[:, -2:].reshape(-1, 3)])
    assert (edge == 255).all()


def test_best_view_looks_along_the_direction_of_overlap():
    # Classes lie at -1 and 1 along azimuth 30 degrees, smeared over +-30 along azimuth 120: seen from -60 degrees,
    # which looks along the smear, they are two spots.
    turn = np.deg2rad(30)
    apart, smear = np.array([np.cos(turn), np.sin(turn), 0]), np.array([-np.sin(turn), np.cos(turn), 0])
    along = np.linspace(-30, 30, 41)[:, np.newaxis] * smear
    places = np.concatenate([along - apart, along + apart])
    assert best_view(places, np.repeat([0, 1], 41))[1] == -60


def test_latent_scatter_of_many_codes_draws_a_random_subset(monkeypatch):
    monkeypatch.setattr(latent, "MOST_POINTS", 2000)
    codes = np.random.default_rng(0).standard_normal((8000, 2))
    # Every fourth code is of class 0: evenly spaced codes would all be of one class.
    labels = np.where(np.arange(8000) % 4 == 0, 0, 1)
    figure = latent_scatter(codes, labels, NAMES, title="t", subtitle="s")
    assert figure.texts[1].get_text() == "s; 2,000 of 8,000 codes"
    points = drawn_points(figure.axes[0])
    assert len(points) == len(np.unique(points, axis=0)) == 2000
    colors = np.concatenate([scatter.get_facecolors() for scatter in figure.axes[0].collections])
    of_first = np.mean((colors[:, :3] == to_rgba_array(PALETTE[0])[0, :3]).all(axis=1))
    assert of_first == pytest.approx(0.25, abs=4 * 0.01)


def test_more_than_ten_classes_have_different_markers():
    labels = np.arange(60) % 12
    figure = latent_scatter(CODES, labels, [str(label) for label in range(12)], title="t")
    handles = figure.legends[0].legend_handles
    looks = {(handle.get_color(), handle.get_marker()) for handle in handles}
    assert len(handles) == len(looks) == 12
    first, second = figure.axes[0].collections
    assert len(first.get_offsets()) == 50 and len(second.get_offsets()) == 10
    assert first.get_paths()[0].vertices.shape != second.get_paths()[0].vertices.shape


def test_identical_codes_can_be_drawn():
    for dimensions in (2, 3, 5):
        figure_pixels(latent_scatter(np.ones((4, dimensions)), np.zeros(4, int), ("all",), title="t"))


WRONG = {
    "one dimension": lambda: latent_scatter(CODES[:, :1], LABELS, NAMES, title="t"),
    "no points": lambda: latent_scatter(CODES[:0], LABELS[:0], NAMES, title="t"),
    "NaN codes": lambda: latent_scatter(np.full((60, 2), np.nan), LABELS, NAMES, title="t"),
    "labels too short": lambda: latent_scatter(CODES, LABELS[1:], NAMES, title="t"),
    "labels of floats": lambda: latent_scatter(CODES, LABELS / 1, NAMES, title="t"),
    "a label without name": lambda: latent_scatter(CODES, LABELS, NAMES[:2], title="t"),
    "a negative label": lambda: latent_scatter(CODES, LABELS - 1, NAMES, title="t"),
    "four dimensions": lambda: latent_scatter(np.ones((60, 5)), LABELS, NAMES, title="t", dimensions=4),
    "more dimensions than there are": lambda: latent_scatter(CODES, LABELS, NAMES, title="t", dimensions=3),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG.keys())
def test_invalid_arguments_raise(call):
    with pytest.raises(InputError, match=THREE_PARTS):
        call()
