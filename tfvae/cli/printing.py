"""Printing of messages and metrics, and the check of output files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from tfvae.errors import InputError
from tfvae.files import check_writable
from tfvae.reporting.records import measured_with
from tfvae.reporting.tables import rows_of_metrics, terminal_table


def say(console: Console, text: str) -> None:
    """Prints text as it is: a path may hold brackets, which rich takes for markup."""
    console.print(text, soft_wrap=True, highlight=False, markup=False)


def print_metrics(console: Console, metrics: Mapping[str, Mapping[str, Any]]) -> None:
    """Prints a table with a footnote per label, and below it the labels, which are too long for a column."""
    rows, notes = rows_of_metrics(metrics, measured_with)
    console.print(terminal_table(rows, ""))
    say(console, "\n".join(f"{note} {label or 'unlabeled'}" for label, note in notes.items()))


def check_output(path: Path) -> None:
    """Creates the folder of a file to write.

    Raises:
        InputError: if the path is a folder, or the file's folder cannot be written.
    """
    if path.is_dir():
        raise InputError(f"Expected a file to write. Received: {path}, a folder. Name a file in it.")
    check_writable(path.absolute().parent)
