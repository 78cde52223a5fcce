"""ImageData: validation, fingerprint, pixel conversions, subsets."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest

from tfvae.data import ImageData
from tfvae.errors import InputError

GRAY_LEVELS = np.arange(256, dtype=np.uint8)


def tiny(**changes) -> ImageData:
    fields = {
        "name": "tiny",
        "train_images": np.arange(3 * 2 * 2, dtype=np.uint8).reshape(3, 2, 2, 1),
        "train_labels": np.array([0, 1, 1]),
        "test_images": np.full((2, 2, 2, 1), 255, dtype=np.uint8),
        "test_labels": np.array([1, 0]),
        "class_names": ("circle", "square"),
    }
    return ImageData(**{**fields, **changes})


def test_image_shape_and_classes_match_the_arrays():
    data = tiny()
    assert data.image_shape == (2, 2, 1)
    assert data.classes == 2
    assert data.fallback_for is None


def test_fingerprint_is_sha256_of_dtype_shape_and_bytes_of_four_arrays():
    expected = hashlib.sha256(
        b"uint8(3, 2, 2, 1)"
        + bytes(range(12))
        + b"int64(3,)"
        + b"".join(n.to_bytes(8, "little") for n in (0, 1, 1))
        + b"uint8(2, 2, 2, 1)"
        + b"\xff" * 8
        + b"int64(2,)"
        + b"".join(n.to_bytes(8, "little") for n in (1, 0))
    )
    assert tiny().sha256 == expected.hexdigest()


def test_fingerprint_ignores_memory_layout_name_and_range():
    transposed = np.asfortranarray(tiny().train_images)
    assert tiny(train_images=transposed, name="other", value_range=(-1.0, 1.0)).sha256 == tiny().sha256


@pytest.mark.parametrize("field", ["train_images", "train_labels", "test_images", "test_labels"])
def test_fingerprint_depends_on_every_array(field):
    changed = getattr(tiny(), field).copy()
    changed.flat[0] ^= 1
    assert tiny(**{field: changed}).sha256 != tiny().sha256


def test_wrong_fingerprint_raises():
    assert tiny(sha256=tiny().sha256).sha256 == tiny().sha256
    with pytest.raises(InputError, match="fingerprint of the arrays"):
        tiny(sha256="0" * 64)


def test_labels_of_other_integer_types_are_kept_as_int64():
    data = tiny(train_labels=np.array([0, 1, 1], np.uint8))
    assert data.train_labels.dtype == np.int64 and data.sha256 == tiny().sha256


def test_arrays_are_read_only():
    mine = np.zeros((3, 2, 2, 1), dtype=np.uint8)
    with pytest.raises(ValueError, match="read-only"):
        tiny(train_images=mine).train_images[0] = 1
    mine[0] = 1  # the caller's own array stays the caller's


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "name"),
        ({"train_images": np.zeros((3, 2, 2, 1), np.float32)}, "train_images, a uint8 .* float32"),
        ({"test_images": [[0]]}, "test_images, a uint8 .* list"),
        ({"train_images": np.zeros((3, 2, 2), np.uint8)}, r"N, H, W, C.*\(3, 2, 2\)"),
        ({"train_images": np.zeros((3, 2, 2, 4), np.uint8)}, "C 1 or 3"),
        ({"train_images": np.zeros((0, 2, 2, 1), np.uint8)}, "N >= 1"),
        (
            {"test_images": np.zeros((2, 3, 2, 1), np.uint8)},
            r"one shape.*train \(2, 2, 1\), test \(3, 2, 1\)",
        ),
        ({"train_labels": np.array([0, 1])}, r"ImageData train_labels: expected labels as integers \[3\].*int64 \[2\]"),
        ({"train_labels": np.array([0.0, 1.0, 1.0])}, r"integers \[3\].*float64"),
        ({"train_labels": np.array([0, 1, 2])}, r"0 \.\. 1.*Received: 0 \.\. 2"),
        ({"test_labels": np.array([-1, 0])}, r"0 \.\. 1.*Received: -1"),
        ({"class_names": ()}, "class_names"),
        ({"class_names": ("a", "a")}, "different"),
        ({"class_names": ["a", "b"]}, "tuple"),
        ({"value_range": (1.0, 1.0)}, "low < high"),
        ({"value_range": (0.0, float("inf"))}, "finite"),
    ],
)
def test_invalid_image_data_raises(changes, message):
    with pytest.raises(InputError, match=message):
        tiny(**changes)


def test_to_float_of_black_middle_and_white():
    assert tiny().to_float(np.array([0, 51, 255], np.uint8)) == pytest.approx([0.0, 0.2, 1.0])
    signed = tiny().with_value_range(-1.0, 1.0)
    assert signed.to_float(np.array([0, 51, 255], np.uint8)) == pytest.approx([-1.0, -0.6, 1.0])


@pytest.mark.parametrize("value_range", [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)])
def test_to_uint8_inverts_to_float_for_every_gray_level(value_range):
    data = tiny().with_value_range(*value_range)
    values = data.to_float(GRAY_LEVELS)
    assert values.dtype == np.float32
    assert (values.min(), values.max()) == value_range
    np.testing.assert_array_equal(data.to_uint8(values), GRAY_LEVELS)


def test_to_uint8_rounds_to_the_nearest_level_and_clips():
    pixels = tiny().to_uint8([-0.3, 0.4 / 255, 0.6 / 255, 1.7])
    assert pixels.dtype == np.uint8
    assert pixels.tolist() == [0, 0, 1, 255]


def test_conversions_of_invalid_values_raise():
    with pytest.raises(InputError, match="expected uint8"):
        tiny().to_float(np.zeros(3))
    with pytest.raises(InputError, match="2 of 3 values NaN or infinite"):
        tiny().to_uint8([np.nan, np.inf, 0.5])


def test_with_value_range_keeps_everything_else():
    changed = tiny(fallback_for="mnist").with_value_range(-1.0, 1.0)
    assert changed.value_range == (-1.0, 1.0)
    assert (changed.name, changed.fallback_for, changed.sha256) == ("tiny", "mnist", tiny().sha256)


def test_subset_of_unordered_data_is_a_prefix_with_its_own_fingerprint():
    part = tiny().subset(train=2, test=1)
    assert part.train_images[..., 0].tolist() == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]
    assert part.train_labels.tolist() == [0, 1]
    assert part.test_labels.tolist() == [1]
    assert part.classes == 2
    assert part.sha256 != tiny().sha256
    assert tiny().subset().sha256 == tiny().sha256


def sorted_by_class(count: int) -> ImageData:
    """`count` training and test images, the first half of class 0; pixel (0, 0) is the index."""
    images = np.arange(count, dtype=np.uint8)[:, None, None, None]
    labels = (np.arange(count) >= count // 2).astype(np.int64)
    return ImageData("sorted", images, labels, images, labels, ("a", "b"), ordered=True)


def test_subset_of_ordered_data_is_a_random_draw_in_order():
    data = sorted_by_class(200)
    half = data.subset(train=100, test=100)
    rows = half.train_images[:, 0, 0, 0].tolist()
    assert rows == sorted(set(rows)) and len(rows) == 100
    # Of 200 with 100 of class 1, a draw of 100 has 50 of class 1, with a standard deviation of 3.5.
    for labels in (half.train_labels, half.test_labels):
        assert 50 - 4 * 3.5 < labels.sum() < 50 + 4 * 3.5
    assert rows != half.test_images[:, 0, 0, 0].tolist()
    np.testing.assert_array_equal(half.train_labels, np.array(rows) >= 100)


def test_subset_of_ordered_data_is_repeatable_and_nested():
    data = sorted_by_class(200)
    half, quarter = data.subset(train=100), data.subset(train=50)
    assert data.subset(train=100).sha256 == half.sha256
    assert set(quarter.train_images.ravel().tolist()) < set(half.train_images.ravel().tolist())
    assert data.subset(train=200, test=200).sha256 == data.sha256


@pytest.mark.parametrize("counts", [{"train": 0}, {"train": 4}, {"test": 3}, {"test": -1}])
def test_subset_of_impossible_size_raises(counts):
    with pytest.raises(InputError, match=r"subset: expected .* in 1 \.\. "):
        tiny().subset(**counts)


def test_fields_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        tiny().name = "other"
