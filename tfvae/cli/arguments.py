"""Arguments of the sub-commands.

Imports neither TensorFlow nor Keras: the module of a command is imported when it is executed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from rich.console import Console
from tyro.conf import Positional, arg

RunFolderPath = Positional[
    Annotated[
        Path,
        arg(
            metavar="RUN",
            help="The run's folder, .../<variant>/seed-<n>, or a folder above it that holds no other run.",
        ),
    ]
]


@dataclass(frozen=True)
class Sample:
    """Draws images from a trained run and writes them to a file."""

    run: RunFolderPath
    count: Annotated[int, arg(metavar="N")]
    """Number of images."""
    label: Annotated[int | None, arg(metavar="K")] = None
    """Only images of this class."""
    sampler: Annotated[str | None, arg(metavar="NAME")] = None
    """Which of the run's samplers draws the codes; the run's own choice if not given."""
    seed: Annotated[int, arg(metavar="S")] = 0
    """The same seed draws the same images, here and from the exported model; the first n of a larger count are those of
    a count of n."""
    out: Annotated[Path | None, arg(metavar="FILE")] = None
    """FILE.npz takes `images`, uint8 [N, H, W, C] (signals: float32 [N, length]), and `labels`, int64 [N], where there
    are classes or clusters; FILE.png shows the images in a grid. If not given: <variant>-seed-<n>.npz in the working
    directory."""

    def execute(self, console: Console) -> None:
        from tfvae.cli.sample import sample

        sample(self, console)


@dataclass(frozen=True)
class Evaluate:
    """Scores any generator's samples against the whole test split of a data set, each number with its label."""

    samples: Positional[Annotated[Path, arg(metavar="SAMPLES.npz")]]
    """`images`, uint8 in 0 .. 255 or float in [0, 1], [N, H, W] or [N, H, W, C]; and, of class-conditional samples,
    `labels`, integers [N]."""
    data: Annotated[str, arg(metavar="NAME")]
    """The real images: mnist, digits, faces, textures, or folder:PATH."""
    data_dir: Annotated[Path | None, arg(metavar="DIR")] = None
    """Folder with mnist.npz or faces/; TFVAE_DATA_DIR or, of MNIST, the download if not given."""
    image_size: Annotated[int | None, arg(metavar="PIXELS")] = None
    """Side to which faces, textures or folder:PATH are resized, as the samples were; the files' own if not given."""
    inception: Annotated[Path | None, arg(metavar="PATH")] = None
    """Folder of TF-GAN's Inception graph, or `hub` to download it, for numbers in that feature space. If not
    given: mnist_cnn, which ships with the package, for images of its shape (28, 28, 1), and for others random_vgg, a
    network with random weights, whose numbers compare only with each other."""
    json: Annotated[Path | None, arg(metavar="FILE")] = None
    """Write the numbers to this file too."""

    def execute(self, console: Console) -> None:
        from tfvae.cli.evaluate import evaluate

        evaluate(self, console)


@dataclass(frozen=True)
class Show:
    """Shows a run: its config, its metrics with their labels, its figures and samplers."""

    run: RunFolderPath

    def execute(self, console: Console) -> None:
        from tfvae.cli.show import show

        show(self, console)


@dataclass(frozen=True)
class Export:
    """Exports a run's model and samplers as a SavedModel for TF Serving."""

    run: RunFolderPath
    dir: Positional[Annotated[Path, arg(metavar="DIR")]]
    """Folder of the versions; this one becomes the next number in it."""

    def execute(self, console: Console) -> None:
        from tfvae.cli.export import export

        export(self, console)


@dataclass(frozen=True)
class Table:
    """Renders the results of every finished run below a folder as Markdown."""

    dir: Positional[Annotated[Path, arg(metavar="DIR")]]
    """Folder of runs; their metrics.json files, and nothing else, feed the tables."""
    into: Annotated[Path | None, arg(metavar="FILE.md")] = None
    """Replace what stands in this file between `<!-- results: begin -->` and `<!-- results: end -->`."""

    def execute(self, console: Console) -> None:
        from tfvae.cli.table import table

        table(self, console)
