"""One Gaussian per class: hand-computed moments and refused inputs."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.sampling import fit_class_gaussians

THREE_PARTS = r"(?s)^Expected .+\. Received: .+\. [A-Z].+\.$"

# Class 3: mean (1, 2), deviations (-1, -2), (1, 2), (-1, 2), (1, -2): variances 1 and 4, covariance 0.
# Class 1: mean (10, 0), deviations (-3, -1), (0, 0), (3, 1): variances 6 and 2/3, covariance 2.
CODES = np.array([[0, 0], [2, 4], [0, 4], [2, 0], [7, -1], [10, 0], [13, 1]], dtype=np.float32)
LABELS = np.array([3, 3, 3, 3, 1, 1, 1])


def test_class_gaussian_moments_match_hand_computed_values():
    fitted = fit_class_gaussians(CODES, LABELS, regularization=0.5)
    np.testing.assert_array_equal(fitted.labels, [1, 3])
    np.testing.assert_allclose(fitted.weights, [3 / 7, 4 / 7], rtol=1e-15)
    np.testing.assert_allclose(fitted.means, [[10, 0], [1, 2]], rtol=1e-15)
    expected = [[[6.5, 2], [2, 2 / 3 + 0.5]], [[1.5, 0], [0, 4.5]]]
    np.testing.assert_allclose(fitted.covariances, expected, rtol=1e-15)


def test_singular_covariance_needs_regularization():
    # Class 1 lies on a line: without regularization its covariance is singular.
    with pytest.raises(InputError, match=r"positive definite.*regularization"):
        fit_class_gaussians(CODES, LABELS, regularization=0.0)
    assert np.linalg.eigvalsh(fit_class_gaussians(CODES, LABELS).covariances).min() == pytest.approx(1e-6)


WRONG = {
    "a class with D codes": (CODES[:6], LABELS[:6], 1e-6),
    "infinite codes": (np.where(CODES > 5, np.inf, CODES), LABELS, 1e-6),
    "labels too short": (CODES, LABELS[:-1], 1e-6),
    "two columns of labels": (CODES, np.stack([LABELS, LABELS], axis=1), 1e-6),
    "three axes of codes": (CODES[np.newaxis], LABELS, 1e-6),
    "negative regularization": (CODES, LABELS, -1e-6),
    "NaN regularization": (CODES, LABELS, float("nan")),
}


@pytest.mark.parametrize(("codes", "labels", "regularization"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_input_is_refused_with_three_parts(codes, labels, regularization):
    with pytest.raises(InputError, match=THREE_PARTS):
        fit_class_gaussians(codes, labels, regularization=regularization)


def test_error_names_the_class_with_too_few_codes():
    with pytest.raises(InputError, match=r"2 codes \(class 1\)"):
        fit_class_gaussians(CODES[:6], LABELS[:6])
