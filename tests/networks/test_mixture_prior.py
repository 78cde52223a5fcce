"""Prior networks: shapes, initialization, rejected arguments."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts import THREE_PARTS, dtype_policy
from tfvae.errors import InputError
from tfvae.networks.dense import dense_encoder
from tfvae.networks.mixture_prior import dense_mixture_prior, initialize_clusters, joined_encoders


def test_dense_mixture_prior_has_expected_parameters_and_shapes():
    prior = dense_mixture_prior(2, 10, 128)
    # 2-120 and two heads of 10 * 128, a bias each.
    assert prior.count_params() == 3 * 120 + 2 * 121 * 1280
    assert prior.input_shape == (None, 2) and prior.output_shape == (None, 10, 256)


def test_output_is_means_then_log_variances_of_each_cluster():
    prior = dense_mixture_prior(1, 2, 3, widths=(), seed=0)
    means, log_variances = prior.get_layer("means"), prior.get_layer("log_variances")
    means.set_weights([np.zeros((1, 6)), np.arange(6.0)])
    log_variances.set_weights([np.ones((1, 6)), 10 + np.arange(6.0)])
    parameters = np.asarray(prior(np.array([[2.0]])))
    np.testing.assert_array_equal(parameters, [[[0, 1, 2, 12, 13, 14], [3, 4, 5, 15, 16, 17]]])


def test_initial_means_have_spread_and_depend_on_seed():
    def means(**options) -> np.ndarray:
        return np.asarray(dense_mixture_prior(2, 10, 200, **options)(np.zeros((1, 2))))[0, :, :200]

    # Five standard errors of a standard deviation from 2,000 numbers: 5 * 3 / sqrt(2 * 2000).
    assert means(spread=3.0).std() == pytest.approx(3.0, abs=0.24)
    np.testing.assert_array_equal(means(seed=1), means(seed=1))
    assert np.abs(means(seed=1) - means(seed=2)).min() > 0
    assert np.abs(means(spread=0.0)).max() == 0


def test_output_is_float32_under_bfloat16_policy():
    with dtype_policy("mixed_bfloat16"):
        prior = dense_mixture_prior(2, 3, 4)
    assert prior(np.zeros((1, 2))).dtype == "float32"


@pytest.mark.parametrize(
    "options",
    [{"clusters": 1}, {"clusters": 0}, {"style_dim": 0}, {"latent_dim": 0}, {"widths": (0,)}, {"spread": -1.0}],
)
def test_arguments_out_of_range_are_rejected(options):
    with pytest.raises(InputError, match=THREE_PARTS):
        dense_mixture_prior(**{"style_dim": 2, "clusters": 3, "latent_dim": 4, **options})


def test_initialized_clusters_match_mixture_and_depend_weakly_on_w():
    prior = dense_mixture_prior(2, 3, 4, widths=(200,))
    generator = np.random.default_rng(0)
    means, variances = 5 * generator.standard_normal((3, 4)), generator.uniform(0.5, 2, (3, 4))
    initialize_clusters(prior, means, variances, style_scale=0.1)
    parameters = np.asarray(prior(np.zeros((1, 2))))[0]
    np.testing.assert_allclose(parameters, np.concatenate([means, np.log(variances)], axis=1), rtol=1e-5, atol=1e-5)
    moved = np.asarray(prior(generator.standard_normal((500, 2))))[..., :4] - means
    # Hidden units are in [-1, 1], so a mean moves by less than a tenth of the means' deviation, on average.
    assert 0 < moved.std() < 0.1 * means.std()


@pytest.mark.parametrize(
    ("means", "variances"), [(np.zeros((3, 4)), np.zeros((3, 4))), (np.zeros((4, 3)), np.ones((3, 4)))]
)
def test_mixture_of_wrong_shape_is_rejected(means, variances):
    with pytest.raises(InputError, match=THREE_PARTS):
        initialize_clusters(dense_mixture_prior(2, 3, 4), means, variances)


def test_joined_encoders_concatenate_outputs():
    one, other = (dense_encoder((3, 2, 1), outputs, widths=(5,)) for outputs in (4, 2))
    images = np.random.default_rng(0).uniform(size=(6, 3, 2, 1)).astype(np.float32)
    joined = joined_encoders(one, other)
    assert joined.output_shape == (None, 6) and joined.count_params() == one.count_params() + other.count_params()
    np.testing.assert_allclose(joined(images), np.concatenate([one(images), other(images)], axis=1), atol=1e-6)
