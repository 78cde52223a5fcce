"""One Gaussian per class, fitted by maximum likelihood: the first reading of report 0's mixture."""

from __future__ import annotations

from numpy.typing import ArrayLike

from tfvae.sampling.moments import class_moments
from tfvae.sampling.sampler import GaussianMixtureSampler


def fit_class_gaussians(codes: ArrayLike, labels: ArrayLike, *, regularisation: float = 1e-6) -> GaussianMixtureSampler:
    """The Gaussian of each class's codes, mixed by the classes' shares.

    p(z | y = c) = Normal(mean_c, covariance_c)
    covariance_c = mean((z - mean_c) (z - mean_c)^T) + regularisation * I

    Args:
        codes: float [N, D], finite.
        labels: int [N], >= 0.
        regularisation: float >= 0, added to each variance (squared units of the codes), so that a collapsed
            latent dimension still has a covariance; 0.0 gives the bare maximum-likelihood estimate.

    Returns:
        GaussianMixtureSampler with one component a class, in ascending order of the labels.

    Raises:
        InputError: if codes or labels are malformed, or a class has fewer than D + 1 codes.

    Reference:
        Report 0, section III-B ("each class in the latent space follows a Gaussian distribution").
    """
    moments = class_moments(codes, labels, regularisation=regularisation)
    return GaussianMixtureSampler(
        weights=moments.shares, means=moments.means, covariances=moments.covariances, labels=moments.classes
    )
