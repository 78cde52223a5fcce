"""A finished run taken up again: its model, its samplers and its value range."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import keras

from tfvae.errors import InputError
from tfvae.evaluation.classifiers import load_classifier
from tfvae.files import read_json
from tfvae.sampling.rejection import RejectionSampler
from tfvae.sampling.sampler import GaussianMixtureSampler, saved_arrays
from tfvae.training.run_folder import RunFolder


def finished_run(path: Path) -> RunFolder:
    """The run that a path names: its own folder, or the only run below it.

    Raises:
        InputError: if there is no such run, several, or it has not ended.
    """
    path = path.resolve()
    if not path.is_dir():
        raise InputError(f"Expected the folder of a run. Received: {path}, which is no folder. Check the path.")
    runs = [path] if (path / "config.json").exists() else sorted(file.parent for file in path.rglob("config.json"))
    if len(runs) != 1:
        found = ", ".join(str(run.relative_to(path)) for run in runs) or "none"
        raise InputError(
            f"Expected one run, a folder .../<variant>/seed-<n> with a config.json. Received: {path}, with these "
            f"below it: {found}. Name one."
        )
    folder = RunFolder(runs[0])
    if not folder.finished:
        raise InputError(
            f"Expected a finished run. Received: {folder.path}, which has no metrics.json yet. "
            "Give the experiment's command again to finish it."
        )
    return folder


def saved_model(folder: RunFolder) -> Any:
    """The run's trained model.

    Raises:
        InputError: if the file is missing or no model.
    """
    if not folder.model.is_file():
        raise InputError(
            f"Expected the trained model {folder.model}. Received: no such file; the committed results leave it out. "
            "Run the experiment, or name a run of your own."
        )
    try:
        return keras.models.load_model(folder.model, compile=False)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(
            f"Expected a model that Keras can load. Received: {folder.model} ({str(error)[:200]}). "
            "Train it again with --overwrite."
        ) from error


def sampler_names(folder: RunFolder) -> list[str]:
    """The samplers that the run saved, by name."""
    return sorted(path.stem for path in folder.samplers.glob("*.npz"))


def saved_sampler(folder: RunFolder, name: str | None, model: Any) -> GaussianMixtureSampler | RejectionSampler:
    """A sampler that the run saved.

    Args:
        folder: the run's.
        name: which of them; None where the run chose none.
        model: the run's model, which decodes what a classifier is to judge.

    Raises:
        InputError: if the run has no such sampler, or its classifier is missing.
    """
    names = sampler_names(folder)
    if name not in names:
        received = "none, and the run chose none for this" if name is None else repr(name)
        raise InputError(
            f"Expected a sampler of this run, one of: {', '.join(names) or 'none was saved'}. Received: {received}. "
            "Name one of them with --sampler."
        )
    path = folder.samplers / f"{name}.npz"
    mixture, arrays = GaussianMixtureSampler.load(path), saved_arrays(path)
    if "confidence" not in arrays:
        return mixture
    classifier = load_classifier(folder.classifier)
    return RejectionSampler(
        mixture, model.decode_step, lambda images: classifier(images, training=False), float(arrays["confidence"])
    )


def value_range_of(folder: RunFolder) -> tuple[float, float] | None:
    """(low, high) of the images that the run's model was trained on."""
    limits = read_json(folder.config).get("value_range", (0.0, 1.0))
    return None if limits is None else (limits[0], limits[1])
