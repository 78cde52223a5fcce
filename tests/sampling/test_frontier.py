"""The frontier of a search, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.sampling import Frontier

# Means: similarity 0.9 0.8 0.7 0.8, accuracy 1.0 0.95 0.8 0.85: the last is beaten by the second.
SIMILARITIES = np.array([[0.95, 0.85], [0.9, 0.7], [0.6, 0.8], [0.8, 0.8]])
ACCURACIES = np.array([[1.0, 1.0], [0.9, 1.0], [0.8, 0.8], [0.8, 0.9]])
FRONTIER = Frontier(np.arange(8.0).reshape(4, 2), ACCURACIES, SIMILARITIES, samples=50)


def test_no_setting_of_the_frontier_is_beaten_in_both():
    assert FRONTIER.pareto().tolist() == [2, 1, 0]


def test_equal_settings_are_one():
    twice = Frontier(np.zeros((3, 1)), np.ones((3, 2)), np.full((3, 2), 0.5), samples=5)
    assert len(twice.pareto()) == 1


@pytest.mark.parametrize(("weight", "index"), [(0.0, 2), (1.0, 1), (10.0, 0)])
def test_the_objective_of_equation_4(weight, index):
    # Weight 1: 0.9, 0.85, 0.9, 0.95. Weight 10: 0.9, 1.3, 2.7, 2.3.
    assert FRONTIER.best(weight=weight) == index


def test_an_accuracy_must_be_reached_by_a_standard_error():
    # Of 100 samples at 0.95 the standard error is 0.0218.
    assert FRONTIER.at_accuracy(0.92) == 1
    assert FRONTIER.at_accuracy(0.94) == 0
    assert FRONTIER.at_accuracy(1.0) == 0


def test_an_accuracy_that_none_has_gives_the_most_accurate():
    frontier = Frontier(np.zeros((2, 1)), np.array([[0.5], [0.5]]), np.array([[0.4], [0.3]]), samples=10)
    assert frontier.at_accuracy(0.9) == 1


def test_classes_are_put_together_one_by_one():
    composed = FRONTIER.composed(np.array([0.0, 1.0]))
    # Weight 0: class 0 takes row 2 (0.6), class 1 row 1 (0.7).
    # Weight 1: class 0 has 0.95, 1.0, 0.8, 1.0 and class 1 0.85, 0.7, 1.0, 0.9: the same rows.
    np.testing.assert_array_equal(composed.thetas, [[4.0, 3.0], [4.0, 3.0]])
    np.testing.assert_array_equal(composed.similarities, [[0.6, 0.7], [0.6, 0.7]])
    np.testing.assert_array_equal(composed.accuracies, [[0.8, 1.0], [0.8, 1.0]])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Frontier(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros((0, 2)), samples=5),
        lambda: Frontier(np.zeros((3, 2)), ACCURACIES, SIMILARITIES, samples=5),
        lambda: FRONTIER.at_accuracy(1.5),
        lambda: Frontier(np.zeros((4, 3)), ACCURACIES, SIMILARITIES, samples=5).composed(np.ones(1)),
    ],
)
def test_a_wrong_input_is_refused_with_three_parts(wrong):
    with pytest.raises(InputError, match=THREE_PARTS):
        wrong()
