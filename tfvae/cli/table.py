"""`tfvae table`: results of finished runs as Markdown."""

from __future__ import annotations

import sys

from rich.console import Console

from tfvae.cli.arguments import Table
from tfvae.cli.printing import say
from tfvae.reporting.records import find_runs
from tfvae.reporting.results_page import markdown_page, write_between_markers


def table(arguments: Table, console: Console) -> None:
    """Prints the tables, or writes them between the markers of `--into`.

    Raises:
        InputError: if there is no finished run, or the file has no pair of markers.
    """
    page = markdown_page(find_runs(arguments.dir))
    if arguments.into is None:
        sys.stdout.write(page)
        return
    write_between_markers(arguments.into, page)
    say(console, f"Written: {arguments.into}")
