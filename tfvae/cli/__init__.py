"""The command `tfvae`: samples from finished runs, scores samples, shows, exports and tabulates runs."""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Sequence
from typing import Annotated, Any

from tfvae.startup import import_tensorflow

import tyro
from rich.console import Console
from tyro.conf import subcommand

from tfvae.cli.arguments import Evaluate, Export, Sample, Show, Table
from tfvae.cli.exit_codes import reported

EXAMPLES = {
    Sample: "tfvae sample RUN --count 64 --label 3 --out threes.png",
    Evaluate: "tfvae evaluate samples.npz --data mnist",
    Show: "tfvae show tensorboard_logs/center_gmm/center-6/seed-0",
    Export: "tfvae export RUN exports/center-6",
    Table: "tfvae table tensorboard_logs/reference --into experiments/README.md",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Parses the command line, executes the command, and ends the process.

    TensorFlow is imported after the command line has been parsed, so that help and usage errors answer at once.
    Exit codes: 0 done, 2 wrong input, 130 interrupted.

    Args:
        arguments: the command line without the program's name; `sys.argv[1:]` if None.
    """
    command: Any = tyro.cli(_commands(), prog="tfvae", description=__doc__, args=arguments)
    sys.exit(reported(lambda: _execute(command)))


def _commands() -> Any:
    described = [
        Annotated[kind, subcommand(kind.__name__.lower(), description=f"{kind.__doc__}\n    {example}")]
        for kind, example in EXAMPLES.items()
    ]
    return functools.reduce(operator.or_, described)


def _execute(command: Any) -> None:
    try:
        import_tensorflow()
        command.execute(Console())
    except KeyboardInterrupt:
        sys.exit(130)
