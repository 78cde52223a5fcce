"""Threshold on a divergence term (minimum information constraint, free bits)."""

from __future__ import annotations

import tensorflow as tf


def above_threshold(values: tf.Tensor, statistic: tf.Tensor, *, threshold: float) -> tf.Tensor:
    """A loss term replaced by the constant `threshold` while its `statistic` does not exceed it.

    term[i] = values[i] if statistic > threshold else threshold

    With the global batch mean as the statistic, the mean of the term is max(threshold, mean(values)): its gradient is
    that of the mean above the threshold, and zero below it. `threshold` nats on average are free. With `values` as the
    statistic, the threshold applies to each example, max(threshold, values[i]).

    Args:
        values: float32 [batch], a divergence of each example, in nats.
        statistic: float32 [] or [batch], in nats; gradients do not flow through it.
        threshold: float >= 0, in nats; 0 has no effect on a divergence.

    Returns:
        float32 [batch], in nats.

    Reference:
        Kingma et al. 2016, section 3.3 and appendix C.8 (the mean of the minibatch); Dilokthanakul et al. 2016,
        section 3.3.2; report 2, section 3.
    """
    return tf.where(statistic > threshold, values, threshold)
