"""An experiment of seconds, which can be told to stand still at a moment so that a test can kill it there.

    python -m tests.training.tiny --out DIR --variants center

With STAND_STILL_AT=<moment> and STAND_STILL_FILE=<path> in the environment, the process creates that file at that
moment and waits to be killed. Moments: `step-<n>` (n training steps of this process are done, not all of them kept),
`epoch-<n>` (its validation is done, its checkpoint is not written), `evaluation` (the model is saved, nothing else).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfvae.data.images import ImageData
from tfvae.figures import Figure
from tfvae.metrics.likelihood import evidence_lower_bound, reconstruction_errors
from tfvae.metrics.measurement import Measurement
from tfvae.models.base import Terms
from tfvae.models.center_vae import CenterVAE
from tfvae.models.noise import Noise
from tfvae.models.vae import VAE
from tfvae.networks.dense import dense_decoder, dense_encoder
from tfvae.sampling import standard_normal_sampler
from tfvae.training import fit
from tfvae.training.callbacks import StopOnNonFinite
from tfvae.training.command import main
from tfvae.training.config import ExperimentConfig, Training
from tfvae.training.experiment import Evaluation, Experiment, FinishedRun, Report, TrainedRun

LATENT_DIM = 2
STEPS = 10
FAILING_STEP = 17


class FailingVAE(VAE):
    """A VAE whose KL term is no number at one step of its training."""

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool) -> Terms:
        terms = super().objective(images, labels, noise=noise, training=training)
        failing = training & tf.equal(noise.step, FAILING_STEP)
        return {**terms, "kl": tf.where(failing, np.nan, terms["kl"])}


class StandStill(StopOnNonFinite):
    """Counts the steps that this process did, before a checkpoint of them is written."""

    done = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        super().on_train_batch_end(batch, logs)
        StandStill.done += CONFIG.training.steps_per_execution
        stand_still_at(f"step-{StandStill.done}")


def stand_still_at(moment: str) -> None:
    if os.environ.get("STAND_STILL_AT") == moment:
        Path(os.environ["STAND_STILL_FILE"]).touch()
        time.sleep(600)


def networks(data: ImageData) -> tuple[keras.Model, keras.Model]:
    return (
        dense_encoder(data.image_shape, 2 * LATENT_DIM, widths=(16,)),
        dense_decoder(LATENT_DIM, data.image_shape, widths=(16,)),
    )


def evaluate(run: TrainedRun[ExperimentConfig]) -> Evaluation:
    stand_still_at("evaluation")
    images = run.data.to_float(run.data.test_images)
    elbo = evidence_lower_bound(run.model, images, num_samples=2, seed=run.seed)
    errors = reconstruction_errors(images, run.model.reconstruct(images))
    return Evaluation(
        metrics={name: Measurement(value) for name, value in {"elbo": elbo, **errors}.items()},
        figures={"blank": Figure(figsize=(1, 1))},
        images=run.data.to_uint8(run.model.sample(4, seed=run.seed)),
        samplers={"prior": standard_normal_sampler(LATENT_DIM)},
        sampler="prior",
    )


def pictures(model: Any, data: ImageData) -> dict[str, np.ndarray]:
    stand_still_at(f"epoch-{1 + (int(model.train_draws.numpy()) - 1) // STEPS}")
    return {"samples": data.to_uint8(model.sample(1))[0]}


def report(runs: Sequence[FinishedRun]) -> Report:
    return Report("".join(f"{run.variant} {run.value('elbo')}\n" for run in runs))


CONFIG = ExperimentConfig(
    data="digits",
    training_images=STEPS * 10,
    test_images=30,
    training=Training(epochs=3, batch_size=10, steps_per_execution=3, checkpoint_minutes=0),
)

EXPERIMENT = Experiment(
    name="tiny",
    title="Tiny",
    presets={"smoke": CONFIG, "quick": CONFIG, "report": CONFIG},
    variants={
        "vae": lambda config, data, seed: VAE(*networks(data), seed=seed),
        "center": lambda config, data, seed: CenterVAE(*networks(data), seed=seed),
        "failing": lambda config, data, seed: FailingVAE(*networks(data), seed=seed),
    },
    default=("vae",),
    evaluate=evaluate,
    pictures=pictures,
    report=report,
    shown={"elbo": "above -200"},
)

if __name__ == "__main__":
    fit.StopOnNonFinite = StandStill  # type: ignore[misc]
    main(EXPERIMENT, __doc__)
