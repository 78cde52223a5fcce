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


def test_silhouette_by_hand():
    # Codes 0 and 1 of one class, 10 and 11 of another: a = 1, b = 10.5 for the outer, 9.5 for the inner ones.
    codes = np.array([[0.0], [1.0], [10.0], [11.0]])
    assert silhouette(codes, [0, 0, 1, 1]) == pytest.approx((9.5 / 10.5 + 8.5 / 9.5) / 2)


def test_a_draw_has_its_size_and_seed():
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
def test_wrong_input_is_named(call, word):
    with pytest.raises(InputError, match=word):
        call()


# Cluster 0 holds three of class 1 and one of class 0; cluster 1 two of class 1; cluster 2 four of class 0.
CLUSTERS = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2, 2])
LABELS = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0])


def test_a_matching_gives_each_class_one_cluster_and_the_majority_gives_it_any():
    # Matched: 0 to class 1 and 2 to class 0, so that cluster 1 is wrong: (3 + 4) / 10. Majority: (3 + 2 + 4) / 10.
    assert cluster_accuracy(CLUSTERS, LABELS) == pytest.approx(0.7)
    assert majority_accuracy(CLUSTERS, LABELS) == pytest.approx(0.9)


def test_names_of_clusters_do_not_matter():
    renamed = np.array([5, 0, 3])[CLUSTERS]
    assert cluster_accuracy(renamed, LABELS) == pytest.approx(0.7)
    assert majority_accuracy(renamed, LABELS) == pytest.approx(0.9)
    assert cluster_agreement(renamed, LABELS) == pytest.approx(cluster_agreement(CLUSTERS, LABELS))
    assert cluster_accuracy(1 - LABELS, LABELS) == 1.0


def test_one_cluster_for_everything_is_as_good_as_its_largest_class():
    everything = np.zeros(10, int)
    assert cluster_accuracy(everything, LABELS) == majority_accuracy(everything, LABELS) == 0.5
    assert cluster_agreement(everything, LABELS) == {"cluster_nmi": 0.0, "cluster_ari": 0.0}


def test_the_matching_is_not_the_greedy_one():
    # Counts [[6, 5], [5, 0]]: the greedy matching takes 6 and then 0, the best one 5 and 5.
    clusters, labels = np.repeat([0, 0, 1], [6, 5, 5]), np.repeat([0, 1, 0], [6, 5, 5])
    assert cluster_accuracy(clusters, labels) == pytest.approx(10 / 16)


def test_mutual_information_and_rand_index_by_hand():
    clusters, labels = [0, 0, 1, 1], [0, 0, 1, 2]
    # H(clusters) = log 2, H(labels) = 1.5 log 2, mutual information log 2: over the mean entropy, 1 / 1.25.
    # Pairs: 1 together in both; 2 and 1 together in each, of 6: (1 - 2/6) / (1.5 - 2/6) = 4/7.
    agreement = cluster_agreement(clusters, labels)
    assert agreement["cluster_nmi"] == pytest.approx(0.8)
    assert agreement["cluster_ari"] == pytest.approx(4 / 7)


def test_usage_by_hand():
    probabilities = np.array([[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0]])
    usage = cluster_usage(probabilities)
    # Marginal (1/2, 3/8, 1/8, 0); three examples are sure, log 4 each, and one is torn between two, log 2.
    marginal = np.array([0.5, 0.375, 0.125])
    assert usage["used_clusters"] == 2.0
    assert usage["cluster_entropy"] == pytest.approx(-np.sum(marginal * np.log(marginal)))
    assert usage["cluster_information"] == pytest.approx((3 * np.log(4) + np.log(2)) / 4)


def test_a_cluster_of_under_one_percent_is_not_used():
    probabilities = np.eye(2)[np.repeat([0, 1], [995, 5])]
    assert cluster_usage(probabilities)["used_clusters"] == 1.0
    assert cluster_usage(np.eye(2)[np.repeat([0, 1], [990, 10])])["used_clusters"] == 2.0


@pytest.mark.parametrize("score", [cluster_accuracy, majority_accuracy, cluster_agreement])
@pytest.mark.parametrize(
    ("clusters", "labels"), [([0, 1], [0, 1, 1]), ([0.5, 1.0], [0, 1]), ([], []), ([-1, 0], [0, 1])]
)
def test_what_is_no_partition_is_refused(score, clusters, labels):
    with pytest.raises(InputError, match="xpected"):
        score(clusters, labels)


@pytest.mark.parametrize("wrong", [[0.5, 0.5], [[0.5, 0.4]], [[1.5, -0.5]], np.zeros((0, 3))])
def test_what_are_no_probabilities_is_refused(wrong):
    with pytest.raises(InputError, match="rows sum to 1"):
        cluster_usage(wrong)
