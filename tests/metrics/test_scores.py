"""FID, KID and inception score against numbers from analysis, numpy and scipy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import tensorflow as tf

from tfvae.errors import InputError
from tfvae.metrics.features import mnist_cnn
from tfvae.metrics.scores import frechet_distance, inception_score, kernel_distance

REPOSITORY = Path(__file__).parents[2]
RANDOM = np.random.default_rng(7)


def exact_gaussian(count: int, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Samples whose own mean and unbiased covariance are exactly the ones asked for."""
    noise = RANDOM.normal(size=(count, len(mean)))
    noise -= noise.mean(axis=0)
    whitened = noise @ np.linalg.inv(np.linalg.cholesky(np.cov(noise, rowvar=False)).T)
    return whitened @ np.linalg.cholesky(covariance).T + mean


def scipy_frechet_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """The same equation by another way: a matrix square root in scipy, float64 moments in numpy."""
    real, generated = real.astype(np.float64), generated.astype(np.float64)
    covariances = [np.cov(features, rowvar=False) for features in (real, generated)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    difference = real.mean(axis=0) - generated.mean(axis=0)
    return float(difference @ difference + np.trace(covariances[0] + covariances[1] - 2 * np.real(root)))


def test_frechet_distance_of_known_gaussians():
    # Diagonal covariances: |m|**2 + sum((sqrt(a) - sqrt(b))**2) = (9 + 16) + (1 + 4).
    first = exact_gaussian(500, np.zeros(2), np.diag([1.0, 1.0]))
    second = exact_gaussian(300, np.array([3.0, 4.0]), np.diag([4.0, 9.0]))
    assert frechet_distance(first, second) == pytest.approx(30.0, rel=1e-9)


def test_frechet_distance_of_gaussians_that_do_not_commute():
    # For 2 x 2: trace(sqrt(M)) = sqrt(trace(M) + 2 sqrt(det(M))), M = [[2, 1], [1, 2]] @ diag(1, 4) ->
    # sqrt(10 + 2 sqrt 12).
    first = exact_gaussian(500, np.zeros(2), np.array([[2.0, 1.0], [1.0, 2.0]]))
    second = exact_gaussian(500, np.zeros(2), np.diag([1.0, 4.0]))
    assert frechet_distance(first, second) == pytest.approx(9 - 2 * np.sqrt(10 + 2 * np.sqrt(12)), rel=1e-8)


def test_frechet_distance_agrees_with_scipy_on_real_activations(digits):
    features = mnist_cnn()(digits.train_images[:800]).features
    real, generated = features[:400], features[400:] * 1.1 + 0.05
    expected = scipy_frechet_distance(real, generated)
    assert expected > 0.1
    assert frechet_distance(real, generated) == pytest.approx(expected, rel=1e-3)


def test_frechet_distance_of_a_set_with_itself_is_zero(digits):
    features = mnist_cnn()(digits.test_images).features
    traces = 2 * np.trace(np.cov(features, rowvar=False))
    assert 0.0 <= frechet_distance(features, features) < 1e-9 * traces
    assert 0.0 <= frechet_distance(features, features[::-1]) < 1e-9 * traces


SCALES = (1e-6, 1e-3, 0.7, 300.0, 1e6)


def test_frechet_distance_of_features_with_small_deviations():
    # By eigenvalues: trace((C_r C_g)**0.5) = sum of the roots of the eigenvalues of C_r C_g. TF-GAN alone gives 5.3e-5.
    random = np.random.default_rng(0)
    mixing = np.linalg.qr(random.normal(size=(16, 16)))[0]
    spread = np.linspace(0.5, 1.5, 16)
    real = 1e-3 * (random.normal(size=(4000, 16)) * spread) @ mixing
    generated = 1e-3 * (random.normal(size=(4000, 16)) * spread * 1.5 + 0.2) @ mixing
    covariances = [np.cov(features, rowvar=False) for features in (real, generated)]
    roots = np.sqrt(np.linalg.eigvals(covariances[0] @ covariances[1]).real)
    means = real.mean(axis=0) - generated.mean(axis=0)
    expected = means @ means + np.trace(covariances[0] + covariances[1]) - 2 * roots.sum()
    assert expected == pytest.approx(5.2e-6, rel=0.05)
    assert frechet_distance(real, generated) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(real, generated) == pytest.approx(scipy_frechet_distance(real, generated), rel=1e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_frechet_distance_scales_with_the_square_of_the_features(scale):
    random = np.random.default_rng(0)
    real, generated = random.normal(size=(300, 20)) + 3, 1.2 * random.normal(size=(250, 20)) + 3.1
    expected = scale**2 * frechet_distance(real, generated)
    assert frechet_distance(scale * real, scale * generated) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("scale", SCALES)
def test_frechet_distance_of_a_set_with_itself_is_zero_at_any_scale(digits, scale):
    random = np.random.default_rng(0)
    decaying = random.normal(size=(300, 20)) * 10.0 ** -np.linspace(0, 8, 20)
    rank_two = random.normal(size=(300, 2)) @ random.normal(size=(2, 20))
    dead = np.where(np.arange(20) < 5, 3.0, random.normal(size=(300, 20)))
    for features in (mnist_cnn()(digits.test_images).features, decaying, rank_two, dead, np.full((30, 20), 7.0)):
        scaled = scale * features.astype(np.float64)
        assert frechet_distance(scaled, scaled) == 0.0
        assert frechet_distance(scaled, scaled[::-1]) <= 1e-20 * np.sum(scaled**2)


def test_frechet_distance_of_constant_features_is_that_of_their_means():
    assert frechet_distance(np.full((9, 2), 1.0), np.full((8, 2), 4.0)) == 18.0
    spread = exact_gaussian(50, np.zeros(2), np.diag([4.0, 9.0]))
    assert frechet_distance(spread, np.full((8, 2), 1.0)) == pytest.approx(2 + 13)


def test_frechet_distance_is_accurate_beside_large_means():
    # float32 sums of values near 1e4 would lose the whole distance.
    first = exact_gaussian(2000, np.full(3, 1e4), np.eye(3))
    second = exact_gaussian(2000, np.full(3, 1e4), 1.21 * np.eye(3))
    assert frechet_distance(first, second) == pytest.approx(3 * 0.01, rel=1e-4)


def numpy_kernel_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """One block, pair by pair as the definition says."""

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return (float(np.dot(a, b)) / len(a) + 1.0) ** 3

    def within(points: np.ndarray) -> float:
        return float(np.mean([kernel(a, b) for i, a in enumerate(points) for j, b in enumerate(points) if i != j]))

    between = np.mean([kernel(a, b) for a in real for b in generated])
    return within(real) + within(generated) - 2 * float(between)


def test_kernel_distance_of_one_block_is_the_definition():
    real, generated = RANDOM.normal(size=(12, 5)), RANDOM.normal(size=(9, 5)) + 0.5
    distance, error = kernel_distance(real, generated)
    assert distance == pytest.approx(numpy_kernel_distance(real, generated), rel=1e-9)
    assert error is None


def test_kernel_distance_of_unequal_sets_is_unbiased():
    # x ~ N(0, I), y ~ N(1, I) in 4 dimensions, s = dot(a, b), k = s**3 / 64 + 3 s**2 / 16 + 3 s / 4 + 1:
    #   x, x': E s, s**2, s**3 = 0, 4, 0     -> 1.75
    #   x, y:                    0, 8, 0     -> 2.5
    #   y, y':                   4, 28, 232  -> 12.875  (each of four terms has the moments 1, 4, 16)
    random = np.random.default_rng(0)
    estimates = []
    for _ in range(60):
        real, generated = random.normal(size=(2000, 4)), random.normal(size=(100, 4)) + 1
        estimates.append(kernel_distance(real, generated, block_size=200)[0])  # 10 blocks of 200 and 10
    expected = 1.75 + 12.875 - 2 * 2.5
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert error < expected / 10 and abs(np.mean(estimates) - expected) < 4 * error, (np.mean(estimates), error)


def test_kernel_distance_of_unequal_sets_is_the_mean_of_blocks():
    real, generated = RANDOM.normal(size=(23, 3)), RANDOM.normal(size=(6, 3)) + 1
    random = np.random.default_rng(0)
    shuffled = random.permutation(real), random.permutation(generated)
    # Three blocks of at most 8: 7, 8, 8 (the larger ones last) and 2 each.
    blocks = [(slice(0, 7), slice(0, 2)), (slice(7, 15), slice(2, 4)), (slice(15, 23), slice(4, 6))]
    values = [numpy_kernel_distance(shuffled[0][ours], shuffled[1][theirs]) for ours, theirs in blocks]
    distance, error = kernel_distance(real, generated, block_size=8)
    assert distance == pytest.approx(np.mean(values), rel=1e-9)
    assert error == pytest.approx(np.std(values, ddof=1) / np.sqrt(3), rel=1e-9)


def test_kernel_distance_does_not_depend_on_sorting():
    # Ten far classes in order on one side and in reverse order on the other: cut in that order, blocks would
    # differ.
    points = np.repeat(np.eye(10) * 5.0, 40, axis=0) + RANDOM.normal(size=(400, 10)) * 0.1
    distance, error = kernel_distance(points, points[::-1], block_size=40)
    other, other_error = kernel_distance(points, points[::-1] + 1.0, block_size=40)
    assert error is not None and other_error is not None
    assert abs(distance) < 4 * error
    assert other > 10 * abs(distance)


def test_inception_score_matches_hand_computed_values():
    sure = np.repeat(np.eye(4) * 1000.0, 5, axis=0)
    assert inception_score(sure) == pytest.approx(4.0)
    assert inception_score(np.zeros((6, 4))) == pytest.approx(1.0)
    # Two samples, p = (3/4, 1/4) and (1/4, 3/4), p(y) = (1/2, 1/2): log score = 3/4 log 1.5 + 1/4 log 0.5.
    logits = np.log([[3.0, 1.0], [1.0, 3.0]])
    assert inception_score(logits) == pytest.approx(1.5**0.75 * 0.5**0.25)


def test_inception_score_of_one_sure_class_is_one_and_not_nan():
    assert inception_score(np.tile([2000.0, 0.0, -2000.0], (8, 1))) == pytest.approx(1.0)


@pytest.mark.parametrize("score", [frechet_distance, kernel_distance])
def test_distances_refuse_features_that_do_not_fit(score):
    good = RANDOM.normal(size=(20, 3))
    broken = good.copy()
    broken[4, 1] = np.nan
    with pytest.raises(InputError, match="1 of 20 rows"):
        score(good, broken)
    with pytest.raises(InputError, match="same dimension"):
        score(good, good[:, :2])
    with pytest.raises(InputError, match="samples, dimensions"):
        score(good[:, 0], good)
    with pytest.raises(InputError, match="samples, dimensions"):
        score(good, good[:0])


def test_scores_refuse_too_few_samples():
    features = RANDOM.normal(size=(40, 8))
    with pytest.raises(InputError, match="at least 9 images"):
        frechet_distance(features, features[:8])
    with pytest.raises(InputError, match="two samples or more in each of 4 blocks"):
        kernel_distance(features, features[:7], block_size=10)
    with pytest.raises(InputError, match="block_size >= 2"):
        kernel_distance(features, features, block_size=1)
    with pytest.raises(InputError, match="samples, dimensions"):
        inception_score(np.zeros((0, 10)))


SCORES_IN_A_PROCESS = """
import numpy as np
from tfvae.metrics.features import mnist_cnn
from tfvae.metrics.scores import frechet_distance, inception_score, kernel_distance
images = np.random.default_rng(0).integers(0, 256, (1200, 28, 28, 1)).astype(np.uint8)
features, logits = mnist_cnn()(images)
real, generated = features[:600], features[600:]
scores = [*kernel_distance(real, generated, block_size=100), frechet_distance(real, generated)]
scores.append(inception_score(logits))
print("scores", *(score.hex() for score in scores))
"""


def test_scores_are_bit_identical_in_two_processes():
    runs = [
        subprocess.Popen([sys.executable, "-c", SCORES_IN_A_PROCESS], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
        for _ in "12"
    ]
    outputs = [run.communicate()[0].splitlines()[-1] for run in runs]
    assert outputs[0].startswith("scores") and len(outputs[0].split()) == 5
    assert outputs[0] == outputs[1]


def test_tfgan_import_leaves_no_placeholders():
    frechet_distance(np.eye(3)[[0, 1, 2, 0, 1]], np.eye(3)[[0, 1, 2, 0, 1]])
    assert not hasattr(tf, "estimator") and not hasattr(tf.compat.v1, "estimator")
    assert "estimator" not in tf.__all__ and "estimator" not in tf.compat.v1.__all__
