"""The threshold trick: a divergence that costs nothing until it exceeds a minimum of information."""

from __future__ import annotations

import tensorflow as tf


def above_threshold(values: tf.Tensor, statistic: tf.Tensor, *, threshold: float) -> tf.Tensor:
    """A term that is held at `threshold` until its `statistic` exceeds it.

    term[i] = values[i] if statistic > threshold else threshold

    With the mean of the global batch as the statistic, the mean of the term is max(threshold, mean(values)): its
    gradient is that of the mean above the threshold, and zero below it. That is the minimum information constraint,
    under which a batch as a whole may use `threshold` nats for nothing, while one example may use more than another.
    With `values` themselves as the statistic, every example has a threshold of its own, max(threshold, values[i]),
    and those that say little are not set off against those that say much.

    Args:
        values: float32 [batch], a divergence of each example, in nats.
        statistic: float32 [] or [batch], in nats; gradients do not flow through it.
        threshold: float >= 0, in nats; 0 leaves a divergence as it is.

    Returns:
        float32 [batch], in nats.

    Reference:
        Kingma et al. 2016, section 3.3 and appendix C.8 (the mean of the minibatch); Dilokthanakul et al. 2016,
        section 3.3.2; report 2, section 3.
    """
    return tf.where(statistic > threshold, values, threshold)
