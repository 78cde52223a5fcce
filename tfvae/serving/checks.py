"""Checks of an export's samplers, and of a request's inputs in the graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfvae.errors import InputError


def check_samplers(model: Any, sampler: Any, class_sampler: Any) -> None:
    """Refuses samplers of another latent dimension, and a class sampler without classes.

    Raises:
        InputError: if a sampler does not fit.
    """
    for each in (sampler, class_sampler):
        if each is not None and each.latent_dim != model.latent_dim:
            raise InputError(
                f"Expected a sampler of {model.latent_dim}-dimensional codes. Received: one of {each.latent_dim}. "
                "Pass the sampler that was fitted to this model's codes."
            )
    if class_sampler is not None and not class_sampler.classes:
        raise InputError(
            "Expected a class sampler whose components have classes. Received: one without labels. "
            "Fit it with labels, or leave it out to export no `generate_class`."
        )


def images_in_range(images: tf.Tensor, value_range: tuple[float, float] | None) -> tf.Tensor:
    """`images`; fails in the graph on NaN, and where a value leaves the range by more than the range's width.

    So pixels in 0 .. 255 fail for a range of [0, 1], and reconstructions that overshoot a little do not.
    """
    low, high = (-math.inf, math.inf) if value_range is None else value_range
    slack = high - low
    fits = tf.reduce_all((images >= low - slack) & (images <= high + slack))
    extremes = tf.stack([tf.reduce_min(images), tf.reduce_max(images)])
    return _required(fits, f"Expected images in [{low:g}, {high:g}]. Received (min, max):", extremes, images)


def positive_count(count: tf.Tensor) -> tf.Tensor:
    """`count`; fails in the graph where it is below 1."""
    return _required(count >= 1, "Expected a count of at least 1. Received:", count, count)


def known_labels(labels: tf.Tensor, classes: Sequence[int]) -> tf.Tensor:
    """`labels`; fails in the graph where one is none of `classes`."""
    known = tf.reduce_any(labels[:, tf.newaxis] == tf.constant(classes, tf.int64), axis=1)
    expected = f"Expected labels out of {', '.join(map(str, classes))}. Received:"
    return _required(tf.reduce_all(known), expected, labels, labels)


def _required(condition: tf.Tensor, message: str, received: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """`value`, which cannot be computed with unless `condition` holds."""
    with tf.control_dependencies([tf.debugging.Assert(condition, [message, received])]):
        return tf.identity(value)
