"""Figure files: reproducible bytes, encodings, atomic writes."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from tfvae.errors import InputError
from tfvae.figures import curves, figure_pixels, latent_scatter, sample_sheet, save_figure, save_image_grid


def small_figure():
    return curves({"loss": [3.0, 2.0, 1.5]}, title="A loss", xlabel="epoch", ylabel="nats per image")


def scatter_figure():
    codes = np.random.default_rng(0).standard_normal((40, 3))
    return latent_scatter(codes, np.arange(40) % 4, "abcd", title="Codes")


def noise_figure():
    images = np.random.default_rng(0).integers(0, 256, (36, 56, 56, 3), dtype=np.uint8)
    return sample_sheet(images, columns=6, title="Noise")


@pytest.mark.parametrize("figure", [small_figure, noise_figure, scatter_figure], ids=lambda figure: figure.__name__)
def test_save_figure_of_equal_figures_gives_equal_bytes(tmp_path, figure):
    first = save_figure(figure(), tmp_path / "first.png").read_bytes()
    second = save_figure(figure(), tmp_path / "new" / "second.png").read_bytes()
    assert first == second
    assert first != save_figure(new_title(), tmp_path / "third.png").read_bytes()


def new_title():
    return curves({"loss": [3.0, 2.0, 1.5]}, title="Another", xlabel="epoch", ylabel="nats per image")


@pytest.mark.parametrize("figure", [small_figure, noise_figure, scatter_figure], ids=lambda figure: figure.__name__)
def test_figure_pixels_are_repeatable(figure):
    drawn = figure()
    np.testing.assert_array_equal(figure_pixels(drawn), figure_pixels(drawn))


def test_figure_with_gray_images_is_stored_without_loss_in_one_channel(tmp_path):
    figure = sample_sheet(np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1), columns=1, title="Gray")
    with Image.open(save_figure(figure, tmp_path / "figure.png")) as image:
        assert image.mode == "L" and image.info == {}
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), figure_pixels(figure))


def test_figure_with_color_images_is_stored_without_loss(tmp_path):
    figure = noise_figure()
    with Image.open(save_figure(figure, tmp_path / "figure.png")) as image:
        assert image.mode == "RGB" and image.info == {}
        np.testing.assert_array_equal(np.asarray(image), figure_pixels(figure))


@pytest.mark.parametrize("figure", [small_figure, scatter_figure], ids=lambda figure: figure.__name__)
def test_chart_is_stored_in_a_palette_of_full_size_and_nearly_equal_colors(tmp_path, figure):
    exact = figure_pixels(figure()).astype(int)
    path = save_figure(figure(), tmp_path / "figure.png")
    with Image.open(path) as image:
        assert image.mode == "P"
        stored = np.asarray(image.convert("RGB")).astype(int)
    assert stored.shape == exact.shape
    # On average far less than one of 255 levels; white stays white.
    assert np.abs(stored - exact).mean() < 0.5
    assert (stored[(exact == 255).all(axis=2)] >= 254).all()


def test_image_grid_file_is_enlarged_by_a_whole_factor(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), dtype=np.uint8)
    with Image.open(save_image_grid(images, tmp_path / "grid.png", columns=3)) as image:
        assert image.mode == "L"
        pixels = np.asarray(image)
    assert pixels.shape == (2 * 56 + 2, 3 * 56 + 2 * 2)
    np.testing.assert_array_equal(pixels[58:, 58:114], images[4, :, :, 0].repeat(2, axis=0).repeat(2, axis=1))


@pytest.mark.parametrize(
    ("side", "columns", "width"), [(64, 2, 2 * 64 + 2), (20, 3, 3 * 60 + 4), (28, 40, 40 * 28 + 78)]
)
def test_image_grid_file_of_large_or_many_images_is_not_too_wide(tmp_path, side, columns, width):
    images = np.zeros((columns, side, side, 3), np.uint8)
    with Image.open(save_image_grid(images, tmp_path / "grid.png", columns=columns)) as image:
        assert image.size[0] == width and image.mode == "RGB"


def test_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")

    def fail(source, target):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_figure(small_figure(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["figure.jpg", "figure"])
def test_path_without_png_suffix_raises(tmp_path, name):
    with pytest.raises(InputError, match=r"^Expected .+\. Received: .+\. [A-Z].+\.$"):
        save_figure(small_figure(), tmp_path / name)
