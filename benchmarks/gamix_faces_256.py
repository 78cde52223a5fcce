"""Trains report 3's full model at 256x256 for a few steps; prints seconds and memory of a step as JSON.

    python -m benchmarks.gamix_faces_256                   the report preset, batch 32 in 4 parts
    python -m benchmarks.gamix_faces_256 --width 0.125 --steps 50 --warm-up-steps 50

The second command shows whether the loss of a small model falls. The pictures are crops of two bundled photographs, or
`--data faces` of TFVAE_DATA_DIR.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence

import keras
import numpy as np

from experiments.gamix_faces.config import SETTINGS
from experiments.gamix_faces.variants import EXPERIMENT
from tfvae import data as datasets
from tfvae.provenance import peak_memory_mb
from tfvae.training.config import replaced
from tfvae.training.estimate import multiply_adds
from tfvae.training.strategy import choose_strategy, describe_device, repeatable

VARIANT = "gamix-patchgan"
BATCH = 32
# A third of the dense bfloat16 peak of one H100, which convolutions sustain; for the estimate alone.
GPU_FLOPS = 1e14
# Cost of a training step in forward passes; a backward pass costs two. The discriminator sees images once and
# reconstructions twice, is updated on both, and passes a gradient to the autoencoder once.
PASSES = {"encoder": 3, "decoder": 3, "discriminator": 8}


def measure(steps: int, width: float, parts: int, warm_up_steps: int, data: str) -> dict[str, object]:
    """Costs and losses of `steps` training steps."""
    config = SETTINGS.of_preset("report")[VARIANT]
    sizes = config.networks  # type: ignore[attr-defined]
    narrow = {name: scaled(getattr(sizes, name), width) for name in ("widths", "decoder_widths", "filters")}
    # The warm-up is given in steps below.
    changes = {f"networks.{name}": value for name, value in narrow.items()} | {"weights.warm_up_epochs": 0}
    config = replaced(config, {**changes, "parts": parts})
    images = datasets.load_images(data, image_size=config.image_size).subset(train=20 * BATCH, test=100)
    keras.utils.set_random_seed(0)
    variant = EXPERIMENT.by_name[VARIANT]
    model = variant.build(config, images, 0)
    model.warm_up_steps = warm_up_steps
    model.compile(**variant.optimizers(config))
    losses, seconds = [], []
    with repeatable(choose_strategy("one"), xla=model.jit_compile):
        for step in range(steps):
            began = time.perf_counter()
            start = step * BATCH % len(images.train_images)
            model.reset_metrics()
            batch = images.to_float(images.train_images[start : start + BATCH])
            logs = model.train_on_batch(batch, return_dict=True)
            losses.append({name: float(value) for name, value in logs.items()})
            seconds.append(time.perf_counter() - began)
    fifth = max(1, steps // 5)
    work = 2 * sum(passes * multiply_adds(getattr(model, network)) for network, passes in PASSES.items())
    return {
        "device": describe_device(choose_strategy("one")),
        "data": images.name,
        "steps": steps,
        "batch": BATCH,
        "parts": parts,
        "parameters": model.count_params(),
        "seconds_a_step": float(np.median(seconds[1:] or seconds)),
        "peak_memory_gb": peak_memory_mb() / 1e3,
        **{
            f"{name}_first_and_last_fifth": [mean_of(losses[:fifth], name), mean_of(losses[-fifth:], name)]
            for name in ("reconstruction", "loss")
        },
        "estimated_gpu_hours_of_100_epochs_of_24000": 100 * 24_000 * work / GPU_FLOPS / 3600,
    }


def scaled(sizes: Sequence[int], width: float) -> tuple[int, ...]:
    """Each size times `width`, rounded, at least 1."""
    return tuple(max(1, round(size * width)) for size in sizes)


def mean_of(losses: Sequence[dict[str, float]], name: str) -> float:
    """Mean of a term over some steps."""
    return float(np.mean([step[name] for step in losses]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--width", type=float, default=1.0, help="scales the channels of every network")
    parser.add_argument("--parts", type=int, default=4, help="micro-batches of a step")
    parser.add_argument("--warm-up-steps", type=int, default=0, help="steps before the adversarial loss is added")
    parser.add_argument("--data", default="textures", help="textures, faces or folder:PATH")
    arguments = parser.parse_args()
    if arguments.steps < 1 or arguments.width <= 0 or arguments.parts < 1 or BATCH % arguments.parts:
        parser.error(f"Expected steps >= 1, a width > 0 and parts that divide {BATCH}.")
    print(json.dumps(measure(**vars(arguments)), indent=2))


if __name__ == "__main__":
    main()
