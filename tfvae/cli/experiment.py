"""The command of an experiment, `python -m experiments.<name>`: parses, trains, measures, and writes the page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from tfvae.startup import import_tensorflow

from rich.console import Console

from tfvae.cli.exit_codes import reported
from tfvae.training.arguments import parse
from tfvae.training.settings import Plan, Settings

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
        import_tensorflow()
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
