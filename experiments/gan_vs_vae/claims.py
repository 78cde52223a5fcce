"""Report 4's figures and its page: what is drawn, and what is said of the numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.page import (
    Shown,
    claim,
    commands,
    cost_table,
    gallery,
    measured_on,
    opening,
    samples_side_by_side,
    training_curves,
)
from tfvae import figures
from tfvae.figures import Figure
from tfvae.files import read_json
from tfvae.models.autoencoder import Autoencoder
from tfvae.models.dcgan import DCGAN
from tfvae.networks.convolutional import chosen_categories
from tfvae.training.experiment import FinishedRun, Report, TrainedRun
from tfvae.training.results import comparison_rows, first, markdown_table, number, over_seeds

ORDER = ("dcgan", "dcgan-r1", "vae", "dcgan-slim")
GRID = 25
SHEET = 10
SNAPSHOTS = (1, 10, 20, 50)
LEAST_LOSS = 0.1
CHANCE = math.log(2)
NEAR_CHANCE = 0.002
LEAST_SHARE = 0.02
REPORTED_RATIO = 28.56 / 18.24

_FID, _SCORE = "report 4, section 3.8, Inception features", "report 4, section 3.8.1, Inception features"
_ERROR = "report 4, section 3.8.2, which names no measure"
REPORTED = {
    **{(gan, f"prior/fid{space}"): (18.24, _FID) for gan in ("dcgan", "dcgan-r1") for space in ("", "_inception")},
    **{("vae", f"prior/fid{space}"): (28.56, _FID) for space in ("", "_inception")},
    **{
        (gan, f"prior/inception_score{space}"): (2.76, _SCORE)
        for gan in ("dcgan", "dcgan-r1")
        for space in ("", "_inception")
    },
    ("vae", "reconstruction_bce"): (0.092, _ERROR),
    ("vae", "reconstruction_mse"): (0.092, _ERROR),
}
"""{(variant, metric): the report's number, and where it stands}."""

SHOWN = {
    "prior/fid": "18.24 DCGAN, 28.56 VAE, in Inception's space; goal: VAE / DCGAN > 1.57",
    "prior/fid_ratio": "1 = as good as real images; goal: slim <= 3",
    "prior/kid": "",
    "prior/inception_score": "2.76 DCGAN, in Inception's space; goal: slim >= 9.6",
    "prior/precision": "",
    "prior/recall": "",
    "prior/density": "1 = as real images",
    "prior/coverage": "",
    "prior/mode_coverage": "classes found; goal: 10",
    "prior/rarest_class_share": "goal: >= 0.05",
    "prior/unrecognizable_share": '"recognizably digits"',
    "prior/category_purity": "ours: samples of one learned vector that are of one class",
    "prior/near_copy_ratio": "1 = as new as test images, 0 = copies",
    "prior/near_copy_share": "0.01 = as new as test images",
    "reconstruction_bce": "0.092, without the measure's name",
    "reconstruction_mse": "0.092, without the measure's name",
    "elbo": "",
    "generator_parameters": "",
    "discriminator_parameters": "",
    "encoder_parameters": "",
    "decoder_parameters": "",
    "weights_mb": "",
    "peak_memory_mb": "of the process",
    "images_per_second": "when sampling",
    "prior/fid_inception": "18.24 DCGAN, 28.56 VAE",
    "prior/inception_score_inception": "2.76 DCGAN",
}
"""The rows of the closing table, each with the report's number or the goal."""

GALLERY = (
    Shown(
        "25 samples of each model",
        "As the report shows them; the codes are drawn once for each number of dimensions.",
        "samples",
        ORDER,
    ),
    Shown(
        "What the slim DCGAN's learned vectors stand for",
        "Nobody told it the classes. The first ten vectors, with other numbers of the code at random.",
        "categories",
        ("dcgan-slim",),
    ),
    Shown(
        "Reconstructions", "Originals above, reconstructions below; only the VAE has them.", "reconstructions", ("vae",)
    ),
    Shown(
        "The VAE's codes",
        "Test images at the end of the training, two principal components of ten dimensions.",
        "codes",
        ("vae",),
    ),
    Shown("Training", "The curves of the test images were looked at, and nothing was chosen on them.", "curves", ORDER),
    Shown("Classes in the samples", "Counted after every epoch in 1,000 samples by `mnist_cnn`.", "classes", ORDER),
)


def alarm(history: Sequence[Mapping[str, Any]]) -> str | None:
    """Early signs that a training fails.

    Of mode collapse: a discriminator that errs no more, classes that fade out of the samples. A class fades when it is
    gone, or when the rarest one's share is under half of the best that it was; and it is as good as gone below a
    fiftieth of the samples. And of a discriminator that has given up: its losses are those of a coin.

    Args:
        history: rows of the epochs so far.

    Returns:
        The warning of the last epoch, or None.

    Reference:
        Report 4, section 3.8.3.
    """
    if not history:
        return None
    signs, train = [], history[-1]["train"]
    errors = [train[name] for name in ("discriminator_real", "discriminator_fake") if name in train]
    if errors and sum(errors) < LEAST_LOSS:
        signs.append(f"the discriminator's loss is below {LEAST_LOSS:g} nats and teaches the generator little")
    watched = [row["watched"] for row in history if "watched" in row]
    if watched:
        counts, shares = ([row[name] for row in watched] for name in ("classes", "rarest_class_share"))
        if counts[-1] < max(counts):
            signs.append(f"samples show {counts[-1]:g} classes after {max(counts):g} before")
        if shares[-1] < max(shares) / 2:
            signs.append(f"the rarest class has {shares[-1]:.1%} of the samples after {max(shares):.1%} before")
        elif shares[-1] < LEAST_SHARE:
            signs.append(f"the rarest class has less than {LEAST_SHARE:.0%} of the samples")
    warnings = [f"signs of mode collapse: {'; '.join(signs)}"] if signs else []
    if errors and abs(sum(errors) / len(errors) - CHANCE) < NEAR_CHANCE:
        warnings.append(
            f"the discriminator's losses are within {NEAR_CHANCE:g} nats of chance, so it teaches the generator nothing"
        )
    return "; ".join(warnings) or None


def run_figures(run: TrainedRun[Any], sampled: NDArray[np.float32], images: NDArray[np.uint8]) -> dict[str, Figure]:
    """Samples and curves of one variant, and what only some have: categories, or codes and reconstructions.

    Args:
        run: the trained model and its data.
        sampled: float32 [samples, latent_dim], draws of the prior.
        images: uint8 [samples, height, width, channels], what the model makes of them.
    """
    data = run.data
    drawn = {
        "samples": figures.sample_sheet(images[:GRID], columns=5, title=f"Samples: {run.variant}"),
        "curves": training_curves(run.history, variant=run.variant),
    }
    if "watched" in run.history[0]:
        drawn["classes"] = figures.curves(
            {
                "classes": [row["watched"]["classes"] for row in run.history],
                "share of the rarest, %": [100 * row["watched"]["rarest_class_share"] for row in run.history],
            },
            title=f"Classes in 1,000 samples: {run.variant}",
            xlabel="epoch",
            ylabel="classes; share in %",
        )
    categories = chosen_categories(run.model.generator, sampled) if isinstance(run.model, DCGAN) else None
    if categories is not None:
        drawn["categories"] = _category_sheet(run.variant, images, categories)
    if isinstance(run.model, Autoencoder):
        originals = data.to_float(data.test_images)
        codes = run.model.encode(originals)
        drawn["codes"] = figures.latent_scatter(
            codes, data.test_labels, data.class_names, title=f"Codes of the test images: {run.variant}"
        )
        drawn["reconstructions"] = figures.reconstructions(
            data.test_images[:40],
            data.to_uint8(run.model.decode(codes[:40])),
            title=f"Reconstructions of test images: {run.variant}",
        )
    return drawn


def _category_sheet(variant: str, images: NDArray[np.uint8], categories: NDArray[np.int64]) -> Figure:
    """The first samples of the first vectors, as many of each as all of them have."""
    members = [np.flatnonzero(categories == category) for category in np.unique(categories)[:SHEET]]
    columns = min(SHEET, *map(len, members))
    chosen = np.concatenate([places[:columns] for places in members])
    return figures.sample_sheet(images[chosen], columns=columns, title=f"Learned vectors, a row each: {variant}")


def report(runs: Sequence[FinishedRun]) -> Report:
    """`report.md`: every figure and number of the report, ours beside them, with a sentence on each."""
    main = sorted((run for run in runs if run.variant in ORDER), key=lambda run: ORDER.index(run.variant))
    title, command = "Report 4: DCGAN against VAE", "python -m experiments.gan_vs_vae --data-dir DIR"
    parts = opening(title, command, main or runs, judged="prior/fid", by_epochs=True)
    dcgan, steadied, vae, slim = (first(runs, variant) for variant in ORDER)
    claims = _claims(dcgan, steadied, vae, slim)
    if claims:
        parts += ["## What the report claims, and what we measure\n", *claims, ""]
    parts += ["## Numbers\n", markdown_table(comparison_rows(main, SHOWN)), cost_table(main), _epochs(main)]
    parts += ["## Mode collapse\n", *[_collapse(run) for run in main], ""]
    parts += [*gallery(main, GALLERY), *_snapshots(main)]
    drawn = samples_side_by_side(main, 2 * GRID, columns=5, title="Digits that were never written")
    sweep = [run for run in runs if run.variant.startswith("sweep-")]
    if sweep:
        parts += ["## Customization: other latent sizes and widths\n", *_sweep(sweep)]
        drawn |= _sweep_figure(sweep)
    return Report("\n".join(parts), drawn)


def _claims(
    dcgan: FinishedRun | None, steadied: FinishedRun | None, vae: FinishedRun | None, slim: FinishedRun | None
) -> list[str]:
    """One sentence a claim, judged by the numbers; none of images that have no judge."""
    gans = [run for run in (dcgan, steadied, slim) if run]
    gan = gans[0] if gans else None
    lines = [line for run in gans if vae for line in _of_realism(run, vae)]
    lines += _of_digits([*gans, vae]) + _of_errors(vae) if vae else []
    if gan and vae:
        sizes, seconds = ([run.record[key] for run in (gan, vae)] for key in ("parameters", "seconds_per_epoch"))
        lines += [
            claim("a GAN has the larger networks", sizes[0] > sizes[1],
                  f"{sizes[0]:,} parameters of {gan.variant} against {sizes[1]:,}"),
            claim("a GAN takes more training time", seconds[0] > seconds[1],
                  f"{number(seconds[0])} seconds an epoch against {number(seconds[1])}"),
        ]  # fmt: skip
    for large in filter(None, (dcgan, steadied)):
        if slim is None:
            break
        share = slim.record["parameters"] / large.record["parameters"]
        ours, theirs = _values("prior/fid", slim, large)
        if np.isnan([ours, theirs]).any():
            continue
        lines.append(
            claim(f"a DCGAN of a tenth of the parameters is as good as {large.variant} (ours, not the report's)",
                  ours <= theirs and share <= 0.1,
                  f"FID {number(ours)} with {share:.1%} of the parameters, after {slim.record['epochs']} epochs, "
                  f"against {number(theirs)} after {large.record['epochs']}")
        )  # fmt: skip
    return lines


def _of_realism(gan: FinishedRun, vae: FinishedRun) -> list[str]:
    ours, theirs = _values("prior/fid", gan, vae)
    if np.isnan(ours):
        return []
    return [
        claim(f"{gan.variant} makes more realistic images than the VAE, by more than the report's ratio of FIDs, "
              f"{REPORTED_RATIO:.2f}", theirs / ours > REPORTED_RATIO,
              f"FID {number(ours)} against {number(theirs)}, a ratio of {theirs / ours:.2f}")
    ]  # fmt: skip


def _of_digits(runs: Sequence[FinishedRun]) -> list[str]:
    unsure = _values("prior/unrecognizable_share", *runs)
    if np.isnan(unsure).any():
        return []
    shares = ", ".join(f"{share:.1%} of {run.variant}'s" for run, share in zip(runs, unsure, strict=True))
    return [
        claim("every model's images can be recognized as digits", max(unsure) < 0.1,
              f"the classifier is below 0.5 sure of these shares of the samples: {shares}")
    ]  # fmt: skip


def _of_errors(vae: FinishedRun) -> list[str]:
    entropy, square = (_values(f"reconstruction_{name}", vae)[0] for name in ("bce", "mse"))
    return [
        claim("the VAE's reconstruction error is not above the report's 0.092", entropy <= 0.092,
              f"a binary cross-entropy of {number(entropy)} nats a pixel and a squared error of {number(square)}; the "
              "report does not say which it means. Gray pixels have an entropy of their own, below which no "
              "cross-entropy comes")
    ]  # fmt: skip


def _values(metric: str, *runs: FinishedRun) -> tuple[float, ...]:
    values = (run.value(metric) for run in runs)
    return tuple(np.nan if value is None else value for value in values)


def _epochs(runs: Sequence[FinishedRun]) -> str:
    lengths = {f"{run.variant} {run.record['epochs']} epochs" for run in runs}
    return f"Trained for: {', '.join(sorted(lengths))}; the report trains each model for 100.\n" if lengths else ""


def _collapse(run: FinishedRun) -> str:
    """The warnings of a run's history, by epoch, or that there was none."""
    history = read_json(run.folder.history) if run.folder.history.exists() else []
    warnings = [(row["epoch"], alarm(history[: place + 1])) for place, row in enumerate(history)]
    warned = [(epoch, warning) for epoch, warning in warnings if warning]
    classes, rarest = _values("prior/mode_coverage", run)[0], _values("prior/rarest_class_share", run)[0]
    end = "" if np.isnan(classes) else f" In the end its samples show {classes:g} classes, the rarest {rarest:.1%}."
    if not warned:
        return f"- {run.variant} seed {run.seed}: no warning in {len(history)} epochs.{end}"
    epochs = ", ".join(str(epoch) for epoch, _ in warned)
    return f"- {run.variant} seed {run.seed}: warned at epochs {epochs}; the last: {warned[-1][1]}.{end}"


def _snapshots(runs: Sequence[FinishedRun]) -> list[str]:
    """Figures 1 and 2: samples, and the VAE's latent space, as the training goes on."""
    lines = []
    for title, variant, tag in (
        ("Figure 1: samples of the report's DCGAN", "dcgan", "samples"),
        ("Figure 1, again: samples of the same networks, steadied", "dcgan-r1", "samples"),
        ("Figure 1, again: samples of the slim DCGAN", "dcgan-slim", "samples"),
        ("The VAE's samples", "vae", "samples"),
        ("Figure 2: latent space of the VAE", "vae", "codes"),
    ):
        run = first(runs, variant)
        paths = {epoch: run.folder.figures / f"epoch-{epoch:03}_{tag}.png" for epoch in SNAPSHOTS} if run else {}
        links = {epoch: "/".join(path.parts[-4:]) for epoch, path in paths.items() if path.exists()}
        if links:
            epochs = ", ".join(map(str, links))
            lines += [f"### {title}\n", f"Epochs {epochs}, from left to right, always of the same codes or images.\n"]
            lines += [" ".join(f"![epoch {epoch}]({link})" for epoch, link in links.items()) + "\n"]
    return lines


def _sweep(runs: Sequence[FinishedRun]) -> list[str]:
    """How the sweep is run, its table, and the best and the worst point of each model."""
    metrics = ("prior/fid", "prior/fid_ratio", "prior/inception_score", "prior/recall", "prior/rarest_class_share",
               "reconstruction_bce")  # fmt: skip
    rows = [["variant", "latent", "relative width", "parameters", "epochs", "seconds an epoch", *metrics]]
    for run in runs:
        settings, record = run.record["settings"], run.record
        costs = [f"{record['parameters']:,}", str(record["epochs"]), number(record["seconds_per_epoch"])]
        chosen = [f"{settings[name]:g}" for name in ("latent_dim", "relative_width")]
        rows.append([run.variant, *chosen, *costs, *(over_seeds([run.value(metric)]) for metric in metrics)])
    points = _points(runs)
    extremes = [_extremes(family, group) for family, group in points.items() if len(group) > 1]
    lengths = {run.record["epochs"] for run in runs}
    epochs = f" --training.epochs {lengths.pop()}" if len(lengths) == 1 else ""
    (command,) = commands(f"python -m experiments.gan_vs_vae_sweep --data-dir DIR{epochs}", runs)
    lines = [f"{command} makes these, a point at a time. Measured on:\n", measured_on(runs), markdown_table(rows)]
    return [*lines, *extremes, *(["![Quality against size](customization.png)\n"] if points else [])]


def _points(runs: Sequence[FinishedRun]) -> dict[str, list[tuple[str, float, float]]]:
    """{model: its points, each with its name, parameters and FID over that of real images}, without unscored ones."""
    points: dict[str, list[tuple[str, float, float]]] = {}
    for run in runs:
        quality = run.value("prior/fid_ratio")
        if quality is not None:
            settings = run.record["settings"]
            width = settings["relative_width"]
            name = f"{settings['latent_dim']:g}-D" + (f", width {width:g}" if width != 1 else "")
            points.setdefault(run.variant.split("-")[1], []).append((name, run.record["parameters"], quality))
    return points


def _extremes(family: str, points: Sequence[tuple[str, float, float]]) -> str:
    (best, _, lowest), (worst, _, highest) = (pick(points, key=lambda point: point[2]) for pick in (min, max))
    return (
        f"Of the {family}'s points, {best} has the lowest FID over that of real images, {number(lowest)}, and {worst} "
        f"the highest, {number(highest)}.\n"
    )


def _sweep_figure(runs: Sequence[FinishedRun]) -> dict[str, Figure]:
    """Quality against size, a point a run."""
    points = _points(runs)
    if not points:
        return {}
    return {
        "customization": figures.quality_against_size(
            points,
            title="Customization: quality against size",
            xlabel="trained parameters of all networks",
            ylabel="FID over that of real images (dimensionless)",
            reference=1.0,
            reference_label="real training images",
        )
    }
