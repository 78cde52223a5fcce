"""Samplers of latent codes: the prior, Gaussians and mixtures fitted to codes, and walks between codes."""

from __future__ import annotations

from tfvae.sampling.class_gaussian import fit_class_gaussians
from tfvae.sampling.mixture import fit_mixture, fit_mixture_per_class, match_components
from tfvae.sampling.prior import standard_normal_sampler
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.sampling.traversal import axis_traversal, interpolate, latent_grid

__all__ = [
    "GaussianMixtureSampler",
    "axis_traversal",
    "fit_class_gaussians",
    "fit_mixture",
    "fit_mixture_per_class",
    "interpolate",
    "latent_grid",
    "match_components",
    "standard_normal_sampler",
]
