"""Image sheets: exact positions, captions, frames."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.figures import (
    class_examples,
    figure_pixels,
    gaussian_means,
    interpolation_sheet,
    reconstructions,
    sample_comparison,
    sample_sheet,
)
from tfvae.figures.layout import Sheet
from tfvae.figures.style import WARNING

THREE_PARTS = r"(?s)^Expected .+\. Received: .+\. [A-Z].+\.$"
# 8 x 8 pixels are drawn 7 times as large, 56 x 56, each with 3 pixels of frame around and 3 to the next frame.
ZOOM, PITCH = 7, 56 + 2 * 3 + 3
IMAGES = np.random.default_rng(0).integers(0, 200, (6, 8, 8, 1), dtype=np.uint8)
WARNING_RGB = [int(WARNING[start : start + 2], 16) for start in (1, 3, 5)]


def corner_of(image, picture, *, zoom=ZOOM):
    """Top and left of the only place where the picture shows the image, enlarged and unblurred."""
    large = np.broadcast_to(image, (*image.shape[:2], 3)).repeat(zoom, axis=0).repeat(zoom, axis=1)
    height, width = large.shape[:2]
    starts = np.argwhere((picture[: 1 - height, : 1 - width] == large[0, 0]).all(axis=2))
    found = [(y, x) for y, x in starts if np.array_equal(picture[y : y + height, x : x + width], large)]
    assert len(found) == 1
    return np.array(found[0])


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts] + [t.get_text() for t in figure.texts]


def test_sample_sheet_is_in_reading_order():
    figure = sample_sheet(IMAGES[:5], columns=3, title="Digits", subtitle="of two kinds")
    picture = figure_pixels(figure)
    first = corner_of(IMAGES[0], picture)
    for index in range(5):
        expected = first + PITCH * np.array(divmod(index, 3))
        np.testing.assert_array_equal(corner_of(IMAGES[index], picture), expected)
    assert texts(figure) == ["Digits", "of two kinds"]


@pytest.mark.parametrize("frames", [[False, True, False, False], [True, False, True, True]])
def test_frames_are_around_the_marked_images_only(frames):
    frames = np.array(frames)
    figure = sample_sheet(IMAGES[:4], columns=2, title="t", frames=frames)
    picture = figure_pixels(figure)
    for index, framed in enumerate(frames):
        y, x = corner_of(IMAGES[index], picture)
        ring = np.full((62, 62), True)
        ring[3:59, 3:59] = False
        around = picture[y - 3 : y + 59, x - 3 : x + 59][ring]
        np.testing.assert_array_equal(around, np.tile(WARNING_RGB if framed else [255] * 3, (ring.sum(), 1)))
    assert f"classifier confidence below 0.5: {frames.sum()} of 4" in [
        text.replace("\n", " ") for text in texts(figure)
    ]


def test_row_and_column_labels_are_beside_their_images():
    figure = sample_sheet(
        IMAGES, columns=3, title="t", row_labels=["upper", "lower"], column_labels=["left", "middle", "right"]
    )
    picture = figure_pixels(figure)
    corners = [corner_of(image, picture) for image in IMAGES]
    places = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    for label, index in (("upper", 0), ("lower", 3)):
        assert places[label][0] < corners[index][1] and places[label][1] == corners[index][0] + 28
    for label, index in (("left", 0), ("middle", 1), ("right", 2)):
        assert places[label][0] == corners[index][1] + 28 and places[label][1] < corners[index][0]


def test_long_captions_do_not_overlap():
    names = ["a name far wider than its image", "b name far wider than its image", "c name far wider than its image"]
    figure = class_examples(IMAGES[:3], np.arange(3), names, columns=3)
    picture = figure_pixels(figure)
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert boxes[0].x1 < boxes[1].x0 and boxes[1].x1 < boxes[2].x0
    for image, text in zip(IMAGES, figure.axes[0].texts, strict=False):
        top, left = corner_of(image, picture, zoom=10)
        x, y = text.get_position()
        assert x == left + 40 and top + 80 < y < top + 80 + 10


def test_large_images_are_reduced_with_their_aspect_ratio():
    wide = np.zeros((1, 100, 200, 3), np.uint8)
    picture = figure_pixels(sample_sheet(wide, columns=1, title=" "))
    black = np.argwhere((picture == 0).all(axis=2))
    assert (black.max(axis=0) - black.min(axis=0) + 1).tolist() == [56, 112]


def test_reduced_images_fit_the_pixels_of_a_sheet():
    def width(count, sheets=1):
        return Sheet(np.zeros((count, 300, 300, 1), np.uint8), 10, sheets=sheets).zoomed().shape[2]

    # 160,000 pixels: 40 images of 63 x 63; at most 2 * 56 wide, and never less than 56.
    assert (width(40), width(4), width(1000)) == (63, 112, 56)
    assert width(10, sheets=4) == width(40)


def test_sheets_side_by_side_are_aligned_and_titled():
    title = "A title so long that it must be wrapped over this narrow sheet"
    figure = sample_comparison({"short": IMAGES[:2], title: IMAGES[2:4]}, columns=2, title="t")
    tops, lefts = np.transpose([corner_of(image, figure_pixels(figure)) for image in IMAGES[:4]])
    assert len(set(tops)) == 1 and (np.diff(lefts) > 56).all()
    found = texts(figure)
    assert "short" in found and title in [text.replace("\n", " ") for text in found]


def test_sheets_too_wide_for_one_row_are_in_balanced_rows():
    # Four sheets of 8 columns: 8 * 65 + 34 pixels each, two of them in 1,400.
    sheets = {str(index): np.roll(IMAGES, index, axis=1)[:1].repeat(8, axis=0) for index in range(4)}
    figure = sample_comparison(sheets, columns=8, title="t")
    assert figure_pixels(figure).shape[1] <= 1400
    positions = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = (positions[str(index)] for index in range(4))
    assert y0 == y1 < y2 == y3 and x0 == x2 < x1 == x3


def test_class_examples_show_the_first_image_of_each_class():
    labels = np.array([1, 1, 0, 2, 0, 2])
    figure = class_examples(IMAGES, labels, ["zero", "one", "two"], columns=3)
    picture = figure_pixels(figure)
    # 84 pixels wide: 8 pixels are drawn 10 (84 / 8, rounded) times as large.
    corners = [corner_of(IMAGES[index], picture, zoom=10) for index in (2, 0, 3)]
    assert corners[0][1] < corners[1][1] < corners[2][1]
    assert texts(figure)[:3] == ["zero", "one", "two"]


def test_gaussian_means_are_ordered_by_class():
    figure = gaussian_means(IMAGES[:3], np.array([7, 2, 5]), columns=3)
    picture = figure_pixels(figure)
    lefts = [corner_of(IMAGES[index], picture, zoom=10)[1] for index in (1, 2, 0)]
    assert lefts == sorted(lefts)
    assert texts(figure)[:3] == ["2", "5", "7"]


def test_reconstruction_is_below_its_original():
    figure = reconstructions(IMAGES[:3], 255 - IMAGES[:3], columns=2)
    picture = figure_pixels(figure)
    tops = []
    for image in IMAGES[:3]:
        above, below = corner_of(image, picture), corner_of(255 - image, picture)
        np.testing.assert_array_equal(below - above, [PITCH, 0])
        tops.append(above[0])
    assert tops[0] == tops[1] and tops[2] - tops[0] > 2 * PITCH
    assert texts(figure)[:4] == ["original", "reconstruction"] * 2
    # The cell beside the third pair is empty.
    y, x = corner_of(IMAGES[2], picture) + np.array([0, PITCH])
    assert (picture[y : y + 56, x : x + 56] == 255).all()


def test_interpolation_sheet_labels_its_steps():
    images = np.stack([IMAGES, IMAGES[::-1]])
    figure = interpolation_sheet(images[:1], title="t", row_labels=["3 to 8"])
    assert texts(figure)[:7] == ["\u03b1 = 0", "0.2", "0.4", "0.6", "0.8", "1", "3 to 8"]
    picture = figure_pixels(figure)
    lefts = [corner_of(image, picture)[1] for image in IMAGES]
    assert np.diff(lefts).tolist() == [PITCH] * 5


WRONG = {
    "floats": lambda: sample_sheet(IMAGES / 255, columns=2, title="t"),
    "no channel axis": lambda: sample_sheet(IMAGES[..., 0], columns=2, title="t"),
    "no columns": lambda: sample_sheet(IMAGES, columns=0, title="t"),
    "too many row labels": lambda: sample_sheet(IMAGES, columns=2, title="t", row_labels=["a"] * 4),
    "too few column labels": lambda: sample_sheet(IMAGES, columns=2, title="t", column_labels=["a"]),
    "frames of numbers": lambda: sample_sheet(IMAGES, columns=2, title="t", frames=np.ones(6)),
    "too few frames": lambda: sample_sheet(IMAGES, columns=2, title="t", frames=np.ones(5, bool)),
    "no sheets": lambda: sample_comparison({}, columns=2, title="t"),
    "a class without image": lambda: class_examples(IMAGES, np.zeros(6, int), ["zero", "one"]),
    "no classes": lambda: class_examples(IMAGES, np.zeros(6, int), []),
    "labels too short": lambda: class_examples(IMAGES, np.zeros(5, int), ["zero"]),
    "labels of floats": lambda: gaussian_means(IMAGES, np.zeros(6)),
    "a label without name": lambda: gaussian_means(IMAGES, np.arange(6), class_names=["zero"]),
    "unequal pairs": lambda: reconstructions(IMAGES, IMAGES[:3]),
    "reconstructions of floats": lambda: reconstructions(IMAGES, IMAGES / 255),
    "one step": lambda: interpolation_sheet(IMAGES[:, np.newaxis], title="t"),
    "steps not separated": lambda: interpolation_sheet(IMAGES, title="t"),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG.keys())
def test_invalid_arguments_raise(call):
    with pytest.raises(InputError, match=THREE_PARTS):
        call()
