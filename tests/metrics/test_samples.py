"""Scores of sets of samples: the whole test split as reference, floors at equal counts, labels, and good before bad."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

from tfvae.data import ImageData
from tfvae.errors import InputError
from tfvae.metrics import samples
from tfvae.metrics.features import Activations, GraphExtractor, mnist_cnn
from tfvae.metrics.manifold import density_and_coverage, precision_and_recall
from tfvae.metrics.samples import RealReference, checked_pixels, score_samples
from tfvae.metrics.scores import frechet_distance, kernel_distance

MANIFOLD = {"precision", "recall", "density", "coverage"}
CLASSES = {"unrecognizable_share", "mode_coverage", "rarest_class_share"}
TEST_IMAGES = 360


@pytest.fixture(scope="module")
def reference(digits: ImageData) -> RealReference:
    assert len(digits.test_images) == TEST_IMAGES
    return RealReference.of(digits, mnist_cnn())


def drawn_training_images(data: ImageData, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The training images of the floor at that count: a draw with seed 0."""
    drawn = np.random.default_rng(0).permutation(len(data.train_images))[:count]
    return data.train_images[drawn], data.train_labels[drawn]


class Counting:
    """`mnist_cnn`, and how many images it was asked for."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def __getattr__(self, name: str):
        return getattr(mnist_cnn(), name)

    def __call__(self, images: np.ndarray) -> Activations:
        self.counts.append(len(images))
        return mnist_cnn()(images)


@pytest.mark.parametrize("count", [100, 200])
def test_reference_is_the_whole_test_split_at_any_number_of_samples(digits, reference, count):
    images, labels = drawn_training_images(digits, 300)
    images = images[np.argsort(labels)][:count]  # of a few classes, as a prefix of the test split would be
    test, generated = (mnist_cnn()(part).features for part in (digits.test_images, images))
    assert len(test) == TEST_IMAGES
    scores = score_samples(images, reference=reference)
    assert scores["fid"].value == frechet_distance(test, generated)
    assert (scores["kid"].value, scores["kid"].std) == kernel_distance(test, generated)
    drawn = (array[np.random.default_rng(0).permutation(len(array))[:count]] for array in (test, generated))
    real, fake = drawn
    assert (scores["precision"].value, scores["recall"].value) == precision_and_recall(real, fake)
    assert (scores["density"].value, scores["coverage"].value) == density_and_coverage(real, fake)
    for name in ("fid", "fid_ratio", "kid"):
        assert (scores[name].samples, scores[name].real_samples, scores[name].split) == (count, TEST_IMAGES, "test")
    for name in MANIFOLD:
        assert (scores[name].samples, scores[name].real_samples, scores[name].split) == (count, count, "test")


def test_floor_is_the_fid_of_random_training_images_at_the_same_count(digits, reference):
    extractor = mnist_cnn()
    test = extractor(digits.test_images).features
    for count in (150, 700):
        train, _ = drawn_training_images(digits, count)
        assert reference.floor_at(count) == pytest.approx(frechet_distance(test, extractor(train).features), rel=1e-6)
    assert reference.floor_at(150) > reference.floor_at(700)
    with pytest.raises(InputError, match=f"at most {len(digits.train_images)}"):
        reference.floor_at(len(digits.train_images) + 1)


def test_floor_does_not_depend_on_the_floors_before_it(digits, reference):
    other = RealReference.of(digits, mnist_cnn())
    for count in (120, 80, 620, 1100):
        other.floor_at(count)
    fresh = RealReference.of(digits, mnist_cnn())
    assert fresh.floor_at(1100) == other.floor_at(1100)
    assert fresh.floor_at(620) == other.floor_at(620)


def test_training_images_are_extracted_only_as_a_floor_needs_them(digits, monkeypatch):
    monkeypatch.setattr(samples, "CHUNK", 100)
    extractor = Counting()
    reference = RealReference.of(digits, extractor)
    assert extractor.counts == [TEST_IMAGES]
    reference.floor_at(130)
    assert extractor.counts == [TEST_IMAGES, 100, 100]
    reference.floor_at(130)
    reference.floor_at(80)
    assert extractor.counts == [TEST_IMAGES, 100, 100]
    reference.floor_at(210)
    assert extractor.counts == [TEST_IMAGES, 100, 100, 100]


def test_real_training_images_score_the_floor(digits, reference):
    for count in (300, 150):
        train, labels = drawn_training_images(digits, count)
        scores = score_samples(train, labels, reference=reference)
        assert scores["fid_ratio"].value == pytest.approx(1.0, abs=1e-6)
        assert scores["fid"].value == pytest.approx(reference.floor_at(count), rel=1e-6)


def test_scores_are_labeled_with_counts_split_and_extractor(digits, reference):
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
    assert compared == {name for name, score in scores.items() if score.real_samples is not None}
    of_pixels = scores.pop("cosine_similarity")
    assert of_pixels.extractor is None
    assert {(s.extractor, s.extractor_sha256) for s in scores.values()} == {("mnist_cnn", mnist_cnn().sha256)}


def test_class_metrics_need_labels_and_fitting_classes(digits, reference):
    train, labels = drawn_training_images(digits, 200)
    of_any = {"fid", "fid_ratio", "kid", "inception_score", *MANIFOLD}
    assert set(score_samples(train, reference=reference)) == {*of_any, *CLASSES}
    strangers = replace(digits, class_names=tuple("abcdefghij"))
    other = RealReference.of(strangers, mnist_cnn())
    assert not other.classes_fit
    assert set(score_samples(train, labels, reference=other)) == {*of_any, "cosine_similarity"}
    assert RealReference.of(strangers, mnist_cnn(), classes_fit=True).classes_fit


def test_scores_rank_real_noisy_and_random_images(digits, reference):
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


def test_manifold_metrics_use_equal_counts_drawn_from_both_sets(digits, reference, monkeypatch):
    monkeypatch.setattr(samples, "MANIFOLD_SAMPLES", 120)
    train, labels = drawn_training_images(digits, 300)
    by_class = train[np.argsort(labels, kind="stable")]
    scores = score_samples(by_class, reference=reference)
    assert {(scores[name].samples, scores[name].real_samples) for name in MANIFOLD} == {(120, 120)}
    # The first 120 of the sorted samples would be of four classes.
    assert scores["recall"].value > 0.5 and scores["coverage"].value > 0.5


def test_mode_coverage_counts_the_classes_found(digits, reference):
    train, labels = drawn_training_images(digits, 300)
    without = train[(labels != 3) & (labels != 7)]
    assert score_samples(train, reference=reference)["mode_coverage"].value == 10
    found = mnist_cnn()(without).logits.argmax(axis=1)
    counted = score_samples(without, reference=reference)
    assert counted["mode_coverage"].value == len(set(found.tolist()))
    assert counted["rarest_class_share"].value == np.bincount(found, minlength=10).min() / len(without)


def test_fid_ratio_keeps_counts_equal_with_fewer_training_images_than_samples(digits):
    few = replace(digits, train_images=digits.train_images[:100], train_labels=digits.train_labels[:100], sha256="")
    images = np.sort(digits.train_images[:250].reshape(250, -1), axis=0).reshape(250, 28, 28, 1)
    reference = RealReference.of(few, mnist_cnn())
    scores = score_samples(images, reference=reference)
    assert (scores["fid"].samples, scores["fid_ratio"].samples) == (250, 100)
    drawn = np.random.default_rng(0).permutation(250)[:100]
    matched = frechet_distance(reference.test.features, mnist_cnn()(images).features[drawn])
    assert scores["fid_ratio"].value == matched / reference.floor_at(100)
    with pytest.raises(InputError, match="at most 100"):
        reference.floor_at(250)


def test_scores_of_the_same_samples_are_bit_identical(digits, reference):
    train, labels = drawn_training_images(digits, 120)
    fresh = RealReference.of(digits, mnist_cnn())
    assert score_samples(train, labels, reference=reference) == score_samples(train, labels, reference=fresh)


def test_scores_of_10000_samples_of_mnist_are_those_of_earlier_releases(mnist):
    random = np.random.default_rng(3)
    drawn = random.permutation(60_000)[:10_000]
    noise = random.normal(scale=25, size=(10_000, 28, 28, 1))
    images = np.clip(mnist.train_images[drawn] + noise, 0, 255).astype(np.uint8)
    scores = score_samples(images, mnist.train_labels[drawn], reference=RealReference.of(mnist, mnist_cnn()))
    # By the code of commit f84d550, with its default count of 10,000.
    expected = {
        "fid": 0.199620061715656,
        "fid_ratio": 2.228766558938993,
        "kid": 0.006258897306955058,
        "inception_score": 9.88328994440226,
        "precision": 0.8346666666666667,
        "recall": 0.8693333333333333,
        "density": 0.8689333333333333,
        "coverage": 0.9166666666666666,
        "unrecognizable_share": 0.0004,
        "mode_coverage": 10.0,
        "rarest_class_share": 0.0916,
        "class_accuracy": 0.9974,
        "cosine_similarity": 0.5461792143389209,
    }
    # Another processor sums in another order.
    assert {name: score.value for name, score in scores.items()} == pytest.approx(expected, rel=1e-3)
    assert (scores["fid"].real_samples, scores["precision"].real_samples) == (10_000, 3_000)


def test_score_samples_refuses_wrong_input(digits, reference):
    images = digits.train_images[:80]
    with pytest.raises(InputError, match="at least 65 images"):
        score_samples(images[:64], reference=reference)
    with pytest.raises(InputError, match=r"shape \[80\]"):
        score_samples(images, digits.train_labels[:79], reference=reference)
    with pytest.raises(InputError, match="uint8"):
        score_samples(images / 255.0, reference=reference)


@pytest.mark.parametrize("binary", [False, True])
def test_pixels_of_the_real_scale_pass(digits, binary):
    images = digits.train_images[:20]
    if binary:
        images = np.where(images > 127, 255, 0).astype(np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert checked_pixels(images, real=digits.test_images) is images
        # Real images that hold 0 and 1 themselves.
        ones = (images > 127).astype(np.uint8)
        assert checked_pixels(ones, real=ones) is ones


def test_pixels_of_zero_and_one_are_refused(digits):
    ones = (digits.train_images[:20] > 127).astype(np.uint8)
    with pytest.raises(InputError, match=r"Expected uint8 pixels in 0\.\.255\. Received: a largest value of 1\. Multi"):
        checked_pixels(ones, real=digits.test_images)
    for wrong in (ones / 1.0, ones.astype(np.int64), ones[:0]):
        with pytest.raises(InputError, match=r"Expected uint8 pixels in 0\.\.255"):
            checked_pixels(wrong, real=digits.test_images)


@pytest.mark.parametrize("value", [0, 1, 200])
def test_images_of_one_value_are_named_and_measured(digits, reference, value):
    images = np.full((80, 28, 28, 1), value, np.uint8)
    with pytest.warns(UserWarning, match=f"All pixels of all 80 images are {value}"):
        checked = checked_pixels(images, real=digits.test_images)
    assert score_samples(checked, reference=reference)["fid"].value > 10


def test_dim_images_are_named_and_measured(digits):
    dim = (digits.train_images[:80] // 16).astype(np.uint8)  # scikit-learn's own digits are in 0..16
    with pytest.warns(UserWarning, match="largest pixel is 15, and 255 in the real images"):
        checked_pixels(dim, real=digits.test_images)


def test_a_label_is_written_with_both_counts(digits, reference):
    score = score_samples(digits.train_images[:100], reference=reference)["fid"]
    assert {"samples": 100, "real_samples": TEST_IMAGES}.items() <= json.loads(json.dumps(score.as_dict())).items()


def test_an_extractor_without_classes_has_no_inception_score(digits):
    plain = GraphExtractor(
        "plain", "ab", None, None, lambda x: (mnist_cnn().run(x)[0], mnist_cnn().run(x)[1][:, :0]), 500
    )
    scores = score_samples(digits.train_images[:100], reference=RealReference.of(digits, plain))
    assert set(scores) == {"fid", "fid_ratio", "kid", *MANIFOLD}
