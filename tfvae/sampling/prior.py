"""The standard normal prior as a sampler."""

from __future__ import annotations

import numpy as np

from tfvae.sampling.moments import checked_integer
from tfvae.sampling.sampler import GaussianMixtureSampler


def standard_normal_sampler(latent_dim: int) -> GaussianMixtureSampler:
    """The prior of a plain VAE, p(z) = Normal(0, I), as an unlabeled sampler of one component.

    Args:
        latent_dim: int >= 1, number of latent dimensions.

    Returns:
        GaussianMixtureSampler with one component and no labels.

    Raises:
        InputError: if `latent_dim` is not an integer >= 1.

    Reference:
        Report 0, section III-A.
    """
    dimensions = checked_integer(latent_dim, name="latent_dim", minimum=1)
    return GaussianMixtureSampler(
        weights=np.ones(1), means=np.zeros((1, dimensions)), covariances=np.eye(dimensions)[np.newaxis]
    )
