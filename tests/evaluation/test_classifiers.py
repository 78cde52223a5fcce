"""The classifier that a run trains on its reconstructions and keeps."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.evaluation.classifiers import load_classifier, reconstruction_classifier, sha256_of_classifier
from tfvae.networks.classifier import convolutional_classifier

LABELS = np.arange(400) % 2
# Bright above or bright below, with noise: what a few steps learn.
IMAGES = np.where((np.arange(8)[:, np.newaxis] < 4) == LABELS[:, np.newaxis, np.newaxis], 0.9, 0.1)[..., np.newaxis]
IMAGES = (IMAGES * np.ones((1, 1, 8, 1)) + np.random.default_rng(0).uniform(0, 0.1, (400, 8, 8, 1))).astype(np.float32)


def trained(**options) -> keras.Model:
    return reconstruction_classifier(IMAGES, LABELS, **{"classes": 2, "epochs": 3, "seed": 0, **options})


def test_it_learns_and_says_how_far_it_is():
    calls = []
    classifier = trained(progress=lambda *call: calls.append(call))
    assert calls == [(1, 3), (2, 3), (3, 3)]
    assert np.mean(classifier.predict(IMAGES, verbose=0).argmax(axis=1) == LABELS) > 0.98


def test_a_kept_one_is_taken_and_not_trained_again(tmp_path):
    file = tmp_path / "classifier.keras"
    first = trained(file=file, epochs=1)
    calls = []
    again = trained(file=file, epochs=1, progress=lambda *call: calls.append(call))
    assert calls == [] and sha256_of_classifier(again) == sha256_of_classifier(first)
    np.testing.assert_array_equal(again(IMAGES[:5]), first(IMAGES[:5]))
    assert sha256_of_classifier(trained(epochs=1, seed=1)) != sha256_of_classifier(first)


def test_other_networks_fit_in():
    assert trained(network=convolutional_classifier, epochs=1).get_layer("features").output.shape == (None, 64)


def test_no_epochs_and_a_damaged_file_are_refused(tmp_path):
    with pytest.raises(InputError, match=THREE_PARTS):
        trained(epochs=0)
    (tmp_path / "classifier.keras").write_bytes(b"damaged")
    for file in (tmp_path / "classifier.keras", tmp_path / "missing.keras"):
        with pytest.raises(InputError, match=THREE_PARTS):
            load_classifier(file)
