"""Report 0's figures and its page: what is drawn, and what is said of the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.page import (
    Shown,
    claim,
    codes_and_reconstructions,
    cost_table,
    gallery,
    opening,
    rows_by_class,
    training_curves,
)
from tfvae import figures
from tfvae.figures import Figure
from tfvae.metrics.conditional import class_accuracy, cosine_similarity, unrecognizable
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.samples import RealReference
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.sampling.traversal import interpolate
from tfvae.training.experiment import FinishedRun, Report, TrainedRun
from tfvae.training.results import (
    comparison_rows,
    first,
    markdown_table,
    number,
    over_seeds,
)

Sheets = Mapping[str, tuple[NDArray[np.uint8], NDArray[np.int64] | None]]

SHRUNK = "class_gaussian@1.5"
SHEET = 100

SHOWN = {
    "elbo": "goal after 50 epochs >= -111 (vanilla-6)",
    "nll": "",
    "reconstruction_bce": "",
    "reconstruction_mse": "",
    "silhouette": '"well-separated"; goal: center >= vanilla + 0.2',
    "active_units": "",
    "posterior_deviation": "0 = no noise left in the encoder",
    **{
        f"{sampler}/unrecognizable_share": claim
        for sampler, claim in (
            ("prior", "samples of N(0, I)"),
            (SHRUNK, '"noticeable reduction"; goal: center < half of vanilla\'s prior'),
        )
    },
    **{
        f"class_gaussian{suffix}/class_accuracy": claim
        for suffix, claim in (("", ""), ("@1.5", '"more likely to belong"; goal: center >= 0.94'), ("@3", ""))
    },
    **{f"class_gaussian{suffix}/cosine_similarity": "" for suffix in ("", "@1.5", "@3")},
    "prior/fid": "", "prior/fid_ratio": "1 = as good as real images", "prior/kid": "", "prior/inception_score": "",
    f"{SHRUNK}/fid": "", f"{SHRUNK}/fid_ratio": "", f"{SHRUNK}/kid": "", f"{SHRUNK}/inception_score": "",
    "class_gaussian/fid": "", "mixture/fid": "", "mixture@1.5/fid": "", "mixture@1.5/class_accuracy": "",
    "class_mixture/fid": "", "class_mixture/fid_ratio": "", "class_mixture/class_accuracy": "",
}  # fmt: skip
"""The rows of the closing table, each with the report's words or the goal; the report itself gives no number."""


PAIR = ("vanilla-6", "center-6")
GALLERY = (
    Shown(
        "Figure 1: one image of each class",
        "The first training image of each class, where the report picks its own.",
        "classes",
        ("vanilla-6",),
    ),
    Shown(
        "Figures 2 and 4: codes in three dimensions",
        "Test images, where the report does not say which; silhouettes "
        "measure the separation that it describes in words.",
        "codes",
        ("vanilla-3", "center-3"),
    ),
    Shown(
        "The six-dimensional codes",
        "Their first three principal components; the report shows none of these.",
        "codes",
        PAIR,
    ),
    Shown(
        "Figure 3: the VAE's samples from N(0, I)",
        "As in the report; what the classifier is not sure of is framed.",
        "samples_prior",
        ("vanilla-6",),
    ),
    Shown(
        "Figure 5: the center model's samples, variance divided by 1.5",
        "One Gaussian a class by maximum likelihood, a row a class, where the report mixes the classes.",
        f"samples_{SHRUNK}",
        ("center-6",),
    ),
    Shown(
        "Figure 5, read the other way",
        "scikit-learn's mixture of ten Gaussians, started at the class means and matched "
        "to the classes afterwards: the report's text allows either reading.",
        "samples_mixture@1.5",
        ("center-6",),
    ),
    Shown(
        "The same Gaussians on the plain VAE",
        "The control that the report leaves out: how much of the gain is the "
        "mixture's, and how much the center loss's.",
        f"samples_{SHRUNK}",
        ("vanilla-6",),
    ),
    Shown(
        "Figure 6: decoded means of the Gaussians",
        "The center model's as in the report, and the VAE's beside them.",
        "means",
        ("center-6", "vanilla-6"),
    ),
    Shown(
        "Ten Gaussians a class, variance as fitted",
        "Beyond the report: more variety at the same models.",
        "samples_class_mixture",
        PAIR,
    ),
    Shown(
        "Dividing the variance",
        "The report tries 1.5 alone. Accuracy rises, and variety falls.",
        "shrinking",
        ("center-6", "vanilla-6"),
    ),
    Shown("Reconstructions", "Originals above, reconstructions below.", "reconstructions", PAIR),
    Shown(
        "Interpolations",
        "Straight lines between the codes of two test images. Between well-separated classes lies "
        "ground that no training image decodes to.",
        "interpolations",
        PAIR,
    ),
    Shown("Training", "The curves of the test images were looked at, and nothing was chosen on them.", "curves", PAIR),
)
"""The report's figures in its order."""

ORDER = ("vanilla-6", "center-6", "vanilla-3", "center-3")


def run_figures(
    run: TrainedRun[Any],
    samplers: Mapping[str, GaussianMixtureSampler],
    sheets: Sheets,
    metrics: Mapping[str, Measurement],
    reference: RealReference | None,
) -> dict[str, Figure]:
    """The report's figures 1 to 6 of one variant, and curves, reconstructions and interpolations beside them."""
    model, data = run.model, run.data
    images = data.to_float(data.test_images)
    codes = model.encode(images)
    pairs = [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9)]
    ends = np.array([[np.flatnonzero(data.test_labels == label % data.classes)[0] for label in pair] for pair in pairs])
    lines = interpolate(codes[ends[:, 0]], codes[ends[:, 1]], steps=11)
    between = data.to_uint8(model.decode(lines.reshape(-1, model.latent_dim)))
    gaussians = samplers["class_gaussian"]
    drawn = {
        "classes": figures.class_examples(data.train_images, data.train_labels, data.class_names),
        **codes_and_reconstructions(run, codes, metrics["silhouette"].value),
        "means": figures.gaussian_means(
            data.to_uint8(model.decode(gaussians.component_means())),
            np.sort(np.asarray(gaussians.labels)),
            class_names=data.class_names,
            title=f"Decoded mean of each Gaussian: {run.variant}",
        ),
        "interpolations": figures.interpolation_sheet(
            between.reshape(len(pairs), 11, *data.image_shape),
            title=f"From one test image to another: {run.variant}",
        ),
        "curves": training_curves(run.history, variant=run.variant),
    }
    for name in ("prior", "class_gaussian", SHRUNK, "mixture@1.5", "class_mixture"):
        drawn[f"samples_{name}"] = _sheet(run, name, sheets[name], metrics, reference)
    if reference is not None and reference.classes_fit:
        drawn["shrinking"] = _shrinking(run, metrics, reference)
    return drawn


def _sheet(
    run: TrainedRun[Any],
    name: str,
    sheet: tuple[NDArray[np.uint8], NDArray[np.int64] | None],
    metrics: Mapping[str, Measurement],
    reference: RealReference | None,
) -> Figure:
    """A hundred samples of one sampler, in rows of one class where it has classes; unrecognizable ones are framed."""
    images, labels = sheet
    rows = images[:SHEET] if labels is None else rows_by_class(images, labels, run.data.classes)
    share = metrics.get(f"{name}/unrecognizable_share")
    subtitle = "" if share is None else f"{share.value:.1%} unrecognizable (classifier below 0.5 sure)"
    frames = None
    if reference is not None and reference.classes_fit:
        frames = unrecognizable(reference.extractor(rows).logits)
    return figures.sample_sheet(
        rows,
        columns=10,
        title=f"Samples of {name}: {run.variant}",
        subtitle=subtitle,
        row_labels=None if labels is None or len(rows) != 10 * run.data.classes else run.data.class_names,
        frames=frames,
    )


def _shrinking(run: TrainedRun[Any], metrics: Mapping[str, Measurement], reference: RealReference) -> Figure:
    """What dividing the covariances does: surer classes, less variety."""
    names = {1.0: "class_gaussian", 1.5: SHRUNK, 3.0: "class_gaussian@3"}
    data = run.data
    return figures.metric_curves(
        list(names),
        {
            "class accuracy": [metrics[f"{name}/class_accuracy"].value for name in names.values()],
            "cosine similarity": [metrics[f"{name}/cosine_similarity"].value for name in names.values()],
        },
        references={
            "class accuracy": class_accuracy(reference.test.logits, data.test_labels[: len(reference.test.logits)]),
            "cosine similarity": cosine_similarity(data.test_images, data.test_labels),
        },
        title=f"Dividing the covariance of each class: {run.variant}",
        xlabel="factor that the covariance is divided by",
        ylabel="share of samples, or mean cosine (dimensionless)",
        reference_label="real test images",
    )


def report(runs: Sequence[FinishedRun]) -> Report:
    """`report.md`: every figure and claim of the report, ours beside them, with a sentence on each."""
    main = sorted((run for run in runs if run.variant in ORDER), key=lambda run: ORDER.index(run.variant))
    vanilla, center = first(runs, "vanilla-6"), first(runs, "center-6")
    title, command = "Report 0: VAE against center-loss VAE with a Gaussian mixture", "python -m experiments.center_gmm"
    parts = opening(title, f"{command} --data-dir DIR", runs, judged=f"{SHRUNK}/fid")
    if vanilla and center:
        parts += ["## What the report claims, and what we measure\n", *_claims(vanilla, center)]
    parts += ["## Numbers\n", markdown_table(comparison_rows(main, SHOWN))]
    parts += [cost_table(main), *gallery(main, GALLERY)]
    sweep = [run for run in runs if run.variant.startswith("sweep-")]
    if sweep:
        parts += _sweep([*sweep, *([center] if center else [])])
    # A clone has the committed runs without their samples; it keeps the picture that was drawn from them.
    if vanilla and center and vanilla.folder.samples.exists() and center.folder.samples.exists():
        return Report("\n".join(parts), {"overview": _overview(vanilla, center)})
    return Report("\n".join(parts))


def _claims(vanilla: FinishedRun, center: FinishedRun) -> list[str]:
    """One sentence a claim, judged by the numbers."""
    separation = _pair(vanilla, center, "silhouette")
    noise = _pair(vanilla, center, "posterior_deviation")
    lines = [
        claim("the center model's codes are better separated (figures 2 and 4)", separation[1] > separation[0],
               f"silhouette of the test codes {number(separation[1])} against {number(separation[0])}"),
        claim("without a KL term the encoder's noise vanishes, so the center model is an autoencoder in all but name "
               "and its codes need the mixture to be sampled from (ours, not the report's)", noise[1] < noise[0] / 10,
               f"mean standard deviation of the posterior {noise[1]:.1e} against {noise[0]:.1e}"),
    ]  # fmt: skip
    before, after = vanilla.value("prior/unrecognizable_share"), center.value(f"{SHRUNK}/unrecognizable_share")
    if before is None or after is None:
        return [*lines, "- No classifier fits these pictures, so the claims on samples have no number here.\n"]
    same = vanilla.value(f"{SHRUNK}/unrecognizable_share")
    accuracies = [center.value(f"class_gaussian{suffix}/class_accuracy") for suffix in ("", "@1.5", "@3")]
    cosines = [center.value(f"class_gaussian{suffix}/cosine_similarity") for suffix in ("", "@1.5", "@3")]
    fids = _pair(vanilla, center, f"{SHRUNK}/fid")
    plain = _pair(vanilla, center, "class_gaussian/fid")
    prior = vanilla.value("prior/fid") or np.nan
    lines += [
        claim("fewer redundant images (figures 3 and 5)", after < before,
               f"{after:.1%} of the center model's samples are unrecognizable against {before:.1%} of the VAE's from "
               f"N(0, I); the same class Gaussians on the plain VAE's codes give {same:.1%}"),
        claim("dividing the variance makes the class surer", accuracies == sorted(accuracies, key=lambda a: a or 0),
               f"class accuracy {' / '.join(map(number, accuracies))} at factors 1 / 1.5 / 3"),
        f"- What the report does not say: it costs variety. Mean cosine similarity within a class rises to "
        f"{' / '.join(map(number, cosines))} at the same factors.",
        claim("the center model's samples are better images", fids[1] < min(prior, fids[0]),
               f"FID {number(fids[1])} from its class Gaussians, {number(fids[0])} from class Gaussians on the VAE, "
               f"{number(prior)} from the VAE's N(0, I); at factor 1 {number(plain[1])} against {number(plain[0])}. "
               "We suspect that dividing the variance costs it most where the codes of a class are spread least, and "
               "that what the classes gain in distance is paid for in reconstruction (see the numbers)"),
        "",
    ]  # fmt: skip
    return lines


def _pair(one: FinishedRun, other: FinishedRun, metric: str) -> tuple[float, float]:
    values = (one.value(metric), other.value(metric))
    return tuple(np.nan if value is None else value for value in values)  # type: ignore[return-value]


def _sweep(runs: Sequence[FinishedRun]) -> list[str]:
    """What the weight of the center loss and the step of the centers do."""
    metrics = {
        "noise of the encoder": "posterior_deviation",
        "silhouette": "silhouette",
        "reconstruction_bce": "reconstruction_bce",
        "class accuracy @1.5": f"{SHRUNK}/class_accuracy",
        "unrecognizable @1.5": f"{SHRUNK}/unrecognizable_share",
        "cosine @1.5": f"{SHRUNK}/cosine_similarity",
        "FID @1.5": f"{SHRUNK}/fid",
        "FID, ten a class": "class_mixture/fid",
    }
    rows = [["variant", "lambda", "centers' step", "their spread", *metrics]]
    for run in sorted(runs, key=lambda run: (run.record["settings"]["center_weight"], run.variant)):
        setting = run.record["settings"]
        values = [over_seeds([run.value(metric)]) for metric in metrics.values()]
        chosen = [f"{setting[f'center_{name}']:g}" for name in ("weight", "step", "spread")]
        rows.append([run.variant, *chosen, *values])
    return ["## What the weight of the center loss and the step of the centers do\n", markdown_table(rows)]


def _overview(vanilla: FinishedRun, center: FinishedRun) -> Figure:
    """Samples of both models side by side: the report in one picture."""
    sheets = {}
    for title, run in (("VAE, z from N(0, I)", vanilla), ("Center loss, a Gaussian a class", center)):
        with np.load(run.folder.samples, allow_pickle=False) as arrays:
            sheets[title] = arrays["images"][:SHEET]
    return figures.sample_comparison(sheets, columns=10, title="Digits that were never written")
