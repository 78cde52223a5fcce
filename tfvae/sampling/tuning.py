"""Searches over the settings of a class-conditional generator."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfvae.errors import InputError
from tfvae.losses.similarity import within_class_similarity
from tfvae.sampling.scored_settings import DIGITS, ScoredSettings


@dataclass(frozen=True)
class GridSearch:
    """Full grid over the two settings of Simple: theta, and the number of codes that are averaged.

    Attributes:
        thetas: floats in [0, 1].
        num_samples: ints >= 1, numbers of codes that are averaged (n in the report).

    Reference:
        Report 1, section 3.5.1 (0 to 1 in steps of 0.1; n in {1, 2, 3, 5}).
    """

    thetas: tuple[float, ...] = tuple(round(0.1 * step, 1) for step in range(11))
    num_samples: tuple[int, ...] = (1, 2, 3, 5)

    @property
    def planned(self) -> int:
        return len(self.thetas) * len(self.num_samples)

    def __call__(self, scored: ScoredSettings) -> None:
        for num_samples in self.num_samples:
            for theta in self.thetas:
                scored([theta, num_samples])


@dataclass(frozen=True)
class GivenSettings:
    """Given settings, such as those that a search found, to score them again on other noise.

    Attributes:
        thetas: settings, in the generator's shape, as nested tuples or an array.
    """

    thetas: Any

    @property
    def planned(self) -> int:
        return len(self.thetas)

    def __call__(self, scored: ScoredSettings) -> None:
        for theta in self.thetas:
            scored(theta)


@dataclass(frozen=True)
class PrioritizedSearch:
    """Best-first search on the report's grid of steps of 0.1, within a budget of settings.

    The full grid has 11**D settings. The search starts at theta = 0, scans the dimension with the lowest cost at
    theta = 1, and then expands the setting with the lowest cost so far by raising each of its thetas by one step.

    cost = cos + weight * (1 - accuracy)

    Where theta has a row a class, every class is searched by itself, and one setting of each is scored together.

    Attributes:
        budget: int >= 1, settings that are scored.
        step: float in (0, 1], of the grid.
        weight: float >= 0, weight of the error rate.

    Reference:
        Report 1, section 3.5.2 ("prioritized grid search ... leaving the last dimension free").
    """

    budget: int = 600
    step: float = 0.1
    weight: float = 20.0

    def __post_init__(self) -> None:
        if self.budget < 1 or not 0 < self.step <= 1 or not self.weight >= 0:
            raise InputError(
                f"Expected a budget >= 1, a step in (0, 1] and a weight >= 0. Received: {self}. Pass budget=600, say."
            )

    @property
    def planned(self) -> int:
        return self.budget

    def __call__(self, scored: ScoredSettings) -> None:
        shape = scored.generator.theta.shape
        groups, dimensions = math.prod(shape[:-1]), shape[-1]

        def costs(candidates: list[NDArray[np.float64]]) -> NDArray[np.float64]:
            scores = scored(np.reshape(candidates, shape))
            cost = scores.similarities + self.weight * (1.0 - scores.accuracies)
            return cost.reshape(groups, -1).mean(axis=1)

        full = [costs([row] * groups) for row in np.eye(dimensions)]
        queues = [_BestFirst(dimensions, int(np.argmin(column)), self.step) for column in np.transpose(full)]
        while len(scored.tried) < self.budget and not all(queue.exhausted for queue in queues):
            candidates = [queue.next() for queue in queues]
            for queue, candidate, cost in zip(queues, candidates, costs(candidates), strict=True):
                queue.add(candidate, float(cost))


class _BestFirst:
    """Priority queue of the settings of one vector of thetas."""

    def __init__(self, dimensions: int, free: int, step: float) -> None:
        self.step, self.levels = step, round(1.0 / step)
        zeros = (0,) * dimensions
        scan = [(*zeros[:free], level, *zeros[free + 1 :]) for level in range(self.levels + 1)]
        self.waiting, self.seen, self.heap = scan[::-1], set(scan), list[tuple[float, tuple[int, ...]]]()
        self.last = zeros

    @property
    def exhausted(self) -> bool:
        return not self.waiting and not self.heap

    def next(self) -> NDArray[np.float64]:
        while not self.waiting and self.heap:
            _, best = heapq.heappop(self.heap)
            raised = [(*best[:d], best[d] + 1, *best[d + 1 :]) for d in range(len(best)) if best[d] < self.levels]
            self.waiting = [levels for levels in raised if levels not in self.seen]
            self.seen.update(self.waiting)
        self.last = self.waiting.pop() if self.waiting else self.last
        return np.round(np.array(self.last) * self.step, DIGITS)

    def add(self, candidate: NDArray[np.float64], cost: float) -> None:
        levels = tuple(int(level) for level in np.rint(candidate / self.step))
        heapq.heappush(self.heap, (cost, levels))


@dataclass(frozen=True)
class GradientSearch:
    """Gradient search with an exponentially increasing weight of the cross-entropy.

    loss(step) = mean over classes of cos + weight(step) * mean(-log p(y | decode(z))),  z = mean + axes @ (theta * noise)
    weight(step) = weights[0] * (weights[1] / weights[0]) ** (step / steps)

    Adam starts at theta = 1, where diversity is largest; theta is clipped to [0, 1]. Settings along the way are scored,
    and trace the trade-off between similarity and accuracy.

    Attributes:
        steps: int >= 1, steps of Adam.
        samples: int >= 2, samples a class in each step.
        points: int >= 1, settings along the way that are scored, evenly spaced.
        weights: two floats > 0, the first and the last weight of the cross-entropy, in 1 / nats.
        learning_rate: float > 0, step size of Adam, in units of theta.

    Reference:
        Report 1, eq. 4, by reparametrized gradients (Kingma and Welling 2013, section 2.4) in place of its grid.
    """  # noqa: E501

    steps: int = 250
    samples: int = 50
    points: int = 25
    weights: tuple[float, float] = (0.3, 300.0)
    learning_rate: float = 0.02

    def __post_init__(self) -> None:
        whole = min(self.steps, self.points) >= 1 and self.samples >= 2 and self.points <= self.steps
        if not whole or min(*self.weights, self.learning_rate) <= 0:
            raise InputError(
                "Expected steps >= points >= 1, samples >= 2, positive weights and a positive learning rate. "
                f"Received: {self}. Leave them at their defaults."
            )

    @property
    def planned(self) -> int:
        return self.points

    def __call__(self, scored: ScoredSettings) -> None:
        theta = keras.Variable(np.ones(scored.generator.theta.shape), dtype="float32", trainable=True)
        optimizer = keras.optimizers.Adam(self.learning_rate)
        optimizer.build([theta])
        first = 0
        for row in scored.resumed():
            scored(row["theta"], row["state"])
            first = row["state"]["step"]
            for variable, value in zip([theta, *optimizer.variables], row["state"]["variables"], strict=True):
                variable.assign(value)
        update = tf.function(lambda *arguments: self._update(scored, theta, optimizer, *arguments))
        for step in range(first, self.steps):
            weight = self.weights[0] * (self.weights[1] / self.weights[0]) ** (step / self.steps)
            update(tf.constant(step), tf.constant(weight, tf.float32))
            # The points lie evenly along the way, and the last is its end.
            if (step + 1) * self.points // self.steps > step * self.points // self.steps:
                variables = [variable.numpy().tolist() for variable in (theta, *optimizer.variables)]
                scored(theta.numpy(), {"step": step + 1, "variables": variables})

    def _update(
        self,
        scored: ScoredSettings,
        theta: keras.Variable,
        optimizer: keras.optimizers.Optimizer,
        step: tf.Tensor,
        weight: tf.Tensor,
    ) -> None:
        classes, dimensions = scored.generator.means.shape
        shape = (classes, self.samples, dimensions)
        noise = tf.random.stateless_normal(shape, tf.stack([tf.constant(scored.seed), step]))
        labels = tf.repeat(tf.range(classes), self.samples)
        with tf.GradientTape() as tape:
            codes = scored.codes(tf.convert_to_tensor(theta), noise)
            images = scored.decode(tf.reshape(codes, [-1, dimensions]))
            similarity = within_class_similarity(tf.reshape(images, [classes, self.samples, -1]))
            errors = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scored.classify(images))
            loss = tf.reduce_mean(similarity) + weight * tf.reduce_mean(errors)
        optimizer.apply(tape.gradient(loss, [theta.value]), [theta])
        theta.assign(tf.clip_by_value(tf.convert_to_tensor(theta), 0.0, 1.0))
