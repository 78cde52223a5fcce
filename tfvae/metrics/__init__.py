"""Metrics: every number with its feature extractor, sample count and split."""

from __future__ import annotations

from tfvae.startup import import_tensorflow

import_tensorflow()

from tfvae.metrics.aggregate_posterior import aggregate_moments, posterior_samples, prior_discrepancy
from tfvae.metrics.clustering import (
    cluster_accuracy,
    cluster_agreement,
    cluster_usage,
    majority_accuracy,
    silhouette,
)
from tfvae.metrics.conditional import class_accuracy, cosine_similarity, unrecognizable_share
from tfvae.metrics.features import Activations, FeatureExtractor, GraphExtractor, inception, mnist_cnn
from tfvae.metrics.likelihood import (
    active_units,
    evidence_lower_bound,
    evidence_lower_bound_terms,
    has_likelihood,
    negative_log_likelihood,
    posterior_deviation,
    reconstruction_errors,
)
from tfvae.metrics.manifold import NearCopies, class_shares, density_and_coverage, near_copies, precision_and_recall
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.posterior import PosteriorStatistics, posterior_moments, posterior_statistics
from tfvae.metrics.random_features import random_vgg
from tfvae.metrics.samples import RealReference, checked_pixels, score_samples
from tfvae.metrics.scores import frechet_distance, inception_score, kernel_distance
from tfvae.metrics.subsets import random_subset
from tfvae.metrics.texture import texture_ratio

__all__ = [
    "Activations",
    "FeatureExtractor",
    "GraphExtractor",
    "Measurement",
    "NearCopies",
    "PosteriorStatistics",
    "RealReference",
    "active_units",
    "aggregate_moments",
    "checked_pixels",
    "class_accuracy",
    "class_shares",
    "cluster_accuracy",
    "cluster_agreement",
    "cluster_usage",
    "cosine_similarity",
    "density_and_coverage",
    "evidence_lower_bound",
    "evidence_lower_bound_terms",
    "frechet_distance",
    "has_likelihood",
    "inception",
    "inception_score",
    "kernel_distance",
    "majority_accuracy",
    "mnist_cnn",
    "near_copies",
    "negative_log_likelihood",
    "posterior_deviation",
    "posterior_moments",
    "posterior_samples",
    "posterior_statistics",
    "precision_and_recall",
    "prior_discrepancy",
    "random_subset",
    "random_vgg",
    "reconstruction_errors",
    "score_samples",
    "silhouette",
    "texture_ratio",
    "unrecognizable_share",
]
