"""A trained model with its samplers as a SavedModel, which TF Serving runs without this library."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tfvae.startup import tensorflow as tf

import keras
import numpy as np
from numpy.typing import NDArray
from tensorflow.core.protobuf import saved_model_pb2

from tfvae.errors import InputError

Tensors = dict[str, tf.Tensor]
TRIES = 16  # of a sampler that rejects, for each code


class Mixture(Protocol):
    """What `export` needs of a sampler: `tfvae.sampling.GaussianMixtureSampler` has it."""

    @property
    def weights(self) -> NDArray[np.float64]: ...

    @property
    def means(self) -> NDArray[np.float64]: ...

    @property
    def covariances(self) -> NDArray[np.float64]: ...

    @property
    def labels(self) -> NDArray[np.int64] | None: ...


class Rejecting(Protocol):
    """A sampler that proposes from a mixture and keeps what suits it: `tfvae.sampling.RejectionSampler` is one."""

    @property
    def mixture(self) -> Mixture: ...

    def first_kept(self, candidates: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """float32 [count, tries, D] and int64 [count] -> float32 [count, D], in the graph."""


Sampler = Mixture | Rejecting


class Endpoint(NamedTuple):
    """A graph function that returns a dict, and the named tensors that it takes."""

    function: Callable[..., Tensors]
    inputs: list[tf.TensorSpec]


def export(
    model: Any,
    path: str | Path,
    *,
    sampler: Sampler,
    class_sampler: Sampler | None = None,
    value_range: tuple[float, float] | None = (0.0, 1.0),
    version: int | None = None,
) -> Path:
    """Writes PATH/<version>/, a SavedModel whose endpoints take named inputs and return named outputs.

    serving_default: images -> codes, images       encode, then decode: what a client with images most likely wants
    encode:          images -> codes               decode:         codes -> images
    reconstruct:     images -> images              generate:       count, seed -> images, codes (, labels)
    generate_class:  labels, seed -> images, codes, labels

    images: float32 [batch, H, W, C] in `value_range`; codes: float32 [batch, D]; labels: int64 [batch]; count: int32
    []; seed: int64 [], the only source of noise. `generate` returns labels where the sampler's components have classes.
    A model without `encode_step`, such as a GAN, has neither `encode` nor `reconstruct`, and `decode` as its default.
    A request with images far out of their range, a count below 1 or a class without component fails with
    INVALID_ARGUMENT and says why. assets.extra/tfvae.json holds the value range, the shapes and the classes.

    Args:
        model: trained; needs `decode_step`, `image_shape` and `latent_dim`, and `encode_step` if it encodes.
        path: folder of the versions; it is made where it is missing.
        sampler: draws the codes of `generate`. One that rejects gets 16 tries for each code, and takes the surest of
            them where it keeps none, since a served graph must end.
        class_sampler: draws the codes of `generate_class`; without one there is no such endpoint.
        value_range: (low, high) of the images that the model was trained on; None for signals, which have no such
            range and are taken as they come.
        version: int >= 1 that is free, or None for one above the highest, which is the one that TF Serving serves.

    Returns:
        The folder of the version. It appears whole or not at all.

    Raises:
        InputError: if a sampler does not fit the model, the class sampler has no classes, the version is taken, or
            the folder cannot be written.
    """
    for each in (sampler, class_sampler):
        _check_sampler(each, model)
    if class_sampler is not None and _mixture(class_sampler).labels is None:
        raise InputError(
            "Expected a class sampler whose components have classes. Received: one without labels. "
            "Fit it with labels, or leave it out to export no `generate_class`."
        )
    root = Path(path)
    number = _free_version(root, version)
    unfinished = root / f".{number}.unfinished-{os.getpid()}"
    endpoints = _endpoints(model, sampler, class_sampler, value_range)
    facts = {
        "value_range": None if value_range is None else list(value_range),
        "image_shape": list(model.image_shape),
        "latent_dim": model.latent_dim,
        "classes": [] if class_sampler is None else _ClassLadders(_mixture(class_sampler)).classes.tolist(),
    }
    try:
        unfinished.mkdir(parents=True)
        _write(endpoints, facts, unfinished)
        os.rename(unfinished, root / str(number))
    except OSError as error:
        raise InputError(
            f"Expected a folder in which version {number} can be written. Received: {root} ({error.strerror}). "
            "Choose another folder, or change its permissions."
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return root / str(number)


def signatures(folder: str | Path) -> dict[str, str]:
    """What each endpoint of an exported version takes and returns, read from its file.

    Args:
        folder: PATH/<version>, as `export` returns it.

    Returns:
        {endpoint: "name type [shape], ... -> name type [shape], ..."}.

    Raises:
        InputError: if the folder holds no SavedModel.
    """
    try:
        content = (Path(folder) / "saved_model.pb").read_bytes()
    except OSError as error:
        raise InputError(
            f"Expected the folder of a SavedModel. Received: {folder} ({error.strerror}). Name PATH/<version>."
        ) from None
    defined = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].signature_def
    return {
        name: f"{_tensors(defined[name].inputs)} -> {_tensors(defined[name].outputs)}"
        for name in sorted(defined)
        if not name.startswith("__")
    }


def _endpoints(
    model: Any,
    sampler: Sampler,
    class_sampler: Sampler | None,
    value_range: tuple[float, float] | None,
) -> dict[str, Endpoint]:
    images_spec = tf.TensorSpec([None, *model.image_shape], tf.float32, "images")
    codes_spec = tf.TensorSpec([None, model.latent_dim], tf.float32, "codes")
    seed_spec = tf.TensorSpec([], tf.int64, "seed")

    def encode(images: tf.Tensor) -> Tensors:
        return {"codes": model.encode_step(_near(images, value_range))}

    def decode(codes: tf.Tensor) -> Tensors:
        return {"images": model.decode_step(codes)}

    def encode_and_decode(images: tf.Tensor) -> Tensors:
        codes = encode(images)
        return {**codes, **decode(**codes)}

    def reconstruct(images: tf.Tensor) -> Tensors:
        return decode(**encode(images))

    endpoints = {
        "serving_default": Endpoint(decode, [codes_spec]),
        "decode": Endpoint(decode, [codes_spec]),
        "generate": Endpoint(_generate(model, sampler), [tf.TensorSpec([], tf.int32, "count"), seed_spec]),
    }
    if hasattr(model, "encode_step"):
        endpoints |= {
            "serving_default": Endpoint(encode_and_decode, [images_spec]),
            "encode": Endpoint(encode, [images_spec]),
            "reconstruct": Endpoint(reconstruct, [images_spec]),
        }
    if class_sampler is not None:
        labels_spec = tf.TensorSpec([None], tf.int64, "labels")
        endpoints["generate_class"] = Endpoint(_generate_class(model, class_sampler), [labels_spec, seed_spec])
    return endpoints


def _generate(model: Any, sampler: Sampler) -> Callable[..., Tensors]:
    mixture = _mixture(sampler)
    ladder = np.cumsum(mixture.weights)[np.newaxis]

    def generate(count: tf.Tensor, seed: tf.Tensor) -> Tensors:
        count = _required(count >= 1, "Expected a count of at least 1. Received:", count)
        codes, chosen = draw_codes(mixture, ladder / ladder[:, -1:], count=count, seed=seed)
        if mixture.labels is None:
            return {"images": model.decode_step(codes), "codes": codes}
        labels = tf.gather(tf.constant(mixture.labels, tf.int64), chosen)
        if sampler is not mixture:
            codes = _codes_of(sampler, labels, seed)
        return {"images": model.decode_step(codes), "codes": codes, "labels": labels}

    return generate


def _generate_class(model: Any, sampler: Sampler) -> Callable[..., Tensors]:
    known = _ClassLadders(_mixture(sampler))

    def generate_class(labels: tf.Tensor, seed: tf.Tensor) -> Tensors:
        matches = labels[:, tf.newaxis] == known.classes
        expected = f"Expected labels out of {', '.join(map(str, known.classes))}. Received:"
        labels = _required(tf.reduce_all(tf.reduce_any(matches, axis=1)), expected, labels)
        codes = _codes_of(sampler, labels, seed)
        return {"images": model.decode_step(codes), "codes": codes, "labels": labels}

    return generate_class


def _codes_of(sampler: Sampler, labels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """float32 [batch, D]: a code of each of these classes, out of 16 where the sampler rejects."""
    mixture = _mixture(sampler)
    known = _ClassLadders(mixture)
    tries = 1 if sampler is mixture else TRIES
    rows = tf.argmax(labels[:, tf.newaxis] == known.classes, axis=1)
    ladders = tf.repeat(tf.gather(tf.constant(known.ladders, tf.float32), rows), tries, axis=0)
    codes, _ = draw_codes(mixture, ladders, count=tries * tf.size(labels), seed=seed)
    if tries == 1:
        return codes
    return sampler.first_kept(tf.reshape(codes, [-1, tries, codes.shape[1]]), labels)  # type: ignore[union-attr]


def _mixture(sampler: Sampler) -> Mixture:
    """What a sampler proposes from: itself, if it keeps everything."""
    return sampler.mixture if hasattr(sampler, "mixture") else sampler


class _ClassLadders:
    """The classes of a mixture that can be drawn, ascending, and for each a ladder of its components alone."""

    def __init__(self, sampler: Mixture) -> None:
        present = np.unique(np.asarray(sampler.labels)[sampler.weights > 0])
        weights = np.where(sampler.labels == present[:, np.newaxis], sampler.weights, 0.0)
        ladders = np.cumsum(weights, axis=1)
        self.classes: NDArray[np.int64] = present.astype(np.int64)
        self.ladders: NDArray[np.float64] = ladders / ladders[:, -1:]


def draw_codes(sampler: Mixture, ladders: Any, *, count: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Codes of a mixture, in the graph: a pure function of `seed`.

    code = means[k] + cholesky(covariances[k]) @ noise,  noise ~ Normal(0, I),  k = number of rungs <= u, u ~ Uniform

    Args:
        sampler: the mixture, whose numbers become constants.
        ladders: float [count or 1, K], cumulative weights of the components, ascending to 1.
        count: int32 [], number of codes.
        seed: int64 [].

    Returns:
        codes float32 [count, D], and the component of each, int32 [count].
    """
    ladders = tf.cast(ladders, tf.float32)
    level = tf.random.stateless_uniform([count, 1], tf.stack([seed, 0]), alg="philox")
    chosen = tf.reduce_sum(tf.cast(ladders <= level, tf.int32), axis=1)
    noise = tf.random.stateless_normal([count, sampler.means.shape[1]], tf.stack([seed, 1]), alg="philox")
    means = tf.gather(tf.constant(sampler.means, tf.float32), chosen)
    factors = tf.gather(tf.constant(np.linalg.cholesky(sampler.covariances), tf.float32), chosen)
    return means + tf.linalg.matvec(factors, noise), chosen


def _near(images: tf.Tensor, value_range: tuple[float, float] | None) -> tf.Tensor:
    """`images`; pixels in 0 .. 255 and NaN fail, what leaves the range by less than its width does not."""
    low, high = (-math.inf, math.inf) if value_range is None else value_range
    slack = high - low
    fits = tf.reduce_all((images >= low - slack) & (images <= high + slack))
    extremes = tf.stack([tf.reduce_min(images), tf.reduce_max(images)])
    with tf.control_dependencies(
        [tf.debugging.Assert(fits, [f"Expected images in [{low:g}, {high:g}]. Received (min, max):", extremes])]
    ):
        return tf.identity(images)


def _required(condition: tf.Tensor, message: str, value: tf.Tensor) -> tf.Tensor:
    """`value`, which cannot be computed with unless `condition` holds."""
    with tf.control_dependencies([tf.debugging.Assert(condition, [message, value])]):
        return tf.identity(value)


def _check_sampler(sampler: Sampler | None, model: Any) -> None:
    if sampler is not None and (dimensions := _mixture(sampler).means.shape[1]) != model.latent_dim:
        raise InputError(
            f"Expected a sampler of {model.latent_dim}-dimensional codes. Received: one of {dimensions}. "
            "Pass the sampler that was fitted to this model's codes."
        )


def _free_version(root: Path, version: int | None) -> int:
    if root.exists() and not root.is_dir():
        raise InputError(f"Expected a folder for the versions. Received: {root}, a file. Choose another path.")
    taken = [int(child.name) for child in root.glob("*") if child.name.isascii() and child.name.isdigit()]
    if version is None:
        return max(taken, default=0) + 1
    if version < 1 or version in taken:
        raise InputError(
            f"Expected a version of at least 1 that {root} does not hold ({sorted(taken)}). Received: {version}. "
            "Leave it out for the next one."
        )
    return version


def _write(endpoints: dict[str, Endpoint], facts: dict[str, Any], folder: Path) -> None:
    archive = keras.export.ExportArchive()
    for name, endpoint in endpoints.items():
        archive.add_endpoint(name, endpoint.function, input_signature=endpoint.inputs)
    archive.write_out(str(folder), verbose=False)
    extra = folder / "assets.extra"
    extra.mkdir()
    (extra / "tfvae.json").write_text(json.dumps(facts, indent=2) + "\n")


def _tensors(infos: Any) -> str:
    words = []
    for name, info in sorted(infos.items()):
        sizes = ["batch" if axis.size < 0 else str(axis.size) for axis in info.tensor_shape.dim]
        words.append(f"{name} {tf.dtypes.as_dtype(info.dtype).name} [{', '.join(sizes)}]")
    return ", ".join(words)
