"""FID, KID and inception score of activations, through TF-GAN's functions, in float64."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike, NDArray

from tfvae.errors import InputError
from tfvae.metrics._tfgan import quiet, tfgan_eval

KID_BLOCK_SIZE = 1000  # the most samples in a block of the kernel distance
# TF-GAN roots no singular value below 1e-10 (a product of two variances), which at this mean variance is rounding.
_MEAN_VARIANCE = 1000.0
_ROOT_RESOLUTION = 1e-7  # of the matrix root, as a share of the traces
# Below exp(-700) a softmax in float64 underflows to 0, and TF-GAN's 0 * log(0) would be NaN.
_LARGEST_LOGIT_GAP = 700.0


def frechet_distance(real_features: ArrayLike, generated_features: ArrayLike) -> float:
    """Frechet distance (FID) between two sets of features, each read as a Gaussian.

    distance = |m_r - m_g|**2 + trace(C_r + C_g - 2 * (C_r C_g)**0.5), with unbiased covariances C

    It grows as samples get fewer: compare only numbers of the same counts, and name counts, split and
    extractor. It scales with the square of the features, fid(s * x, s * y) = s**2 * fid(x, y): the features are brought
    to one mean variance before TF-GAN takes the matrix root, whose epsilon is absolute.

    Args:
        real_features: floats [N, D], N > D.
        generated_features: floats [M, D], M > D.

    Returns:
        float >= 0; 0 for a set with itself. The covariances' part is 0 where it is below 1e-7 of their traces, the
        resolution of the matrix root.

    Raises:
        InputError: if the shapes do not fit, a value is not finite or a set has no more samples than
            features.

    Reference:
        Heusel et al. 2017, eq. 6; report 4, FID.
    """
    real, generated = checked_pair(real_features, generated_features)
    for name, features in (("real_features", real), ("generated_features", generated)):
        count, dimensions = features.shape
        if count <= dimensions:
            raise InputError(
                f"frechet_distance: expected more samples than features ({dimensions}), else the covariance "
                f"is singular. Received: {name} with {count} samples. Pass at least {dimensions + 1} images."
            )
    means = real.mean(axis=0), generated.mean(axis=0)
    between_means = float(np.sum((means[0] - means[1]) ** 2))
    return between_means + _covariance_distance(real - means[0], generated - means[1])


def _covariance_distance(real: NDArray[np.float64], generated: NDArray[np.float64]) -> float:
    """trace(C_r + C_g - 2 * (C_r C_g)**0.5) of centered features."""
    largest = max(np.abs(real).max(), np.abs(generated).max())
    if largest == 0.0:
        return 0.0
    variance = ((real / largest) ** 2).mean() + ((generated / largest) ** 2).mean()
    scale = float(largest * np.sqrt(variance / (2 * _MEAN_VARIANCE)))
    scaled = real / scale, generated / scale
    traces = sum(float(np.sum(features**2)) / (len(features) - 1) for features in scaled)
    distance = float(tfgan_eval().frechet_classifier_distance_from_activations(*map(tf.constant, scaled)))
    return distance * scale**2 if distance > _ROOT_RESOLUTION * traces else 0.0


def kernel_distance(
    real_features: ArrayLike, generated_features: ArrayLike, *, block_size: int = KID_BLOCK_SIZE
) -> tuple[float, float | None]:
    """Kernel distance (KID): unbiased squared maximum mean discrepancy, averaged over blocks of samples.

    distance = mean(k(x, x')) + mean(k(y, y')) - 2 * mean(k(x, y)) in a block
    k(a, b) = (dot(a, b) / D + 1)**3

    TF-GAN cuts both sets into as many blocks as the larger one needs, each of nearly equal parts, so that sets of
    other sizes give an unbiased estimate too: 500 samples against 10,000 make 10 blocks of 50 and 1,000. It takes the
    samples in the order given, so both are shuffled first, with a fixed seed: samples sorted by class would be
    compared block by block with other classes.

    Args:
        real_features: floats [N, D].
        generated_features: floats [M, D].
        block_size: int >= 2, the most samples in a block; memory grows with its square.

    Returns:
        (distance, std): std is the standard error over the blocks, or None where one block holds everything.

    Raises:
        InputError: if the shapes do not fit, a value is not finite or a block would hold fewer than two
            samples.

    Reference:
        Binkowski et al. 2018, section 4; Zaremba et al. 2013 for the blocks.
    """
    real, generated = checked_pair(real_features, generated_features)
    if block_size < 2:
        raise InputError(f"kernel_distance: expected block_size >= 2. Received: block_size={block_size}.")
    blocks = -(-max(len(real), len(generated)) // block_size)
    if min(len(real), len(generated)) < 2 * blocks:
        raise InputError(
            f"kernel_distance: expected two samples or more in each of {blocks} blocks of at most "
            f"{block_size}. Received: {len(real)} real and {len(generated)} generated samples. Pass at least "
            f"{2 * blocks} of each, or a larger block_size."
        )
    random = np.random.default_rng(0)
    shuffled = [tf.constant(random.permutation(features)) for features in (real, generated)]
    kernel = tfgan_eval().kernel_classifier_distance_and_std_from_activations
    with quiet():
        distance, error = kernel(*shuffled, max_block_size=block_size)
    return float(distance), float(error) if blocks > 1 else None


def inception_score(logits: ArrayLike) -> float:
    """Inception score of a set of samples under a classifier.

    score = exp(mean(kl(p(y | x), p(y)))),  p(y) = mean(p(y | x))

    Args:
        logits: floats [N, K], the classifier's unnormalized log-probabilities.

    Returns:
        float in [1, K]; K for confident predictions spread evenly over the classes.

    Raises:
        InputError: if the shape is another, a value is not finite or there is no sample.

    Reference:
        Salimans et al. 2016, section 4; report 4, inception score.
    """
    values = checked_matrix("inception_score", "logits", logits)
    values = np.maximum(values, values.max(axis=1, keepdims=True) - _LARGEST_LOGIT_GAP)
    return float(tfgan_eval().classifier_score_from_logits(tf.constant(values)))


def checked_matrix(function: str, name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Returns `values` as float64 after checking them.

    Args:
        function: name of the calling function, for the message.
        name: the argument's name, for the message.
        values: numbers [N, D].

    Returns:
        float64 [N, D], finite, N >= 1 and D >= 1.

    Raises:
        InputError: if they are anything else.
    """
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.size == 0:
        raise InputError(
            f"{function}: expected `{name}` of shape [samples, dimensions], not empty. Received: shape "
            f"{list(matrix.shape)}."
        )
    if not np.isfinite(matrix).all():
        broken = int((~np.isfinite(matrix)).any(axis=1).sum())
        raise InputError(
            f"{function}: expected finite `{name}`. Received: NaN or infinity in {broken} of {len(matrix)} "
            "rows. Look at the samples they come from: the model may have diverged."
        )
    return matrix


def checked_pair(real: ArrayLike, generated: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns both sets of features as float64 [N, D] and [M, D] after checking them, as `checked_matrix` does."""
    checked = (
        checked_matrix("distance", "real_features", real),
        checked_matrix("distance", "generated_features", generated),
    )
    if checked[0].shape[1] != checked[1].shape[1]:
        raise InputError(
            f"Expected real and generated features of the same dimension. Received: {checked[0].shape[1]} "
            f"and {checked[1].shape[1]}. Take both from the same extractor."
        )
    return checked
