"""The exported SavedModel: what it computes in a process without this library, and what it refuses."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

import tfvae
from tests.contracts import IMAGE_SHAPE, LATENT_DIM, small_images, small_networks
from tfvae import serving
from tfvae.errors import InputError
from tfvae.models.dcgan import DCGAN
from tfvae.networks.convolutional import dcgan_discriminator
from tfvae.sampling import GaussianMixtureSampler, standard_normal_sampler

BATCHES = (1, 3, 17)
EXPORT = importlib.import_module("tfvae.serving.export")  # `serving.export` is the function

# Runs in a process of its own, in which importing tfvae fails.
CLIENT = """
import sys
sys.modules["tfvae"] = None
import numpy as np
import tensorflow as tf

folder, inputs, outputs = sys.argv[1:]
endpoints = tf.saved_model.load(folder).signatures
given, got = np.load(inputs), {}
for size in (1, 3, 17):
    images, codes = tf.constant(given["images"][:size]), tf.constant(given["codes"][:size])
    labels = tf.constant(given["labels"][:size])
    for seed in (0, 7):
        seed_input = tf.constant(seed, tf.int64)
        results = {
            "serving_default": endpoints["serving_default"](images=images),
            "encode": endpoints["encode"](images=images),
            "decode": endpoints["decode"](codes=codes),
            "reconstruct": endpoints["reconstruct"](images=images),
            "generate": endpoints["generate"](count=tf.constant(size), seed=seed_input),
            "generate_class": endpoints["generate_class"](labels=labels, seed=seed_input),
        }
        for endpoint, result in results.items():
            got |= {f"{endpoint}-{size}-{seed}-{name}": value.numpy() for name, value in result.items()}
np.savez(outputs, **got)
"""


def mixture() -> GaussianMixtureSampler:
    """Five components of three classes; one of class 1 has no weight."""
    generator = np.random.default_rng(3)
    factors = np.tril(generator.normal(size=(5, LATENT_DIM, LATENT_DIM))) + 2.0 * np.eye(LATENT_DIM)
    return GaussianMixtureSampler(
        weights=np.array([0.1, 0.3, 0.2, 0.4, 0.0]),
        means=30.0 * np.arange(5)[:, np.newaxis] + generator.normal(size=(5, LATENT_DIM)),
        covariances=factors @ factors.transpose(0, 2, 1),
        labels=np.array([0, 0, 1, 2, 1]),
    )


@pytest.fixture(scope="module")
def model() -> tfvae.VAE:
    keras.utils.set_random_seed(0)
    return tfvae.VAE(*small_networks(2))


@pytest.fixture(scope="module")
def version(model, tmp_path_factory) -> Path:
    return serving.export(model, tmp_path_factory.mktemp("exports"), sampler=mixture(), class_sampler=mixture())


@pytest.fixture(scope="module")
def endpoints(version):
    loaded = tf.saved_model.load(str(version))
    yield loaded.signatures  # which work as long as what was loaded lives


def drawn(endpoints, count: int, seed: int) -> dict[str, np.ndarray]:
    result = endpoints["generate"](count=tf.constant(count), seed=tf.constant(seed, tf.int64))
    return {name: value.numpy() for name, value in result.items()}


def drawn_of(endpoints, labels, seed: int) -> dict[str, np.ndarray]:
    labels = tf.constant(labels, tf.int64)
    result = endpoints["generate_class"](labels=labels, seed=tf.constant(seed, tf.int64))
    return {name: value.numpy() for name, value in result.items()}


@pytest.fixture(scope="module")
def given():
    images, labels = small_images(max(BATCHES))
    codes = np.random.default_rng(1).normal(size=(max(BATCHES), LATENT_DIM)).astype(np.float32)
    return {"images": images, "codes": codes, "labels": labels}


@pytest.fixture(scope="module")
def got(version, given, tmp_path_factory):
    folder = tmp_path_factory.mktemp("client")
    np.savez(folder / "inputs.npz", **given)
    paths = [str(version), str(folder / "inputs.npz"), str(folder / "outputs.npz")]
    ended = subprocess.run([sys.executable, "-c", CLIENT, *paths], cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return np.load(folder / "outputs.npz")


class TestWithoutTheLibrary:
    @pytest.mark.parametrize("size", BATCHES)
    def test_endpoints_equal_the_model(self, got, given, model, size):
        images, codes = given["images"][:size], given["codes"][:size]
        expected = {
            "serving_default-{}-codes": model.encode(images),
            "serving_default-{}-images": model.reconstruct(images),
            "encode-{}-codes": model.encode(images),
            "decode-{}-images": model.decode(codes),
            "reconstruct-{}-images": model.reconstruct(images),
            "generate-{}-images": model.decode(got[f"generate-{size}-7-codes"]),
            "generate_class-{}-images": model.decode(got[f"generate_class-{size}-7-codes"]),
        }
        for name, numbers in expected.items():
            np.testing.assert_allclose(got[name.format(f"{size}-7")], numbers, atol=1e-5)

    @pytest.mark.parametrize("size", BATCHES)
    def test_generate_class_returns_the_requested_labels(self, got, given, size):
        np.testing.assert_array_equal(got[f"generate_class-{size}-7-labels"], given["labels"][:size])
        assert got[f"generate-{size}-7-labels"].shape == (size,)

    @pytest.mark.parametrize("endpoint", ["generate", "generate_class"])
    def test_another_seed_gives_other_images(self, got, endpoint):
        assert np.abs(got[f"{endpoint}-17-0-images"] - got[f"{endpoint}-17-7-images"]).max() > 1e-3

    def test_the_same_seed_gives_the_same_images_in_another_process(self, got, given, endpoints):
        np.testing.assert_array_equal(drawn(endpoints, 17, 7)["codes"], got["generate-17-7-codes"])
        np.testing.assert_array_equal(
            drawn_of(endpoints, given["labels"], 7)["codes"], got["generate_class-17-7-codes"]
        )


def test_generated_codes_have_the_mixture_s_weights_and_moments(endpoints):
    sampler, count = mixture(), 40_000
    result = drawn(endpoints, count, 5)
    component = np.rint(result["codes"].mean(axis=1) / 30.0).astype(int)
    np.testing.assert_allclose(np.bincount(component, minlength=5) / count, sampler.weights, atol=0.01)
    np.testing.assert_array_equal(result["labels"], sampler.labels[component])
    for k in range(4):
        codes = result["codes"][component == k]
        np.testing.assert_allclose(codes.mean(axis=0), sampler.means[k], atol=0.2)
        np.testing.assert_allclose(np.cov(codes.T), sampler.covariances[k], rtol=0.1, atol=0.2)


def test_generated_codes_of_a_class_use_its_components_by_weight(endpoints):
    labels = np.tile([2, 0, 1], 4000)
    codes = drawn_of(endpoints, labels, 5)["codes"]
    component = np.rint(codes.mean(axis=1) / 30.0).astype(int)
    assert set(component[labels == 1]) == {2}
    assert set(component[labels == 2]) == {3}
    assert set(component[labels == 0]) == {0, 1}
    assert np.mean(component[labels == 0] == 1) == pytest.approx(0.3 / (0.1 + 0.3), abs=0.02)


def test_images_of_one_request_differ(endpoints):
    images = drawn_of(endpoints, [0] * 8, 1)["images"].reshape(8, -1)
    assert len(np.unique(images, axis=0)) == 8


@pytest.mark.parametrize(
    ("endpoint", "inputs", "message"),
    [
        ("generate_class", {"labels": [0, 3], "seed": 1}, r"Expected labels out of 0, 1, 2\. Received:\] \[0 3\]"),
        ("generate_class", {"labels": [-1], "seed": 1}, "Expected labels out of"),
        ("generate", {"count": 0, "seed": 1}, r"Expected a count of at least 1\. Received:\] \[?0"),
        ("encode", {"images": 255}, r"Expected images in \[0, 1\]\. Received \(min, max\):\] \[255 255\]"),
        ("reconstruct", {"images": float("nan")}, "Expected images in"),
        ("serving_default", {"images": -1.5}, "Expected images in"),
    ],
)
def test_a_wrong_request_fails_and_says_why(endpoints, endpoint, inputs, message):
    dtypes = {"labels": tf.int64, "seed": tf.int64, "count": tf.int32, "images": tf.float32}
    tensors = {name: tf.constant(value, dtypes[name]) for name, value in inputs.items()}
    if "images" in tensors:
        tensors["images"] = tf.fill([2, *IMAGE_SHAPE], tensors["images"])
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        endpoints[endpoint](**tensors)


def test_images_a_little_outside_their_range_are_served(endpoints):
    endpoints["encode"](images=tf.fill([1, *IMAGE_SHAPE], 1.2))


def test_saved_graph_has_only_stateless_random_operations(version, model):
    """A SeedGenerator would be a variable, and its draws stateful operations."""
    graph = saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes()).meta_graphs[0].graph_def
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    random = {node.op for node in nodes if "Random" in node.op or "Rng" in node.op}
    assert random
    assert {op for op in random if not op.startswith("Stateless")} == set()
    names = [name for name, _ in tf.train.list_variables(str(version / "variables" / "variables"))]
    saved = [name for name in names if name.endswith("VARIABLE_VALUE")]
    assert len(saved) == len(model.encoder.weights) + len(model.decoder.weights)


def test_signatures_say_names_types_and_shapes(version):
    images = "images float32 [batch, 6, 5, 1]"
    assert serving.signatures(version) == {
        "decode": f"codes float32 [batch, 2] -> {images}",
        "encode": f"{images} -> codes float32 [batch, 2]",
        "generate": f"count int32 [], seed int64 [] -> codes float32 [batch, 2], {images}, labels int64 [batch]",
        "generate_class": (
            f"labels int64 [batch], seed int64 [] -> codes float32 [batch, 2], {images}, labels int64 [batch]"
        ),
        "reconstruct": f"{images} -> {images}",
        "serving_default": f"{images} -> codes float32 [batch, 2], {images}",
    }


def test_export_writes_shapes_range_and_classes_beside_the_graph(version):
    facts = json.loads((version / "assets.extra" / "tfvae.json").read_text())
    assert facts == {"value_range": [0.0, 1.0], "image_shape": [6, 5, 1], "latent_dim": 2, "classes": [0, 1, 2]}


def test_export_without_classes_has_no_generate_class_and_no_labels(model, tmp_path):
    version = serving.export(model, tmp_path, sampler=standard_normal_sampler(LATENT_DIM), value_range=(-1.0, 1.0))
    signatures = serving.signatures(version)
    assert "generate_class" not in signatures
    assert "labels" not in signatures["generate"]
    assert json.loads((version / "assets.extra" / "tfvae.json").read_text())["classes"] == []


def test_a_model_that_does_not_encode_decodes_by_default(tmp_path):
    codes = keras.Input((LATENT_DIM,))
    generator = keras.Model(codes, keras.layers.Reshape((1, 2, 1))(keras.layers.Dense(2, activation="tanh")(codes)))
    model = DCGAN(generator, dcgan_discriminator((1, 2, 1), filters=(2,)), average_decay=0.5)
    version = serving.export(model, tmp_path, sampler=standard_normal_sampler(LATENT_DIM), value_range=(-1.0, 1.0))
    images = "images float32 [batch, 1, 2, 1]"
    assert serving.signatures(version) == {
        "decode": f"codes float32 [batch, 2] -> {images}",
        "generate": f"count int32 [], seed int64 [] -> codes float32 [batch, 2], {images}",
        "serving_default": f"codes float32 [batch, 2] -> {images}",
    }
    loaded = tf.saved_model.load(str(version))
    got = drawn(loaded.signatures, 5, 1)
    np.testing.assert_allclose(got["images"], model.decode(got["codes"]), atol=1e-6)


class TestVersions:
    @pytest.fixture(autouse=True)
    def no_graph(self, monkeypatch):
        """Only folders matter here."""
        monkeypatch.setattr(EXPORT, "_write", lambda endpoints, facts, folder: (folder / "saved").touch())

    def export(self, model, path, **options) -> Path:
        return serving.export(model, path, sampler=standard_normal_sampler(LATENT_DIM), **options)

    def test_counts_up_from_one(self, model, tmp_path):
        root = tmp_path / "new" / "exports"
        assert [self.export(model, root) for _ in range(2)] == [root / "1", root / "2"]
        assert self.export(model, root, version=7) == root / "7"
        assert self.export(model, root) == root / "8"
        assert sorted(path.name for path in root.iterdir()) == ["1", "2", "7", "8"]

    @pytest.mark.parametrize("version", [0, 1])
    def test_a_version_that_is_taken_or_no_version_is_refused(self, model, tmp_path, version):
        self.export(model, tmp_path)
        with pytest.raises(InputError, match=rf"version of at least 1 .*\[1\].* Received: {version}\."):
            self.export(model, tmp_path, version=version)

    def test_a_failed_export_leaves_no_version(self, model, tmp_path, monkeypatch):
        def fail(endpoints, facts, folder):
            (folder / "half").touch()
            raise RuntimeError("in the middle")

        monkeypatch.setattr(EXPORT, "_write", fail)
        with pytest.raises(RuntimeError, match="in the middle"):
            self.export(model, tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_a_file_is_no_folder(self, model, tmp_path):
        (tmp_path / "taken").touch()
        for path in (tmp_path / "taken", tmp_path / "taken" / "below"):
            with pytest.raises(InputError, match=r"Expected a folder .*Received: .*taken"):
                self.export(model, path)

    def test_samplers_that_do_not_fit_are_refused(self, model, tmp_path):
        other = standard_normal_sampler(LATENT_DIM + 1)
        with pytest.raises(InputError, match=r"2-dimensional codes\. Received: one of 3"):
            serving.export(model, tmp_path, sampler=other)
        with pytest.raises(InputError, match="components have classes"):
            self.export(model, tmp_path, class_sampler=standard_normal_sampler(LATENT_DIM))
        assert list(tmp_path.iterdir()) == []


def test_signatures_of_another_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="Expected the folder of a SavedModel"):
        serving.signatures(tmp_path)
