"""The two feature spaces: the shipped weights, and TF-GAN's Inception from a stand-in graph."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub

from tfvae.errors import InputError
from tfvae.metrics.conditional import class_accuracy, unrecognizable_share
from tfvae.metrics.features import inception, inception_input, mnist_cnn, sha256_of_folder
from tfvae.metrics.mnist_classifier import WEIGHTS_PATH, WEIGHTS_SHA256, load_weights, mnist_classifier, save_weights
from tfvae.networks.classifier import convolutional_classifier


class StandIn(tf.Module):
    """A SavedModel with the signature of TF-GAN's Inception graph: means and maxima of the channels."""

    def __init__(self, features: str = "pool_3") -> None:
        super().__init__()
        self.features = features

    @tf.function(input_signature=[tf.TensorSpec([None, 299, 299, 3], tf.float32)])
    def __call__(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        mean = tf.reduce_mean(images, axis=[1, 2], keepdims=True)
        return {self.features: mean, "logits": tf.reduce_max(images, axis=[1, 2])}


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inception")
    tf.saved_model.save(StandIn(), str(folder))
    return folder


def test_the_shipped_weights_are_the_recorded_ones():
    record = json.loads(WEIGHTS_PATH.with_suffix(".json").read_text())
    assert hashlib.sha256(WEIGHTS_PATH.read_bytes()).hexdigest() == WEIGHTS_SHA256 == record["weights_sha256"]
    assert WEIGHTS_PATH.stat().st_size < 2e6
    assert record["scored"] == "test images" and record["accuracy"] >= 0.993
    with np.load(WEIGHTS_PATH, allow_pickle=False) as arrays:
        assert {arrays[key].dtype for key in arrays.files} == {np.dtype(np.float32)}


def test_mnist_cnn_accuracy_on_the_mnist_test_images(mnist):
    record = json.loads(WEIGHTS_PATH.with_suffix(".json").read_text())
    features, logits = mnist_cnn()(mnist.test_images)
    assert features.shape == (10_000, 64) and logits.shape == (10_000, 10)
    assert class_accuracy(logits, mnist.test_labels) == pytest.approx(record["accuracy"], abs=1e-4)


def test_mnist_cnn_accuracy_on_other_handwriting(digits):
    extractor = mnist_cnn()
    assert extractor.class_names == digits.class_names
    _, logits = extractor(digits.test_images)
    assert class_accuracy(logits, digits.test_labels) > 0.7
    assert unrecognizable_share(logits) < 0.1


def test_extractor_results_do_not_depend_on_batches(digits):
    images = digits.test_images[:70]
    extractor = mnist_cnn()
    whole = extractor(images)
    assert whole.features.dtype == whole.logits.dtype == np.float32
    np.testing.assert_array_equal(extractor(images[:7]).features, whole.features[:7])
    np.testing.assert_allclose(extractor(images, batch_size=32).features, whole.features, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 28, 28), np.uint8),
        np.zeros((2, 28, 28, 3), np.uint8),
        np.zeros((2, 28, 28, 1), np.float32),
        np.zeros((0, 28, 28, 1), np.uint8),
    ],
)
def test_mnist_cnn_refuses_other_images(images):
    with pytest.raises(InputError, match=r"expected uint8 images \[N, 28, 28, 1\]"):
        mnist_cnn()(images)
    with pytest.raises(InputError, match="batch_size >= 1"):
        mnist_cnn()(np.zeros((2, 28, 28, 1), np.uint8), batch_size=0)


def test_mnist_classifier_refuses_other_weights(tmp_path):
    damaged = tmp_path / "mnist_cnn.npz"
    content = bytearray(WEIGHTS_PATH.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(InputError, match="SHA-256"):
        mnist_classifier(damaged)
    with pytest.raises(InputError, match=r"no such file.*tools\.train_mnist_cnn"):
        mnist_classifier(tmp_path / "missing.npz")


def test_saved_weights_load_into_their_architecture_alone(tmp_path):
    model = convolutional_classifier((12, 12, 1), 3, widths=(2, 3), feature_units=4)
    path = tmp_path / "small.npz"
    save_weights(model, path)
    again = convolutional_classifier((12, 12, 1), 3, widths=(2, 3), feature_units=4)
    images = np.random.default_rng(0).random((2, 12, 12, 1), dtype=np.float32)
    assert not np.allclose(model(images), again(images))
    load_weights(again, path)
    np.testing.assert_array_equal(model(images), again(images))
    with pytest.raises(InputError, match="Expected the weights of"):
        load_weights(convolutional_classifier((12, 12, 1), 3, widths=(2, 4), feature_units=4), path)


def test_inception_input_scales_repeats_and_interpolates():
    # A column gradient: bilinear with pixel centers at half integers, ends held, as numpy's interp does.
    columns = np.array([0, 64, 128, 255], np.uint8)
    gray = np.broadcast_to(columns[None, None, :, None], (1, 5, 4, 1))
    prepared = inception_input(tf.constant(gray)).numpy()
    assert prepared.shape == (1, 299, 299, 3)
    positions = (np.arange(299) + 0.5) * 4 / 299 - 0.5
    expected = np.interp(positions, np.arange(4), (columns.astype(np.float64) - 128) / 128)
    np.testing.assert_allclose(prepared, np.broadcast_to(expected[None, None, :, None], prepared.shape), atol=1e-5)


def test_inception_runs_a_local_graph(stand_in):
    extractor = inception(stand_in)
    assert (extractor.name, extractor.image_shape, extractor.class_names) == ("inception", None, None)
    gray = np.full((3, 8, 8, 1), 192, np.uint8)
    features, logits = extractor(gray)
    np.testing.assert_allclose(features, np.full((3, 3), 0.5), atol=1e-6)
    color = np.zeros((1, 6, 5, 3), np.uint8)
    color[..., 1], color[..., 2] = 128, 255
    features, logits = extractor(color)
    np.testing.assert_allclose(features, [[-1.0, 0.0, 127 / 128]], atol=1e-6)
    np.testing.assert_allclose(logits, [[-1.0, 0.0, 127 / 128]], atol=1e-6)
    with pytest.raises(InputError, match="1 or 3"):
        extractor(np.zeros((1, 6, 5, 2), np.uint8))


def test_the_hash_of_a_folder_is_of_names_and_contents(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        (folder / "variables").mkdir(parents=True)
        (folder / "saved_model.pb").write_bytes(b"graph")
        (folder / "variables" / "data").write_bytes(b"weights")
    assert sha256_of_folder(first) == sha256_of_folder(second)
    (second / "variables" / "data").write_bytes(b"Weights")
    changed = sha256_of_folder(second)
    assert changed != sha256_of_folder(first)
    (second / "variables" / "data").rename(second / "variables" / "index")
    assert sha256_of_folder(second) not in (changed, sha256_of_folder(first))


def test_inception_without_a_path_is_tfgans_own(stand_in, monkeypatch):
    asked = []
    monkeypatch.setattr(tensorflow_hub, "resolve", lambda handle: asked.append(handle) or str(stand_in))
    assert inception().sha256 == sha256_of_folder(stand_in)
    assert asked == ["https://tfhub.dev/tensorflow/tfgan/eval/inception/1"]


def test_inception_error_names_the_inception_option(tmp_path, monkeypatch):
    def no_network(handle: str) -> str:
        raise URLError("no network")

    monkeypatch.setattr(tensorflow_hub, "resolve", no_network)
    with pytest.raises(InputError, match=r"no network.*--inception PATH"):
        inception()
    with pytest.raises(InputError, match=r"saved_model\.pb.*--inception PATH"):
        inception(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"no graph")
    with pytest.raises(InputError, match=r"SavedModel that maps.*--inception PATH"):
        inception(tmp_path)


def test_inception_refuses_a_graph_with_other_outputs(tmp_path):
    tf.saved_model.save(StandIn("pool_9"), str(tmp_path / "outputs"))
    with pytest.raises(InputError, match=r"Received: the outputs \['logits', 'pool_9'\].*--inception PATH"):
        inception(tmp_path / "outputs")
    tf.saved_model.save(tf.Module(), str(tmp_path / "none"))
    with pytest.raises(InputError, match=r"Received: TypeError.*--inception PATH"):
        inception(tmp_path / "none")
