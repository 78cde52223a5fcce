"""Step sizes that fall as the training goes on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tfvae.models.base import GenerativeModel


def decay(model: GenerativeModel, rates: Sequence[float], epoch: int, epochs: int) -> None:
    """Sets each player's step size for the next epoch: rate * (1 + cos(pi * epoch / epochs)) / 2.

    Args:
        model: a compiled model.
        rates: floats, the first step size of each of its players; one too many is left over.
        epoch: int, the epoch that has ended, counted from 1.
        epochs: int >= 1, length of the training.

    Reference:
        Loshchilov and Hutter 2017, eq. 5, without restarts.
    """
    share = (1 + math.cos(math.pi * epoch / epochs)) / 2
    for (optimizer, _), rate in zip(model.optimizers_and_variables(), rates, strict=False):
        optimizer.learning_rate.assign(rate * share)
