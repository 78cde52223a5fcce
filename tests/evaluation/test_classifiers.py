"""Classifiers trained on reconstructions: training, files, and their accuracies."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.contracts import THREE_PARTS
from tests.evaluation.halves import evaluation_of_halves
from tfvae.errors import InputError
from tfvae.evaluation.classifiers import (
    classifier_space,
    load_classifier,
    measure_classifier,
    reconstruction_classifier,
    reconstruction_classifiers,
    sha256_of_classifier,
)
from tfvae.networks.classifier import convolutional_classifier

LABELS = np.arange(400) % 2
# Bright above or bright below, with noise: what a few steps learn.
IMAGES = np.where((np.arange(8)[:, np.newaxis] < 4) == LABELS[:, np.newaxis, np.newaxis], 0.9, 0.1)[..., np.newaxis]
IMAGES = (IMAGES * np.ones((1, 1, 8, 1)) + np.random.default_rng(0).uniform(0, 0.1, (400, 8, 8, 1))).astype(np.float32)


def trained(**options) -> keras.Model:
    return reconstruction_classifier(IMAGES, LABELS, **{"classes": 2, "epochs": 3, "seed": 0, **options})


def test_classifier_learns_and_reports_its_epochs():
    calls = []
    classifier = trained(progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]
    assert np.mean(classifier.predict(IMAGES, verbose=0).argmax(axis=1) == LABELS) > 0.98


def test_saved_classifier_is_loaded_and_not_trained_again(tmp_path):
    file = tmp_path / "classifier.keras"
    first = trained(file=file, epochs=1)
    calls = []
    again = trained(file=file, epochs=1, progress=lambda *call: calls.append(call))
    assert calls == [] and sha256_of_classifier(again) == sha256_of_classifier(first)
    np.testing.assert_array_equal(again(IMAGES[:5]), first(IMAGES[:5]))
    assert sha256_of_classifier(trained(epochs=1, seed=1)) != sha256_of_classifier(first)


def test_classifier_of_another_network():
    assert trained(network=convolutional_classifier, epochs=1).get_layer("features").output.shape == (None, 64)


def test_zero_epochs_and_damaged_file_are_refused(tmp_path):
    with pytest.raises(InputError, match=THREE_PARTS):
        trained(epochs=0)
    (tmp_path / "classifier.keras").write_bytes(b"damaged")
    for file in (tmp_path / "classifier.keras", tmp_path / "missing.keras"):
        with pytest.raises(InputError, match=THREE_PARTS):
            load_classifier(file)


def test_classifier_space_gives_the_logits_of_uint8_images():
    data = evaluation_of_halves(None).data  # type: ignore[arg-type]
    classifier = trained(epochs=1)
    space = classifier_space(classifier, data)
    expected = classifier(data.test_images[:9].astype(np.float32) / 255.0, training=False)
    np.testing.assert_allclose(space(data.test_images[:9]).logits, expected, rtol=1e-5, atol=1e-6)
    assert space.sha256 == sha256_of_classifier(classifier) and space.class_names == data.class_names


def test_run_keeps_two_classifiers_and_renames_the_file_of_an_earlier_version(tmp_path):
    first = reconstruction_classifiers(evaluation_of_halves(tmp_path))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["classifier.keras", "selection_classifier.keras"]
    (tmp_path / "selection_classifier.keras").rename(tmp_path / "referee.keras")
    calls = []
    evaluation = evaluation_of_halves(tmp_path)
    evaluation.progress = lambda description: lambda *call: calls.append(call)
    again = reconstruction_classifiers(evaluation)
    assert calls == [] and sorted(file.name for file in tmp_path.iterdir())[-1] == "selection_classifier.keras"
    assert sha256_of_classifier(again.selection) == sha256_of_classifier(first.selection)
    assert len(first.report.layers) != len(first.selection.layers), "of different architecture"


def test_measured_accuracies_say_their_split_and_classifier(tmp_path):
    evaluation = evaluation_of_halves(tmp_path)
    metrics = measure_classifier(evaluation)
    digest = sha256_of_classifier(evaluation.once(reconstruction_classifiers).report)
    assert {name: (metric.samples, metric.split) for name, metric in metrics.items()} == {
        "classifier_accuracy_train": (600, "train"),
        "classifier_accuracy": (200, "test"),
        "classifier_accuracy_real": (200, "test"),
    }
    for metric in metrics.values():
        # Classes at -0.5 and 0.5 with a deviation of 0.3 overlap in 5 % of their samples.
        assert metric.value > 0.9 and metric.extractor_sha256 == digest
