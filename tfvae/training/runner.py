"""Runs variants: checks everything, then trains, measures and writes one run after the other."""

from __future__ import annotations

import contextlib
import gc
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import keras
import tensorflow as tf
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tfvae import data as datasets
from tfvae.data.labeled import LabeledData
from tfvae.data.pipeline import steps_per_epoch
from tfvae.evaluation.references import check_scored
from tfvae.files import atomic_write
from tfvae.models.base import GenerativeModel
from tfvae.training.config import VariantConfig, check
from tfvae.training.estimate import in_words, training_seconds
from tfvae.training.fit import train
from tfvae.training.published import Published
from tfvae.training.run import Run
from tfvae.training.run_folder import RunFolder
from tfvae.training.settings import Plan, RunOptions
from tfvae.training.strategy import choose_strategy, compiles_with_xla, describe_device, repeatable
from tfvae.training.variant import Variant
from tfvae.training.write import facts_of, write_evaluation, write_record

FALLBACK_EPOCHS = 10  # the digits that replace MNIST are forty times fewer


@dataclass(frozen=True, eq=False)
class Task:
    """A variant with what it is told, trained on and compared with; its runs differ by their seed."""

    variant: Variant
    config: Any
    default: VariantConfig
    data: LabeledData
    whole: LabeledData


@dataclass(frozen=True, eq=False)
class Result:
    """What a command left: the experiment's folder, this command's run folders, and the data."""

    folder: Path
    runs: tuple[RunFolder, ...]
    data: tuple[LabeledData, ...]


def run_variants(
    name: str,
    title: str,
    variants: Mapping[str, Variant],
    plan: Plan,
    console: Console,
    published: Sequence[Published] = (),
) -> Result:
    """Trains, measures and writes every run of a plan.

    All input is checked before the first step: data, devices, folders. Finished runs are skipped, interrupted ones are
    resumed.

    Args:
        name: str, of the experiment.
        title: str, one line.
        variants: {name: variant}, with every variant of the plan.
        plan: which runs, with which configurations.
        console: where to print.
        published: numbers of the report, recorded beside ours.

    Raises:
        InputError: if something that was asked for cannot be done, before any training.
        NonFiniteLoss: if a term of a loss was not finite.
    """
    options = plan.options
    tasks = _tasks(variants, plan)
    strategy = choose_strategy(options.strategy)
    models = _checked_models(tasks, strategy)
    stand_in = next((task.data for task in tasks.values() if task.data.fallback_for), None)
    out = options.out / f"{stand_in.name}-instead-of-{stand_in.fallback_for}" if stand_in else options.out
    folder = out / (name if options.preset == "report" else f"{name}-{options.preset}")
    with _progress(console) as progress:
        runs = _runs(name, folder, tasks, options, progress)
        waiting = [run for run in runs if options.overwrite or not run.folder.finished]
        progress.stop()
        _announce(console, title, plan, tasks, strategy, models, waiting, len(runs))
        for run in runs:
            with run.folder.locked():
                default = tasks[run.variant.name].default
                facts = facts_of(run.data, describe_device(strategy))
                usual = run.fingerprint(default, usual=True)
                run.folder.begin(run.fingerprint(default), facts, overwrite=options.overwrite, usual=usual)
        del models
        progress.start()
        for run in runs:
            with run.folder.locked():
                if not run.folder.finished:
                    execute(run, strategy, published)
    return Result(folder, tuple(run.folder for run in runs), tuple(task.data for task in tasks.values()))


def execute(run: Run, strategy: tf.distribute.Strategy, published: Sequence[Published] = ()) -> None:
    """Builds, trains, measures and writes one run."""
    model = build_model(run.variant, run.config, run.data, run.seed, strategy)
    with repeatable(strategy, xla=model.jit_compile):
        train(model, run)
    write_model(run, model)
    run.progress.console.print(f"{run.name}: trained, measuring ...", highlight=False)
    evaluation = run.variant.evaluate(run.evaluation(model))
    write_evaluation(run, evaluation)
    history = run.history
    # The median: an epoch that was interrupted or suspended has seconds that say nothing.
    seconds = median(row["seconds"] for row in history)
    write_record(
        run,
        evaluation,
        published,
        parameters=sum(math.prod(variable.shape) for variable in model.trainable_variables),
        training_images=len(run.data.train_labels),
        epochs=len(history),
        train_seconds=len(history) * seconds,
        seconds_per_epoch=seconds,
        device=describe_device(strategy),
    )
    keras.backend.clear_session()
    gc.collect()


def write_model(run: Run, model: GenerativeModel) -> None:
    """Writes the trained model, whole or not at all."""
    with atomic_write(run.folder.model) as temporary:
        model.save(temporary)


def build_model(
    variant: Variant, config: Any, data: LabeledData, seed: int, strategy: tf.distribute.Strategy
) -> GenerativeModel:
    """The compiled model of a variant, under the strategy and precision that the configuration asks for."""
    keras.utils.set_random_seed(seed)
    with strategy.scope(), _precision(config.precision):
        model = variant.build(config, data, seed)
        arguments = {"jit_compile": compiles_with_xla(strategy), **variant.optimizers(config)}
        model.compile(steps_per_execution=config.training.steps_per_execution, **arguments)
    return model


def _tasks(variants: Mapping[str, Variant], plan: Plan) -> dict[str, Task]:
    """Each variant with its configuration and its data in its value range; shared data are loaded once.

    Raises:
        InputError: if data cannot be had, or are of a kind that the variant is not trained on.
    """
    tasks: dict[str, Task] = {}
    loaded: dict[tuple[Any, ...], LabeledData] = {}
    limited: dict[tuple[Any, ...], LabeledData] = {}
    for name, config in plan.configs.items():
        variant = variants[name]
        key = (config.dataset, config.image_size)
        limits = (*key, config.training_images, config.test_images)
        if key not in loaded:
            loaded[key] = _load(config, plan.options)
        if limits not in limited:
            limited[limits] = _limited(loaded[key], config)
        data, whole = limited[limits], loaded[key]
        kinds = " or ".join(f"{kind.example}s" for kind in variant.data_kinds)
        check(isinstance(data, variant.data_kinds), f"a data set of {kinds} for {name}", data=config.dataset)
        if data.fallback_for:
            training = replace(config.training, epochs=FALLBACK_EPOCHS * config.training.epochs)
            config = replace(config, training=training)
        ranged = (variant.data_in_range(part) for part in (data, whole))
        tasks[name] = Task(variant, config, plan.defaults[name], *ranged)
    return tasks


def _load(config: VariantConfig, options: RunOptions) -> LabeledData:
    return datasets.load(
        config.dataset,
        data_dir=options.data_dir,
        image_size=config.image_size,
        allow_fallback=options.fallback_to_digits,
    )


def _limited(data: LabeledData, config: VariantConfig) -> LabeledData:
    """The data with at most as many examples as the configuration allows."""
    limits = {"train": (config.training_images, data.train_labels), "test": (config.test_images, data.test_labels)}
    return data.subset(**{split: None if n is None else min(n, len(all_)) for split, (n, all_) in limits.items()})


def _checked_models(tasks: Mapping[str, Task], strategy: tf.distribute.Strategy) -> dict[str, GenerativeModel]:
    """A model of each variant, built to find before any training what would stop it or its measuring."""
    replicas = strategy.num_replicas_in_sync
    models = {}
    for name, task in tasks.items():
        config, data = task.config, task.data
        steps_per_epoch(data, config.training.batch_size)
        check(
            config.training.batch_size % replicas == 0,
            f"a batch that divides evenly between {replicas} devices",
            training_batch_size=config.training.batch_size,
        )
        task.variant.check(config, data)
        optimizers = [key for key in task.variant.optimizers(config) if key.endswith("optimizer")]
        watched = config.training.early_stopping or config.training.reduce_on_plateau
        check(
            not watched or len(optimizers) == 1,
            f"no --training.early-stopping or --training.reduce-on-plateau for {name}, whose validation loss is a "
            "sum of two players' losses and says nothing of progress",
            early_stopping=config.training.early_stopping,
            reduce_on_plateau=config.training.reduce_on_plateau,
        )
        check_scored(task.whole, config.samples, getattr(config, "inception", None))
        with strategy.scope():
            models[name] = task.variant.build(config, data, 0)
        for spec in task.variant.samplers:
            spec.check(data, models[name].latent_dim)
    keras.backend.clear_session()
    return models


def _runs(name: str, folder: Path, tasks: Mapping[str, Task], options: RunOptions, progress: Progress) -> list[Run]:
    """Every run of the plan, after a look at the folders that it will be written to."""
    runs = []
    for task in tasks.values():
        for seed in options.seeds:
            place = RunFolder(folder / task.variant.name / f"seed-{seed}")
            run = Run(
                name,
                options.preset,
                task.variant,
                task.config,
                task.data,
                task.whole,
                seed,
                place,
                options.strategy,
                progress,
            )
            with place.locked():
                if not options.overwrite:
                    place.check(run.fingerprint(task.default), run.fingerprint(task.default, usual=True))
            runs.append(run)
    return runs


def _announce(
    console: Console,
    title: str,
    plan: Plan,
    tasks: Mapping[str, Task],
    strategy: tf.distribute.Strategy,
    models: Mapping[str, GenerativeModel],
    waiting: Sequence[Run],
    planned: int,
) -> None:
    """Says what will run and for how long."""
    say_fallback(console, [task.data for task in tasks.values()])
    for note in plan.notes:
        console.print(note, soft_wrap=True, highlight=False, markup=False)
    lengths = dict.fromkeys(_length(task) for task in tasks.values())
    console.print(
        f"{title}: preset {plan.options.preset}, {len(waiting)} of {planned} runs to do, {'; '.join(lengths)}, on "
        f"{describe_device(strategy)}.",
        soft_wrap=True,
        highlight=False,
    )
    if waiting:
        seconds = sum(
            training_seconds(models[run.variant.name], len(run.data.train_labels) * run.config.training.epochs)
            for run in waiting
        )
        console.print(f"Estimated training time, from the networks' size: {in_words(seconds)}.", highlight=False)


def _length(task: Task) -> str:
    count, kind = len(task.data.train_labels), task.data.example
    return f"{task.config.training.epochs} epochs on {count:,} {kind}s of {task.data.name}"


def say_fallback(console: Console, data: Sequence[LabeledData]) -> None:
    """Says which data set replaces another that could not be had."""
    for fallback_for, name in dict.fromkeys((part.fallback_for, part.name) for part in data if part.fallback_for):
        console.print(
            f"[bold yellow]NOT {str(fallback_for).upper()}: it could not be had, so these numbers are of "
            f"'{name}', scikit-learn's bundled handwriting. Set TFVAE_DATA_DIR to a folder with "
            f"{fallback_for}.npz for the real ones. They are few, so each epoch became {FALLBACK_EPOCHS}.[/]",
            soft_wrap=True,
        )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[loss]}"),
        console=console,
    )


@contextlib.contextmanager
def _precision(name: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy({"float32": "float32", "bfloat16": "mixed_bfloat16"}[name])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
