"""The command `tfvae`: samples from finished runs, scores samples, shows, exports and tabulates runs."""

from __future__ import annotations

import functools
import hashlib
import math
import operator
import sys
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from numpy.typing import ArrayLike, NDArray
from rich.console import Console
from tyro.conf import Positional, arg, subcommand

from tfvae import data as datasets
from tfvae import serving
from tfvae.data.images import ImageData
from tfvae.data.signals import signal_pictures
from tfvae.errors import InputError
from tfvae.figures import save_image_grid
from tfvae.files import atomic_write, check_writable, read_json, write_json
from tfvae.metrics.features import FeatureExtractor, inception, mnist_cnn
from tfvae.metrics.random_features import random_vgg
from tfvae.metrics.samples import RealReference, score_samples
from tfvae.training import results
from tfvae.training.command import reported
from tfvae.training.saved_run import finished_run, sampler_names, saved_model, saved_sampler, value_range_of

DECODED_AT_ONCE = 1000
LARGEST = {".npz": 4 * 1024**3, ".png": 50 * 1000**2}

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
    """How many images."""
    label: Annotated[int | None, arg(metavar="K")] = None
    """Only images of this class."""
    sampler: Annotated[str | None, arg(metavar="NAME")] = None
    """Which of the run's samplers draws the codes; the run's own choice if not given."""
    seed: Annotated[int, arg(metavar="S")] = 0
    """The same seed draws the same images."""
    out: Annotated[Path | None, arg(metavar="FILE")] = None
    """FILE.npz takes `images`, uint8 [N, H, W, C] (signals: float32 [N, length]), and `labels`, int64 [N], where there
    are classes or clusters; FILE.png shows the images in a grid. If not given: <variant>-seed-<n>.npz in the working
    directory."""

    def execute(self, console: Console) -> None:
        folder = finished_run(self.run)
        out = self.out or Path(f"{folder.path.parent.name}-{folder.path.name}.npz")
        if out.suffix not in LARGEST:
            raise InputError(f"Expected --out FILE.npz or FILE.png. Received: {out}. Name it {out.stem}.npz, say.")
        default = read_json(folder.samplers / "index.json")["sampler" if self.label is None else "class_sampler"]
        model = saved_model(folder)
        sampler = saved_sampler(folder, self.sampler or default, model)
        _check_count(self.count, model.image_shape, out)
        codes, labels = sampler.sample(self.count, seed=self.seed, label=self.label)
        _check_output(out)
        value_range = value_range_of(folder)
        parts = [codes[start : start + DECODED_AT_ONCE] for start in range(0, self.count, DECODED_AT_ONCE)]
        _write_images(out, np.concatenate([_pixels(model.decode(part), value_range) for part in parts]), labels)
        _say(console, f"{self.count:,} images: {out}")


@dataclass(frozen=True)
class Evaluate:
    """Scores any generator's samples against real images, each number with its label."""

    samples: Positional[Annotated[Path, arg(metavar="SAMPLES.npz")]]
    """`images`, uint8 or float in [0, 1], [N, H, W] or [N, H, W, C]; and, where they were asked for by class, `labels`,
    integers [N]."""
    data: Annotated[str, arg(metavar="NAME")]
    """The real images: mnist, digits, faces, textures, or folder:PATH."""
    data_dir: Annotated[Path | None, arg(metavar="DIR")] = None
    """Folder with mnist.npz or faces/; TFVAE_DATA_DIR or, of MNIST, the download if not given."""
    image_size: Annotated[int | None, arg(metavar="PIXELS")] = None
    """Side to which faces, textures or folder:PATH are brought, as the samples were; the files' own if not given."""
    inception: Annotated[Path | None, arg(metavar="PATH")] = None
    """Folder of TF-GAN's Inception graph, or `hub` to download it, for numbers in that feature space. If not
    given: mnist_cnn, which ships with the package, for pictures of its shape (28, 28, 1), and for others random_vgg,
    which learned nothing and compares only with itself."""
    json: Annotated[Path | None, arg(metavar="FILE")] = None
    """Write the numbers to this file too."""

    def execute(self, console: Console) -> None:
        images, labels = _read_samples(self.samples)
        data = datasets.load_images(self.data, data_dir=self.data_dir, image_size=self.image_size)
        _check_fit(images, labels, data)
        extractor = _feature_space(self.inception, data)
        if self.json is not None:
            _check_output(self.json)
        with console.status("Scoring ..."):
            scores = score_samples(images, labels, reference=RealReference.of(data, extractor))
        metrics = {name: score.as_dict() for name, score in scores.items()}
        record = {
            "samples_file": str(self.samples),
            "samples_sha256": hashlib.sha256(self.samples.read_bytes()).hexdigest(),
            "dataset": data.name,
            "dataset_sha256": data.sha256,
            "metrics": metrics,
        }
        _say(console, f"{self.samples}: {len(images):,} samples against {data.name} (sha256 {data.sha256[:12]})")
        _print_metrics(console, metrics)
        if self.json is not None:
            write_json(self.json, record)
            _say(console, f"Written: {self.json}")


@dataclass(frozen=True)
class Show:
    """Shows a run: its config, its metrics with their labels, its figures and samplers."""

    run: RunFolderPath

    def execute(self, console: Console) -> None:
        folder = finished_run(self.run)
        record, identity = read_json(folder.metrics), read_json(folder.config)["identity"]
        _say(console, str(folder.path))
        console.print(
            results.terminal_table([["config", "value"], *([name, str(value)] for name, value in identity.items())], "")
        )
        _say(console, results.label_of(record))
        _print_metrics(console, record["metrics"])
        _say(
            console,
            f"{record['parameters']:,} parameters, {results.number(record['seconds_per_epoch'])} seconds per epoch",
        )
        _say(console, f"Samplers: {', '.join(sampler_names(folder)) or 'none'}")
        _say(console, "\n  ".join(["Figures:", *map(str, sorted(folder.figures.glob("*.png")))]))


@dataclass(frozen=True)
class Export:
    """Exports a run's model and samplers as a SavedModel for TF Serving."""

    run: RunFolderPath
    dir: Positional[Annotated[Path, arg(metavar="DIR")]]
    """Folder of the versions; this one becomes the next number in it."""

    def execute(self, console: Console) -> None:
        folder = finished_run(self.run)
        index = read_json(folder.samplers / "index.json")
        model = saved_model(folder)
        sampler = saved_sampler(folder, index["sampler"], model)
        class_sampler = saved_sampler(folder, index["class_sampler"], model) if index["class_sampler"] else None
        version = serving.export(
            model, self.dir, sampler=sampler, class_sampler=class_sampler, value_range=value_range_of(folder)
        )
        lines = [f"SavedModel: {version}", ""]
        lines += [f"  {name}: {signature}" for name, signature in serving.signatures(version).items()]
        lines += ["", *_serving_example(folder.path.parent.name, self.dir.absolute(), class_sampler is not None)]
        _say(console, "\n".join(lines))


@dataclass(frozen=True)
class Table:
    """Renders the results of every finished run below a folder as Markdown."""

    dir: Positional[Annotated[Path, arg(metavar="DIR")]]
    """Folder of runs; their metrics.json files, and nothing else, feed the tables."""
    into: Annotated[Path | None, arg(metavar="FILE.md")] = None
    """Replace what stands in this file between `<!-- results: begin -->` and `<!-- results: end -->`."""

    def execute(self, console: Console) -> None:
        page = results.markdown_page(results.find_runs(self.dir))
        if self.into is None:
            sys.stdout.write(page)
            return
        results.write_between_markers(self.into, page)
        _say(console, f"Written: {self.into}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads the command line, does what it says, and ends the process.

    Exit codes: 0 done, 2 wrong input, 130 interrupted.

    Args:
        arguments: the command line without the program's name; `sys.argv[1:]` if None.
    """
    command: Any = tyro.cli(_commands(), prog="tfvae", description=__doc__, args=arguments)
    sys.exit(reported(lambda: _execute(command)))


def _commands() -> Any:
    examples = {
        Sample: "tfvae sample RUN --count 64 --label 3 --out threes.png",
        Evaluate: "tfvae evaluate samples.npz --data mnist",
        Show: "tfvae show tensorboard_logs/center_gmm/center-6/seed-0",
        Export: "tfvae export RUN exports/center-6",
        Table: "tfvae table tensorboard_logs/reference --into experiments/README.md",
    }
    described = [
        Annotated[kind, subcommand(kind.__name__.lower(), description=f"{kind.__doc__}\n    {example}")]
        for kind, example in examples.items()
    ]
    return functools.reduce(operator.or_, described)


def _execute(command: Any) -> None:
    try:
        command.execute(Console())
    except KeyboardInterrupt:
        sys.exit(130)


def _pixels(images: ArrayLike, value_range: tuple[float, float] | None) -> NDArray[Any]:
    """Floats in `value_range` as `ImageData.to_uint8` turns them into pixels, for where the data are not at hand.

    Signals have no such range, and stay float32.
    """
    values = np.asarray(images, np.float32)
    if not np.isfinite(values).all():
        raise InputError("Expected finite images. Received: NaN or infinity. The model has diverged: train it again.")
    if value_range is None:
        return values
    low, high = (np.float32(end) for end in value_range)
    return np.clip(np.rint((values - low) / (high - low) * np.float32(255)), 0, 255).astype(np.uint8)


def _read_samples(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
    """uint8 [N, H, W, C], and int64 [N] or None, of any generator's file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        # NumPy's own message on an object array advises to unpickle it.
        reason = getattr(error, "strerror", None) or "damaged, no .npz file, or one with Python objects"
        raise InputError(
            f"Expected an .npz file of samples. Received: {path}, which cannot be read ({reason}). "
            "Write it with numpy.savez(path, images=..., labels=...)."
        ) from error
    if "images" not in arrays:
        raise InputError(
            f"Expected the array `images` in {path}. Received: {', '.join(arrays) or 'no array'}. "
            "Write it with numpy.savez(path, images=..., labels=...)."
        )
    images, labels = arrays["images"], arrays.get("labels")
    floats = np.issubdtype(images.dtype, np.floating)
    if images.ndim not in (3, 4) or len(images) < 2 or not images.size or not (floats or images.dtype == np.uint8):
        raise InputError(
            f"Expected images as uint8, or float in [0, 1], [N, H, W] or [N, H, W, C], with N of at least 2. "
            f"Received: {images.dtype} {list(images.shape)}. Convert them before saving."
        )
    if floats and not (images.min() >= 0 and images.max() <= 1):
        raise InputError(
            f"Expected float images in [0, 1]. Received: {images.min():g} .. {images.max():g}. Rescale them, or "
            "save them as uint8."
        )
    if labels is not None and (not np.issubdtype(labels.dtype, np.integer) or labels.shape != images.shape[:1]):
        raise InputError(
            f"Expected labels as integers [{len(images)}], one for each image. Received: {labels.dtype} "
            f"{list(labels.shape)}. Save one class number for each, or leave them out."
        )
    pixels = _pixels(images, (0.0, 1.0)) if floats else images
    return pixels if images.ndim == 4 else pixels[..., np.newaxis], None if labels is None else labels.astype(np.int64)


def _check_fit(images: NDArray[np.uint8], labels: NDArray[np.int64] | None, data: ImageData) -> None:
    if images.shape[1:] != data.image_shape:
        raise InputError(
            f"Expected samples of the shape of {data.name}, {list(data.image_shape)}. Received: "
            f"{list(images.shape[1:])}. Resize them, or compare with another data set."
        )
    if labels is not None and not (labels.min() >= 0 and labels.max() < data.classes):
        raise InputError(
            f"Expected labels in 0 .. {data.classes - 1}, the classes of {data.name}. Received: {labels.min()} .. "
            f"{labels.max()}. Number the classes as that data set does, or leave the labels out."
        )


def _check_output(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"Expected a file to write. Received: {path}, a folder. Name a file in it.")
    check_writable(path.absolute().parent)


def _check_count(count: int, image_shape: tuple[int, ...], out: Path) -> None:
    largest = LARGEST[out.suffix] // math.prod(image_shape)
    if not 1 <= count <= largest:
        raise InputError(
            f"Expected a count in 1 .. {largest:,}, what one {out.suffix} file takes of such images. Received: "
            f"--count {count}. For more, write several .npz files, each with another --seed."
        )


def _write_images(out: Path, images: NDArray[Any], labels: NDArray[np.int64] | None) -> None:
    try:
        if out.suffix == ".png":
            pictures = images if images.ndim == 4 else signal_pictures(images)
            save_image_grid(pictures, out, columns=math.isqrt(len(images) - 1) + 1)
            return
        arrays = {"images": images} if labels is None else {"images": images, "labels": labels}
        with atomic_write(out) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **arrays)
    except OSError as error:
        raise InputError(f"Expected a file that can be written. Received: {out} ({error.strerror}).") from None


def _feature_space(path: Path | None, data: ImageData) -> FeatureExtractor:
    if path is not None:
        return inception(None if str(path) == "hub" else path)
    shipped = mnist_cnn()
    return shipped if shipped.image_shape == data.image_shape else random_vgg()


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True, highlight=False, markup=False)


def _print_metrics(console: Console, metrics: Mapping[str, Mapping[str, Any]]) -> None:
    """A table with a number for each label, and below it the labels, which are too long for a column."""
    rows, notes = [["metric", "value", "label"]], dict[str, str]()
    for name, metric in metrics.items():
        spread = "" if metric["std"] is None else f" ± {results.number(metric['std'])}"
        note = notes.setdefault(results.measured_with(metric), f"({len(notes) + 1})")
        rows.append([name, results.number(metric["value"]) + spread, note])
    console.print(results.terminal_table(rows, ""))
    _say(console, "\n".join(f"{note} {label or 'unlabeled'}" for label, note in notes.items()))


def _serving_example(name: str, folder: Path, by_class: bool) -> list[str]:
    endpoint, inputs = ("generate_class", '"labels": [0, 1, 2]') if by_class else ("generate", '"count": 3')
    return [
        "Serve it, and ask for images:",
        f'  docker run -p 8501:8501 -e MODEL_NAME={name} -v "{folder}:/models/{name}" tensorflow/serving',
        f"""  curl http://localhost:8501/v1/models/{name}:predict -d '{{"signature_name": "{endpoint}", """
        f""""inputs": {{{inputs}, "seed": 7}}}}'""",
    ]


if __name__ == "__main__":
    main()
