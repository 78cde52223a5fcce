"""Neighborhoods, near copies and classes: by hand, against a plain loop, and far from zero."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.metrics import neighbors as neighbors_module
from tfvae.metrics.manifold import class_shares, density_and_coverage, near_copies, precision_and_recall

RANDOM = np.random.default_rng(0)


def brute_force(real: np.ndarray, generated: np.ndarray, neighbors: int) -> tuple[float, float, float, float]:
    """Precision, recall, density and coverage, one pair of points at a time."""

    def radius(points, i):
        return sorted(np.linalg.norm(points[i] - points[j]) for j in range(len(points)) if j != i)[neighbors - 1]

    real_radii = [radius(real, i) for i in range(len(real))]
    generated_radii = [radius(generated, j) for j in range(len(generated))]
    distances = [[np.linalg.norm(r - g) for g in generated] for r in real]
    pairs = [(i, j) for i in range(len(real)) for j in range(len(generated))]
    inside_real = [(i, j) for i, j in pairs if distances[i][j] <= real_radii[i]]
    inside_generated = [(i, j) for i, j in pairs if distances[i][j] <= generated_radii[j]]
    return (
        len({j for _, j in inside_real}) / len(generated),
        len({i for i, _ in inside_generated}) / len(real),
        len(inside_real) / (neighbors * len(generated)),
        len({i for i, _ in inside_real}) / len(real),
    )


# On a line: the real points 0, 1, 2, 10 have the radii 1, 1, 1, 8 to their nearest neighbor; the generated 0.5, 3, 3.5
# have 2.5, 0.5, 0.5. In real balls: 0.5 (of 0 and 1), 3 (of 2 and of 10) and 3.5 (of 10 alone). In generated balls, all
# of them that of 0.5, whose ball ends at 3: 0, 1 and 2.
LINE = (np.array([[0.0], [1.0], [2.0], [10.0]]), np.array([[0.5], [3.0], [3.5]]))


def test_points_on_a_line_match_hand_computed_values():
    assert precision_and_recall(*LINE, neighbors=1) == (1.0, 0.75)
    density, coverage = density_and_coverage(*LINE, neighbors=1)
    assert density == pytest.approx(5 / 3) and coverage == 1.0
    far = LINE[1] + 100
    assert precision_and_recall(LINE[0], far, neighbors=1) == (0.0, 0.0)
    assert density_and_coverage(LINE[0], far, neighbors=1) == (0.0, 0.0)


@pytest.mark.parametrize("neighbors", [1, 3, 5])
@pytest.mark.parametrize("block", [7, 1000])
def test_manifold_metrics_agree_with_a_plain_loop(monkeypatch, neighbors, block):
    monkeypatch.setattr(neighbors_module, "BLOCK_ROWS", block)
    monkeypatch.setattr(neighbors_module, "VALUES_AT_ONCE", 3 * block)
    real = RANDOM.normal(size=(40, 3))
    generated = RANDOM.normal(loc=0.7, size=(31, 3))
    expected = brute_force(real, generated, neighbors)
    assert 0 < min(expected) and max(expected[:2]) < 1
    ours = (
        *precision_and_recall(real, generated, neighbors=neighbors),
        *density_and_coverage(real, generated, neighbors=neighbors),
    )
    assert ours == pytest.approx(expected)


def all_four(real: np.ndarray, generated: np.ndarray) -> tuple[float, ...]:
    return (*precision_and_recall(real, generated), *density_and_coverage(real, generated))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("copies", [2, 6, 50])
def test_precision_and_recall_of_a_permuted_copy_of_duplicates_are_one(dtype, offset, copies):
    random = np.random.default_rng(copies)
    features = np.repeat(random.normal(size=(20, 64)) + offset, copies, axis=0).astype(dtype)
    precision, recall, density, coverage = all_four(features, random.permutation(features))
    assert (precision, recall, coverage) == (1.0, 1.0, 1.0)
    if copies > 5:
        # Every radius is 0: a generated sample lies in the balls of its own copies alone.
        assert density == copies / 5


@pytest.mark.parametrize("quantum", [1.0, 0.1, 1 / 3])
def test_manifold_metrics_of_quantized_features_agree_with_a_plain_loop(quantum):
    random = np.random.default_rng(1)
    real, generated = (quantum * random.integers(0, 3, (count, 3)) for count in (60, 45))
    for neighbors in (1, 3, 5):
        expected = brute_force(real, generated, neighbors)
        ours = (
            *precision_and_recall(real, generated, neighbors=neighbors),
            *density_and_coverage(real, generated, neighbors=neighbors),
        )
        assert ours == pytest.approx(expected, abs=1e-12)


def test_manifold_metrics_of_one_repeated_sample():
    real = RANDOM.normal(size=(100, 8))
    # A copy of a real sample lies in that sample's ball; its own ball, of radius 0, holds that sample alone.
    assert precision_and_recall(real, np.repeat(real[:1], 40, axis=0)) == (1.0, 0.01)
    assert precision_and_recall(np.full((30, 8), 0.1), np.full((40, 8), 0.1)) == (1.0, 1.0)
    assert density_and_coverage(np.full((30, 8), 0.1), np.full((40, 8), 0.1)) == (30 / 5, 1.0)
    assert precision_and_recall(np.full((30, 8), 0.1), np.full((40, 8), np.nextafter(0.1, 1))) == (0.0, 0.0)


def test_ties_are_exact_beside_an_outlier():
    points = np.concatenate([RANDOM.normal(size=(50, 4)), np.full((1, 4), 1e9)])
    assert precision_and_recall(points, RANDOM.permutation(points)) == (1.0, 1.0)


def test_manifold_metrics_are_invariant_to_a_large_offset():
    real, generated = RANDOM.normal(size=(60, 2)), RANDOM.normal(loc=0.5, size=(60, 2))
    assert all_four(real + 1e6, generated + 1e6) == all_four(real, generated)


def test_precision_and_recall_of_a_set_with_itself_are_one():
    points = RANDOM.normal(size=(50, 4))
    assert precision_and_recall(points, points) == (1.0, 1.0)
    assert density_and_coverage(points, points)[1] == 1.0


def test_a_collapsed_generator_has_precision_and_no_recall():
    real = RANDOM.normal(size=(200, 4))
    collapsed = real[:1] + 1e-3 * RANDOM.normal(size=(200, 4))
    precision, recall = precision_and_recall(real, collapsed)
    assert precision == 1.0 and recall < 0.02
    density, coverage = density_and_coverage(real, collapsed)
    assert density > 0.5 and coverage < 0.2


def test_near_copies_separates_copies_from_new_images():
    train, test, new = (RANDOM.integers(0, 256, (count, 4, 4, 1)).astype(np.uint8) for count in (500, 200, 200))
    copies = near_copies(train[:100], train, test)
    assert (copies.ratio, copies.share) == (0.0, 1.0)
    scaled = [images.astype(np.float32) / 255 for images in (train[:100], train, test)]
    assert near_copies(*scaled).ratio == 0.0
    fresh = near_copies(new, train, test)
    assert fresh.ratio == pytest.approx(1, abs=0.1) and fresh.share <= 0.05
    half = near_copies(np.concatenate([train[:100], new[:100]]), train, test)
    assert half.share == pytest.approx(0.5, abs=0.05)


def test_near_copies_matches_hand_computed_values():
    # Nearest training images of the generated are 1 and 3 away, of the test images 2, 4 and 4.
    train, test = np.array([[0.0], [10.0]]), np.array([[2.0], [4.0], [6.0]])
    copies = near_copies(np.array([[1.0], [7.0]]), train, test)
    assert copies.ratio == pytest.approx(2 / 4) and copies.share == 0.5


def test_class_shares_match_hand_computed_values():
    logits = np.array([[3.0, 1, 2], [0, 5, 1], [9, 1, 1], [2, 1, 0]])
    np.testing.assert_array_equal(class_shares(logits), [0.75, 0.25, 0])


def test_manifold_metrics_refuse_wrong_input():
    points = RANDOM.normal(size=(5, 2))
    for function in (precision_and_recall, density_and_coverage):
        with pytest.raises(InputError, match="neighbors=5"):
            function(points, points, neighbors=5)
        with pytest.raises(InputError, match="neighbors=0"):
            function(points, points, neighbors=0)
        with pytest.raises(InputError, match="dimension"):
            function(points, points[:, :1])
        with pytest.raises(InputError, match="NaN"):
            function(points, np.full((5, 2), np.nan))
    images = np.zeros((3, 2, 2))
    with pytest.raises(InputError, match="one shape"):
        near_copies(images, images[:, :1], images)
    with pytest.raises(InputError, match="not among the training images"):
        near_copies(images, images, images)
