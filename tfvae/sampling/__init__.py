"""Samplers of latent codes: the prior, Gaussians and mixtures fitted to codes, searches over them, and walks."""

from __future__ import annotations

from tfvae.startup import import_tensorflow

import_tensorflow()

from tfvae.sampling.class_gaussian import Medium1, Medium2, Simple, facing_axes, fit_class_gaussians, latent_axes
from tfvae.sampling.frontier import Frontier
from tfvae.sampling.mixture import fit_mixture, fit_mixture_per_class, match_components
from tfvae.sampling.prior import standard_normal_sampler
from tfvae.sampling.rejection import RejectionSampler
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.sampling.search import GivenSettings, GradientSearch, GridSearch, PrioritizedSearch
from tfvae.sampling.traversal import axis_traversal, interpolate, latent_grid, two_axis_grid

__all__ = [
    "Frontier",
    "GaussianMixtureSampler",
    "GivenSettings",
    "GradientSearch",
    "GridSearch",
    "Medium1",
    "Medium2",
    "PrioritizedSearch",
    "RejectionSampler",
    "Simple",
    "axis_traversal",
    "facing_axes",
    "fit_class_gaussians",
    "fit_mixture",
    "fit_mixture_per_class",
    "interpolate",
    "latent_axes",
    "latent_grid",
    "match_components",
    "standard_normal_sampler",
    "two_axis_grid",
]
