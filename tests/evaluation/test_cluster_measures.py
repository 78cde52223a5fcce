"""Clusters against classes, by hand: a model that reads the cluster off a picture's only pixel."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.evaluation.small import evaluation_of
from tfvae.data.images import ImageData
from tfvae.evaluation.clusters import (
    class_of_cluster,
    clusters,
    color_labels,
    measure_clusters,
    measure_kmeans,
    projection,
    sample_clusters,
)

CLUSTERS = 4


def cluster(images: np.ndarray, num_samples: int = 10) -> np.ndarray:
    """p(cluster | x): 0.7 for the cluster that the pixel names, 0.1 for each other."""
    found = np.round(images[:, 0, 0, 0] * 255).astype(int)
    return (0.6 * np.eye(CLUSTERS)[found] + 0.1).astype(np.float32)


def sample_codes(count: int, seed: int, cluster: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    chosen = np.arange(count) % CLUSTERS
    return np.stack([chosen, chosen], axis=1).astype(np.float32), chosen


def data_of(counts: dict[tuple[int, int], int]) -> ImageData:
    """So many pictures of each (cluster, class) in the training split; a test split of four."""
    pairs = np.array([pair for pair, count in counts.items() for _ in range(count)])
    pixels = pairs[:, 0].astype(np.uint8).reshape(-1, 1, 1, 1)
    test = np.array([0, 1, 2, 2], np.uint8).reshape(-1, 1, 1, 1)
    return ImageData("pixels", pixels, pairs[:, 1], test, np.array([1, 0, 2, 1]), ("a", "b", "c"))


MODEL = SimpleNamespace(
    clusters=CLUSTERS,
    latent_dim=2,
    cluster=cluster,
    sample_codes=sample_codes,
    encode=lambda images: np.repeat(images[:, 0, 0] * 255, 2, axis=1).astype(np.float32),
    decode=lambda codes: codes[:, :1, None, None] / 255,
)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # Each cluster has one class; cluster 3 is left over, and most of it is of class 0.
        ({(0, 0): 3, (1, 1): 5, (1, 0): 1, (2, 2): 2, (3, 0): 2, (3, 1): 1}, [0, 1, 2, 0]),
        # Most of clusters 0 and 1 is of class 0; matched one to one, 5 + 4 of them are right and not 6.
        ({(0, 0): 6, (0, 1): 5, (1, 0): 4, (2, 2): 2, (3, 2): 1}, [1, 0, 2, 2]),
        # Cluster 1 is never found, and no class is left for it.
        ({(0, 1): 3, (2, 2): 2, (3, 0): 1}, [1, 0, 2, 0]),
    ],
)
def test_class_of_cluster_is_the_best_one_to_one_matching(counts, expected):
    np.testing.assert_array_equal(class_of_cluster(evaluation_of(MODEL, data_of(counts))), expected)


def test_samples_of_clusters_have_the_class_that_their_cluster_is_matched_to():
    samples = sample_clusters(evaluation_of(MODEL, data_of({(0, 1): 3, (1, 0): 3, (2, 2): 3, (3, 2): 1}), samples=6))
    np.testing.assert_array_equal(samples.images.ravel(), [0, 1, 2, 3, 0, 1])
    np.testing.assert_array_equal(samples.labels, [1, 0, 2, 2, 1, 0])
    assert samples.codes is not None and samples.codes.shape == (6, 2)


def test_measures_of_clusters_on_the_test_split():
    """Clusters 0, 1, 2, 2 against classes 1, 0, 2, 1: three of four are right, matched or by majority."""
    metrics = measure_clusters(evaluation_of(MODEL, data_of({(0, 0): 1})))
    values = {name: metric.value for name, metric in metrics.items()}
    assert values["cluster_accuracy"] == values["majority_accuracy"] == 0.75
    assert (values["used_clusters"], values["unused_clusters"]) == (3, 1)
    assert {(metric.samples, metric.split) for metric in metrics.values()} == {(4, "test")}


def test_model_without_clusters_has_no_measures_of_them():
    model = SimpleNamespace(encode=MODEL.encode)
    assert not clusters(model) and clusters(MODEL)
    assert measure_clusters(evaluation_of(model, data_of({(0, 0): 1}))) == {}


def test_kmeans_on_codes_finds_classes_that_lie_apart():
    """Classes at codes 0, 50 and 100; the test split has one picture of each."""
    train = np.repeat(np.array([0, 50, 100], np.uint8), 5).reshape(-1, 1, 1, 1)
    test = np.array([100, 0, 50], np.uint8).reshape(-1, 1, 1, 1)
    data = ImageData("apart", train, np.repeat([0, 1, 2], 5), test, np.array([2, 0, 1]), ("a", "b", "c"))
    (metric,) = measure_kmeans(evaluation_of(MODEL, data)).values()
    assert metric.value == 1.0 and metric.samples == 3


def test_scatters_of_images_are_colored_by_class():
    data = data_of({(0, 0): 1})
    labels, names = color_labels(data)
    assert labels is data.test_labels and names == ("a", "b", "c")


def test_projection_has_labels_clusters_and_light_thumbnails():
    shown = projection(evaluation_of(MODEL, data_of({(0, 0): 1}), projected=9))
    assert shown.name == "codes of the test split of pixels"
    assert list(shown.columns["label"]) == ["b", "a", "c", "b"]
    np.testing.assert_array_equal(shown.columns["index"], range(4))
    np.testing.assert_array_equal(shown.columns["cluster"], [0, 1, 2, 2])
    np.testing.assert_array_equal(shown.columns["probability"], [np.float32(0.7)] * 4)
    assert shown.pictures is not None
    np.testing.assert_array_equal(shown.pictures.ravel(), [255, 254, 253, 253])
    without = projection(evaluation_of(SimpleNamespace(encode=MODEL.encode), data_of({(0, 0): 1}), projected=2))
    assert list(without.columns) == ["label", "index"] and len(without.codes) == 2
