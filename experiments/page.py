"""What the pages and figures of several reports share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfvae import figures
from tfvae.figures import Figure
from tfvae.training.experiment import FinishedRun, TrainedRun
from tfvae.training.results import by_variant, first, label_of, markdown_table, measured_with, over_seeds


class Shown(NamedTuple):
    """A figure of the report and ours: a title, how ours differs, the file's name, and the variants side by side."""

    title: str
    note: str
    name: str
    variants: tuple[str, ...]


def opening(
    title: str, command: str, runs: Sequence[FinishedRun], *, judged: str, by_epochs: bool = False
) -> list[str]:
    """The head of a page: how it is made, on what it was measured, by which judge, and which data stood in for others.

    Args:
        title: str.
        command: what makes the page, but for the preset and precision that all runs have.
        runs: all finished runs.
        judged: a metric of samples whose label names the judge.
        by_epochs: whether variants that were trained for another number of epochs need a command of their own.
    """
    fallbacks = {run.record["fallback_for"]: run.record["dataset"] for run in runs if run.record["fallback_for"]}
    made_by = commands(command, runs, by_epochs=by_epochs)
    make = "makes" if len(made_by) == 1 else "make"
    labels = sorted({measured_with(run.record["metrics"][judged]) for run in runs if run.value(judged) is not None})
    judge = "; ".join(labels) or "none, for lack of an extractor that takes these pictures"
    return [
        f"# {title}\n",
        f"{' and '.join(made_by)} {make} this page. Measured on:\n",
        measured_on(runs),
        f"Metrics of samples: {judge}. Models are never chosen on them.\n",
        *[f"> NOT {asked}: these are numbers of {data}, which stood in for it.\n" for asked, data in fallbacks.items()],
    ]


def measured_on(runs: Sequence[FinishedRun]) -> str:
    """A list of what the runs' numbers depend on."""
    return "\n".join(f"- {line}" for line in sorted({label_of(run.record) for run in runs})) + "\n"


def commands(command: str, runs: Sequence[FinishedRun], *, by_epochs: bool = False) -> list[str]:
    """The command with the preset and precision that all runs have, where these are not the default.

    Args:
        command: str.
        runs: finished runs that it made.
        by_epochs: whether variants that were trained for another number of epochs need a command of their own.

    Returns:
        Markdown: the command, or one for each number of epochs.
    """
    for option, default in (("preset", "report"), ("precision", "float32")):
        chosen = {run.record.get(option, default) for run in runs}
        if len(chosen) == 1 and default not in chosen:
            command += f" --{option} {chosen.pop()}"
    variants: dict[int, list[str]] = {}
    for run in runs if by_epochs else ():
        variants.setdefault(run.record["epochs"], []).append(run.variant)
    if len(variants) < 2:
        return [f"`{command}`"]
    return [
        f"`{command} --variants {' '.join(dict.fromkeys(names))} --training.epochs {epochs}`"
        for epochs, names in variants.items()
    ]


def claim(words: str, holds: bool, numbers: str) -> str:
    """One claim, judged by the numbers."""
    return f"- **{'Holds' if holds else 'Does not hold'}:** {words}. We measure: {numbers}."


def cost_table(runs: Sequence[FinishedRun]) -> str:
    """Parameters and training time of each variant."""
    rows = [["variant", "parameters", "seconds an epoch", "training seconds"]]
    for variant, group in by_variant(runs).items():
        columns = [[run.record[key] for run in group] for key in ("seconds_per_epoch", "train_seconds")]
        rows.append([variant, f"{group[0].record['parameters']:,}", *map(over_seeds, columns)])
    return markdown_table(rows)


def gallery(runs: Sequence[FinishedRun], shown: Sequence[Shown]) -> list[str]:
    """The figures in the report's order, each variant's beside the other's."""
    lines = ["## Figures\n"]
    for title, note, name, variants in shown:
        paths = [run.folder.figures / f"{name}.png" for variant in variants if (run := first(runs, variant))]
        links = [f"![{title}]({'/'.join(path.parts[-4:])})" for path in paths if path.exists()]
        if links:
            lines += [f"### {title}\n", note + "\n", " ".join(links) + "\n"]
    return lines


def training_curves(rows: Sequence[Mapping[str, Any]], *, variant: str) -> Figure:
    """Every term of the loss over the epochs, training and validation."""
    names = list(rows[0]["train"])
    series = {name: [row["train"][name] for row in rows] for name in names}
    series |= {f"val_{name}": [row["validation"][name] for row in rows] for name in names}
    return figures.curves(
        series, title=f"Terms of the loss: {variant}", xlabel="epoch", ylabel="nats an image", panels=True
    )


def samples_side_by_side(runs: Sequence[FinishedRun], count: int, *, columns: int, title: str) -> dict[str, Figure]:
    """All variants' samples in one picture, `overview`, of the first seed.

    Args:
        runs: finished runs, in order.
        count: int >= 1, samples of each.
        columns: int >= 1, of each variant's sheet.
        title: str.

    Returns:
        {"overview": figure}, or nothing where a run has no samples: a clone has the committed runs without them, and
        keeps the picture that was drawn from them.
    """
    sheets = {}
    for run in runs:
        if run.seed == runs[0].seed and run.folder.samples.exists():
            with np.load(run.folder.samples, allow_pickle=False) as arrays:
                sheets[run.variant] = arrays["images"][:count]
    if len(sheets) < len({run.variant for run in runs}) or not sheets:
        return {}
    return {"overview": figures.sample_comparison(sheets, columns=columns, title=title)}


def codes_and_reconstructions(run: TrainedRun[Any], codes: NDArray[np.float32], silhouette: float) -> dict[str, Figure]:
    """The codes of the test images in up to three dimensions, and what is made of the first forty of them."""
    data = run.data
    return {
        "codes": figures.latent_scatter(
            codes,
            data.test_labels,
            data.class_names,
            title=f"Codes of the test images: {run.variant}",
            subtitle=f"silhouette {silhouette:.2f}",
            dimensions=min(3, run.model.latent_dim),
        ),
        "reconstructions": figures.reconstructions(
            data.test_images[:40],
            data.to_uint8(run.model.decode(codes[:40])),
            title=f"Reconstructions of test images: {run.variant}",
        ),
    }


def rows_by_class(images: NDArray[np.uint8], labels: NDArray[np.int64], classes: int) -> NDArray[np.uint8]:
    """Ten images of each class, class by class."""
    return np.concatenate([images[labels == label][:10] for label in range(classes)])
