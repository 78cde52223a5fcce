"""Quality against size: positions and labels of the points."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.figures import quality_against_size

SERIES = {"GAN": [("small", 1e4, 20.0), ("large", 1e6, 3.0)], "VAE": [("only", 2e5, 30.0)]}
LABELS = {"title": "Quality", "xlabel": "parameters", "ylabel": "FID ratio"}


def test_quality_against_size_draws_and_labels_points():
    figure = quality_against_size(SERIES, **LABELS, reference=1.0, reference_label="real images")
    (axes,) = figure.axes
    drawn = {line.get_label(): line.get_xydata() for line in axes.lines}
    np.testing.assert_array_equal(drawn["GAN"], [[1e4, 20.0], [1e6, 3.0]])
    np.testing.assert_array_equal(drawn["VAE"], [[2e5, 30.0]])
    assert "real images: 1" in drawn and set(drawn["real images: 1"][:, 1]) == {1.0}
    assert [text.get_text() for text in axes.texts] == ["small", "large", "only"]
    assert axes.get_xscale() == axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert low < 1.0 and high > 30.0


@pytest.mark.parametrize("points", [[], [("a", 0.0, 1.0)], [("a", 1.0, float("nan"))], [("a", 1.0, -1.0)]])
def test_quality_against_size_of_nonpositive_values_raises(points):
    with pytest.raises(InputError, match=THREE_PARTS):
        quality_against_size({"GAN": points}, **LABELS)
