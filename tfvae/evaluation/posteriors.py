"""Posteriors q(z | x) of the test split: their statistics, and figures of the latent space around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfvae import figures
from tfvae.evaluation.evaluation import Draw, Evaluation
from tfvae.figures import Figure
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.posterior import posterior_statistics
from tfvae.sampling.traversal import axis_traversal, two_axis_grid


def measure_posteriors(evaluation: Evaluation) -> dict[str, Measurement]:
    """Means and variances of q(z | x): statistics over the test split in each dimension, then over the dimensions."""
    statistics = posterior_statistics(*evaluation.test_moments)
    values = {
        "largest_mean_of_means": np.abs(statistics.mean_of_means).max(),
        "variance_of_means": statistics.variance_of_means.mean(),
        "least_variance_of_means": statistics.variance_of_means.min(),
        "posterior_variance": statistics.mean_of_variances.mean(),
        "least_posterior_variance": statistics.mean_of_variances.min(),
    }
    return {name: evaluation.measured(float(value)) for name, value in values.items()}


def posteriors_by_dimension(evaluation: Evaluation) -> dict[str, Figure]:
    """Statistics of the means and variances of q(z | x) in each dimension, by descending variance of the means."""
    statistics = posterior_statistics(*evaluation.test_moments)
    order = np.argsort(-statistics.variance_of_means)
    series = {
        "mean of the means": statistics.mean_of_means,
        "variance of the means": statistics.variance_of_means,
        "mean of the variances": statistics.mean_of_variances,
        "deviation of the variances": np.sqrt(statistics.variance_of_variances),
    }
    return {
        "posteriors": figures.curves(
            {name: values[order].tolist() for name, values in series.items()},
            panels=True,
            title=f"Posteriors of the test split: {evaluation.variant}",
            xlabel="dimension, sorted",
            ylabel="units of the code",
        )
    }


def variants_by_two_axes(values: tuple[float, ...]) -> Draw:
    """A sample of q(z | x) of the first test image, decoded with every pair of values of two of its dimensions.

    The two dimensions are those that change the image most between the first and the last value.

    Args:
        values: floats, symmetric around 0, in units of the codes.

    Reference:
        Report 3, figure 2.
    """

    def drawn(evaluation: Evaluation) -> dict[str, Figure]:
        means, variances = (moments[0] for moments in evaluation.test_moments)
        noise = np.random.default_rng(evaluation.seed).standard_normal(len(means), np.float32)
        code = means + np.sqrt(variances) * noise
        across, down = dimensions_by_effect(evaluation.model, code, extent=values[-1])[:2]
        labels = [f"{value:g}" for value in values]
        sheet = figures.sample_sheet(
            evaluation.decode(two_axis_grid(code, (across, down), values=values)),
            columns=len(values),
            title=f"Variants of a test image: {evaluation.variant}",
            subtitle=f"dimension {across} across, dimension {down} down",
            row_labels=labels,
            column_labels=labels,
        )
        return {"variants": sheet}

    return drawn


def dimensions_by_effect(model: Any, code: NDArray[np.float32], *, extent: float) -> list[int]:
    """The dimensions of a code by how much they change what it decodes to, the largest change first.

    effect[j] = mean over the pixels of abs(decode(code with code[j] = extent) - decode(code with code[j] = -extent))

    Args:
        model: any model that decodes.
        code: float32 [latent_dim].
        extent: float > 0, in units of the codes.

    Returns:
        All dimensions, 0 .. latent_dim - 1; the lower one first where two have the same effect.
    """
    ends = axis_traversal(code, steps=2, extent=extent)
    decoded = model.decode(ends.reshape(-1, len(code))).reshape(len(code), 2, -1)
    effects = np.abs(decoded[:, 1] - decoded[:, 0]).mean(axis=1)
    return np.argsort(-effects, kind="stable").tolist()


def random_pairs(count: int) -> Callable[[Evaluation], NDArray[np.int64]]:
    """Distinct pairs of test images drawn at random, the same for every model, as `interpolations_between` takes them.

    Args:
        count: int >= 1, number of pairs; fewer where the test split is smaller.

    Returns:
        Function of the evaluation to int64 [count, 2].
    """

    def pairs(evaluation: Evaluation) -> NDArray[np.int64]:
        drawn = np.random.default_rng(0).permutation(len(evaluation.data.test_images))[: 2 * count]
        return drawn[: len(drawn) // 2 * 2].reshape(2, -1).T

    return pairs
