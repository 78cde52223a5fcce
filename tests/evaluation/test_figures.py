"""Figures that several reports show, and pictures during training: what is drawn of which examples."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.contracts import IMAGE_SHAPE, LATENT_DIM
from tests.evaluation.small import evaluation_of, small_data, small_networks
from tfvae import figures as drawing
from tfvae.evaluation.evaluation import Samples
from tfvae.evaluation.figures import (
    class_examples,
    codes_and_reconstructions,
    gaussian_means,
    interpolations_between,
    plain_sheet,
    rows_by_class,
    sample_sheets,
    shrinking,
    training_curves,
)
from tfvae.evaluation.images import training_images
from tfvae.evaluation.samplers import ClassGaussian
from tfvae.figures import Figure
from tfvae.metrics.conditional import cosine_similarity
from tfvae.metrics.features import Activations
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.samples import RealReference
from tfvae.models.autoencoder import Autoencoder
from tfvae.sampling.traversal import interpolate


@pytest.fixture
def drawn(monkeypatch) -> dict[str, tuple[tuple[Any, ...], dict[str, Any]]]:
    """{name of the drawing function: its arguments}, of the calls of a test."""
    calls: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {}

    def recorded(name: str):
        function = getattr(drawing, name)

        def record(*arguments: Any, **options: Any) -> Figure:
            calls[name] = (arguments, options)
            return function(*arguments, **options)

        return record

    for name in (
        *("curves", "latent_scatter", "reconstructions", "sample_sheet", "class_examples", "gaussian_means"),
        *("interpolation_sheet", "metric_curves"),
    ):
        monkeypatch.setattr(drawing, name, recorded(name))
    return calls


@pytest.fixture(scope="module")
def model():
    return Autoencoder(*small_networks(LATENT_DIM))


@pytest.fixture
def evaluation(model):
    return evaluation_of(model, small_data(120))


def test_training_curves_have_every_term_of_both_splits(evaluation, drawn):
    evaluation.history = [
        {"epoch": epoch, "train": {"loss": 3.0 / epoch, "kl": 1.0}, "validation": {"loss": 4.0, "kl": 2.0}}
        for epoch in (1, 2)
    ]
    assert list(training_curves(evaluation)) == ["curves"]
    (series,), options = drawn["curves"]
    assert series == {"loss": [3.0, 1.5], "kl": [1.0, 1.0], "val_loss": [4.0, 4.0], "val_kl": [2.0, 2.0]}
    assert options["ylabel"] == "nats an image" and "small" in options["title"]


def test_codes_and_reconstructions_are_of_the_test_split(evaluation, drawn):
    evaluation.metrics["silhouette"] = Measurement(0.25)
    assert list(codes_and_reconstructions(evaluation)) == ["codes", "reconstructions"]
    (codes, labels, names), options = drawn["latent_scatter"]
    images = evaluation.data.to_float(evaluation.data.test_images)
    np.testing.assert_array_equal(codes, evaluation.model.encode(images))
    np.testing.assert_array_equal(labels, evaluation.data.test_labels)
    assert names == ("zero", "one", "two") and options["dimensions"] == 2
    assert options["subtitle"] == "silhouette of the classes 0.25"
    (originals, decoded), _ = drawn["reconstructions"]
    np.testing.assert_array_equal(originals, evaluation.data.test_images[:40])
    np.testing.assert_array_equal(decoded, evaluation.data.to_uint8(evaluation.model.reconstruct(images[:40])))


def test_model_that_does_not_encode_has_no_figure_of_codes(evaluation):
    without = evaluation_of(SimpleNamespace(decode=evaluation.model.decode, latent_dim=2), evaluation.data)
    assert codes_and_reconstructions(without) == {}


def test_rows_by_class_have_ten_images_of_each():
    labels = np.arange(40) % 2
    rows = rows_by_class(np.arange(40, dtype=np.uint8).reshape(40, 1, 1, 1), labels, 2)
    np.testing.assert_array_equal(rows.ravel(), [*range(0, 20, 2), *range(1, 21, 2)])


def gray(count: int) -> np.ndarray:
    return np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, *IMAGE_SHAPE)).copy()


def test_sheets_of_samples_are_rows_of_classes_where_samples_have_classes(evaluation, drawn):
    evaluation.samples["prior"] = Samples(gray(120))
    evaluation.samples["class"] = Samples(gray(120), np.arange(120) % 3)
    assert list(sample_sheets("prior", "none")(evaluation)) == ["samples_prior"]
    (images,), options = drawn["sample_sheet"]
    np.testing.assert_array_equal(images[:, 0, 0, 0], range(100))
    assert options["row_labels"] is None and options["frames"] is None and options["subtitle"] == ""
    assert list(sample_sheets("class", titles={"class": "By class"})(evaluation)) == ["samples_class"]
    (images,), options = drawn["sample_sheet"]
    np.testing.assert_array_equal(images[:10, 0, 0, 0], range(0, 30, 3))
    assert options["row_labels"] == ("zero", "one", "two") and options["title"] == "By class: small"


class Classifier:
    """A feature space whose classifier is sure of class 0 for even gray values, and of nothing for odd ones."""

    name, sha256, class_names = "parity", "ab" * 32, ("zero", "one", "two")

    def __call__(self, images: np.ndarray) -> Activations:
        even = images[:, 0, 0, 0] % 2 == 0
        logits = np.where(even[:, None], np.array([9.0, 0.0, 0.0]), np.zeros(3)).astype(np.float32)
        return Activations(np.zeros((len(images), 4), np.float32), logits)


def classified(evaluation):
    """The evaluation in that feature space."""
    evaluation.spaces = {"": RealReference.of(evaluation.data, Classifier())}  # type: ignore[arg-type]
    return evaluation


def test_unrecognizable_samples_are_framed(evaluation, drawn):
    evaluation.samples["prior"] = Samples(gray(120))
    evaluation.metrics["prior/unrecognizable_share"] = Measurement(0.5)
    sample_sheets("prior")(classified(evaluation))
    _, options = drawn["sample_sheet"]
    np.testing.assert_array_equal(options["frames"], np.arange(100) % 2 == 1)
    assert options["subtitle"].startswith("50.0% unrecognizable")


def test_plain_sheet_has_the_first_samples(evaluation, drawn):
    evaluation.samples["prior"] = Samples(gray(120))
    assert list(plain_sheet("prior", 6, 3, title="Six", file="six")(evaluation)) == ["six"]
    (images,), options = drawn["sample_sheet"]
    np.testing.assert_array_equal(images[:, 0, 0, 0], range(6))
    assert options == {"columns": 3, "title": "Six: small"}


def test_class_examples_are_training_images(evaluation, drawn):
    assert list(class_examples(evaluation)) == ["classes"]
    (images, labels, names), _ = drawn["class_examples"]
    assert images is evaluation.data.train_images and labels is evaluation.data.train_labels
    assert names == evaluation.data.class_names


def test_means_of_gaussians_are_decoded_in_the_order_of_classes(evaluation, drawn):
    evaluation.samplers |= ClassGaussian().fit(evaluation)
    assert list(gaussian_means(evaluation)) == ["means"]
    (images, labels), _ = drawn["gaussian_means"]
    train = evaluation.data
    means = [evaluation.train_codes[train.train_labels == label].mean(axis=0) for label in range(3)]
    np.testing.assert_array_equal(labels, [0, 1, 2])
    expected = evaluation.data.to_uint8(evaluation.model.decode(np.array(means, np.float32)))
    np.testing.assert_allclose(images.astype(int), expected.astype(int), atol=1)


def test_interpolations_lie_between_the_codes_of_pairs_of_test_images(evaluation, drawn):
    pairs = np.array([[0, 1], [5, 9]])
    assert list(interpolations_between(lambda _: pairs, steps=4, title="Lines")(evaluation)) == ["interpolations"]
    (lines,), _ = drawn["interpolation_sheet"]
    assert lines.shape == (2, 4, *IMAGE_SHAPE)
    codes = evaluation.test_codes
    between = interpolate(codes[[0, 5]], codes[[1, 9]], steps=4)
    np.testing.assert_array_equal(lines[1], evaluation.decode(between[1]))
    reconstructed = evaluation.decode(codes[[0, 1, 5, 9]]).astype(int)
    np.testing.assert_allclose(lines[:, [0, 3]].reshape(4, *IMAGE_SHAPE).astype(int), reconstructed, atol=1)


def test_shrinking_has_a_point_per_factor_and_the_values_of_real_images(evaluation, drawn):
    values = {"class": (0.5, 0.1), "class@1.5": (0.75, 0.2), "class@3": (1.0, 0.3)}
    for name, (accuracy, similarity) in values.items():
        evaluation.metrics |= {
            f"{name}/class_accuracy": Measurement(accuracy),
            f"{name}/cosine_similarity": Measurement(similarity),
        }
    draw = shrinking("class", (1.0, 1.5, 3.0))
    assert draw(evaluation) == {}, "needs a classifier"
    assert list(draw(classified(evaluation))) == ["shrinking"]
    (factors, series), options = drawn["metric_curves"]
    assert factors == [1.0, 1.5, 3.0]
    assert series == {"class accuracy": [0.5, 0.75, 1.0], "cosine similarity": [0.1, 0.2, 0.3]}
    data = evaluation.data
    # The class of the largest logit is 0 for every gray value: among equal ones it is the first.
    expected = {
        "class accuracy": np.mean(data.test_labels == 0),
        "cosine similarity": cosine_similarity(data.test_images, data.test_labels),
    }
    assert options["references"] == pytest.approx(expected)


def test_pictures_during_training_are_those_that_the_model_can_make(model):
    data = small_data(60)
    pictures = training_images(model, data)
    assert set(pictures) == {"samples/prior", "reconstructions", "samples/class_means", "codes"}
    assert all(picture.dtype == np.uint8 and picture.ndim == 3 for picture in pictures.values())
    decoder = SimpleNamespace(sample=model.sample)
    assert set(training_images(decoder, data)) == {"samples/prior"}
    np.testing.assert_array_equal(training_images(decoder, data)["samples/prior"], pictures["samples/prior"])


def test_pictures_during_training_show_samples_by_cluster(model):
    asked: list[tuple[int, int | None]] = []

    def sample(count: int, seed: int = 0, cluster: int | None = None) -> np.ndarray:
        asked.append((count, cluster))
        return np.zeros((count, *IMAGE_SHAPE), np.float32)

    clustering = SimpleNamespace(sample=sample, cluster=None, clusters=3)
    assert set(training_images(clustering, small_data(60))) == {"samples/prior", "samples/by_cluster"}
    assert asked == [(100, None), (10, 0), (10, 1), (10, 2)]
