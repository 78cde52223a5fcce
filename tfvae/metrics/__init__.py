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
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.samples import RealReference, score_samples
from tfvae.metrics.scores import frechet_distance, inception_score, kernel_distance

__all__ = [
    "Activations",
    "FeatureExtractor",
    "GraphExtractor",
    "Measurement",
    "RealReference",
    "class_accuracy",
    "cluster_accuracy",
    "cluster_agreement",
    "cluster_usage",
    "cosine_similarity",
    "frechet_distance",
    "inception",
    "inception_score",
    "kernel_distance",
    "majority_accuracy",
    "mnist_cnn",
    "score_samples",
    "silhouette",
    "unrecognisable_share",
]
