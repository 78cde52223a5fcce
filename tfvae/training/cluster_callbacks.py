"""Callbacks of a Gaussian mixture VAE: initialization of its clusters, two learning rates, and signs of collapse."""

from __future__ import annotations

import keras

from tfvae.data.pipeline import steps_per_epoch
from tfvae.evaluation.clusters import initialize_from_mixture, usage_metrics
from tfvae.training.callbacks import AtEpoch, EpochMetrics, LearningRates, StepHistory
from tfvae.training.run import Run


def usage_callbacks(run: Run) -> list[keras.callbacks.Callback]:
    """Active units at every epoch and, of a model that clusters, the usage of its clusters."""
    return [EpochMetrics(lambda model: usage_metrics(model, run.data))]


def cluster_callbacks(
    run: Run, *, pretraining_epochs: int = 0, learning_rate: float | None = None
) -> list[keras.callbacks.Callback]:
    """Callbacks of a `GMVAE`, which may be pre-trained as a VAE.

    rate(epoch) = CosineDecay(training.learning_rate, pretraining_epochs)(epoch)               in the pre-training
    rate(epoch) = CosineDecay(learning_rate, the epochs after it)(epoch - pretraining_epochs)  from then on

    The epochs' metrics are those of `usage_callbacks`; the terms of every few steps go to the run's step history.

    Args:
        run: its configuration gives epochs, batch size and initial learning rate.
        pretraining_epochs: int >= 0, after which the clusters are initialized from a mixture fitted to the codes, and
            Adam starts anew; 0 for none.
        learning_rate: float > 0, initial rate after them; None for a rate that stays.
    """
    training = run.config.training
    callbacks = [*usage_callbacks(run), StepHistory(run.folder, steps_per_epoch(run.data, training.batch_size))]
    if pretraining_epochs:

        def begin(model: keras.Model) -> None:
            initialize_from_mixture(model, run.data, seed=run.seed)
            restart(model.optimizer)

        callbacks.insert(0, AtEpoch(pretraining_epochs, begin))
    if learning_rate is not None:
        callbacks.append(
            two_cosines(
                (training.learning_rate, pretraining_epochs), (learning_rate, training.epochs - pretraining_epochs)
            )
        )
    return callbacks


def two_cosines(first: tuple[float, int], second: tuple[float, int]) -> LearningRates:
    """Learning rates that fall along a cosine, and then along another.

    Args:
        first: initial learning rate and number of epochs; there may be none.
        second: the same of the epochs after them.
    """
    schedules = [keras.optimizers.schedules.CosineDecay(rate, max(epochs, 1)) for rate, epochs in (first, second)]
    start = first[1]
    return LearningRates(lambda epoch: schedules[0](epoch) if epoch < start else schedules[1](epoch - start))


def restart(optimizer: keras.optimizers.Optimizer) -> None:
    """Sets the moments and the step count of Adam to 0.

    Old moments with many steps behind them would make the first updates of new weights too large.
    """
    for variable in optimizer.variables:
        if variable is not optimizer.learning_rate:
            variable.assign(keras.ops.zeros_like(variable))
