"""Learning rates on two cosines, the restart of Adam, and which callbacks a Gaussian mixture VAE gets."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from tfvae.training.callbacks import AtEpoch, EpochMetrics, LearningRates, StepHistory
from tfvae.training.cluster_callbacks import cluster_callbacks, restart, two_cosines
from tfvae.training.config import Training


def rates(callback: LearningRates, epochs: int) -> list[float]:
    optimizer = keras.optimizers.Adam(0.9)
    callback.set_model(SimpleNamespace(optimizers_and_variables=lambda: [(optimizer, [])]))
    found = []
    for epoch in range(epochs):
        callback.on_epoch_begin(epoch)
        found.append(float(optimizer.learning_rate.numpy()))
    return found


def test_learning_rate_falls_along_two_cosines() -> None:
    # Whole and half of the first cosine; then thirds of the second, (1 + cos(pi / 3)) / 2 and (1 + cos(2 pi / 3)) / 2.
    assert rates(two_cosines((0.001, 2), (0.5, 3)), 5) == pytest.approx([0.001, 0.0005, 0.5, 0.375, 0.125], rel=1e-5)
    assert rates(two_cosines((0.001, 0), (0.5, 2)), 2) == pytest.approx([0.5, 0.25], rel=1e-5)


def test_restarted_adam_has_no_moments_and_its_learning_rate() -> None:
    optimizer = keras.optimizers.Adam(0.25)
    optimizer.build([keras.Variable(np.ones(3, np.float32))])
    for variable in optimizer.variables:
        if variable is not optimizer.learning_rate:
            variable.assign(keras.ops.ones_like(variable))
    restart(optimizer)
    assert optimizer.iterations.numpy() == 0 and float(optimizer.learning_rate.numpy()) == 0.25
    moments = [variable for variable in optimizer.variables if variable.ndim]
    assert len(moments) == 2 and not any(variable.numpy().any() for variable in moments)


def test_clusters_are_initialized_only_after_a_pretraining() -> None:
    data = SimpleNamespace(train_labels=np.zeros(100, np.int64))
    run = SimpleNamespace(config=SimpleNamespace(training=Training(batch_size=10)), data=data, folder=None, seed=0)
    kinds = [type(callback) for callback in cluster_callbacks(run)]  # type: ignore[arg-type]
    assert kinds == [EpochMetrics, StepHistory]
    callbacks = cluster_callbacks(run, pretraining_epochs=3, learning_rate=0.1)  # type: ignore[arg-type]
    assert [type(callback) for callback in callbacks] == [AtEpoch, EpochMetrics, StepHistory, LearningRates]
    assert callbacks[0].epoch == 3, "before the metrics of that epoch are measured"
