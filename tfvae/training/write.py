"""What a run writes: figures, samples, samplers, metrics.json, and what TensorBoard shows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from tfvae.data.images import ImageData
from tfvae.data.labeled import LabeledData
from tfvae.evaluation.evaluation import Evaluation
from tfvae.figures import save_figure
from tfvae.files import atomic_write, read_json, write_json
from tfvae.provenance import git_commit, versions
from tfvae.training.config import flat_fields
from tfvae.training.projector import write_projection
from tfvae.training.published import Published, beside
from tfvae.training.run import Run
from tfvae.training.run_folder import RunFolder, recorded_fingerprint

FROM_FINGERPRINT = ("experiment", "variant", "seed", "preset", "precision")


def facts_of(data: LabeledData, device: str) -> dict[str, Any]:
    """What config.json records besides the fingerprint: value range, device, versions, commit."""
    value_range = list(data.value_range) if isinstance(data, ImageData) else None
    return {"value_range": value_range, "device": device, "versions": versions(), "git_commit": git_commit()}


def write_evaluation(run: Run, evaluation: Evaluation) -> None:
    """Writes figures, samplers, the projector's files and the samples of the run's sampler."""
    folder = run.folder
    for name, figure in evaluation.figures.items():
        save_figure(figure, folder.figures / f"{name}.png")
    for name, sampler in evaluation.samplers.items():
        sampler.save(folder.samplers / f"{name}.npz")
    index = {"sampler": evaluation.sampler, "class_sampler": evaluation.class_sampler}
    write_json(folder.samplers / "index.json", index)
    if evaluation.projection is not None:
        write_projection(evaluation.projection, folder.path)
    samples = evaluation.samples[str(evaluation.sampler)]
    arrays: dict[str, Any] = {"images": samples.images}
    if samples.labels is not None:
        arrays["labels"] = samples.labels
    with atomic_write(folder.samples) as temporary:
        np.savez_compressed(temporary, **arrays)


def write_record(run: Run, evaluation: Evaluation, published: Sequence[Published], **measured: Any) -> None:
    """Writes metrics.json, the last file of a run, and its numbers for TensorBoard.

    Args:
        run: the run.
        evaluation: its metrics.
        published: numbers of the report, recorded beside ours.
        **measured: parameters, epochs, seconds and device.
    """
    config = read_json(run.folder.config)
    fingerprint = recorded_fingerprint(run.folder.config)
    metrics = beside(evaluation.metrics, published, run.variant.name)
    record = {
        **{key: fingerprint[key] for key in FROM_FINGERPRINT},
        "dataset": run.data.name,
        "dataset_sha256": run.data.sha256,
        "fallback_for": run.data.fallback_for,
        "settings": _settings(run, evaluation.model),
        **measured,
        "value_range": config["value_range"],
        "versions": versions(),
        "git_commit": git_commit(),
        "metrics": {name: measurement.as_dict() for name, measurement in metrics.items()},
    }
    _log(run.folder, fingerprint, record)
    write_json(run.folder.metrics, record)


def _settings(run: Run, model: Any) -> dict[str, float]:
    """The configuration's numbers, and the model's own, such as the weights of its terms."""
    settings = {**flat_fields(run.config), "latent_dim": getattr(model, "latent_dim", None), **model.get_config()}
    return {name: value for name, value in settings.items() if isinstance(value, int | float)}


def _log(folder: RunFolder, fingerprint: Mapping[str, Any], record: Mapping[str, Any]) -> None:
    """Metrics, hyper-parameters and the configuration as text, for TensorBoard."""
    fields = {name: value for name, value in fingerprint.items() if name != "dataset_sha256"}
    rows = "\n".join(f"| {name} | {value} |" for name, value in fields.items())
    writer = tf.summary.create_file_writer(str(folder.path))
    with writer.as_default(step=record["epochs"]):
        tf.summary.text("config", f"| field | value |\n| --- | --- |\n{rows}")
        for name, measurement in record["metrics"].items():
            tf.summary.scalar(f"metrics/{name}", measurement["value"])
        fields |= record["settings"]
        plain = {k: v if isinstance(v, int | float | str | bool) else str(v) for k, v in fields.items()}
        hparams.hparams(plain, trial_id=str(Path(*folder.path.parts[-3:])))
    writer.close()
