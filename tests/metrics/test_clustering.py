"""Silhouette of codes, scores of clusters and the signs of their collapse, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.metrics.clustering import (
    cluster_accuracy,
    cluster_agreement,
    cluster_usage,
    majority_accuracy,
    silhouette,
)


def test_silhouette_matches_hand_computed_value():
    # Codes 0 and 1 of one class, 10 and 11 of another: a = 1, b = 10.5 for the outer, 9.5 for the inner ones.
    codes = np.array([[0.0], [1.0], [10.0], [11.0]])
    assert silhouette(codes, [0, 0, 1, 1]) == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2)


def test_silhouette_of_a_subset_depends_on_its_size_and_seed():
    random = np.random.default_rng(0)
    labels = np.arange(400) % 2
    codes = random.normal(size=(400, 3)) + 2.0 * labels[:, None]
    everything = silhouette(codes, labels, sample_size=None)
    assert silhouette(codes, labels, sample_size=400) == everything
    drawn = [silhouette(codes, labels, sample_size=200, seed=seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn == pytest.approx([everything] * 3, abs=0.05)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: silhouette(np.zeros((3, 2)), [1, 1, 1]), "two classes"),
        (lambda: silhouette(np.zeros((3, 2)), [0, 1, 2]), "fewer classes than codes"),
        (lambda: silhouette([[np.nan], [1.0], [2.0]], [0, 0, 1]), "finite"),
        (lambda: silhouette(np.zeros((3, 2)), [0, 1]), r"shape \[3\]"),
        (lambda: silhouette(np.zeros((3, 2)), [0, 1, 1], sample_size=1), "sample_size"),
    ],
)
def test_silhouette_refuses_wrong_input(call, word):
    with pytest.raises(InputError, match=word):
        call()


# Cluster 0 holds three of class 1 and one of class 0; cluster 1 two of class 1; cluster 2 four of class 0.
CLUSTERS = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2])
LABELS = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0])


def test_cluster_accuracy_matches_one_to_one_and_majority_accuracy_does_not():
    # Matched: 0 to class 1 and 2 to class 0, so that cluster 1 is wrong: (3 + 4) / 10. Majority: (3 + 2 + 4) / 10.
    assert cluster_accuracy(CLUSTERS, LABELS) == pytest.approx(0.7)
    assert majority_accuracy(CLUSTERS, LABELS) == pytest.approx(0.9)


def test_clustering_scores_ignore_the_numbering_of_clusters():
    renamed = np.array([5, 0, 3])[CLUSTERS]
    assert cluster_accuracy(renamed, LABELS) == pytest.approx(0.7)
    assert majority_accuracy(renamed, LABELS) == pytest.approx(0.9)
    assert cluster_agreement(renamed, LABELS) == pytest.approx(cluster_agreement(CLUSTERS, LABELS))
    assert cluster_accuracy(1 - LABELS, LABELS) == 1.0


def test_accuracy_of_a_single_cluster_is_the_share_of_the_largest_class():
    everything = np.zeros(10, int)
    assert cluster_accuracy(everything, LABELS) == majority_accuracy(everything, LABELS) == 0.5
    assert cluster_agreement(everything, LABELS) == {"cluster_nmi": 0.0, "cluster_ari": 0.0}


def test_cluster_accuracy_uses_the_optimal_matching_and_not_a_greedy_one():
    # Counts [[6, 5], [5, 0]]: the greedy matching takes 6 and then 0, the best one 5 and 5.
    clusters, labels = np.repeat([0, 0, 1], [6, 5, 5]), np.repeat([0, 1, 0], [6, 5, 5])
    assert cluster_accuracy(clusters, labels) == pytest.approx(10 / 16)


def test_nmi_and_ari_match_hand_computed_values():
    clusters, labels = [0, 0, 1, 1], [0, 0, 1, 2]
    # H(clusters) = log 2, H(labels) = 1.5 log 2, mutual information log 2: over the mean entropy, 1 / 1.25.
    # Pairs: 1 together in both; 2 and 1 together in each, of 6: (1 - 2/6) / (1.5 - 2/6) = 4/7.
    agreement = cluster_agreement(clusters, labels)
    assert agreement["cluster_nmi"] == pytest.approx(0.8)
    assert agreement["cluster_ari"] == pytest.approx(4 / 7)


def test_cluster_usage_matches_hand_computed_values():
    probabilities = np.array([[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0]])
    usage = cluster_usage(probabilities)
    # Marginal (1/2, 3/8, 1/8, 0); three examples are sure, log 4 each, and one is torn between two, log 2.
    marginal = np.array([0.5, 0.375, 0.125])
    assert usage["used_clusters"] == 2.0
    assert usage["cluster_entropy"] == pytest.approx(-np.sum(marginal * np.log(marginal)))
    assert usage["cluster_information"] == pytest.approx((3 * np.log(4) + np.log(2)) / 4)


def test_cluster_usage_ignores_clusters_below_one_percent():
    probabilities = np.eye(2)[np.repeat([0, 1], [995, 5])]
    assert cluster_usage(probabilities)["used_clusters"] == 1.0
    assert cluster_usage(np.eye(2)[np.repeat([0, 1], [990, 10])])["used_clusters"] == 2.0


@pytest.mark.parametrize("score", [cluster_accuracy, majority_accuracy, cluster_agreement])
@pytest.mark.parametrize(
    ("clusters", "labels"), [([0, 1], [0, 1, 1]), ([0.5, 1.0], [0, 1]), ([], []), ([-1, 0], [0, 1])]
)
def test_clustering_scores_refuse_arrays_that_are_no_labels(score, clusters, labels):
    with pytest.raises(InputError, match="xpected"):
        score(clusters, labels)


@pytest.mark.parametrize("wrong", [[0.5, 0.5], [[0.5, 0.4]], [[1.5, -0.5]], np.zeros((0, 3))])
def test_cluster_usage_refuses_rows_that_are_no_probabilities(wrong):
    with pytest.raises(InputError, match="rows sum to 1"):
        cluster_usage(wrong)
