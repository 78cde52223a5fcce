"""Figure files: reproducible bytes, encodings, atomic writes."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from tfvae.errors import InputError
from tfvae.figures import curves, figure_pixels, latent_scatter, sample_sheet, save_figure


def small_figure():
    return curves({"loss": [3.0, 2.0, 1.5]}, title="A loss", xlabel="epoch", ylabel="nats per image")


def scatter_figure():
    codes = np.random.default_rng(0).standard_normal((40, 3))
    return latent_scatter(codes, np.arange(40) % 4, "abcd", title="Codes")


def noise_figure():
    images = np.random.default_rng(0).integers(0, 256, (36, 56, 56, 3), dtype=np.uint8)
    return sample_sheet(images, columns=6, title="Noise")


@pytest.mark.parametrize("figure", [small_figure, noise_figure, scatter_figure], ids=lambda figure: figure.__name__)
def test_the_same_input_gives_the_same_bytes(tmp_path, figure):
    first = save_figure(figure(), tmp_path / "first.png").read_bytes()
    second = save_figure(figure(), tmp_path / "new" / "second.png").read_bytes()
    assert first == second
    assert first != save_figure(new_title(), tmp_path / "third.png").read_bytes()


def new_title():
    return curves({"loss": [3.0, 2.0, 1.5]}, title="Another", xlabel="epoch", ylabel="nats per image")


@pytest.mark.parametrize("figure", [small_figure, noise_figure, scatter_figure], ids=lambda figure: figure.__name__)
def test_drawing_again_changes_no_pixel(figure):
    drawn = figure()
    np.testing.assert_array_equal(figure_pixels(drawn), figure_pixels(drawn))


def test_a_file_holds_the_pixels_and_no_date(tmp_path):
    figure = small_figure()
    with Image.open(save_figure(figure, tmp_path / "figure.png")) as image:
        np.testing.assert_array_equal(np.asarray(image), figure_pixels(figure))
        assert image.info == {}


def test_a_large_figure_is_reduced_to_the_limit(tmp_path):
    full = save_figure(noise_figure(), tmp_path / "full.png", largest=10**9)
    assert full.stat().st_size > 300_000
    reduced = save_figure(noise_figure(), tmp_path / "reduced.png")
    assert reduced.stat().st_size <= 300_000
    with Image.open(full) as original, Image.open(reduced) as image:
        assert image.width / image.height == pytest.approx(original.width / original.height, rel=0.01)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")

    def fail(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_figure(small_figure(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("name", "largest"), [("figure.jpg", 300_000), ("figure", 300_000), ("figure.png", 0)])
def test_a_wrong_target_is_refused(tmp_path, name, largest):
    with pytest.raises(InputError, match=r"^Expected .+\. Received: .+\. [A-Z].+\.$"):
        save_figure(small_figure(), tmp_path / name, largest=largest)
