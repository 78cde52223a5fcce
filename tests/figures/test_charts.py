"""Line charts: values, line styles, legends, labels."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.figures import curves, figure_pixels, leveled_curves, metric_curves

THREE_PARTS = r"(?s)^Expected .+\. Received: .+\. [A-Z].+\.$"
HISTORY = {"loss": [5.0, 4.0, 3.0], "kl": [1.0, float("inf"), 2.0], "val_loss": [6.0, 5.0, 4.0]}
WORDS = {"title": "Title", "xlabel": "epoch", "ylabel": "loss (nats per image)"}
FACTORS = [1.0, 1.5, 3.0]
VALUES = {"accuracy": [0.9, 0.95, 0.99], "cosine": [0.6, 0.7, 0.8]}


def legend_of(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_curves_draw_validation_dashed_in_the_color_of_training():
    figure = curves(HISTORY, **WORDS)
    (axes,) = figure.axes
    loss, val_loss, kl = axes.lines
    assert (loss.get_linestyle(), val_loss.get_linestyle()) == ("-", "--")
    assert loss.get_color() == val_loss.get_color() != kl.get_color()
    np.testing.assert_array_equal(loss.get_xydata(), [[1, 5], [2, 4], [3, 3]])
    np.testing.assert_array_equal(val_loss.get_ydata(), [6, 5, 4])
    np.testing.assert_array_equal(kl.get_ydata(), [1, np.nan, 2])
    assert legend_of(axes) == ["loss", "kl", "training", "validation"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss (nats per image)")
    assert figure.texts[0].get_text() == "Title"


def test_panels_have_separate_scales():
    figure = curves(HISTORY, panels=True, **WORDS)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["loss", "kl"]
    assert [len(axes.lines) for axes in figure.axes] == [2, 1]
    assert figure.axes[0].get_ylim() != figure.axes[1].get_ylim()
    assert legend_of(figure.axes[1]) == ["training", "validation"]


def test_curves_of_validation_only():
    (axes,) = curves({"val_fid": [3.0, 2.0]}, **WORDS).axes
    (line,) = axes.lines
    assert line.get_linestyle() == "--" and legend_of(axes) == ["fid", "training", "validation"]


def test_metric_curves_draw_metrics_and_real_data():
    figure = metric_curves(FACTORS, VALUES, references={"cosine": 0.538}, **WORDS)
    (axes,) = figure.axes
    accuracy, cosine, level = axes.lines
    np.testing.assert_array_equal(accuracy.get_xydata(), np.column_stack([FACTORS, VALUES["accuracy"]]))
    np.testing.assert_array_equal(cosine.get_xydata(), np.column_stack([FACTORS, VALUES["cosine"]]))
    assert level.get_linestyle() == "--" and level.get_ydata()[0] == 0.538
    assert level.get_color() == cosine.get_color() != accuracy.get_color()
    assert legend_of(axes) == ["accuracy", "cosine", "cosine, real data"]
    assert axes.get_xticks().tolist() == FACTORS
    figure_pixels(figure)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "1.5", "3"]


def test_layout_is_frozen_after_drawing():
    figure = curves(HISTORY, **WORDS)
    before = figure.axes[0].get_position().bounds
    figure.axes[0].set_ylabel("a label\nof many\nmore lines")
    figure_pixels(figure)
    assert figure.axes[0].get_position().bounds == before


WRONG = {
    "no series": lambda: curves({}, **WORDS),
    "an empty series": lambda: curves({"loss": []}, **WORDS),
    "a number and no list": lambda: curves({"loss": 1.0}, **WORDS),
    "text": lambda: curves({"loss": ["high"]}, **WORDS),
    "curves: no metric": lambda: metric_curves(FACTORS, {}, **WORDS),
    "curves: no factors": lambda: metric_curves([], VALUES, **WORDS),
    "curves: NaN factors": lambda: metric_curves([1.0, np.nan, 2.0], VALUES, **WORDS),
    "curves: another length": lambda: metric_curves(FACTORS[:2], VALUES, **WORDS),
    "curves: unknown references": lambda: metric_curves(FACTORS, VALUES, references={"fid": 1.0}, **WORDS),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG.keys())
def test_invalid_arguments_raise(call):
    with pytest.raises(InputError, match=THREE_PARTS):
        call()


def test_leveled_curves_draw_series_and_horizontal_lines():
    series = {"often": ([0.5, 1.0, 1.5], [0.5, 0.5, 2.0]), "each epoch": ([1, 2], [0.2, float("nan")])}
    (axes,) = leveled_curves(series, {"threshold": 0.5, "limit": 2.3}, **WORDS).axes
    often, epochs, threshold, limit = axes.lines
    np.testing.assert_array_equal(often.get_xydata(), [[0.5, 0.5], [1.0, 0.5], [1.5, 2.0]])
    np.testing.assert_array_equal(epochs.get_ydata(), [0.2, np.nan])
    assert (threshold.get_ydata()[0], limit.get_ydata()[0]) == (0.5, 2.3)
    assert threshold.get_linestyle() != limit.get_linestyle()
    assert legend_of(axes) == ["often", "each epoch", "threshold", "limit"]


@pytest.mark.parametrize("series", [{}, {"a": ([1, 2], [1.0])}, {"a": ([], [])}])
def test_leveled_curves_of_invalid_series_raise(series):
    with pytest.raises(InputError, match=THREE_PARTS):
        leveled_curves(series, {}, **WORDS)
