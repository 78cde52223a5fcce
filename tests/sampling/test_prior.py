"""The standard normal prior."""

from __future__ import annotations

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.sampling import standard_normal_sampler


def test_the_prior_is_standard_normal():
    sampler = standard_normal_sampler(3)
    codes, labels = sampler.sample(20000, seed=0)
    assert labels is None and sampler.classes == () and sampler.latent_dim == 3
    # Five standard errors: of a mean 1 / sqrt(20000) = 0.0071, of a (co)variance sqrt(2 / 20000) = 0.01.
    np.testing.assert_allclose(codes.mean(axis=0), 0.0, atol=5 * 0.0071)
    np.testing.assert_allclose(np.cov(codes.T), np.eye(3), atol=5 * 0.01)


@pytest.mark.parametrize("latent_dim", [0, -1, 2.0, True, "2"])
def test_a_wrong_dimension_is_refused(latent_dim):
    with pytest.raises(InputError, match=r"^Expected latent_dim .+\. Received: .+\. Pass .+\.$"):
        standard_normal_sampler(latent_dim)
