"""Codes of the test split against the standard normal prior: metrics, and a figure of their moments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tfvae import figures
from tfvae.evaluation.evaluation import Evaluation
from tfvae.figures import Figure
from tfvae.losses.mmd import infovae_bandwidths
from tfvae.metrics.aggregate_posterior import aggregate_moments, posterior_samples, prior_discrepancy
from tfvae.metrics.measurement import Measurement


def codes_of_posterior(evaluation: Evaluation) -> NDArray[np.float32]:
    """A sample of q(z | x) for each test image, float32 [N, latent_dim]; share it by `evaluation.once`."""
    data = evaluation.data
    return posterior_samples(evaluation.model, data.to_float(data.test_images), seed=evaluation.seed)


def measure_codes(evaluation: Evaluation) -> dict[str, Measurement]:
    """Moments of the aggregate posterior, and its maximum mean discrepancy from N(0, I) with that of N(0, I) itself."""
    codes = evaluation.once(codes_of_posterior)
    bandwidths = infovae_bandwidths(evaluation.model.latent_dim)
    values = {**aggregate_moments(codes), **prior_discrepancy(codes, bandwidths=bandwidths, seed=evaluation.seed)}
    return {name: evaluation.measured(value) for name, value in values.items()}


def code_moments(evaluation: Evaluation) -> dict[str, Figure]:
    """Mean and variance of each dimension of the codes; those of the prior are 0 and 1."""
    codes = evaluation.once(codes_of_posterior)
    return {
        "moments": figures.metric_curves(
            np.arange(1, codes.shape[1] + 1),
            {"mean": codes.mean(axis=0).tolist(), "variance": codes.var(axis=0).tolist()},
            references={"mean": 0.0, "variance": 1.0},
            reference_label="prior",
            title=f"Codes of the test split by dimension: {evaluation.variant}",
            xlabel="latent dimension",
            ylabel="mean and variance, in units of the prior",
        )
    }
