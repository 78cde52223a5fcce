"""Samplers of latent codes: prior, fitted Gaussians and mixtures, searches over their settings, traversals."""

from __future__ import annotations

from tfvae.startup import import_tensorflow

import_tensorflow()

from tfvae.sampling.axes import facing_axes, latent_axes
from tfvae.sampling.class_gaussian import Medium1, Medium2, Simple, fit_class_gaussians
from tfvae.sampling.frontier import Frontier
from tfvae.sampling.mixture import fit_mixture, fit_mixture_per_class, match_components
from tfvae.sampling.prior import standard_normal_sampler
from tfvae.sampling.rejection import RejectionSampler
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.sampling.traversal import axis_traversal, interpolate, two_axis_grid
from tfvae.sampling.tuning import GivenSettings, GradientSearch, GridSearch, PrioritizedSearch

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
    "match_components",
    "standard_normal_sampler",
    "two_axis_grid",
]
