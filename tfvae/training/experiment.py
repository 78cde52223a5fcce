"""What an experiment is: Python that points at functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import keras
import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from tfvae.data.images import ImageData
from tfvae.data.labeled import LabeledData
from tfvae.figures import Figure
from tfvae.metrics.measurement import Measurement
from tfvae.models.base import GenerativeModel
from tfvae.training.config import ExperimentConfig
from tfvae.training.projector import Projection
from tfvae.training.run_folder import RunFolder

Config = TypeVar("Config", bound=ExperimentConfig)


@dataclass(frozen=True, eq=False)
class TrainedRun(Generic[Config]):
    """One variant with one seed, trained: what an experiment measures and draws from.

    Attributes:
        variant: str, its name.
        seed: int, of the initial weights, the order of the data and the noise.
        config: what the run was told.
        data: what it was trained on.
        model: the trained model.
        history: a row an epoch, {"epoch", "seconds", "train": {term: nats}, "validation": {term: nats}} and, where the
            experiment watches numbers, "watched": {name: number}.
        folder: where the run lies; an evaluation may keep there what it would not do twice.
        progress: the bars of all runs.
    """

    variant: str
    seed: int
    config: Config
    data: Any
    model: Any
    history: list[dict[str, Any]]
    folder: RunFolder
    progress: Progress

    def bar(self, description: str) -> Callable[[int, int], None]:
        """A bar for a part of the evaluation: a function of (done, planned) that moves it."""
        task = self.progress.add_task(f"{self.variant}: {description}", total=None, loss="")
        return lambda done, planned: self.progress.update(task, completed=done, total=planned)


class Sampler(Protocol):
    """What an evaluation saves with a run: `tfvae.sampling.GaussianMixtureSampler` is one, `RejectionSampler` too."""

    def sample(
        self, count: int, *, seed: int, label: int | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]: ...

    def save(self, path: str | Path) -> Path: ...


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an experiment says of a trained run; the runner writes it to the run's folder.

    Attributes:
        metrics: {NAME or SAMPLER/NAME: measurement}.
        figures: {file name without ending: figure}.
        images: uint8 [N, H, W, C], or float32 [N, length] where the data are signals: samples.
        labels: int64 [N], the classes that were asked for, or None.
        samplers: {name: sampler of codes}; all are saved with the run.
        sampler: name of the one that `tfvae sample RUN` and the exported `generate` draw from.
        class_sampler: name of the one that draws a class, or None.
        projection: codes with what is known of each, for TensorBoard's Projector tab, or None.
    """

    metrics: dict[str, Measurement]
    figures: dict[str, Figure]
    images: NDArray[Any]
    labels: NDArray[np.int64] | None = None
    samplers: Mapping[str, Sampler] = field(default_factory=dict)
    sampler: str | None = None
    class_sampler: str | None = None
    projection: Projection | None = None


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """One run on disk: its variant and seed, its folder, and what metrics.json says."""

    variant: str
    seed: int
    folder: RunFolder
    record: dict[str, Any]

    def value(self, metric: str) -> float | None:
        """The measured value, or None where this run has no such metric."""
        measurement = self.record["metrics"].get(metric)
        return None if measurement is None else measurement["value"]


@dataclass(frozen=True, eq=False)
class Report:
    """What an experiment says of its finished runs: Markdown, and the figures that it shows beside the runs' own."""

    text: str
    figures: dict[str, Figure] = field(default_factory=dict)


def as_it_is(config: Config, variant: str) -> Config:
    """The config of an experiment whose variants all read the same."""
    return config


def one_adam(config: ExperimentConfig, variant: str) -> dict[str, Any]:
    """How a model of one player is compiled: Adam at the config's learning rate."""
    return {"optimizer": keras.optimizers.Adam(config.training.learning_rate)}


def no_change(model: Any, data: LabeledData, config: ExperimentConfig, variant: str, seed: int, epoch: int) -> None:
    """Leaves the model as its optimizer did."""


def nothing(model: Any, data: LabeledData) -> dict[str, float]:
    """Watches nothing."""
    return {}


def no_alarm(history: Sequence[Mapping[str, Any]]) -> str | None:
    """Never warns."""
    return None


@dataclass(frozen=True)
class Experiment(Generic[Config]):
    """One report's experiment.

    Attributes:
        name: str, as in `python -m experiments.<name>`.
        title: str, one line.
        presets: {"smoke" | "quick" | "report": config}.
        variants: {name: function of (config, data, seed) to a model, not yet compiled}.
        default: the variants that run where none is named.
        evaluate: function of a trained run to its metrics, figures and samples.
        pictures: function of (model, data) to {tag: uint8 [height, width, channels]}, drawn as training goes on.
        report: function of the finished runs to the text of `report.md` and the figures beside it.
        shown: the metrics that the closing table shows, in its order, each with what is known of it: the report's
            number, a claim, or a goal.
        own_config: function of (config, variant) to the config as that variant reads it, where one has a data set or
            a training of its own.
        unread: {variant: beginnings of the names of fields that this variant does not read}, which may change without
            making its run another one.
        data_kinds: the kinds of data that it takes.
        value_ranges: {variant: (low, high)} of the pixels that it is trained on; the data set's own if not named.
        compiling: function of (config, variant) to the arguments of `model.compile`: the optimizers, and `jit_compile`
            where XLA is not the best choice.
        after_epoch: function of (model, data, config, variant, seed, epoch), called at the end of each epoch, counted
            from 1, before its checkpoint is written; it may change the model.
        watch: function of (model, data) to {name: number}, computed at the end of each epoch, logged and kept in the
            history.
        alarm: function of the history so far to a warning, or None; it is printed and logged when it changes.
        snapshots: epochs whose pictures are kept as files too, `figures/epoch-010_<tag>.png`.
    """

    name: str
    title: str
    presets: Mapping[str, Config]
    variants: Mapping[str, Callable[[Config, Any, int], GenerativeModel]]
    default: tuple[str, ...]
    evaluate: Callable[[TrainedRun[Config]], Evaluation]
    pictures: Callable[[Any, Any], Mapping[str, NDArray[np.uint8]]]
    report: Callable[[Sequence[FinishedRun]], Report]
    shown: Mapping[str, str]
    own_config: Callable[[Config, str], Config] = as_it_is
    unread: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    data_kinds: tuple[type[LabeledData], ...] = (ImageData,)
    value_ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    compiling: Callable[[Config, str], Mapping[str, Any]] = one_adam
    after_epoch: Callable[[Any, Any, Config, str, int, int], None] = no_change
    watch: Callable[[Any, Any], Mapping[str, float]] = nothing
    alarm: Callable[[Sequence[Mapping[str, Any]]], str | None] = no_alarm
    snapshots: tuple[int, ...] = ()

    def data_for(self, variant: str, data: LabeledData) -> LabeledData:
        """The same examples in the value range of a variant."""
        if variant not in self.value_ranges or not isinstance(data, ImageData):
            return data
        wanted = self.value_ranges[variant]
        return data if wanted == data.value_range else data.with_value_range(*wanted)
