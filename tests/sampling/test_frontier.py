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


def test_pareto_indices_match_hand_computed_order():
    assert FRONTIER.pareto().tolist() == [2, 1, 0]


def test_pareto_keeps_one_of_equal_settings():
    twice = Frontier(np.zeros((3, 1)), np.ones((3, 2)), np.full((3, 2), 0.5), samples=5)
    assert len(twice.pareto()) == 1


@pytest.mark.parametrize(("weight", "index"), [(0.0, 2), (1.0, 1), (10.0, 0)])
def test_best_minimizes_the_objective_of_equation_4(weight, index):
    # Weight 1: 0.9, 0.85, 0.9, 0.95. Weight 10: 0.9, 1.3, 2.7, 2.3.
    assert FRONTIER.best(weight=weight) == index


def test_at_accuracy_subtracts_one_standard_error():
    # Of 100 samples at 0.95 the standard error is 0.0218.
    assert FRONTIER.at_accuracy(0.92) == 1
    assert FRONTIER.at_accuracy(0.94) == 0
    assert FRONTIER.at_accuracy(1.0) == 0


def test_at_accuracy_falls_back_to_the_most_accurate_setting():
    frontier = Frontier(np.zeros((2, 1)), np.array([[0.5], [0.5]]), np.array([[0.4], [0.3]]), samples=10)
    assert frontier.at_accuracy(0.9) == 1


def test_composed_settings_take_the_best_row_of_each_class():
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
