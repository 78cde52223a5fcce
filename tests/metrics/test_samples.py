"""Scoring sets of samples against real images: labels, counts, floors, and good before bad."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tfvae.data import ImageData
from tfvae.errors import InputError
from tfvae.metrics import samples
from tfvae.metrics.features import mnist_cnn
from tfvae.metrics.samples import RealReference, score_samples
from tfvae.metrics.scores import frechet_distance

MANIFOLD = {"precision", "recall", "density", "coverage"}
CLASSES = {"unrecognizable_share", "mode_coverage", "rarest_class_share"}


@pytest.fixture(scope="module")
def reference(digits: ImageData) -> RealReference:
    return RealReference.of(digits, mnist_cnn(), count=300)


def drawn_training_images(data: ImageData, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The images that a reference of that many holds: a draw with seed 0."""
    drawn = np.random.default_rng(0).permutation(len(data.train_images))[:count]
    return data.train_images[drawn], data.train_labels[drawn]


def test_the_floor_is_the_distance_of_real_training_images_at_the_same_counts(digits, reference):
    extractor = mnist_cnn()
    train, _ = drawn_training_images(digits, 300)
    test = extractor(digits.test_images[:300]).features
    assert reference.floor == pytest.approx(frechet_distance(test, extractor(train).features))
    assert reference.floor_at(150) == pytest.approx(frechet_distance(test, extractor(train[:150]).features))
    assert reference.floor_at(150) > reference.floor


def test_real_training_images_score_the_floor_exactly(digits, reference):
    train, labels = drawn_training_images(digits, 300)
    scores = score_samples(train, labels, reference=reference)
    assert scores["fid_ratio"].value == 1.0
    assert scores["fid"].value == reference.floor
    half = score_samples(train[:150], labels[:150], reference=reference)
    assert half["fid_ratio"].value == 1.0


def test_every_number_says_what_it_is_of(digits, reference):
    train, labels = drawn_training_images(digits, 200)
    scores = score_samples(train, labels, reference=reference)
    assert set(scores) == {
        "fid",
        "fid_ratio",
        "kid",
        "inception_score",
        *MANIFOLD,
        *CLASSES,
        "class_accuracy",
        "cosine_similarity",
    }
    assert {score.samples for score in scores.values()} == {200}
    compared = {name for name, score in scores.items() if score.split == "test"}
    assert compared == {"fid", "fid_ratio", "kid", *MANIFOLD}
    of_pixels = scores.pop("cosine_similarity")
    assert of_pixels.extractor is None
    assert {(s.extractor, s.extractor_sha256) for s in scores.values()} == {("mnist_cnn", mnist_cnn().sha256)}


def test_labels_and_classes_decide_what_is_scored(digits, reference):
    train, labels = drawn_training_images(digits, 200)
    of_any = {"fid", "fid_ratio", "kid", "inception_score", *MANIFOLD}
    assert set(score_samples(train, reference=reference)) == {*of_any, *CLASSES}
    strangers = replace(digits, class_names=tuple("abcdefghij"))
    other = RealReference.of(strangers, mnist_cnn(), count=200)
    assert not other.classes_fit
    assert set(score_samples(train, labels, reference=other)) == {*of_any, "cosine_similarity"}
    assert RealReference.of(strangers, mnist_cnn(), count=200, classes_fit=True).classes_fit


def test_worse_samples_score_worse(digits, reference):
    train, labels = drawn_training_images(digits, 300)
    random = np.random.default_rng(1)
    noisy = np.clip(train + random.normal(scale=60.0, size=train.shape), 0, 255).astype(np.uint8)
    noise = random.integers(0, 256, train.shape).astype(np.uint8)
    real, worse, worst = (score_samples(images, labels, reference=reference) for images in (train, noisy, noise))
    for name in ("fid", "fid_ratio", "kid"):
        assert real[name].value < worse[name].value < worst[name].value
    for name in ("inception_score", "class_accuracy", *MANIFOLD):
        assert real[name].value > worst[name].value
    collapsed = score_samples(np.repeat(train[:1], 300, axis=0), reference=reference)
    assert (collapsed["mode_coverage"].value, collapsed["rarest_class_share"].value) == (1, 0)
    assert collapsed["recall"].value <= 0.01
    assert collapsed["inception_score"].value == pytest.approx(1.0, abs=1e-6)
    assert collapsed["fid_ratio"].value > 10


def test_the_manifold_is_that_of_equal_counts_drawn_from_both(digits, reference, monkeypatch):
    monkeypatch.setattr(samples, "MANIFOLD_SAMPLES", 120)
    train, labels = drawn_training_images(digits, 300)
    by_class = train[np.argsort(labels, kind="stable")]
    scores = score_samples(by_class, reference=reference)
    assert {scores[name].samples for name in MANIFOLD} == {120}
    # The first 120 of the sorted samples would be of four classes.
    assert scores["recall"].value > 0.5 and scores["coverage"].value > 0.5


def test_the_classes_found_are_counted(digits, reference):
    train, labels = drawn_training_images(digits, 300)
    without = train[(labels != 3) & (labels != 7)]
    assert score_samples(train, reference=reference)["mode_coverage"].value == 10
    found = mnist_cnn()(without).logits.argmax(axis=1)
    counted = score_samples(without, reference=reference)
    assert counted["mode_coverage"].value == len(set(found.tolist()))
    assert counted["rarest_class_share"].value == np.bincount(found, minlength=10).min() / len(without)


def test_more_samples_than_training_images_keep_the_counts_of_the_ratio_equal(digits):
    small = RealReference.of(digits, mnist_cnn(), count=100)
    images = np.sort(digits.train_images[:250].reshape(250, -1), axis=0).reshape(250, 28, 28, 1)
    scores = score_samples(images, reference=small)
    assert (scores["fid"].samples, scores["fid_ratio"].samples) == (250, 100)
    with pytest.raises(InputError, match="at most 100"):
        small.floor_at(250)


def test_the_same_samples_give_the_same_bits(digits, reference):
    train, labels = drawn_training_images(digits, 120)
    assert score_samples(train, labels, reference=reference) == score_samples(train, labels, reference=reference)


def test_wrong_input_is_named(digits, reference):
    images = digits.train_images[:80]
    with pytest.raises(InputError, match="at least 65 images"):
        score_samples(images[:64], reference=reference)
    with pytest.raises(InputError, match=r"shape \[80\]"):
        score_samples(images, digits.train_labels[:79], reference=reference)
    with pytest.raises(InputError, match="uint8"):
        score_samples(images / 255.0, reference=reference)
    with pytest.raises(InputError, match="count >= 1"):
        RealReference.of(digits, mnist_cnn(), count=0)
