"""The command line of an experiment: its preset first, then any field of its config."""

from __future__ import annotations

import itertools
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TypeVar

import tyro
from rich.console import Console

from tfvae.errors import InputError
from tfvae.training.callbacks import NonFiniteLoss
from tfvae.training.config import ExperimentConfig
from tfvae.training.experiment import Experiment
from tfvae.training.runner import run_experiment

Config = TypeVar("Config", bound=ExperimentConfig)


def main(experiment: Experiment[Config], description: str | None, arguments: Sequence[str] | None = None) -> None:
    """Reads the command line, runs the experiment, and ends the process.

    Exit codes: 0 done, 1 a loss was not finite, 2 wrong input, 130 interrupted.

    Args:
        experiment: what to run.
        description: its module's docstring, which `--help` shows.
        arguments: the command line without the program's name; `sys.argv[1:]` if None.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(reported(lambda: _run(experiment, description, words)))


def _run(experiment: Experiment[Config], description: str | None, words: list[str]) -> None:
    config = parse(experiment, description, words)
    run_experiment(experiment, config)


def parse(experiment: Experiment[Config], description: str | None, words: Sequence[str]) -> Config:
    """The config that a command line asks for: the preset's fields, and over them the named ones."""
    default = experiment.presets[_preset(experiment, words)]
    return tyro.cli(
        type(default),
        default=default,
        args=list(words),
        prog=f"python -m experiments.{experiment.name}",
        description=description,
    )


def _preset(experiment: Experiment[Config], words: Sequence[str]) -> str:
    """The named preset; the config's own default where none or an unknown one is named, which tyro then refuses."""
    named = [after for before, after in itertools.pairwise(words) if before == "--preset"]
    named += [word.partition("=")[2] for word in words if word.startswith("--preset=")]
    default = next(field.default for field in fields(ExperimentConfig) if field.name == "preset")
    return named[-1] if named and named[-1] in experiment.presets else str(default)


def reported(action: Callable[[], None]) -> int:
    """Does `action`; a mistake of the user's becomes one message and an exit code, without a traceback."""
    errors = Console(stderr=True)
    warnings.showwarning = lambda message, *_, **__: errors.print(f"[yellow]warning:[/] {message}", soft_wrap=True)
    try:
        action()
    except InputError as error:
        errors.print("[bold red]error:[/]", end=" ")
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 2
    except NonFiniteLoss as error:
        errors.print("[bold red]stopped:[/]", end=" ")
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        errors.print("\nInterrupted. The same command, given again, takes up what was finished.")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0
