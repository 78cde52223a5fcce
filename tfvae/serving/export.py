"""Export of a trained model with its samplers as a SavedModel, which TF Serving runs without this library."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tfvae.errors import InputError
from tfvae.files import write_json
from tfvae.serving.checks import check_samplers
from tfvae.serving.endpoints import Endpoint, Sampler, endpoints_of


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
        sampler: draws the codes of `generate`: those that its `sample` returns for the same count and seed. Where
            `RejectionSampler.sample` refuses, the graph takes the proposal with the highest probability.
        class_sampler: draws the codes of `generate_class`: row i is that of `sample(count, seed=seed, label=labels[i])`
            for any count > i. Without one there is no such endpoint.
        value_range: (low, high) of the images that the model was trained on; None for signals, which have no such
            range and are taken as they come.
        version: int >= 1 that is free, or None for one above the highest, which is the one that TF Serving serves.

    Returns:
        The folder of the version. It appears whole or not at all.

    Raises:
        InputError: if a sampler does not fit the model, the class sampler has no classes, the version is taken, or
            the folder cannot be written.
    """
    check_samplers(model, sampler, class_sampler)
    root = Path(path)
    number = _free_version(root, version)
    unfinished = root / f".{number}.unfinished-{os.getpid()}"
    endpoints = endpoints_of(model, sampler, class_sampler, value_range)
    facts = {
        "value_range": None if value_range is None else list(value_range),
        "image_shape": list(model.image_shape),
        "latent_dim": model.latent_dim,
        "classes": [] if class_sampler is None else list(class_sampler.classes),
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
    """Inputs and outputs of each endpoint of an exported version, read from its file.

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
    write_json(folder / "assets.extra" / "tfvae.json", facts)


def _tensors(infos: Any) -> str:
    described = []
    for name, info in sorted(infos.items()):
        sizes = ["batch" if axis.size < 0 else str(axis.size) for axis in info.tensor_shape.dim]
        described.append(f"{name} {tf.dtypes.as_dtype(info.dtype).name} [{', '.join(sizes)}]")
    return ", ".join(described)
