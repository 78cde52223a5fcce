"""The Gaussian mixture sampler: moments, seeds, densities, files."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import multivariate_normal

from tfvae.errors import InputError
from tfvae.sampling import GaussianMixtureSampler, standard_normal_sampler

THREE_PARTS = r"(?s)^Expected .+\. Received: .+\. [A-Z].+\.$"

# Class 2 has two components of weights 0.1 and 0.3, class 1 has one.
WEIGHTS = np.array([0.1, 0.6, 0.3])
MEANS = np.array([[100.0, 0.0], [0.0, 0.0], [-100.0, 50.0]])
COVARIANCES = np.array([[[4.0, 1.2], [1.2, 1.0]], [[1.0, 0.0], [0.0, 9.0]], [[2.0, -0.5], [-0.5, 0.5]]])
SAMPLER = GaussianMixtureSampler(WEIGHTS, MEANS, COVARIANCES, np.array([2, 1, 2]))


def test_fields_are_read_only_copies():
    weights = WEIGHTS.copy()
    sampler = GaussianMixtureSampler(weights, MEANS, COVARIANCES)
    weights[0] = 5.0
    assert sampler.weights[0] == 0.1
    with pytest.raises(ValueError, match="read-only"):
        sampler.weights[0] = 5.0
    assert SAMPLER.latent_dim == 2 and SAMPLER.classes == (1, 2) and sampler.classes == ()


def test_sample_has_the_weights_and_moments_of_the_components():
    codes, labels = SAMPLER.sample(40000, seed=3)
    assert codes.dtype == np.float32 and labels.dtype == np.int64
    nearest = np.linalg.norm(codes[:, np.newaxis] - MEANS, axis=2).argmin(axis=1)
    np.testing.assert_array_equal(labels, SAMPLER.labels[nearest])
    for k, drawn in enumerate(codes[nearest == k] for k in range(3)):
        # Five standard errors, of a share, of a mean, and of a (co)variance (at most sqrt(2 / n) * v).
        count, variances = len(drawn), np.diag(COVARIANCES[k])
        assert abs(count / 40000 - WEIGHTS[k]) < 5 * np.sqrt(0.25 / 40000)
        assert np.all(np.abs(drawn.mean(axis=0) - MEANS[k]) < 5 * np.sqrt(variances / count))
        assert np.all(np.abs(np.cov(drawn.T) - COVARIANCES[k]) < 5 * np.sqrt(2 / count) * variances.max())


def test_sample_of_a_label_uses_its_components_by_weight():
    codes, labels = SAMPLER.sample(8000, seed=3, label=2)
    assert np.all(labels == 2)
    # Within class 2 the weights 0.1 and 0.3 are 1/4 and 3/4.
    share = np.mean(codes[:, 0] > 0)
    assert abs(share - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 8000)


def test_same_seed_gives_same_codes_and_another_seed_others():
    first, _ = SAMPLER.sample(50, seed=1)
    np.testing.assert_array_equal(first, SAMPLER.sample(50, seed=1)[0])
    assert not np.array_equal(first, SAMPLER.sample(50, seed=2)[0])


@pytest.mark.parametrize("label", [None, 2])
def test_a_smaller_count_is_a_prefix_of_a_larger_one(label):
    codes, labels = SAMPLER.sample(5, seed=1, label=label)
    more_codes, more_labels = SAMPLER.sample(1003, seed=1, label=label)
    np.testing.assert_array_equal(codes, more_codes[:5])
    np.testing.assert_array_equal(labels, more_labels[:5])


def test_draw_of_one_label_per_row_is_that_of_each_class_row_by_row():
    labels = np.array([2, 1, 1, 2, 1])
    codes, drawn = SAMPLER.draw(tf.constant(5), tf.constant(4, tf.int64), tf.constant(labels))
    np.testing.assert_array_equal(drawn, labels)
    for label in (1, 2):
        expected = SAMPLER.sample(5, seed=4, label=label)[0]
        np.testing.assert_array_equal(codes[labels == label], expected[labels == label])


def test_another_attempt_draws_other_codes_of_the_same_class():
    labels = tf.ones([500], tf.int64)
    first, second = (SAMPLER.draw(tf.constant(500), tf.constant(0, tf.int64), labels, attempt=n)[0] for n in (0, 1))
    # Class 1 is N(0, diag(1, 9)): two independent draws of 500 have a correlation of 0 +- 1 / sqrt(500) = 0.045.
    for axis in (0, 1):
        assert abs(np.corrcoef(first[:, axis], second[:, axis])[0, 1]) < 5 * 0.045


def test_a_component_without_weight_is_never_drawn_and_its_class_is_none():
    sampler = GaussianMixtureSampler(np.array([0.0, 1.0, 0.0]), MEANS, COVARIANCES, np.array([2, 1, 3]))
    assert sampler.classes == (1,)
    assert set(sampler.sample(500, seed=0)[1]) == {1}
    with pytest.raises(InputError, match=r"\(1\).*label=2"):
        sampler.sample(1, seed=0, label=2)


def test_log_density_is_that_of_scipy():
    points = np.array([[0.0, 0.0], [90.0, 3.0], [-100.0, 51.0]])
    densities = sum(
        weight * multivariate_normal(mean, covariance).pdf(points)
        for weight, mean, covariance in zip(WEIGHTS, MEANS, COVARIANCES, strict=True)
    )
    np.testing.assert_allclose(SAMPLER.distribution.log_prob(points), np.log(densities), rtol=1e-10)


def test_labels_under_one_seed_get_independent_noise():
    labels = np.array([0, 1, 2])
    same = GaussianMixtureSampler(np.full(3, 1 / 3), np.zeros((3, 2)), np.tile(np.eye(2), (3, 1, 1)), labels)
    drawn = [same.sample(500, seed=0, label=label)[0].ravel() for label in (0, 1, 2)]
    drawn.append(standard_normal_sampler(2).sample(500, seed=0)[0].ravel())
    correlations = np.corrcoef(drawn)[np.triu_indices(4, k=1)]
    # The standard error of a correlation of 1,000 independent pairs is 1 / sqrt(1000) = 0.032.
    assert np.abs(correlations).max() < 5 * 0.032


def test_shrunk_divides_the_sample_covariance():
    codes, _ = SAMPLER.sample(40000, seed=1, label=1)
    shrunk, _ = SAMPLER.shrunk(1.5).sample(40000, seed=2, label=1)
    ratios = codes.var(axis=0) / shrunk.var(axis=0)
    # The relative standard error of each variance is sqrt(2 / 40000), of their ratio sqrt(4 / 40000) = 0.01:
    # five of them keep 1.5 well apart from 1.5**2 and sqrt(1.5).
    np.testing.assert_allclose(ratios, 1.5, rtol=5 * 0.01)


def test_shrunk_keeps_means_weights_and_labels():
    shrunk = SAMPLER.shrunk(4.0)
    np.testing.assert_array_equal(shrunk.covariances, COVARIANCES / 4)
    np.testing.assert_array_equal(shrunk.means, MEANS)
    np.testing.assert_array_equal(shrunk.weights, WEIGHTS)
    np.testing.assert_array_equal(shrunk.labels, SAMPLER.labels)
    # The same noise at half the deviation.
    codes, near = SAMPLER.sample(9, seed=0, label=1)[0], shrunk.sample(9, seed=0, label=1)[0]
    np.testing.assert_allclose(near, codes / 2, rtol=1e-6)


def test_component_means_are_in_label_order():
    np.testing.assert_array_equal(SAMPLER.component_means(), MEANS[[1, 0, 2]].astype(np.float32))
    unlabeled = dataclasses.replace(SAMPLER, labels=None)
    np.testing.assert_array_equal(unlabeled.component_means(), MEANS.astype(np.float32))


def test_responsibilities_match_hand_computed_values():
    # Unit variances at 0 and 2, weights 1/4 and 3/4. At z the log odds of the first are log(1/3) + 2 - 2 z.
    sampler = GaussianMixtureSampler(np.array([0.25, 0.75]), np.array([[0.0], [2.0]]), np.ones((2, 1, 1)))
    found = sampler.responsibilities([[0.0], [1.0], [1e4]])
    odds = np.exp(2.0) / 3
    np.testing.assert_allclose(found[:, 0], [odds / (1 + odds), 0.25, 0.0], rtol=1e-12)


def test_responsibilities_use_the_covariances():
    # At (0, 0), weights equal: density ratio = sqrt(det 9 / det 1) = 3 for variances (1, 1) against (9, 1).
    covariances = np.array([np.diag([1.0, 1.0]), np.diag([9.0, 1.0])])
    sampler = GaussianMixtureSampler(np.array([0.5, 0.5]), np.zeros((2, 2)), covariances)
    np.testing.assert_allclose(sampler.responsibilities([[0.0, 0.0]]), [[0.75, 0.25]], rtol=1e-12)


@pytest.mark.parametrize("sampler", [SAMPLER, dataclasses.replace(SAMPLER, labels=None)])
def test_a_loaded_sampler_draws_the_same(tmp_path, sampler):
    path = sampler.save(tmp_path / "new" / "mixture.npz")
    loaded = GaussianMixtureSampler.load(path)
    codes, labels = sampler.sample(100, seed=4)
    again, labels_again = loaded.sample(100, seed=4)
    np.testing.assert_array_equal(codes, again)
    assert (labels is None) == (labels_again is None)
    assert labels is None or np.array_equal(labels, labels_again)
    assert [file.name for file in path.parent.iterdir()] == ["mixture.npz"]


def damaged(tmp_path):
    path = SAMPLER.save(tmp_path / "damaged.npz")
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(bytes(content))
    return path


def truncated(tmp_path):
    path = SAMPLER.save(tmp_path / "truncated.npz")
    path.write_bytes(path.read_bytes()[:200])
    return path


def empty(tmp_path):
    path = tmp_path / "empty.npz"
    path.write_bytes(b"")
    return path


def one_array(tmp_path):
    np.save(tmp_path / "array.npy", MEANS)
    return tmp_path / "array.npy"


def objects(tmp_path):
    np.savez(tmp_path / "objects.npz", weights=np.array([None]), means=MEANS, covariances=COVARIANCES)
    return tmp_path / "objects.npz"


def missing_key(tmp_path):
    np.savez(tmp_path / "missing.npz", weights=WEIGHTS, means=MEANS)
    return tmp_path / "missing.npz"


def extra_key(tmp_path):
    np.savez(tmp_path / "extra.npz", weights=WEIGHTS, means=MEANS, covariances=COVARIANCES, images=MEANS)
    return tmp_path / "extra.npz"


def text(tmp_path):
    np.savez(tmp_path / "text.npz", weights=np.array(["a", "b"]), means=MEANS, covariances=COVARIANCES)
    return tmp_path / "text.npz"


def wrong_shape(tmp_path):
    np.savez(tmp_path / "shape.npz", weights=WEIGHTS, means=MEANS[:2], covariances=COVARIANCES)
    return tmp_path / "shape.npz"


FILES = [damaged, truncated, empty, one_array, objects, missing_key, extra_key, text, wrong_shape]


@pytest.mark.parametrize("write", FILES, ids=lambda write: write.__name__)
def test_a_wrong_file_is_refused_with_three_parts(tmp_path, write):
    with pytest.raises(InputError, match=THREE_PARTS):
        GaussianMixtureSampler.load(write(tmp_path))


WRONG = {
    "a missing file": lambda: GaussianMixtureSampler.load("no/such/mixture.npz"),
    "a path without .npz": lambda: SAMPLER.save("mixture.txt"),
    "count 0": lambda: SAMPLER.sample(0, seed=0),
    "count 1.5": lambda: SAMPLER.sample(1.5, seed=0),
    "a negative seed": lambda: SAMPLER.sample(1, seed=-1),
    "a class that does not exist": lambda: SAMPLER.sample(1, seed=0, label=3),
    "a class of an unlabeled mixture": lambda: standard_normal_sampler(2).sample(1, seed=0, label=0),
    "shrink factor 0": lambda: SAMPLER.shrunk(0.0),
    "a negative shrink factor": lambda: SAMPLER.shrunk(-1.5),
    "an infinite shrink factor": lambda: SAMPLER.shrunk(np.inf),
    "a NaN shrink factor": lambda: SAMPLER.shrunk(np.nan),
    "weights that do not sum to 1": lambda: GaussianMixtureSampler(WEIGHTS * 2, MEANS, COVARIANCES),
    "a negative weight": lambda: GaussianMixtureSampler(WEIGHTS * [1, 1, -1] + 0.2, MEANS, COVARIANCES),
    "NaN means": lambda: GaussianMixtureSampler(WEIGHTS, np.full((3, 2), np.nan), COVARIANCES),
    "two weights": lambda: GaussianMixtureSampler(WEIGHTS[:2], MEANS, COVARIANCES),
    "diagonal covariances": lambda: GaussianMixtureSampler(WEIGHTS, MEANS, np.ones((3, 2))),
    "no dimensions": lambda: GaussianMixtureSampler(WEIGHTS, MEANS[:, :0], COVARIANCES[:, :0, :0]),
    "asymmetric covariances": lambda: GaussianMixtureSampler(WEIGHTS, MEANS, COVARIANCES * [[1, 2], [1, 1]]),
    "indefinite covariances": lambda: GaussianMixtureSampler(WEIGHTS, MEANS, -COVARIANCES),
    "too few labels": lambda: GaussianMixtureSampler(WEIGHTS, MEANS, COVARIANCES, np.array([0, 1])),
    "codes of other dimensions": lambda: SAMPLER.responsibilities([[0.0]]),
    "a NaN code": lambda: SAMPLER.responsibilities([[0.0, np.nan]]),
}


@pytest.mark.parametrize("call", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_input_is_refused_with_three_parts(call):
    with pytest.raises(InputError, match=THREE_PARTS):
        call()


def test_error_for_an_unknown_label_lists_the_classes():
    with pytest.raises(InputError, match=r"\(1, 2\).*label=3"):
        SAMPLER.sample(1, seed=0, label=3)
