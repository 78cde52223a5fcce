"""Searches over the settings of a class-conditional generator, which can be stopped and taken up again."""

from __future__ import annotations

import hashlib
import heapq
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfvae.errors import InputError
from tfvae.losses.similarity import within_class_similarity
from tfvae.sampling.frontier import Frontier
from tfvae.sampling.moments import checked_integer

Decode = Callable[[tf.Tensor], tf.Tensor]
Progress = Callable[[int, int], None]
DIGITS = 6  # of a setting, as it is scored and kept


class Scores(NamedTuple):
    """Of one setting: float64 [K] accuracy and cosine similarity of each class."""

    accuracies: NDArray[np.float64]
    similarities: NDArray[np.float64]


class Scaled(Protocol):
    """What a search needs of a generator: `z = mean[y] + axes[y] @ (scale(theta)[y] * noise)`."""

    @property
    def means(self) -> NDArray[np.float64]: ...

    @property
    def axes(self) -> NDArray[np.float64]: ...

    @property
    def theta(self) -> NDArray[np.float64]: ...

    @staticmethod
    def scale(theta: Any) -> Any: ...

    def with_theta(self, theta: Any) -> Any: ...


class Search(Protocol):
    """Which settings to try: a frozen dataclass that is called with the settings' scorer."""

    @property
    def planned(self) -> int: ...

    def __call__(self, scored: ScoredSettings) -> None: ...


class ScoredSettings:
    """Scores settings of one generator on fixed noise, and keeps every score in a file as it comes.

    accuracy[c] = mean(argmax(classify(decode(z))) == c),  similarity[c] = within_class_similarity(decode(z))

    Args:
        generator: the fitted generator.
        decode: function of float32 [B, D] codes to images, as `ScaledClassGaussian.tune` says.
        classify: function of images to logits.
        samples: int >= 2, samples a class.
        seed: int >= 0, of the noise.
        search: which settings to try.
        file: JSON lines, a line a setting; None keeps none.
        progress: function of (scored, planned), or None.

    Raises:
        InputError: if `samples` or `seed` is out of its range, or `file` holds another search.
    """

    def __init__(
        self,
        generator: Scaled,
        decode: Decode,
        classify: Decode,
        *,
        samples: int,
        seed: int,
        search: Search,
        file: Path | None,
        progress: Progress | None,
    ) -> None:
        self.generator, self.decode, self.classify = generator, decode, classify
        self.samples = checked_integer(samples, name="samples", minimum=2)
        self.seed = checked_integer(seed, name="seed", minimum=0)
        self.search, self.file, self.progress = search, file, progress
        self.rows: dict[str, dict[str, Any]] = {}
        self.tried: list[str] = []
        shape = (*generator.means.shape[:1], self.samples, generator.means.shape[1])
        self._noise = np.random.default_rng(seed).standard_normal(shape, np.float32)
        # Without XLA: on CPUs its convolutions take twice as long as oneDNN's.
        self._score_class = tf.function(self._score_class_step)
        if file is not None:
            self._open(file)

    def run(self) -> Frontier:
        """Runs the search to its end and returns what it tried, in the order in which it did."""
        self.search(self)
        rows = [self.rows[key] for key in self.tried]
        thetas, accuracies, similarities = (
            np.array([row[name] for row in rows], np.float64) for name in ("theta", *Scores._fields)
        )
        return Frontier(thetas, accuracies, similarities, self.samples)

    def __call__(self, theta: Any, state: Any = None) -> Scores:
        """The scores of one setting, from the file if they are there.

        Args:
            theta: float, in the generator's shape.
            state: JSON value kept beside the scores, for a search to go on from.
        """
        rounded = np.asarray(theta, np.float64).round(DIGITS)
        key = json.dumps(rounded.tolist())
        if key not in self.rows or (state is not None and self.rows[key].get("state") != state):
            scores = self._score(rounded)
            row = {"theta": rounded.tolist(), **{name: array.tolist() for name, array in scores._asdict().items()}}
            self._keep(key, row if state is None else {**row, "state": state})
        if key not in self.tried:
            self.tried.append(key)
            if self.progress is not None:
                self.progress(len(self.tried), self.search.planned)
        return Scores(*(np.array(self.rows[key][name]) for name in Scores._fields))

    def resumed(self) -> list[dict[str, Any]]:
        """The rows with a state that the file holds, in their order: what an iterative search has done already."""
        return [row for row in self.rows.values() if "state" in row]

    def codes(self, theta: Any, noise: Any) -> Any:
        """float32 [K, n, D]: the codes of every class that `noise` picks, for arrays and tensors alike."""
        scale = self.generator.scale(theta) * np.ones(self.generator.means.shape, np.float32)
        turned = np.swapaxes(self.generator.axes, 1, 2).astype(np.float32)
        return np.asarray(self.generator.means, np.float32)[:, np.newaxis] + (scale[:, np.newaxis] * noise) @ turned

    def _score(self, theta: NDArray[np.float64]) -> Scores:
        self.generator.with_theta(theta)
        codes = self.codes(theta.astype(np.float32), self._noise).astype(np.float32)
        pairs = [self._score_class(tf.constant(rows), tf.constant(label)) for label, rows in enumerate(codes)]
        return Scores(*(np.array([float(value) for value in column]) for column in zip(*pairs, strict=True)))

    def _score_class_step(self, codes: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = self.decode(codes)
        hits = tf.equal(tf.argmax(self.classify(images), axis=-1, output_type=tf.int32), label)
        return tf.reduce_mean(tf.cast(hits, tf.float32)), within_class_similarity(flat(images))

    def _identity(self) -> dict[str, Any]:
        fitted = np.concatenate([self.generator.means[:, np.newaxis], self.generator.axes], axis=1).astype(np.float32)
        return {
            "generator": type(self.generator).__name__,
            "search": type(self.search).__name__,
            **{name: np.asarray(value).tolist() for name, value in asdict(self.search).items()},  # type: ignore[call-overload]
            "scored_samples": self.samples,
            "seed": self.seed,
            "fit": hashlib.sha256(fitted.tobytes()).hexdigest(),
        }

    def _open(self, file: Path) -> None:
        identity = self._identity()
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(identity) + "\n")
            return
        lines = file.read_text().splitlines(keepends=True)
        # A killed process leaves a last line without its end.
        whole = [line for line in lines if line.endswith("\n")]
        if whole != lines:
            file.write_text("".join(whole))
        try:
            header, *rows = map(json.loads, whole)
            self.rows = {json.dumps(row["theta"]): row for row in rows}
        except (ValueError, KeyError, TypeError):
            header = None
        if header != identity:
            raise InputError(
                f"Expected in {file} the scores of this search, {identity}. Received: {header}. "
                "Delete the file to start afresh, or name another one."
            )

    def _keep(self, key: str, row: dict[str, Any]) -> None:
        self.rows[key] = row
        if self.file is not None:
            with self.file.open("a") as file:
                file.write(json.dumps(row) + "\n")


def flat(images: tf.Tensor) -> tf.Tensor:
    """[B, ...] -> [B, pixels]."""
    return tf.reshape(images, [tf.shape(images)[0], -1])


@dataclass(frozen=True)
class GridSearch:
    """Every pair of theta and n: the whole grid of Simple.

    Attributes:
        thetas: floats in [0, 1].
        counts: ints >= 1, draws that are averaged.

    Reference:
        Report 1, section 3.5.1 (0 to 1 in steps of 0.1; n in {1, 2, 3, 5}).
    """

    thetas: tuple[float, ...] = tuple(round(0.1 * step, 1) for step in range(11))
    counts: tuple[int, ...] = (1, 2, 3, 5)

    @property
    def planned(self) -> int:
        return len(self.thetas) * len(self.counts)

    def __call__(self, scored: ScoredSettings) -> None:
        for count in self.counts:
            for theta in self.thetas:
                scored([theta, count])


@dataclass(frozen=True)
class GivenSettings:
    """Exactly these settings: to score again, on other noise, what a search has found.

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
    """The report's grid of steps of 0.1, in order of promise, for as many settings as the budget allows.

    The 11**D settings are out of reach of anyone. The search starts where nothing varies, scans the least relevant
    dimension freely (the one whose full deviation costs least accuracy), and then again and again takes the best
    setting so far by cos + weight * (1 - accuracy) and raises one of its thetas by a step, each in turn. Where theta
    has a row a class, every class is searched by itself, and they are scored together.

    Attributes:
        budget: int >= 1, settings that are scored.
        step: float in (0, 1], of the grid.
        weight: float >= 0, what an error costs.

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
    """The order in which one vector of thetas is tried."""

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
    """Down the gradient through decoder and classifier, tracing the frontier as errors grow dearer.

    loss(step) = mean over classes of cos + weight(step) * mean(-log p(y | decode(z))),  z = mean + axes @ (theta * noise)
    weight(step) = weights[0] * (weights[1] / weights[0]) ** (step / steps)

    It starts at theta = 1, where variety is largest, and ends where errors are dearest; theta is kept in [0, 1].

    Attributes:
        steps: int >= 1, steps of Adam.
        samples: int >= 2, samples a class in each step.
        points: int >= 1, settings along the way that are scored.
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
