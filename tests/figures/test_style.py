"""Figure style: a color-blind safe palette, text wrapping, isolation of matplotlib settings."""

from __future__ import annotations

import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib._pylab_helpers import Gcf

from tfvae.figures import curves, figure_pixels
from tfvae.figures.style import MARKERS, PALETTE, new_figure, text_width, wrapped

# Machado, Oliveira and Fernandes 2009, table 1, severity 1.0, for linear RGB.
VISION = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
# Ottosson 2020, "A perceptual color space for image processing".
LMS = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def oklab(color, vision):
    encoded = np.array([int(color[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(vision) @ linear, 0, 1)
    return 100 * np.asarray(LAB) @ np.cbrt(np.asarray(LMS) @ seen)


@pytest.mark.parametrize("vision", VISION.values(), ids=VISION.keys())
def test_palette_colors_are_distinguishable_on_white(vision):
    places = [oklab(color, vision) for color in (*PALETTE, "#ffffff")]
    assert len(PALETTE) == len(MARKERS) == 10
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(places, 2)) > 14


def test_oklab_of_white_matches_definition():
    np.testing.assert_allclose(oklab("#ffffff", np.eye(3)), [100, 0, 0], atol=1e-3)


def test_new_figure_has_exact_size_in_pixels():
    # 441 / 110 * 110 is a little under 441 in floating point.
    for size in ((441, 28), (448, 29), (820, 470)):
        assert figure_pixels(new_figure(*size)).shape == (size[1], size[0], 3)


def test_wrapped_text_fits_its_width():
    text = "one two three four five six seven eight nine ten\nand a line of its own"
    fitted = wrapped(text, width=120, points=10)
    assert text_width(fitted, points=10) <= 120 < text_width(text, points=10)
    assert fitted.split() == text.split()
    assert wrapped("short", width=120, points=10) == "short"


def test_text_width_scales_with_font_size():
    assert text_width("width", points=20) == pytest.approx(2 * text_width("width", points=10), rel=0.05)
    assert text_width("", points=10) == 0.0


def test_figures_leave_pyplot_and_settings_unchanged():
    before = dict(matplotlib.rcParams)
    curves({"loss": [2.0, 1.0]}, title="t", xlabel="epoch", ylabel="nats")
    assert dict(matplotlib.rcParams) == before
    assert not Gcf.figs


def test_figures_ignore_settings_of_the_caller():
    def picture():
        return figure_pixels(curves({"loss": [2.0, 1.0]}, title="t", xlabel="epoch", ylabel="nats"))

    with matplotlib.rc_context({"font.size": 20, "axes.grid": False, "axes.facecolor": "black"}):
        dark = picture()
    np.testing.assert_array_equal(dark, picture())
