"""Trains report 3's full model at 256x256 for a few steps, and prints what a step takes, as JSON.

    python -m experiments.gamix_faces_256                   the report preset, batch 32 in 4 parts
    python -m experiments.gamix_faces_256 --width 0.125 --steps 50 --warm-up-steps 50

The latter says whether the loss of a small model falls. The pictures are crops of two bundled photographs, or
`--data faces` of TFVAE_DATA_DIR.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace

import keras
import numpy as np

from experiments.gamix_faces import PRESETS, VARIANTS, compiling
from experiments.gan_vs_vae import scaled
from tfvae import data as datasets
from tfvae.training.estimate import multiply_adds
from tfvae.training.results import peak_memory_mb
from tfvae.training.strategy import choose_strategy, describe_device, repeatable

BATCH = 32
# An estimate needs a machine: what one H100 sustains of convolutions in bfloat16, a third of its dense peak, taken low.
GPU_FLOPS = 1e14
# Passes of a training step, in units of one way forward: a way back costs two. The discriminator sees images once and
# reconstructions twice, learns from both, and once tells the autoencoder alone.
PASSES = {"encoder": 3, "decoder": 3, "discriminator": 8}


def measure(steps: int, width: float, parts: int, warm_up_steps: int, data: str) -> dict[str, object]:
    """Trains `steps` steps and says what they took."""
    report = PRESETS["report"]
    sizes = report.networks
    narrow = replace(
        sizes,
        widths=scaled(sizes.widths, width),
        decoder_widths=scaled(sizes.decoder_widths, width),
        filters=scaled(sizes.filters, width),
    )
    # Without a warm-up the discriminator learns from the first step; its judgment has one in steps, below.
    config = replace(report, networks=narrow, weights=replace(report.weights, warm_up_epochs=0), parts=parts)
    images = datasets.load_images(data, image_size=config.image_size).subset(train=20 * BATCH, test=100)
    keras.utils.set_random_seed(0)
    model = VARIANTS["gamix-patchgan"](config, images, 0)
    model.warm_up_steps = warm_up_steps
    model.compile(**compiling(config, "gamix-patchgan"))
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


def mean_of(losses: Sequence[dict[str, float]], name: str) -> float:
    """Mean of a term over some steps."""
    return float(np.mean([step[name] for step in losses]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--width", type=float, default=1.0, help="scales the channels of every network")
    parser.add_argument("--parts", type=int, default=4, help="parts that a batch goes through the networks in")
    parser.add_argument("--warm-up-steps", type=int, default=0, help="steps before the discriminator's judgment enters")
    parser.add_argument("--data", default="textures", help="textures, faces or folder:PATH")
    arguments = parser.parse_args()
    if arguments.steps < 1 or arguments.width <= 0 or arguments.parts < 1 or BATCH % arguments.parts:
        parser.error(f"Expected steps >= 1, a width > 0 and parts that divide {BATCH}.")
    print(json.dumps(measure(**vars(arguments)), indent=2))


if __name__ == "__main__":
    main()
