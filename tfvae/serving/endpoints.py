"""Graph functions of an exported model: encode, decode, reconstruct, generate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import tensorflow as tf

from tfvae.serving.checks import images_in_range, known_labels, positive_count

Tensors = dict[str, tf.Tensor]


class Sampler(Protocol):
    """What an export needs of a sampler: `GaussianMixtureSampler` and `RejectionSampler` have it."""

    @property
    def latent_dim(self) -> int: ...

    @property
    def classes(self) -> tuple[int, ...]: ...

    def draw(
        self, count: tf.Tensor, seed: tf.Tensor, labels: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """int32 [], int64 [], int64 [count] or None -> codes float32 [count, D], classes int64 [count] or None."""


class Endpoint(NamedTuple):
    """A graph function that returns a dict, and the named tensors that it takes."""

    function: Callable[..., Tensors]
    inputs: list[tf.TensorSpec]


def endpoints_of(
    model: Any, sampler: Sampler, class_sampler: Sampler | None, value_range: tuple[float, float] | None
) -> dict[str, Endpoint]:
    """The endpoints that `tfvae.serving.export` lists, by name."""
    images_spec = tf.TensorSpec([None, *model.image_shape], tf.float32, "images")
    codes_spec = tf.TensorSpec([None, model.latent_dim], tf.float32, "codes")
    seed_spec = tf.TensorSpec([], tf.int64, "seed")

    def encode(images: tf.Tensor) -> Tensors:
        return {"codes": model.encode_step(images_in_range(images, value_range))}

    def decode(codes: tf.Tensor) -> Tensors:
        return {"images": model.decode_step(codes)}

    def encode_and_decode(images: tf.Tensor) -> Tensors:
        codes = encode(images)
        return {**codes, **decode(**codes)}

    def reconstruct(images: tf.Tensor) -> Tensors:
        return decode(**encode(images))

    def generate(count: tf.Tensor, seed: tf.Tensor) -> Tensors:
        codes, labels = sampler.draw(positive_count(count), seed)
        return {**decode(codes), "codes": codes, **({} if labels is None else {"labels": labels})}

    endpoints = {
        "serving_default": Endpoint(decode, [codes_spec]),
        "decode": Endpoint(decode, [codes_spec]),
        "generate": Endpoint(generate, [tf.TensorSpec([], tf.int32, "count"), seed_spec]),
    }
    if hasattr(model, "encode_step"):
        endpoints |= {
            "serving_default": Endpoint(encode_and_decode, [images_spec]),
            "encode": Endpoint(encode, [images_spec]),
            "reconstruct": Endpoint(reconstruct, [images_spec]),
        }
    if class_sampler is not None:

        def generate_class(labels: tf.Tensor, seed: tf.Tensor) -> Tensors:
            labels = known_labels(labels, class_sampler.classes)
            codes, _ = class_sampler.draw(tf.size(labels), seed, labels)
            return {**decode(codes), "codes": codes, "labels": labels}

        endpoints["generate_class"] = Endpoint(generate_class, [tf.TensorSpec([None], tf.int64, "labels"), seed_spec])
    return endpoints
