"""An experiment of seconds, which can be told to stand still, or to be interrupted, at a moment.

    python -m tests.training.tiny --out DIR --variants center

With STAND_STILL_AT=<moment> and STAND_STILL_FILE=<path> in the environment, the process creates that file at that
moment and waits to be killed; with INTERRUPT_AT=<moment> a KeyboardInterrupt is raised there. Moments: `step-<n>` (n
training steps of this process are done, not all of them kept), `begin-<n>` (epoch n begins), `epoch-<n>` (its
validation is done, its checkpoint is not written), `evaluation` (the model is saved, nothing else).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfvae.cli.experiment import main
from tfvae.data.images import ImageData
from tfvae.evaluation.evaluation import Evaluation
from tfvae.evaluation.samplers import Prior
from tfvae.evaluation.samples import draw
from tfvae.figures import Figure
from tfvae.models.base import Noise, Terms
from tfvae.models.center_vae import CenterVAE
from tfvae.models.vae import VAE
from tfvae.networks.dense import dense_decoder, dense_encoder
from tfvae.reporting.claims import Budget, Claim, Value
from tfvae.reporting.experiment import Experiment
from tfvae.training import fit
from tfvae.training.callbacks import EpochMetrics, StepHistory, StopOnNonFinite
from tfvae.training.config import Training, VariantConfig
from tfvae.training.run import Run
from tfvae.training.settings import Preset, Report, Settings
from tfvae.training.variant import Variant, one_adam

LATENT_DIM = 2
STEPS = 10
FAILING_STEP = 17
VALIDATION_LOSSES = (9.0, 8.0, 8.5, 7.0, 7.5, 7.25, 7.125, 7.375)
"""Of each epoch of the variant `scripted`: lowest after epoch 4."""


@keras.saving.register_keras_serializable("tests")
class FailingVAE(VAE):
    """A VAE whose KL term is not finite at one step of its training."""

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool) -> Terms:
        terms = super().objective(images, labels, noise=noise, training=training)
        failing = training & tf.equal(noise.step, FAILING_STEP)
        return {**terms, "kl": tf.where(failing, np.nan, terms["kl"])}


@keras.saving.register_keras_serializable("tests")
class ScriptedVAE(VAE):
    """A VAE whose validation loss is given for each epoch, whatever it learns."""

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool) -> Terms:
        terms = super().objective(images, labels, noise=noise, training=training)
        if training:
            return terms
        epoch = tf.convert_to_tensor(self.train_draws) // STEPS - 1
        value = tf.gather(tf.constant(VALIDATION_LOSSES), tf.clip_by_value(epoch, 0, len(VALIDATION_LOSSES) - 1))
        return {"reconstruction": tf.zeros_like(terms["reconstruction"]), "kl": tf.zeros_like(terms["kl"]) + value}


class Moments(StopOnNonFinite):
    """Passes the moments of one training, before a checkpoint of them is written."""

    def __init__(self) -> None:
        super().__init__()
        self.done = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        pass_moment(f"begin-{epoch + 1}")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        super().on_train_batch_end(batch, logs)
        self.done += CONFIG.training.steps_per_execution
        pass_moment(f"step-{self.done}")


def pass_moment(moment: str) -> None:
    """Stands still or is interrupted if it was told to at this moment."""
    if os.environ.get("STAND_STILL_AT") == moment:
        Path(os.environ["STAND_STILL_FILE"]).touch()
        time.sleep(600)
    if os.environ.get("INTERRUPT_AT") == moment:
        raise KeyboardInterrupt


def networks(data: ImageData) -> tuple[keras.Model, keras.Model]:
    return (
        dense_encoder(data.image_shape, 2 * LATENT_DIM, widths=(16,)),
        dense_decoder(LATENT_DIM, data.image_shape, widths=(16,)),
    )


def draw_without_scores(evaluation: Evaluation) -> None:
    pass_moment("evaluation")
    evaluation.samples["prior"] = draw(evaluation, evaluation.samplers["prior"])


def pictures(model: Any, data: ImageData) -> Mapping[str, np.ndarray]:
    return {"samples": data.to_uint8(model.sample(1))[0]}


def blank(evaluation: Evaluation) -> dict[str, Figure]:
    return {"blank": Figure(figsize=(1, 1))}


def at_epoch_end(model: Any) -> Mapping[str, float]:
    steps = int(model.train_draws.numpy())
    pass_moment(f"epoch-{steps // STEPS}")
    return {"steps": steps, "rate": float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))}


def callbacks(run: Run) -> Sequence[keras.callbacks.Callback]:
    steps = len(run.data.train_labels) // run.config.training.batch_size
    return [EpochMetrics(at_epoch_end), StepHistory(run.folder, steps)]


def adam_without_xla(config: VariantConfig) -> dict[str, Any]:
    return {**one_adam(config), "jit_compile": False}


def averaging_adam(config: VariantConfig) -> dict[str, Any]:
    return {"optimizer": keras.optimizers.Adam(config.training.learning_rate, use_ema=True), "jit_compile": False}


TRAINING = Training(epochs=3, batch_size=10, steps_per_execution=3, checkpoint_minutes=0)


@dataclass(frozen=True)
class TinyConfig(VariantConfig):
    data: str = "digits"
    training_images: int | None = STEPS * 10
    test_images: int | None = 100
    samples: int = 100
    training: Training = TRAINING


@dataclass(frozen=True)
class CenterConfig(TinyConfig):
    center_weight: float = 3.0
    """Weight of the center loss."""


CONFIG = TinyConfig()

SETTINGS = Settings(
    name="tiny",
    report=Report(9, title="A tiny report", heading="Tiny", compares="nothing"),
    description="An experiment of seconds.",
    configs={"vae": CONFIG, "center": CenterConfig(), "failing": CONFIG, "scripted": CONFIG, "averaged": CONFIG},
    presets={
        "report": Preset(),
        "quick": Preset({"training.epochs": 2}),
        "smoke": Preset({"training.epochs": 1}, variants=("center",)),
    },
    default=("vae",),
)

BUILD: Mapping[str, Any] = {
    "vae": lambda config, data, seed: VAE(*networks(data), seed=seed),
    "center": lambda config, data, seed: CenterVAE(*networks(data), center_weight=config.center_weight, seed=seed),
    "failing": lambda config, data, seed: FailingVAE(*networks(data), seed=seed),
    "scripted": lambda config, data, seed: ScriptedVAE(*networks(data), seed=seed),
    "averaged": lambda config, data, seed: VAE(*networks(data), seed=seed),
}

# XLA compiles `center` alone, since that takes seconds.
OPTIMIZERS: Mapping[str, Any] = {"center": one_adam, "averaged": averaging_adam}

EXPERIMENT = Experiment(
    settings=SETTINGS,
    variants=[
        Variant(
            name=name,
            config=SETTINGS.configs[name],
            build=build,
            optimizers=OPTIMIZERS.get(name, adam_without_xla),
            callbacks=callbacks,
            samplers=(Prior(),),
            draw=draw_without_scores,
            figures=(blank,),
            images=pictures,
        )
        for name, build in BUILD.items()
    ],
    page=Path(__file__).with_name("tiny.md.j2"),
    shown={"elbo": "above -200", "reconstruction_mse": ""},
    claims=[Claim("The ELBO is finite.", Value("elbo", of="vae") > -1e9, budget=Budget(epochs=2))],
)

if __name__ == "__main__":
    fit.StopOnNonFinite = Moments  # type: ignore[misc]
    main(SETTINGS, lambda: EXPERIMENT)
