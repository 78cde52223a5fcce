"""Runs an experiment: checks everything, then trains, measures and writes one run after the other."""

from __future__ import annotations

import contextlib
import gc
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, TypeVar

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from tensorboard.plugins.hparams import api as hparams

from tfvae import data as datasets
from tfvae.data.images import ImageData
from tfvae.data.labeled import LabeledData
from tfvae.data.pipeline import steps_per_epoch
from tfvae.figures import save_figure
from tfvae.files import atomic_write, read_json, write_json
from tfvae.models.base import GenerativeModel
from tfvae.training.config import ExperimentConfig, check, identity
from tfvae.training.estimate import training_seconds, words
from tfvae.training.experiment import Evaluation, Experiment, FinishedRun, TrainedRun
from tfvae.training.fit import train
from tfvae.training.projector import write_projection
from tfvae.training.results import comparison_rows, find_runs, git_commit, terminal, terminal_table
from tfvae.training.run_folder import RunFolder
from tfvae.training.strategy import choose_strategy, compiles_with_xla, describe_device, repeatable, versions

Config = TypeVar("Config", bound=ExperimentConfig)

# The digits that stand in for MNIST are forty times fewer: an epoch of them teaches next to nothing.
FALLBACK_EPOCHS = 10


def run_experiment(experiment: Experiment[Config], config: Config, console: Console | None = None) -> list[FinishedRun]:
    """Trains, measures and writes every run that `config` names, and then the experiment's report.

    All input is checked before the first step: names, data, devices, folders. Runs that are finished are skipped,
    interrupted ones are resumed.

    Args:
        experiment: what to run.
        config: what it is told.
        console: where to print; the terminal if None.

    Returns:
        The finished runs of this experiment in the output folder.

    Raises:
        InputError: if something that was asked for cannot be done, before any training.
        NonFiniteLoss: if a term of a loss was not finite.
    """
    console = console or terminal()
    variants = config.variants or experiment.default
    unknown = [name for name in variants if name not in experiment.variants]
    check(not unknown, f"variants out of {', '.join(experiment.variants)}", variants=", ".join(variants))
    tasks = _tasks(experiment, config, variants)
    strategy = choose_strategy(config.strategy)
    for task in tasks.values():
        _check_batch(task.config, task.data, strategy)
    standing_in = next((task.data for task in tasks.values() if task.data.fallback_for), None)
    out = config.out / f"{standing_in.name}-instead-of-{standing_in.fallback_for}" if standing_in else config.out
    plan = [(variant, seed) for variant in variants for seed in config.seeds]
    folders = {run: RunFolder(out / experiment.name / run[0] / f"seed-{run[1]}") for run in plan}
    identities = {run: _identity(experiment, *tasks[run[0]], *run) for run in plan}
    for run, folder in folders.items():
        with folder.locked():
            if not config.overwrite:
                folder.check(identities[run])
    waiting = [run for run, folder in folders.items() if config.overwrite or not folder.finished]
    _announce(console, experiment, tasks, strategy, waiting, len(plan))
    for run, folder in folders.items():
        with folder.locked():
            folder.begin(identities[run], _facts(tasks[run[0]].data, strategy), overwrite=config.overwrite)
    with _progress(console) as progress:
        for (variant, seed), folder in folders.items():
            with folder.locked():
                if not folder.finished:
                    _run(experiment, *tasks[variant], strategy, variant, seed, folder, progress)
    return _conclude(console, experiment, [task.data for task in tasks.values()], out, variants, list(folders.values()))


class _Task(NamedTuple):
    """What one variant is told, and the data that it is trained on."""

    config: Any
    data: LabeledData


def _tasks(experiment: Experiment[Config], config: Config, variants: Sequence[str]) -> dict[str, _Task]:
    """Each variant with its own config and data in its value range; a data set that several share is loaded once.

    Raises:
        InputError: if data cannot be had, or are of a kind that the experiment does not take.
    """
    tasks: dict[str, _Task] = {}
    loaded: dict[tuple[Any, ...], LabeledData] = {}
    for variant in variants:
        own = experiment.own_config(config, variant)
        key = (own.data, own.image_size, own.training_images, own.test_images)
        if key not in loaded:
            data = datasets.load(
                own.data, data_dir=own.data_dir, image_size=own.image_size, allow_fallback=own.fallback_to_digits
            )
            kinds = " or ".join(f"{kind.example}s" for kind in experiment.data_kinds)
            check(isinstance(data, experiment.data_kinds), f"a data set of {kinds}", data=own.data)
            loaded[key] = _limited(data, own)
        if loaded[key].fallback_for:
            own = replace(own, training=replace(own.training, epochs=FALLBACK_EPOCHS * own.training.epochs))
        tasks[variant] = _Task(own, experiment.data_for(variant, loaded[key]))
    return tasks


def _conclude(
    console: Console,
    experiment: Experiment[Config],
    data: Sequence[LabeledData],
    out: Path,
    variants: Sequence[str],
    folders: Sequence[RunFolder],
) -> list[FinishedRun]:
    """Writes the report of all finished runs, prints the table of these variants and where everything lies."""
    runs = find_runs(out / experiment.name)
    report = experiment.report(runs)
    for name, figure in report.figures.items():
        save_figure(figure, out / experiment.name / f"{name}.png")
    page = out / experiment.name / "report.md"
    with atomic_write(page) as temporary:
        temporary.write_text(report.text)
    shown = sorted((run for run in runs if run.variant in variants), key=lambda run: variants.index(run.variant))
    names = ", ".join(dict.fromkeys(part.name for part in data))
    console.print(terminal_table(comparison_rows(shown, experiment.shown), f"{experiment.title} ({names})"))
    _say_fallback(console, data)
    console.print(f"Report and figures: {page}", soft_wrap=True, highlight=False)
    for folder in folders:
        console.print(f"  {folder.path}/", soft_wrap=True, highlight=False)
    console.print(f"Curves and pictures: tensorboard --logdir {out}", soft_wrap=True, highlight=False)
    return runs


def _check_batch(config: ExperimentConfig, data: LabeledData, strategy: tf.distribute.Strategy) -> None:
    steps_per_epoch(data, config.training.batch_size)
    replicas = strategy.num_replicas_in_sync
    check(
        config.training.batch_size % replicas == 0,
        f"a batch that divides evenly between {replicas} devices",
        training_batch_size=config.training.batch_size,
    )


def _limited(data: LabeledData, config: ExperimentConfig) -> LabeledData:
    train_count, test_count = config.training_images, config.test_images
    return data.subset(
        train=None if train_count is None else min(train_count, len(data.train_labels)),
        test=None if test_count is None else min(test_count, len(data.test_labels)),
    )


def _identity(
    experiment: Experiment[Config], config: Config, data: LabeledData, variant: str, seed: int
) -> dict[str, Any]:
    run = {"experiment": experiment.name, "variant": variant, "seed": seed}
    unread = experiment.unread.get(variant, ())
    fields = {name: value for name, value in identity(config).items() if not name.startswith(unread)}
    return {**run, "dataset": data.name, "dataset_sha256": data.sha256, **fields}


_FROM_IDENTITY = ("experiment", "variant", "seed", "preset", "precision")


def _facts(data: LabeledData, strategy: tf.distribute.Strategy) -> dict[str, Any]:
    return {
        "value_range": list(data.value_range) if isinstance(data, ImageData) else None,
        "device": describe_device(strategy),
        "versions": versions(),
        "git_commit": git_commit(),
    }


def _announce(
    console: Console,
    experiment: Experiment[Config],
    tasks: Mapping[str, _Task],
    strategy: tf.distribute.Strategy,
    waiting: Sequence[tuple[str, int]],
    planned: int,
) -> None:
    """Says what will run and for how long; building each model for that finds what is wrong with one."""
    _say_fallback(console, [task.data for task in tasks.values()])
    lengths = dict.fromkeys(_length(task) for task in tasks.values())
    console.print(
        f"{experiment.title}: preset {next(iter(tasks.values())).config.preset}, {len(waiting)} of {planned} runs to "
        f"do, {'; '.join(lengths)}, on {describe_device(strategy)}.",
        soft_wrap=True,
        highlight=False,
    )
    if waiting:
        with strategy.scope():
            models = {variant: experiment.variants[variant](*tasks[variant], 0) for variant, _ in waiting}
        examples = {name: len(task.data.train_labels) * task.config.training.epochs for name, task in tasks.items()}
        seconds = sum(training_seconds(models[variant], examples[variant]) for variant, _ in waiting)
        console.print(f"Estimated training time, from the networks' size: {words(seconds)}.", highlight=False)
        keras.backend.clear_session()


def _length(task: _Task) -> str:
    count, kind = len(task.data.train_labels), task.data.example
    return f"{task.config.training.epochs} epochs on {count:,} {kind}s of {task.data.name}"


def _say_fallback(console: Console, data: Sequence[LabeledData]) -> None:
    for fallback_for, name in dict.fromkeys((part.fallback_for, part.name) for part in data if part.fallback_for):
        console.print(
            f"[bold yellow]NOT {str(fallback_for).upper()}: it could not be had, so these numbers are of "
            f"'{name}', scikit-learn's bundled handwriting. Set TFVAE_DATA_DIR to a folder with "
            f"{fallback_for}.npz for the real ones. They are few, so each epoch became {FALLBACK_EPOCHS}.[/]",
            soft_wrap=True,
        )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
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


def build_model(
    experiment: Experiment[Config],
    config: Config,
    data: LabeledData,
    strategy: tf.distribute.Strategy,
    variant: str,
    seed: int,
) -> GenerativeModel:
    """The compiled model of a variant, under the strategy and precision that the config asks for."""
    keras.utils.set_random_seed(seed)
    with strategy.scope(), _precision(config.precision):
        model = experiment.variants[variant](config, data, seed)
        options = {"jit_compile": compiles_with_xla(strategy), **experiment.compiling(config, variant)}
        model.compile(steps_per_execution=config.training.steps_per_execution, **options)
    return model


def _run(
    experiment: Experiment[Config],
    config: Config,
    data: LabeledData,
    strategy: tf.distribute.Strategy,
    variant: str,
    seed: int,
    folder: RunFolder,
    progress: Progress,
) -> None:
    model = build_model(experiment, config, data, strategy, variant, seed)
    with repeatable(strategy, xla=model.jit_compile):
        history = train(
            model,
            data,
            config.training,
            seed=seed,
            folder=folder,
            pictures=lambda trained: experiment.pictures(trained, data),
            progress=progress,
            description=variant if len(config.seeds) == 1 else f"{variant} seed {seed}",
            snapshots=experiment.snapshots,
            after_epoch=lambda trained, epoch: experiment.after_epoch(trained, data, config, variant, seed, epoch),
            watch=lambda trained: experiment.watch(trained, data),
            alarm=experiment.alarm,
        )
    with atomic_write(folder.model) as temporary:
        model.save(temporary)
    progress.console.print(f"{variant}: trained, measuring ...", highlight=False)
    # The median: an epoch that was stopped and gone on with, or suspended, has seconds that tell nothing.
    seconds_per_epoch = median(row["seconds"] for row in history)
    evaluation = experiment.evaluate(TrainedRun(variant, seed, config, data, model, history, folder, progress))
    _write(folder, evaluation)
    record = {
        **{key: read_json(folder.config)["identity"][key] for key in _FROM_IDENTITY},
        "dataset": data.name,
        "dataset_sha256": data.sha256,
        "fallback_for": data.fallback_for,
        "settings": _settings(experiment, variant, model),
        "parameters": sum(math.prod(variable.shape) for variable in model.trainable_variables),
        "epochs": config.training.epochs,
        "train_seconds": len(history) * seconds_per_epoch,
        "seconds_per_epoch": seconds_per_epoch,
        **_facts(data, strategy),
        "metrics": {name: measurement.as_dict() for name, measurement in evaluation.metrics.items()},
    }
    _log(folder, record, config.training.epochs)
    write_json(folder.metrics, record)
    keras.backend.clear_session()
    gc.collect()


def _settings(experiment: Experiment[Config], variant: str, model: GenerativeModel) -> dict[str, float]:
    """The model's own numbers, such as the weights of its terms, and those that the variant differs by."""
    chosen = getattr(experiment.variants[variant], "keywords", {})
    settings = {**chosen, "latent_dim": getattr(model, "latent_dim", None), **model.get_config()}
    return {name: value for name, value in settings.items() if isinstance(value, int | float)}


def _write(folder: RunFolder, evaluation: Evaluation) -> None:
    for name, figure in evaluation.figures.items():
        save_figure(figure, folder.figures / f"{name}.png")
    for name, sampler in evaluation.samplers.items():
        sampler.save(folder.samplers / f"{name}.npz")
    write_json(
        folder.samplers / "index.json", {"sampler": evaluation.sampler, "class_sampler": evaluation.class_sampler}
    )
    if evaluation.projection is not None:
        write_projection(evaluation.projection, folder.path)
    arrays: dict[str, Any] = {"images": evaluation.images}
    if evaluation.labels is not None:
        arrays["labels"] = evaluation.labels
    with atomic_write(folder.samples) as temporary:
        np.savez_compressed(temporary, **arrays)


def _log(folder: RunFolder, record: dict[str, Any], epoch: int) -> None:
    """What TensorBoard shows of a finished run: metrics, hyper-parameters and the config as text."""
    fields = {name: value for name, value in read_json(folder.config)["identity"].items() if name != "dataset_sha256"}
    rows = "\n".join(f"| {name} | {value} |" for name, value in fields.items())
    with tf.summary.create_file_writer(str(folder.path)).as_default(step=epoch):
        tf.summary.text("config", f"| field | value |\n| --- | --- |\n{rows}")
        for name, measurement in record["metrics"].items():
            tf.summary.scalar(f"metrics/{name}", measurement["value"])
        fields |= record["settings"]
        plain = {k: v if isinstance(v, int | float | str | bool) else str(v) for k, v in fields.items()}
        hparams.hparams(plain, trial_id=str(Path(*folder.path.parts[-3:])))
