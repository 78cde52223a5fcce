"""Textures: crops of two photographs, no pixel shared between the splits."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.datasets

from tfvae.data import load, load_textures
from tfvae.data.textures import LARGEST
from tfvae.errors import InputError


def test_texture_classes_alternate():
    data = load_textures(train=5, test=4)
    assert data.image_shape == (64, 64, 3) and data.class_names == ("china", "flower")
    assert data.train_labels.tolist() == [0, 1, 0, 1, 0] and data.test_labels.tolist() == [0, 1, 0, 1]


def test_texture_crops_come_from_the_photograph_of_their_class():
    data = load_textures(image_size=16, train=400, test=2)
    for label, name in enumerate(data.class_names):
        photograph = sklearn.datasets.load_sample_image(f"{name}.jpg")[:, LARGEST:]
        mean = data.train_images[data.train_labels == label].mean(axis=(0, 1, 2))
        # The middle of a region is cropped more often than its edge, so the means agree roughly.
        assert np.abs(mean - photograph.mean(axis=(0, 1))).max() < 30


@pytest.mark.parametrize("image_size", [16, 64, LARGEST])
def test_texture_splits_share_no_pixel(monkeypatch, image_size):
    # In place of the photographs: black where crops may train, white where they may test.
    marked = np.zeros((427, 640, 3), np.uint8)
    marked[:, :LARGEST] = 255
    monkeypatch.setattr(sklearn.datasets, "load_sample_image", lambda name: marked)
    data = load_textures(image_size=image_size, train=60, test=60)
    assert set(data.train_images.ravel()) == {0} and set(data.test_images.ravel()) == {255}


def test_texture_crops_vary_in_position_scale_and_mirroring(monkeypatch):
    # Red grows to the right, green downwards: their spread within a crop is its scale, and red falls where mirrored.
    down, right = np.indices((427, 640))
    ramp = np.stack([right * 255 // 640, down * 255 // 640, 0 * down], axis=-1).astype(np.uint8)
    monkeypatch.setattr(sklearn.datasets, "load_sample_image", lambda name: ramp)
    images = load_textures(image_size=32, train=200, test=2).train_images.astype(int)
    side = (images[:, -1, 16, 1] - images[:, 0, 16, 1]) * 640 / 255
    assert 26 < side.min() < 36 and 58 < side.max() < 68
    mirrored = images[:, 16, -1, 0] < images[:, 16, 0, 0]
    assert 70 < mirrored.sum() < 130
    assert images[:, 16, 16, 0].min() < 122 and images[:, 16, 16, 0].max() > 235


def test_textures_are_determined_by_the_seed():
    options = {"image_size": 16, "train": 6, "test": 6}
    assert load_textures(**options).sha256 == load_textures(**options).sha256
    assert load_textures(**options).sha256 != load_textures(**options, seed=1).sha256


def test_load_by_name():
    data = load("textures", image_size=16)
    assert (len(data.train_labels), len(data.test_labels), data.image_shape) == (2000, 400, (16, 16, 3))
    assert load("textures").image_shape == (64, 64, 3)


@pytest.mark.parametrize("image_size", [0, 15, LARGEST + 1])
def test_texture_image_size_out_of_range_raises(image_size):
    with pytest.raises(InputError, match=rf"16 \.\. 256 .*image_size={image_size}"):
        load("textures", image_size=image_size)


@pytest.mark.parametrize("wrong", [{"train": 1}, {"test": 0}, {"seed": -1}])
def test_texture_counts_and_seeds_out_of_range_raise(wrong):
    with pytest.raises(InputError, match=f"{next(iter(wrong))}={next(iter(wrong.values()))}"):
        load_textures(**wrong)
