"""Metrics: every number with its feature extractor, sample count and split."""

from tfvae.metrics.clustering import (
    cluster_accuracy,
    cluster_agreement,
    cluster_usage,
    majority_accuracy,
    silhouette,
)
from tfvae.metrics.conditional import class_accuracy, cosine_similarity, unrecognisable_share
from tfvae.metrics.features import Activations, FeatureExtractor, GraphExtractor, inception, mnist_cnn
from tfvae.metrics.manifold import NearCopies, class_shares, density_and_coverage, near_copies, precision_and_recall
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.samples import RealReference, score_samples
from tfvae.metrics.scores import frechet_distance, inception_score, kernel_distance

__all__ = [
    "Activations",
    "FeatureExtractor",
    "GraphExtractor",
    "Measurement",
    "NearCopies",
    "RealReference",
    "class_accuracy",
    "class_shares",
    "cluster_accuracy",
    "cluster_agreement",
    "cluster_usage",
    "cosine_similarity",
    "density_and_coverage",
    "frechet_distance",
    "inception",
    "inception_score",
    "kernel_distance",
    "majority_accuracy",
    "mnist_cnn",
    "near_copies",
    "precision_and_recall",
    "score_samples",
    "silhouette",
    "unrecognisable_share",
]
