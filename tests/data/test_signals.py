"""Signals: validation, standardization, plots of known signals."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tfvae.data.pipeline import evaluation_batches, training_batches
from tfvae.data.signals import SignalData, signal_pictures, standardized
from tfvae.errors import InputError

SIGNALS = np.arange(24, dtype=np.float32).reshape(6, 4)
LABELS = np.array([0, 1, 0, 1, 0, 1])


def signals(**changes) -> SignalData:
    fields = {"name": "lines", "class_names": ("even", "odd"), "train_images": SIGNALS, "train_labels": LABELS}
    fields |= {"test_images": SIGNALS[:2], "test_labels": LABELS[:2]}
    return SignalData(**{**fields, **changes})


def test_signal_data_has_the_interface_of_image_data():
    data = signals()
    assert data.image_shape == (4,) and data.classes == 2 and len(data.sha256) == 64
    np.testing.assert_array_equal(data.to_float(data.train_images), SIGNALS)
    assert data.subset(train=3).train_images.shape == (3, 4)
    assert dataclasses.replace(data, name="other").sha256 == data.sha256
    with pytest.raises(ValueError, match="read-only"):
        data.train_images[0, 0] = 1.0


def test_batches_of_signals_are_exact():
    data = signals()
    ((batch, labels),) = evaluation_batches(data, "train", batch_size=10)
    np.testing.assert_array_equal(batch, SIGNALS)
    np.testing.assert_array_equal(labels, LABELS)
    batch, labels = next(iter(training_batches(data, batch_size=6, seed=0)))
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(np.asarray(batch)[:, 0] / 4 % 2, labels)


RAGGED = [np.zeros(3, np.float32), np.zeros(5, np.float32)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train_images": RAGGED}, r"Expected train_images of one length. Received: lengths \(3,\) .. \(5,\)"),
        ({"train_images": np.array(RAGGED, dtype=object)}, "of one length"),
        ({"train_images": SIGNALS.astype(np.float64)}, "a float32 numpy array. Received: float64"),
        ({"test_images": SIGNALS[:2, :3]}, "signals of one shape"),
        ({"train_images": SIGNALS[..., np.newaxis]}, r"of shape \[N, length\]"),
        ({"train_images": np.where(SIGNALS == 5, np.nan, SIGNALS)}, "1 of 6 signals with NaN"),
        ({"train_labels": LABELS[:5]}, r"train_labels: expected labels as integers \[6\]"),
        ({"class_names": ("even",)}, r"train_labels: expected labels in 0 \.\. 0"),
    ],
)
def test_invalid_signals_raise(changes, said):
    with pytest.raises(InputError, match=said):
        signals(**changes)


def test_standardized_uses_training_statistics_at_each_position():
    train, test = standardized([[0.0, 5.0, 1.0], [4.0, 5.0, 3.0]], [[6.0, 7.0, 2.0]])
    # Means 2, 5, 2 and deviations 2, 0, 1; a position that never varies is only moved.
    np.testing.assert_allclose(train, [[-1, 0, -1], [1, 0, 1]])
    np.testing.assert_allclose(test, [[2, 2, 0]])
    assert train.dtype == np.float32


@pytest.mark.parametrize("others", [(RAGGED,), ([[1.0, 2.0]],)])
def test_standardized_with_different_lengths_raises(others):
    with pytest.raises(InputError, match="length"):
        standardized([[1.0, 2.0, 3.0]], *others)
    with pytest.raises(InputError, match="of one length"):
        standardized(RAGGED)


def test_constant_signal_is_plotted_at_its_value():
    picture = signal_pictures([[4.0] * 5, [0.0] * 5, [-9.0] * 5], height=21, width=10)[..., 0]
    assert picture.shape == (3, 21, 10)
    for line, row in zip(picture, (0, 10, 20), strict=True):
        assert (line[row] == 0).all() and set(np.flatnonzero(line.min(axis=1) < 255)) <= {row - 1, row, row + 1}


def test_step_is_plotted_with_a_vertical_line():
    (picture,) = signal_pictures([[-4.0, -4.0, 4.0, 4.0]], height=20, width=30)[..., 0]
    assert (picture[10] < 255).any() and picture[0, 0] == 255 and picture[19, 0] == 0
    assert ((picture == 0).sum(axis=0) >= 1).all(), "no gap in any column"


@pytest.mark.parametrize("wrong", [[[np.nan, 1.0]], [1.0, 2.0]])
def test_signal_pictures_of_invalid_arguments_raise(wrong):
    with pytest.raises(InputError, match="finite signals"):
        signal_pictures(wrong)
