"""Claims as data: words, a condition on metrics, and the least training that allows a verdict."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tfvae.reporting.numbers import number, over_seeds
from tfvae.reporting.records import FinishedRun

Runs = Mapping[str, Sequence[FinishedRun]]
Verdict = Literal["Holds", "Does not hold", "Too short to judge", "Not comparable", "No number"]
LABEL = ("extractor_sha256", "samples", "real_samples")

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


class Quantity(ABC):
    """A number computed from the metrics of finished runs; comparing it gives a condition."""

    @abstractmethod
    def value(self, runs: Runs) -> float | None:
        """The number, or None where a run or a metric is missing."""

    @abstractmethod
    def written(self, runs: Runs) -> str:
        """The number with what it was computed from."""

    @abstractmethod
    def reads(self) -> tuple[Value, ...]:
        """The metrics that it reads."""

    def __ge__(self, other: Quantity | float) -> Condition:
        return Comparison(self, ">=", other)

    def __le__(self, other: Quantity | float) -> Condition:
        return Comparison(self, "<=", other)

    def __gt__(self, other: Quantity | float) -> Condition:
        return Comparison(self, ">", other)

    def __lt__(self, other: Quantity | float) -> Condition:
        return Comparison(self, "<", other)


@dataclass(frozen=True, eq=False)
class Value(Quantity):
    """A metric of a variant, or a number of its record such as `parameters`: the mean, or the best, over seeds.

    Attributes:
        metric: str, as in metrics.json.
        of: str, the variant.
        seeds: "mean", "highest" or "lowest".
    """

    metric: str
    of: str
    seeds: Literal["mean", "highest", "lowest"] = "mean"

    def value(self, runs: Runs) -> float | None:
        values = self._values(runs)
        if not values:
            return None
        return {"mean": sum(values) / len(values), "highest": max(values), "lowest": min(values)}[self.seeds]

    def written(self, runs: Runs) -> str:
        values = self._values(runs)
        shown = over_seeds(values) if self.seeds == "mean" else f"{number(self.value(runs))}, {self.seeds} of the seeds"
        return f"{self.metric} {shown} ({self.of})"

    def reads(self) -> tuple[Value, ...]:
        return (self,)

    def _values(self, runs: Runs) -> list[float]:
        found = (run.number(self.metric) for run in runs.get(self.of, ()))
        return [value for value in found if value is not None]


@dataclass(frozen=True, eq=False)
class _Pair(Quantity):
    """Two values of a metric; `to` is a variant, or a variant with another metric."""

    metric: str
    of: str
    to: str | tuple[str, str]

    @property
    def pair(self) -> tuple[Value, Value]:
        variant, metric = (self.to, self.metric) if isinstance(self.to, str) else self.to
        return Value(self.metric, self.of), Value(metric, variant)

    def value(self, runs: Runs) -> float | None:
        first, second = (value.value(runs) for value in self.pair)
        return None if first is None or second is None else self.combined(first, second)

    @abstractmethod
    def combined(self, first: float, second: float) -> float | None:
        """The two values in one."""

    def reads(self) -> tuple[Value, ...]:
        return self.pair


@dataclass(frozen=True, eq=False)
class Difference(_Pair):
    """A metric of one variant minus that of another."""

    def combined(self, first: float, second: float) -> float | None:
        return first - second

    def written(self, runs: Runs) -> str:
        return " against ".join(value.written(runs) for value in self.pair)


@dataclass(frozen=True, eq=False)
class AbsoluteDifference(Difference):
    """A metric of one variant minus that of another, without the sign."""

    def combined(self, first: float, second: float) -> float | None:
        return abs(first - second)


@dataclass(frozen=True, eq=False)
class Ratio(_Pair):
    """A metric of one variant divided by that of another."""

    def combined(self, first: float, second: float) -> float | None:
        return first / second if second else None

    def written(self, runs: Runs) -> str:
        pair = " against ".join(value.written(runs) for value in self.pair)
        return f"{pair}, a ratio of {number(self.value(runs))}"


class Condition(ABC):
    """Something that holds of finished runs, or does not."""

    @abstractmethod
    def holds(self, runs: Runs) -> bool | None:
        """Whether it holds; None where a run or a metric is missing."""

    @abstractmethod
    def written(self, runs: Runs) -> str:
        """The numbers that decide."""

    @abstractmethod
    def reads(self) -> tuple[Value, ...]:
        """The metrics that it reads."""

    def variants(self) -> tuple[str, ...]:
        """The variants that it reads."""
        return tuple(dict.fromkeys(value.of for value in self.reads()))

    def comparable(self, runs: Runs) -> bool:
        """Whether each metric that it reads of samples is of one data set, feature space and number of samples."""
        labels: dict[str, list[tuple[Any, ...]]] = {}
        for value in self.reads():
            for run in runs.get(value.of, ()):
                metric = run.record["metrics"].get(value.metric, {})
                if "/" in value.metric and metric.get("extractor"):
                    label = (run.record.get("dataset"), *(metric.get(name) for name in LABEL))
                    labels.setdefault(value.metric.rpartition("/")[2], []).append(label)
        columns = [column for rows in labels.values() for column in zip(*rows, strict=True)]
        return all(len(set(column) - {None}) <= 1 for column in columns)


@dataclass(frozen=True, eq=False)
class Comparison(Condition):
    """A quantity against a bound or another quantity."""

    left: Quantity
    sign: str
    right: Quantity | float

    def holds(self, runs: Runs) -> bool | None:
        left = self.left.value(runs)
        right = self.right.value(runs) if isinstance(self.right, Quantity) else self.right
        return None if left is None or right is None else _COMPARISONS[self.sign](left, right)

    def written(self, runs: Runs) -> str:
        right = self.right.written(runs) if isinstance(self.right, Quantity) else f"asked: {self.sign} {self.right:g}"
        return f"{self.left.written(runs)}{' against ' if isinstance(self.right, Quantity) else '; '}{right}"

    def reads(self) -> tuple[Value, ...]:
        return (*self.left.reads(), *(self.right.reads() if isinstance(self.right, Quantity) else ()))


class AllOf(Condition):
    """Every one of several conditions."""

    def __init__(self, *conditions: Condition) -> None:
        self.conditions = conditions

    def holds(self, runs: Runs) -> bool | None:
        results = [condition.holds(runs) for condition in self.conditions]
        return None if None in results else all(results)

    def written(self, runs: Runs) -> str:
        return "; ".join(condition.written(runs) for condition in self.conditions)

    def reads(self) -> tuple[Value, ...]:
        return tuple(value for condition in self.conditions for value in condition.reads())


class AnyOf(AllOf):
    """At least one of several conditions, of those that have numbers."""

    def holds(self, runs: Runs) -> bool | None:
        results = [condition.holds(runs) for condition in self.conditions]
        return True if True in results else None if None in results else False

    def written(self, runs: Runs) -> str:
        return "; or ".join(condition.written(runs) for condition in self.conditions)


@dataclass(frozen=True, eq=False)
class Increasing(Condition):
    """Metrics of one variant that do not fall from one to the next."""

    metrics: tuple[str, ...]
    of: str

    def holds(self, runs: Runs) -> bool | None:
        values = [Value(metric, self.of).value(runs) for metric in self.metrics]
        known = [value for value in values if value is not None]
        return known == sorted(known) if len(known) == len(values) else None

    def written(self, runs: Runs) -> str:
        values = [number(Value(metric, self.of).value(runs)) for metric in self.metrics]
        return f"{', '.join(self.metrics)}: {' / '.join(values)} ({self.of})"

    def reads(self) -> tuple[Value, ...]:
        return tuple(Value(metric, self.of) for metric in self.metrics)


@dataclass(frozen=True)
class Budget:
    """The least training that allows a verdict on a claim.

    Attributes:
        epochs: int, of every run that the claim reads.
        images: int, training images of every such run.
    """

    epochs: int = 1
    images: int = 0

    def allows(self, run: FinishedRun) -> bool:
        """Whether a run was trained enough."""
        enough = (run.number("training_images") or self.images) >= self.images
        return run.epochs >= self.epochs and enough


@dataclass(frozen=True, eq=False)
class Claim:
    """A claim of a report, or a goal of ours, that the metrics decide.

    Attributes:
        words: str, a sentence.
        condition: when it holds.
        quote: str, the report's own words.
        budget: the least training that allows a verdict.
        holds: str, an explanation that is printed where it holds.
        refuted: str, an explanation that is printed where it does not.
        ours: whether it is a goal of ours and not the report's.
    """

    words: str
    condition: Condition
    quote: str = ""
    budget: Budget = Budget()
    holds: str = ""
    refuted: str = ""
    ours: bool = False

    def verdict(self, runs: Runs) -> Verdict:
        """What the metrics say."""
        involved = self._involved(runs)
        if len(involved) < len(self.condition.variants()):
            return "No number"
        if not all(self.budget.allows(run) for group in involved.values() for run in group):
            return "Too short to judge"
        if not self.condition.comparable(runs):
            return "Not comparable"
        holds = self.condition.holds(runs)
        return "No number" if holds is None else "Holds" if holds else "Does not hold"

    def missing(self, runs: Runs) -> list[str]:
        """Variants that the claim reads and that have not been run."""
        return [name for name in self.condition.variants() if not runs.get(name)]

    def written(self, runs: Runs) -> str:
        """The verdict in a sentence: words, numbers, how long the runs were trained where that differs, explanation."""
        verdict = self.verdict(runs)
        text = f"**{verdict}:** {self.words}"
        if self.quote:
            text += f' The report: "{self.quote}".'
        if self.ours:
            text += " (A goal of ours, not the report's.)"
        involved = self._involved(runs)
        if verdict == "Too short to judge":
            needed = f"at least {self.budget.epochs} epochs"
            needed += f" on {self.budget.images:,} images" if self.budget.images else ""
            return f"{text} It takes {needed}; these are {_lengths(involved, images=bool(self.budget.images))}."
        if verdict == "No number":
            return f"{text} No metric of these runs decides it."
        if verdict == "Not comparable":
            return f"{text} The runs differ in data set, feature space or number of samples."
        text += f" We measure: {self.condition.written(runs)}"
        different = len({run.epochs for group in involved.values() for run in group}) > 1
        text += f", after {_lengths(involved)}." if different else "."
        explanation = self.holds if verdict == "Holds" else self.refuted
        return f"{text} {explanation}".rstrip()

    def _involved(self, runs: Runs) -> dict[str, Sequence[FinishedRun]]:
        return {name: runs[name] for name in self.condition.variants() if runs.get(name)}


def _lengths(involved: Mapping[str, Sequence[FinishedRun]], *, images: bool = False) -> str:
    """How long the runs of each variant were trained, and on how many images where that is asked for and recorded."""
    texts = []
    for name, group in involved.items():
        for epochs, count in dict.fromkeys((run.epochs, run.number("training_images")) for run in group):
            text = f"{epochs} epoch{'s' * (epochs != 1)} of {name}"
            texts.append(f"{text} on {count:,} images" if images and count else text)
    return ", ".join(dict.fromkeys(texts))
