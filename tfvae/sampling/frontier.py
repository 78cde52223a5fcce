"""Settings that a search has tried, and the Pareto frontier of accuracy and similarity among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfvae.errors import InputError


@dataclass(frozen=True, eq=False)
class Frontier:
    """Settings of a class-conditional generator with the accuracy and the cosine similarity of each class.

    Args:
        thetas: float64 [P, ...], the settings, in the generator's own shape.
        accuracies: float64 [P, K] in [0, 1], share of each class's samples that the classifier takes for it.
        similarities: float64 [P, K], mean cosine similarity within each class; lower is more diverse.
        samples: int >= 2, samples a class that each number was measured on.

    Raises:
        InputError: if there is no setting, or the shapes do not fit.
    """

    thetas: NDArray[np.float64]
    accuracies: NDArray[np.float64]
    similarities: NDArray[np.float64]
    samples: int

    def __post_init__(self) -> None:
        shapes = (len(self.thetas), *self.accuracies.shape[1:]), self.accuracies.shape, self.similarities.shape
        if not self.thetas.size or len(set(shapes)) != 1 or self.accuracies.ndim != 2:
            raise InputError(
                "Expected one setting or more, and accuracies and similarities as [P, K]. Received: "
                f"{len(self.thetas)} settings, shapes {self.accuracies.shape} and {self.similarities.shape}. "
                "Let the search try at least one setting."
            )

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """float64 [P], the mean over classes."""
        return self.accuracies.mean(axis=1)

    @property
    def similarity(self) -> NDArray[np.float64]:
        """float64 [P], the mean over classes."""
        return self.similarities.mean(axis=1)

    def pareto(self) -> NDArray[np.int64]:
        """Indices of the Pareto-optimal settings, from the most diverse to the most accurate.

        Returns:
            int64 [F], F >= 1; similarity and accuracy both ascend along it.
        """
        order = np.lexsort((-self.accuracy, self.similarity))
        best = np.maximum.accumulate(np.concatenate([[-1.0], self.accuracy[order][:-1]]))
        return order[self.accuracy[order] > best]

    def best(self, *, weight: float = 1.0) -> int:
        """Index of the setting with the lowest objective.

        objective = cos + weight * (1 - accuracy)

        Args:
            weight: float >= 0, weight of the error rate; 1 is the report's objective.

        Returns:
            int.

        Reference:
            Report 1, eq. 4.
        """
        return int(np.argmin(self.similarity + weight * (1.0 - self.accuracy)))

    def at_accuracy(self, min_accuracy: float) -> int:
        """Index of the most diverse setting whose accuracy minus one standard error is at least `min_accuracy`.

        accuracy - sqrt(accuracy * (1 - accuracy) / (samples * K)) >= min_accuracy

        The standard error allows for the choice of the best among many measured settings. Where no setting reaches
        `min_accuracy`, it is the most accurate one.

        Args:
            min_accuracy: float in [0, 1].

        Returns:
            int.

        Raises:
            InputError: if `min_accuracy` is outside [0, 1].

        Reference:
            Report 1, section 4.3.2 (diversity at an accuracy above 99 %).
        """
        if not 0.0 <= min_accuracy <= 1.0:
            raise InputError(f"Expected an accuracy in [0, 1]. Received: min_accuracy={min_accuracy}. Pass 0.998, say.")
        error = np.sqrt(self.accuracy * (1.0 - self.accuracy) / (self.samples * self.accuracies.shape[1]))
        enough = self.accuracy - error >= min_accuracy
        if not enough.any():
            return int(np.lexsort((self.similarity, -self.accuracy))[0])
        return int(np.argmin(np.where(enough, self.similarity, np.inf)))

    def composed(self, weights: NDArray[np.float64]) -> Frontier:
        """Settings composed class by class: for each weight, every class takes its own best row.

        theta[w, c] = thetas[argmin over p of similarities[p, c] + weights[w] * (1 - accuracies[p, c]), c]

        For settings with a row a class, where the rows act on their own class alone (Medium-2).

        Args:
            weights: float64 [W] >= 0, weights of the error rate.

        Returns:
            Frontier with W settings; thetas [W, K, ...].

        Raises:
            InputError: if the settings have no row a class.
        """
        classes = np.arange(self.accuracies.shape[1])
        if self.thetas.ndim < 2 or self.thetas.shape[1] != len(classes):
            raise InputError(
                f"Expected settings with a row for each of {len(classes)} classes. Received: thetas "
                f"{self.thetas.shape}. Compose the settings of Medium2 alone."
            )
        costs = self.similarities + weights[:, np.newaxis, np.newaxis] * (1.0 - self.accuracies)
        chosen = costs.argmin(axis=1)
        return Frontier(
            self.thetas[chosen, classes],
            self.accuracies[chosen, classes],
            self.similarities[chosen, classes],
            self.samples,
        )
