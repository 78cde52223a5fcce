"""Report 3's figures and its page: what is drawn, and what is said of the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.page import Shown, claim, cost_table, gallery, opening, samples_side_by_side, training_curves
from tfvae import figures
from tfvae.figures import Figure
from tfvae.metrics.posterior import PosteriorStatistics
from tfvae.models.adversarial_vae import AdversarialVAE
from tfvae.sampling.traversal import axis_traversal, interpolate, two_axis_grid
from tfvae.training.experiment import FinishedRun, Report, TrainedRun
from tfvae.training.results import comparison_rows, first, markdown_table, number

ORDER = ("vae", "vae-patchgan", "gamix", "gamix-patchgan")
VALUES = (-6.0, 0.0, 6.0)
STEPS, LINES = 6, 6
GRID = 36

SHOWN = {
    "texture_ratio": "1 = as sharp as the images; goal: gamix-patchgan >= 0.9 where vae < 0.6",
    "reconstruction_l1": "goal: gamix-patchgan at most 5 % above vae",
    "reconstruction_mse": "",
    "reconstruction/fid_ratio": "of the very images that it compares with, so below 1 is possible",
    "active_units": "goal: all with gamix",
    "variance_of_means": "eq. 8 draws it to 1",
    "least_variance_of_means": "",
    "largest_mean_of_means": "eq. 8 draws it to 0",
    "posterior_variance": "eq. 11 draws it to 1",
    "least_posterior_variance": "0 = collapsed to an autoencoder",
    "gaussian/fid": "",
    "gaussian/fid_ratio": "1 = as good as real images",
    "gaussian/kid": "",
    "gaussian/precision": "",
    "gaussian/recall": "",
    "gaussian/density": "1 = as real images",
    "gaussian/coverage": "",
    "gaussian/texture_ratio": "1 = as sharp as the images",
    "prior/fid": "",
    "prior/fid_ratio": "1 = as good as real images",
    "prior/kid": "",
    "prior/precision": "",
    "prior/recall": "",
    "prior/density": "1 = as real images",
    "prior/coverage": "",
    "prior/texture_ratio": "1 = as sharp as the images",
    "gaussian/fid_inception": "",
    "gaussian/kid_inception": "",
    "prior/fid_inception": "",
    "reconstruction/fid_inception": "",
}
"""The rows of the closing table, each with what is known of it; the report gives pictures and no number."""

GALLERY = (
    Shown("Figure 2: variants", "A code drawn from a test image's posterior, with two entries set to -6, 0 and 6: the "
          "two that change the picture most. The values lie far outside of what the prior expects.", "variants",
          ORDER),
    Shown("Figure 3: transitions", "Straight lines between the codes of test images, six pictures each.",
          "transitions", ORDER),
    Shown("Reconstructions", "Originals above, reconstructions below.", "reconstructions", ORDER),
    Shown("Samples", "Codes from a Gaussian with the mean and covariance of the training images' codes.", "samples",
          ORDER),
    Shown("Samples of the prior", "Codes from N(0, I). Eq. 8 holds each dimension's mean and variance, and says "
          "nothing of how dimensions go together; neither does a KL term that gives way to the L1 error.",
          "prior_samples", ORDER),
    Shown("Posteriors, dimension by dimension", "Over the test images: mean and variance of the posterior means, and "
          "mean and deviation of the posterior variances, dimensions in the order of the second.", "posteriors",
          ORDER),
    Shown("Training", "The curves of the test images were looked at, and nothing was chosen on them.", "curves", ORDER),
)  # fmt: skip

DIFFERENCES = (
    "The report trains on 24,000 faces of CelebA-HQ at 256x256 and tests on 6,000; the top of this page says what ours "
    "saw. `--preset report` has its size, and takes any folder of faces.",
    "It names no widths, no latent dimension, no weights and no epochs: ours are in `config.json`. The weights were "
    "chosen on the last 400 training images, those of the judgment after others had been run on the test images and "
    "missed a goal there.",
    "Training shows the mirror image of a picture half of the time.",
    "It gives no number at all. Its words are measured by the texture ratio, the L1 error and the active units.",
    "The residual blocks have no normalization: batch normalization would tie the images of a batch together, and the "
    "others that we tried learned more slowly.",
    "The discriminator learns in the same step as the autoencoder, from an epoch before its judgment enters, and its "
    "pull on an image is capped. It learns slowly, which cost less of the L1 error than a fast one.",
    "It has what differs from each pixel's neighborhood enlarged besides, and the decoder, in all four variants, a "
    "fixed pattern like noise that turns with the code, to make hair and skin of. The report names neither; without "
    "them the texture ratio stayed near 0.8.",
)
"""What a reader of the report should know of ours."""


def run_figures(
    run: TrainedRun[Any],
    code: NDArray[np.float32],
    means: NDArray[np.float32],
    reconstructed: NDArray[np.uint8],
    samples: Mapping[str, NDArray[np.uint8]],
    statistics: PosteriorStatistics,
) -> dict[str, Figure]:
    """What the page shows of one variant.

    Args:
        run: the trained run.
        code: float32 [latent_dim], drawn from the first test image's posterior.
        means: float32 [N, latent_dim], posterior means of the test images.
        reconstructed: uint8 [N, H, W, C], decoded from them.
        samples: {"prior", "gaussian"}: uint8 [M, H, W, C] of each.
        statistics: over the test images.
    """
    order = np.argsort(-statistics.variance_of_means)
    return {
        "variants": _variants(run, code),
        "transitions": _transitions(run, means),
        "reconstructions": figures.reconstructions(
            run.data.test_images[:20], reconstructed[:20], title=f"Reconstructions of test images: {run.variant}"
        ),
        "samples": figures.sample_sheet(
            samples["gaussian"][:GRID], columns=9, title=f"Samples of a Gaussian fitted to the codes: {run.variant}"
        ),
        "prior_samples": figures.sample_sheet(
            samples["prior"][:GRID], columns=9, title=f"Samples of the prior: {run.variant}"
        ),
        "posteriors": figures.curves(
            {
                "mean of the means": statistics.mean_of_means[order].tolist(),
                "variance of the means": statistics.variance_of_means[order].tolist(),
                "mean of the variances": statistics.mean_of_variances[order].tolist(),
                "deviation of the variances": np.sqrt(statistics.variance_of_variances[order]).tolist(),
            },
            panels=True,
            title=f"Posteriors of the test images: {run.variant}",
            xlabel="dimension, by the variance of the means",
            ylabel="units of the code, squared for variances",
        ),
        "curves": training_curves(run.history, variant=run.variant),
    }


def entries_by_effect(model: AdversarialVAE, code: NDArray[np.float32]) -> tuple[int, int]:
    """The two entries of a code that change its picture most, from -6 to 6.

    effect[j] = mean over the pixels of abs(decode(code with code[j] = 6) - decode(code with code[j] = -6))

    Args:
        model: any model that decodes.
        code: float32 [latent_dim].
    """
    ends = axis_traversal(code, steps=2, extent=VALUES[-1])
    pictures = model.decode(ends.reshape(-1, len(code))).reshape(len(code), 2, -1)
    effects = np.abs(pictures[:, 1] - pictures[:, 0]).mean(axis=1)
    first_, second = np.argsort(-effects, kind="stable")[:2]
    return int(first_), int(second)


def _variants(run: TrainedRun[Any], code: NDArray[np.float32]) -> Figure:
    """Figure 2."""
    across, down = entries_by_effect(run.model, code)
    grid = two_axis_grid(code, (across, down), values=VALUES)
    labels = [f"{value:g}" for value in VALUES]
    return figures.sample_sheet(
        run.data.to_uint8(run.model.decode(grid)),
        columns=len(VALUES),
        title=f"Variants of a test image: {run.variant}",
        subtitle=f"entry {across} across, entry {down} down",
        row_labels=labels,
        column_labels=labels,
    )


def _transitions(run: TrainedRun[Any], means: NDArray[np.float32]) -> Figure:
    """Figure 3: between pairs of test images that a fixed seed draws, the same for every variant."""
    drawn = np.random.default_rng(0).permutation(len(means))[: 2 * LINES].reshape(2, -1)
    lines = interpolate(means[drawn[0]], means[drawn[1]], steps=STEPS)
    pictures = run.data.to_uint8(run.model.decode(lines.reshape(-1, means.shape[1])))
    return figures.interpolation_sheet(
        pictures.reshape(*lines.shape[:2], *pictures.shape[1:]), title=f"Transitions: {run.variant}"
    )


def report(runs: Sequence[FinishedRun]) -> Report:
    """`report.md`: every figure of the report, and its words as numbers."""
    runs = sorted(runs, key=lambda run: ORDER.index(run.variant))
    parts = opening(
        "Report 3: GaMix-VAE with PatchGAN on faces",
        "python -m experiments.gamix_faces --data-dir DIR",
        runs,
        judged="prior/fid",
    )
    parts += [
        "`random_vgg` is a stand-in for Inception: a network of random weights, which sees color, sharpness and what "
        "lies where, and knows no faces. Its FID compares the rows of this page and nothing else.\n"
    ]
    claims = _claims({variant: first(runs, variant) for variant in ORDER})
    if claims:
        parts += ["## What the report claims, and what we measure\n", *claims, ""]
    parts += ["## Numbers\n", markdown_table(comparison_rows(runs, SHOWN)), cost_table(runs), _settings(runs)]
    parts += ["## How this differs from the report\n", *[f"- {words}" for words in DIFFERENCES], ""]
    parts += gallery(runs, GALLERY)
    drawn = samples_side_by_side(runs, 25, columns=5, title="Pictures that were never taken")
    if drawn:
        parts += ["### Samples of all variants\n", "![Samples of all variants](overview.png)\n"]
    return Report("\n".join(parts), drawn)


def _claims(runs: Mapping[str, FinishedRun | None]) -> list[str]:
    """One sentence a claim, judged by the numbers."""
    plain, full = runs["vae"], runs["gamix-patchgan"]
    lines = []
    if plain and full:
        textures, errors = ([run.value(name) or np.nan for run in (full, plain)] for name in
                            ("texture_ratio", "reconstruction_l1"))  # fmt: skip
        lines += [
            claim("GaMix with PatchGAN makes realistic texture (a ratio of at least 0.9) where a standard VAE smooths "
                  "it away (below 0.6)", textures[0] >= 0.9 and textures[1] < 0.6,
                  f"{number(textures[0])} against {number(textures[1])}"),
            claim("it does so at an L1 error at most 5 % above the standard VAE's", errors[0] <= 1.05 * errors[1],
                  f"{number(errors[0])} against {number(errors[1])}, a ratio of {errors[0] / errors[1]:.4f}"),
        ]  # fmt: skip
    if all(runs.values()):
        others = {name: run.value("texture_ratio") or np.nan for name, run in runs.items() if run and run is not full}
        highest = max(others, key=lambda name: others[name])
        ours = full.value("texture_ratio") if full else None
        lines += [
            claim('"only with our modifications": GaMix with PatchGAN comes to a texture of 0.9, and no other does',
                  (ours or np.nan) >= 0.9 > others[highest],
                  f"{number(ours or np.nan)} against " + ", ".join(f"{number(value)} ({name})" for name, value in
                  others.items()) + f"; the highest is that of {highest}"),
        ]  # fmt: skip
    return lines + [
        line for name in ("gamix", "gamix-patchgan") if (run := runs[name]) for line in _of_codes(run, plain)
    ]


def _of_codes(run: FinishedRun, plain: FinishedRun | None) -> list[str]:
    latent = int(run.record["settings"]["latent_dim"])
    active, least = (run.value(name) or 0.0 for name in ("active_units", "least_posterior_variance"))
    beside = f"; the standard KL leaves {plain.value('active_units'):g}" if plain else ""
    return [
        claim(f"{run.variant} uses every latent unit", active == latent, f"{active:g} of {latent} are active{beside}"),
        claim(f"eq. 11 keeps the posterior variances of {run.variant} from vanishing", least > 1e-3,
              f"the smallest of a dimension, in the mean over the test images, is {number(least)}; below 0.001 the "
              "noise would be a thirtieth of the codes' spread"),
    ]  # fmt: skip


def _settings(runs: Sequence[FinishedRun]) -> str:
    """What the models were told, besides the networks' sizes."""
    lines = {}
    for run in runs:
        shown = {name: value for name, value in run.record["settings"].items() if name != "seed"}
        lines[run.variant] = ", ".join(f"{name} {value:g}" for name, value in sorted(shown.items()))
    return "\n".join(f"- {variant}, {first(runs, variant).record['epochs']} epochs: {words}"  # type: ignore[union-attr]
                     for variant, words in lines.items()) + "\n"  # fmt: skip
