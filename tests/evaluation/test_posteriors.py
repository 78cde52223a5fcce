"""Statistics of posteriors, and which dimensions change an image most."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.contracts import small_images, small_networks
from tfvae.data.images import ImageData
from tfvae.evaluation.evaluation import Evaluation
from tfvae.evaluation.posteriors import (
    dimensions_by_effect,
    measure_posteriors,
    posteriors_by_dimension,
    random_pairs,
    variants_by_two_axes,
)
from tfvae.models.vae import VAE


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    images, labels = small_images()
    pixels = np.rint(images * 255).astype(np.uint8)
    data = ImageData("small", pixels, labels, pixels[:40], labels[:40], ("a", "b", "c"))
    model = VAE(*small_networks(2))
    model.compile(optimizer="adam")
    folder = Path(tmp_path_factory.mktemp("run"))
    return Evaluation("vae", model, data, None, seed=0, history=[], folder=folder, whole=data, spaces={})


def test_posterior_statistics_match_hand_computed_values() -> None:
    means = np.array([[1.0, 0.0], [3.0, 0.5]], np.float32)
    variances = np.array([[0.2, 1.0], [0.4, 2.0]], np.float32)
    # Means over images (2, 0.25), variances of the means (1, 0.0625), means of the variances (0.3, 1.5).
    stub = SimpleNamespace(test_moments=(means, variances), measured=lambda value: value)
    assert measure_posteriors(stub) == pytest.approx(  # type: ignore[arg-type]
        {
            "largest_mean_of_means": 2.0,
            "variance_of_means": 0.53125,
            "least_variance_of_means": 0.0625,
            "posterior_variance": 0.9,
            "least_posterior_variance": 0.3,
        }
    )


def test_posterior_moments_are_those_of_the_whole_test_split(evaluation: Evaluation) -> None:
    means, variances = evaluation.test_moments
    posterior = evaluation.model.posterior(evaluation.data.to_float(evaluation.data.test_images))
    np.testing.assert_allclose(means, posterior.mean(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(variances, posterior.variance(), rtol=1e-5)
    assert measure_posteriors(evaluation)["posterior_variance"].samples == 40


def test_dimensions_are_sorted_by_their_effect_on_the_image() -> None:
    class Linear:
        """Decodes dimension 3 with the largest weight, then dimension 1; dimensions 0 and 2 with none."""

        def decode(self, codes: np.ndarray) -> np.ndarray:
            return codes @ np.diag([0.0, 2.0, 0.0, -3.0]).astype(np.float32)

    assert dimensions_by_effect(Linear(), np.zeros(4, np.float32), extent=6.0) == [3, 1, 0, 2]


def test_figures_are_drawn(evaluation: Evaluation) -> None:
    assert list(posteriors_by_dimension(evaluation)) == ["posteriors"]
    assert list(variants_by_two_axes((-6.0, 0.0, 6.0))(evaluation)) == ["variants"]


def test_random_pairs_are_distinct_images(evaluation: Evaluation) -> None:
    pairs = random_pairs(6)(evaluation)
    assert pairs.shape == (6, 2) and len(np.unique(pairs)) == 12
    np.testing.assert_array_equal(pairs, random_pairs(6)(evaluation))
    assert random_pairs(100)(evaluation).shape == (20, 2)
