"""Clusters of a model on signals whose classes are known: initialization, matching, samplers and their figures."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from experiments.gmvae.config import SETTINGS
from experiments.gmvae.models import build_gmvae
from tfvae.data.synthetic import load_synthetic
from tfvae.evaluation import clusters
from tfvae.evaluation.cluster_figures import cluster_pairs, signal_modes, z_prior_curves
from tfvae.evaluation.evaluation import Evaluation
from tfvae.metrics.clustering import cluster_accuracy
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.training.config import replaced

HISTORY = [{"epoch": 1, "epoch_metrics": {"cluster_information": 1.5}}]


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """A GMVAE whose encoder separates the modes, its clusters initialized from a mixture."""
    data = load_synthetic(train=600, test=200)
    config = replaced(SETTINGS.configs["synthetic-gmvae"], {"synthetic.widths": (32,), "projected": 20})
    keras.utils.set_random_seed(0)
    model = build_gmvae(config, data, 0)
    targets = np.zeros((600, 2 * 10 + 2 * 2), np.float32)
    targets[:, :10] = 3.0 * np.eye(10)[data.train_labels]
    targets[:, 10:20] = -2.0
    model.encoder.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mse")
    model.encoder.fit(data.train_images, targets, epochs=40, batch_size=50, verbose=0)
    clusters.initialize_from_mixture(model, data, seed=0)
    folder = tmp_path_factory.mktemp("run")
    return Evaluation("gmvae", model, data, config, seed=0, history=HISTORY, folder=folder, spaces={}, whole=data)


def test_initialized_clusters_are_the_groups_of_the_codes(evaluation: Evaluation) -> None:
    data = evaluation.data
    found = clusters.cluster_probabilities(evaluation, data.test_images).argmax(axis=1)
    assert cluster_accuracy(found, data.test_labels) > 0.95
    classes = clusters.class_of_cluster(evaluation)
    assert sorted(classes) == list(range(10))
    assert np.mean(classes[found] == data.test_labels) == cluster_accuracy(found, data.test_labels)


def test_cluster_sampler_has_the_moments_of_each_cluster(evaluation: Evaluation, tmp_path: Path) -> None:
    (name, sampler), *others = clusters.ClusterGaussians().fit(evaluation).items()
    assert name == "cluster" and not others
    loaded = GaussianMixtureSampler.load(sampler.save(tmp_path / "cluster.npz"))
    assert loaded.classes == tuple(range(10))
    codes, _ = loaded.sample(4000, seed=1, label=7)
    own, _ = evaluation.model.sample_codes(4000, cluster=7, seed=2)
    error = own.std(axis=0) / np.sqrt(1000)
    np.testing.assert_allclose((codes.mean(axis=0) - own.mean(axis=0)) / error, 0, atol=5)
    np.testing.assert_allclose(codes.std(axis=0) / own.std(axis=0), 1, atol=0.1)


def test_usage_metrics_need_clusters_for_all_but_active_units(evaluation: Evaluation) -> None:
    model, data = evaluation.model, evaluation.data
    usage = clusters.usage_metrics(model, data)
    assert usage["active_units"] == 10 and usage["used_clusters"] == 10
    without = clusters.usage_metrics(SimpleNamespace(encode=model.encode), data)
    assert without == {"active_units": usage["active_units"]}


def test_projection_shows_clusters_and_fitted_labels_of_a_subset(evaluation: Evaluation) -> None:
    projection = clusters.projection(evaluation)
    assert list(projection.columns) == ["label", "index", "fitted label", "cluster", "probability"]
    chosen = np.asarray(projection.columns["index"])
    np.testing.assert_array_equal(projection.codes, evaluation.test_codes[chosen])
    assert len(np.unique(chosen)) == 20 and chosen.max() > 20, "a random subset"


def test_cluster_pairs_are_taken_modulo_the_number_of_clusters(evaluation: Evaluation) -> None:
    assert set(cluster_pairs((9, 2), (13, 3), (18, 7))(evaluation)) == {"pair_1", "pair_3"}


def test_z_prior_curves_place_steps_in_epochs(evaluation: Evaluation) -> None:
    rows = [{"step": step, "train": {"z_prior": 0.5}} for step in (3, 6)]
    figure = z_prior_curves(lambda given: rows)(evaluation)["z_prior"]
    lines = {line.get_label(): line.get_xydata().tolist() for line in figure.axes[0].get_lines()}
    assert lines["in the loss, training"] == [[0.5, 0.5], [1.0, 0.5]], "six steps of 100 make an epoch of 600"
    assert lines["information about z, test"] == [[1.0, 1.5]]


def test_signal_modes_shows_eight_signals_of_each_class(evaluation: Evaluation) -> None:
    assert set(signal_modes(evaluation)) == {"modes"}
