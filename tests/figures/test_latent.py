"""Latent scatter plots: points, colors, names, shares of variance, the 3-D view."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgba_array

from tfvae.errors import InputError
from tfvae.figures import figure_pixels, latent_scatter
from tfvae.figures.latent import best_view
from tfvae.figures.style import PALETTE

THREE_PARTS = r"(?s)^Expected .+\. Received: .+\. [A-Z].+\.$"
CODES = np.random.default_rng(0).standard_normal((60, 2))
LABELS = np.arange(60) % 3
NAMES = ("zero", "one", "two", "never")


def drawn_points(axes):
    return np.concatenate([np.asarray(points.get_offsets()) for points in axes.collections])


def test_every_point_is_drawn_in_the_color_of_its_class():
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


def test_the_legend_names_the_classes_that_occur():
    figure = latent_scatter(CODES, LABELS, NAMES, title="t")
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["zero", "one", "two"]
    assert legend.get_title().get_text() == "class"


def test_class_names_stand_at_the_medians():
    codes = np.array([[-5.0, 0.0], [-5.0, 2.0], [-5.0, 100.0], [5.0, 0.0], [5.0, 1.0], [5.0, 2.0]])
    figure = latent_scatter(codes, np.repeat([0, 1], 3), ("left", "right"), title="t")
    (axes,) = figure.axes
    figure_pixels(figure)
    places = {text.get_text(): text.get_position() for text in figure.texts}
    for name, median in (("left", (-5, 2)), ("right", (5, 1))):
        x, y = figure.transFigure.inverted().transform(axes.transData.transform(median))
        assert places[name] == pytest.approx((x, y), abs=1e-3)


def test_names_that_would_overlap_are_left_to_the_legend():
    codes = np.concatenate([CODES[:20], CODES[:20] + 1e-6, CODES[:20] + np.array([50, 0])])
    figure = latent_scatter(codes, np.repeat([0, 1, 2], 20), NAMES, title="t")
    written = [text.get_text() for text in figure.texts]
    assert ("zero" in written) != ("one" in written) and "two" in written


def test_components_and_their_shares_by_hand():
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


def test_three_dimensions_have_equal_axes():
    codes = np.column_stack([CODES, 3 * CODES[:, 0] + CODES[:, 1] ** 2])
    figure = latent_scatter(codes, LABELS, NAMES, title="t")
    (axes,) = figure.axes
    widths = [np.ptp(limits) for limits in (axes.get_xlim(), axes.get_ylim(), axes.get_zlim())]
    # Only the ratios of the box are public nowhere; matplotlib scales them together.
    box = np.array(axes._box_aspect)
    np.testing.assert_allclose(np.array(widths) / widths[0], box / box[0], rtol=1e-6)
    assert axes.get_zlabel() == "latent dimension 3 (dimensionless)"


def test_a_solid_view_and_its_labels_stay_inside_the_figure():
    codes = np.column_stack([CODES * [1, 20], CODES[:, 0] ** 3])
    figure = latent_scatter(codes, LABELS, NAMES, title="t")
    picture = figure_pixels(figure)
    edge = np.concatenate([picture[-2:].reshape(-1, 3), picture[:, :2].reshape(-1, 3), picture[:, -2:].reshape(-1, 3)])
    assert (edge == 255).all()


def test_the_view_looks_along_the_confusing_direction():
    # Classes lie at -1 and 1 along azimuth 30 degrees, smeared over +-30 along azimuth 120: seen from -60 degrees,
    # which looks along the smear, they are two spots.
    turn = np.deg2rad(30)
    apart, smear = np.array([np.cos(turn), np.sin(turn), 0]), np.array([-np.sin(turn), np.cos(turn), 0])
    along = np.linspace(-30, 30, 41)[:, np.newaxis] * smear
    places = np.concatenate([along - apart, along + apart])
    assert best_view(places, np.repeat([0, 1], 41))[1] == -60


def test_many_codes_are_thinned_and_that_is_said():
    figure = latent_scatter(CODES, LABELS, NAMES, title="t", subtitle="s", points=21)
    assert len(drawn_points(figure.axes[0])) == 21
    assert figure.texts[1].get_text() == "s; 21 of 60 codes"


def test_more_classes_than_colors_get_other_markers():
    labels = np.arange(60) % 12
    figure = latent_scatter(CODES, labels, [str(label) for label in range(12)], title="t")
    handles = figure.legends[0].legend_handles
    looks = {(handle.get_color(), handle.get_marker()) for handle in handles}
    assert len(handles) == len(looks) == 12
    first, second = figure.axes[0].collections
    assert len(first.get_offsets()) == 50 and len(second.get_offsets()) == 10
    assert first.get_paths()[0].vertices.shape != second.get_paths()[0].vertices.shape


def test_codes_at_one_point_can_be_drawn():
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
    "no points to draw": lambda: latent_scatter(CODES, LABELS, NAMES, title="t", points=0),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_input_is_refused_with_three_parts(call):
    with pytest.raises(InputError, match=THREE_PARTS):
        call()
