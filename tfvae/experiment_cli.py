"""The command of an experiment, `python -m experiments.<name>`: parses, trains, measures, and writes the page."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from rich.console import Console

from tfvae.errors import InputError, NonFiniteLoss
from tfvae.training.arguments import Plan, Settings, parse

if TYPE_CHECKING:
    from tfvae.reporting.experiment import Experiment


def main(
    settings: Settings, load: Callable[[], Experiment] | None = None, arguments: Sequence[str] | None = None
) -> None:
    """Reads the command line, runs the experiment, and ends the process.

    Exit codes: 0 done, 1 a loss was not finite, 2 wrong input, 130 interrupted.

    Args:
        settings: what the experiment can be told.
        load: imports the experiment, and with it TensorFlow, once the command line has been understood; if None,
            EXPERIMENT of `experiments.<name>.variants`.
        arguments: the command line without the program's name; `sys.argv[1:]` if None.
    """

    def execute() -> None:
        plan = parse(settings, list(sys.argv[1:] if arguments is None else arguments))
        run(load() if load else import_module(f"experiments.{settings.name}.variants").EXPERIMENT, plan)

    sys.exit(reported(execute))


def run(experiment: Experiment, plan: Plan, console: Console | None = None) -> None:
    """Makes the runs of a plan, writes the experiment's page, and prints the closing table.

    Args:
        experiment: the experiment.
        plan: which runs, with which configurations.
        console: where to print; the terminal if None.
    """
    from tfvae.reporting.page import write_page
    from tfvae.reporting.summary import print_summary
    from tfvae.reporting.tables import terminal
    from tfvae.training.runner import run_variants

    console = console or terminal()
    settings = experiment.settings
    heading = f"Report {settings.report.number}: {settings.report.heading}"
    result = run_variants(settings.name, heading, experiment.by_name, plan, console, experiment.published)
    page = write_page(experiment, result.folder)
    print_summary(experiment, result, list(plan.configs), page, console)


def reported(action: Callable[[], None]) -> int:
    """Does `action`; a mistake of the user's becomes one message and an exit code, without a traceback."""
    errors = Console(stderr=True)
    warnings.showwarning = lambda message, *_, **__: errors.print(
        f"warning: {message}", style="yellow", soft_wrap=True, markup=False
    )
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
        errors.print("\nInterrupted. The same command, given again, goes on from the last checkpoint.")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0
