"""Center loss (Wen et al., 2016)."""

from __future__ import annotations

import tensorflow as tf


def center_loss(codes: tf.Tensor, centers: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Half the squared distance of each code to the center of its class.

    center = sum((codes[i] - centers[labels[i]])**2) / 2

    Args:
        codes: float32 [batch, latent_dim].
        centers: float32 [classes, latent_dim].
        labels: int [batch], class of each code, in [0, classes).

    Returns:
        float32 [batch], >= 0, in squared units of the codes; nan where a label is out of range.

    Reference:
        Wen et al. 2016, eq. 2; report 0, section III.B. The report sums over the batch and this library averages, so
        lambda differs by a factor of the batch size.
    """
    known = (labels >= 0) & (labels < tf.cast(tf.shape(centers)[0], labels.dtype))
    distances = tf.reduce_sum(tf.square(codes - tf.gather(centers, tf.where(known, labels, 0))), axis=-1)
    return tf.where(known, 0.5 * distances, float("nan"))


def center_offsets(codes: tf.Tensor, centers: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Summed offsets of the codes from their centers, and the number of codes, for each class.

    offset[j] = sum(codes[i] - centers[j] for i with labels[i] == j)

    Both are additive over the parts of a batch, and so over replicas.

    Args:
        codes: float32 [batch, latent_dim].
        centers: float32 [classes, latent_dim].
        labels: int [batch], in [0, classes).

    Returns:
        Offsets float32 [classes, latent_dim] and counts float32 [classes].

    Reference:
        Wen et al. 2016, eq. 4 (numerator and count).
    """
    members = tf.one_hot(labels, tf.shape(centers)[0], dtype=codes.dtype)
    counts = tf.reduce_sum(members, axis=0)
    return tf.matmul(members, codes, transpose_a=True) - counts[:, tf.newaxis] * centers, counts
