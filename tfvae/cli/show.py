"""`tfvae show`: config, metrics, figures and samplers of a finished run."""

from __future__ import annotations

from rich.console import Console

from tfvae.cli.arguments import Show
from tfvae.cli.printing import print_metrics, say
from tfvae.reporting.numbers import number
from tfvae.reporting.records import label_of, read_record
from tfvae.reporting.tables import terminal_table
from tfvae.training.run_folder import recorded_fingerprint
from tfvae.training.saved_run import finished_run, sampler_names


def show(arguments: Show, console: Console) -> None:
    """Prints what the run's folder holds.

    Raises:
        InputError: if there is no finished run.
    """
    folder = finished_run(arguments.run)
    record, fingerprint = read_record(folder.metrics), recorded_fingerprint(folder.config)
    say(console, str(folder.path))
    rows = [["config", "value"], *([name, str(value)] for name, value in fingerprint.items())]
    console.print(terminal_table(rows, ""))
    say(console, label_of(record))
    print_metrics(console, record["metrics"])
    say(console, f"{record['parameters']:,} parameters, {number(record['seconds_per_epoch'])} seconds per epoch")
    say(console, f"Samplers: {', '.join(sampler_names(folder)) or 'none'}")
    say(console, "\n  ".join(["Figures:", *map(str, sorted(folder.figures.glob("*.png")))]))
