"""Real data in feature spaces, and what scoring needs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.evaluation.small import small_data
from tfvae.data.images import ImageData
from tfvae.data.signals import SignalData
from tfvae.data.synthetic import load_synthetic
from tfvae.errors import InputError
from tfvae.evaluation import references
from tfvae.evaluation.references import check_scored, feature_space, feature_spaces, reference
from tfvae.metrics.features import Activations, mnist_cnn


class Counted:
    """A feature space that counts its extractions."""

    name, sha256, class_names = "counted", "ab" * 32, ("a", "b", "c")

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, images: np.ndarray) -> Activations:
        self.calls.append(len(images))
        return Activations(np.zeros((len(images), 4), np.float32), np.zeros((len(images), 0), np.float32))


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch):
    monkeypatch.setattr(references, "_references", {})


def test_real_images_are_extracted_once_for_all_variants():
    extractor, data = Counted(), small_data(60)
    first = reference(data, extractor)
    other_range = data.with_value_range(-1.0, 1.0)
    assert reference(other_range, extractor) is first, "features are of pixels, whatever range a model takes"
    assert extractor.calls == [60]


def test_references_of_the_last_data_set_alone_are_kept():
    extractor, data, other = Counted(), small_data(60), small_data(30)
    first = reference(data, extractor)
    assert reference(other, extractor) is not first
    assert reference(data, extractor) is not first
    assert extractor.calls == [60, 30, 60]


def test_references_in_two_spaces_are_kept_together():
    one, two = Counted(), Counted()
    two.sha256 = "cd" * 32
    first = reference(small_data(60), one)
    assert reference(small_data(60), two).extractor is two and reference(small_data(60), one) is first


def test_feature_space_fits_the_shape_of_the_data(digits):
    assert feature_space(digits) is mnist_cnn()
    other = feature_space(small_data(60))
    assert other is not None and other.name == "random_vgg"
    assert feature_space(load_synthetic(train=100, test=50)) is None


def test_feature_spaces_are_named_by_the_suffix_of_their_metrics(digits, monkeypatch, tmp_path):
    signals = load_synthetic(train=100, test=50)
    assert isinstance(signals, SignalData) and feature_spaces(signals) == {}
    small = digits.subset(train=100, test=100)
    assert list(feature_spaces(small)) == [""]
    asked = []
    monkeypatch.setattr(references, "_inception", lambda folder: asked.append(folder) or Counted())
    spaces = feature_spaces(small, tmp_path)
    assert list(spaces) == ["", "_inception"] and asked == [tmp_path]
    assert spaces["_inception"].extractor.name == "counted" and spaces[""].extractor is mnist_cnn()


def sized(train: int, test: int) -> ImageData:
    images = np.zeros((max(train, test), 2, 2, 1), np.uint8)
    labels = np.zeros(max(train, test), int)
    return ImageData("sized", images[:train], labels[:train], images[:test], labels[:test], ("only",))


@pytest.mark.parametrize(
    ("train", "test", "samples", "said"),
    [
        (100, 100, 99, "samples=99"),
        (99, 100, 100, "training_images=99"),
        (100, 99, 100, "test_images=99"),
        (99, 99, 99, "samples=99, training_images=99, test_images=99"),
    ],
)
def test_sets_too_small_for_fid_are_named(train, test, samples, said):
    check_scored(sized(100, 100), 100)
    with pytest.raises(InputError, match=rf"^Expected at least 100 samples .+ Received: {said}\. Allow"):
        check_scored(sized(train, test), samples)


def test_set_too_small_for_the_blocks_of_kid_is_named():
    """KID cuts 110,000 samples into blocks of at most 1,000: 110 blocks, of 2 images at least."""
    blocks = -(-110_000 // references.KID_BLOCK_SIZE)
    assert 2 * blocks > 100
    with pytest.raises(InputError, match=f"at least {2 * blocks} samples"):
        check_scored(sized(150, 150), 110_000)
    check_scored(sized(2 * blocks, 2 * blocks), 110_000)


def test_inception_needs_its_folder_and_more_samples_than_features(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="nowhere"):
        check_scored(sized(100, 100), 100, tmp_path / "nowhere")
    monkeypatch.setattr(references, "_inception", lambda folder: Counted())
    with pytest.raises(InputError, match="at least 2049 samples"):
        check_scored(sized(3000, 3000), 2048, tmp_path)
    check_scored(sized(3000, 3000), 2049, tmp_path)


def test_signals_need_no_feature_space_but_a_hundred_examples():
    signals = load_synthetic(train=100, test=100)
    check_scored(signals, 100)
    short = dataclasses.replace(
        signals, test_images=signals.test_images[:99], test_labels=signals.test_labels[:99], sha256=""
    )
    with pytest.raises(InputError, match="signals of each split"):
        check_scored(short, 100)
