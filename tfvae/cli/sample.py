"""`tfvae sample`: decoded samples of a finished run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from tfvae.cli.arguments import Sample
from tfvae.cli.printing import check_output, say
from tfvae.data.images import to_pixels
from tfvae.data.signals import signal_pictures
from tfvae.errors import InputError
from tfvae.figures import save_image_grid
from tfvae.files import atomic_write, read_json
from tfvae.training.saved_run import finished_run, saved_model, saved_sampler, value_range_of

BATCH = 1000  # codes that are decoded at once
LARGEST = {".npz": 4 * 1024**3, ".png": 50 * 1000**2}  # bytes of pixels, pixels


def sample(arguments: Sample, console: Console) -> None:
    """Draws codes by one of the run's samplers, decodes them and writes the images.

    Raises:
        InputError: if the run, the sampler or the label does not exist, or the file cannot be written.
    """
    folder = finished_run(arguments.run)
    out = arguments.out or Path(f"{folder.path.parent.name}-{folder.path.name}.npz")
    if out.suffix not in LARGEST:
        raise InputError(f"Expected --out FILE.npz or FILE.png. Received: {out}. Name it {out.stem}.npz, say.")
    default = read_json(folder.samplers / "index.json")["sampler" if arguments.label is None else "class_sampler"]
    model = saved_model(folder)
    sampler = saved_sampler(folder, arguments.sampler or default, model)
    _check_count(arguments.count, model.image_shape, out)
    codes, labels = sampler.sample(arguments.count, seed=arguments.seed, label=arguments.label)
    check_output(out)
    value_range = value_range_of(folder)
    decoded = (model.decode(codes[start : start + BATCH]) for start in range(0, len(codes), BATCH))
    _write(out, np.concatenate([_stored(images, value_range) for images in decoded]), labels)
    say(console, f"{arguments.count:,} images: {out}")


def _stored(values: Any, value_range: tuple[float, float] | None) -> NDArray[Any]:
    """Images as uint8 pixels; signals, which have no value range, as float32."""
    if value_range is not None:
        return to_pixels(values, value_range)
    signals = np.asarray(values, np.float32)
    if not np.isfinite(signals).all():
        raise InputError("Expected finite signals. Received: NaN or infinity. The model has diverged: train it again.")
    return signals


def _check_count(count: int, image_shape: tuple[int, ...], out: Path) -> None:
    largest = LARGEST[out.suffix] // math.prod(image_shape)
    if not 1 <= count <= largest:
        raise InputError(
            f"Expected a count in 1 .. {largest:,}, what one {out.suffix} file takes of such images. Received: "
            f"--count {count}. For more, write several .npz files, each with another --seed."
        )


def _write(out: Path, images: NDArray[Any], labels: NDArray[np.int64] | None) -> None:
    try:
        if out.suffix == ".png":
            pictures = images if images.ndim == 4 else signal_pictures(images)
            save_image_grid(pictures, out, columns=math.isqrt(len(images) - 1) + 1)
            return
        arrays = {"images": images} if labels is None else {"images": images, "labels": labels}
        with atomic_write(out) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **arrays)
    except OSError as error:
        raise InputError(
            f"Expected a file that can be written. Received: {out} ({error.strerror}). Choose another with --out."
        ) from None
