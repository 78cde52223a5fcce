"""Report 1's figures and its page: what is drawn, and what is said of the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from experiments.latent_generators_search import (
    REPORTED,
    WANTED,
    Judges,
    Sheets,
    Tuned,
    frontier_samples,
    measured_frontiers,
    real_point,
)
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
from tfvae.files import read_json, write_json
from tfvae.metrics.aggregate_posterior import posterior_samples
from tfvae.metrics.measurement import Measurement
from tfvae.training.experiment import FinishedRun, Report, TrainedRun
from tfvae.training.results import by_variant, comparison_rows, first, markdown_table, number, over_seeds

TITLES = {
    "simple": "Simple",
    "medium1": "Medium-1",
    "medium1@prioritized": "Medium-1, the report's search",
    "medium1@facing": "Medium-1, facing axes",
    "medium2": "Medium-2",
    "medium2@prioritized": "Medium-2, the report's search",
    "medium2@facing": "Medium-2, facing axes",
    "beyond": "Mixture, kept where sure",
}
OTHERS = {"simple@reported": "Simple, the report's setting", "class_mixture": "Mixture per class, all kept"}
JUDGES = {"report_accuracy": "the report's classifier", "class_accuracy": "mnist_cnn"}
FRONTIERS = "frontiers.json"
GOALS = {("mmd-10", "medium1"): (0.75, 0.998), ("mmd-10", "medium2"): (0.68, 0.9995)}
"""Cosine similarity at most, accuracy by the report's kind of classifier at least."""
TOLERANCE = (0.02, 0.005)  # of Simple: similarity above and accuracy below the reported
BEYOND = (0.60, 0.995)  # cosine similarity at most, accuracy by `mnist_cnn` at least

SHOWN = {
    "elbo": "", "reconstruction_bce": "", "reconstruction_mse": "", "mmd": "0 = the prior",
    "mmd_floor": "two samples of the prior", "code_mean_largest": "prior: 0", "code_variance_smallest": "prior: 1",
    "code_variance_largest": "prior: 1", "posterior_deviation": "0 = no noise left in the encoder", "active_units": "",
    "classifier_accuracy_train": '"> 0.97 on the training set samples"', "classifier_accuracy": "",
    "simple/cosine_similarity": "ELBO-20 0.920, MMD-20 0.887", "simple/report_accuracy": "ELBO-20 0.995, MMD-20 0.9968",
    "simple/class_accuracy": "", "simple@reported/cosine_similarity": "at the report's own theta and n",
    "simple@reported/report_accuracy": "at the report's own theta and n",
    "medium1/cosine_similarity": "MMD-10 0.8132; goal <= 0.75", "medium1/report_accuracy": "MMD-10 0.9980",
    "medium1/class_accuracy": "", "medium1@prioritized/cosine_similarity": "the report's own search, our budget",
    "medium1@prioritized/report_accuracy": "", "medium2/cosine_similarity": "MMD-10 0.7461; goal <= 0.68",
    "medium2/report_accuracy": "MMD-10 0.9999; goal >= 0.9995", "medium2/class_accuracy": "",
    "medium2@prioritized/cosine_similarity": "the report's own search, our budget",
    "medium2@prioritized/report_accuracy": "", "medium1@facing/cosine_similarity": "goal <= 0.75 (mmd-10)",
    "medium1@facing/report_accuracy": "goal >= 0.998 (mmd-10)", "medium1@facing/class_accuracy": "",
    "medium2@facing/cosine_similarity": "goal <= 0.68 (mmd-10)",
    "medium2@facing/report_accuracy": "goal >= 0.9995 (mmd-10)", "medium2@facing/class_accuracy": "",
    "medium1@facing/fid": "", "medium2@facing/fid": "", "beyond/cosine_similarity": "goal <= 0.60",
    "beyond/class_accuracy": "goal >= 0.995", "beyond/acceptance_rate": "", "beyond/fid": "goal: below class_mixture's",
    "beyond/fid_ratio": "1 = as good as real images", "class_mixture/cosine_similarity": "",
    "class_mixture/class_accuracy": "", "class_mixture/fid": "", "class_gaussian/fid": "", "prior/fid": "",
    "prior/inception_score": "", "beyond/inception_score": "",
}  # fmt: skip
"""The rows of the closing table, each with the report's number or the goal."""

WHY_LATENT_AXES = (
    "We suspect the axes: the prior of the MMD is isotropic, so the latent dimensions are an arbitrary rotation, and "
    "in ten dimensions nine of them separate ten classes; every dimension then costs accuracy, as the report's own "
    "theta, small in all dimensions but one, shows"
)
WEIGHTS = (
    "The weight of the discrepancy was chosen on training images, by the frontier of Medium-2 on their codes: a "
    "lighter one lets the codes drift away from the prior until nothing holds them, a heavier one draws the classes "
    "over each other. The report gives none. Without a KL term the encoder's noise vanishes, so an MMD-VAE is an "
    "autoencoder whose codes as a whole follow the prior.\n"
)
WHY_FID_RISES = (
    "Where it rises, we suspect that the classifier also refuses digits that are rightly unusual, which the real "
    "images hold too: what it takes away in errors it takes away in variety"
)
TWENTY = ("elbo-20", "mmd-20")
GALLERY = (
    Shown(
        "Figure 2: Simple on ELBO-20",
        "Theta and n of the most varied setting that is surely 0.995 accurate; the report shows 0.4 / 2.",
        "samples_simple",
        ("elbo-20",),
    ),
    Shown("Figure 3: Simple on MMD-20", "Likewise; the report shows 0.6 / 3.", "samples_simple", ("mmd-20",)),
    Shown(
        "Figure 4: Medium-1 on MMD-10",
        "By gradient, finished; the report's prioritized search under a budget is in the table.",
        "samples_medium1",
        ("mmd-10",),
    ),
    Shown("Figure 5: Medium-2 on MMD-10", "By gradient, finished.", "samples_medium2", ("mmd-10",)),
    Shown(
        "Figures 4 and 5 along axes that face the other classes",
        "Medium-1 and Medium-2 with as many numbers as in the report, along axes of each class's own covariance, those "
        "that reach toward other classes first.",
        "samples_medium1@facing",
        ("mmd-10", "mmd-20"),
    ),
    Shown("Medium-2 along these axes", "Likewise.", "samples_medium2@facing", ("mmd-10", "mmd-20")),
    Shown(
        "Beyond the report: a mixture per class, kept where a classifier is sure",
        "Ten Gaussians with full covariances a class; the share that is kept is in the table.",
        "samples_beyond",
        TWENTY,
    ),
    Shown("The same mixtures, everything kept", "Nothing is rejected here.", "samples_class_mixture", TWENTY),
    Shown(
        "Figure 1 for each model",
        "The frontier of every generator on fresh samples, by both judges; the cross is the report's number.",
        "frontier",
        ("elbo-2", "mmd-2", "elbo-10", "mmd-10"),
    ),
    Shown("Codes and the prior", "Mean and variance of the codes in each dimension.", "moments", TWENTY),
    Shown("Codes of the test images", "In two dimensions as they are.", "codes", ("elbo-2", "mmd-2")),
    Shown("Reconstructions", "Originals above, reconstructions below.", "reconstructions", TWENTY),
    Shown(
        "Training", "The curves of the test images were looked at, and nothing was chosen on them.", "curves", TWENTY
    ),
)
"""The report's figures in its order."""


def run_figures(
    run: TrainedRun[Any], judges: Judges, tuned: Tuned, sheets: Sheets, metrics: Mapping[str, Measurement]
) -> dict[str, Figure]:
    """The figures of one variant; what figure 1 needs is kept beside them, for the page to draw two models in one."""
    model, data = run.model, run.data
    images = data.to_float(data.test_images)
    codes = model.encode(images)
    frontiers: dict[str, Any] = {"real": real_point(judges, data), "samples": frontier_samples(run)}
    frontiers["generators"] = measured_frontiers(run, judges, tuned)
    frontiers["chosen"] = {name: theta.tolist() for name, theta in tuned.settings.items()}
    write_json(run.folder.path / FRONTIERS, frontiers)
    reported = {f"report: {TITLES[name]}": pair for (variant, name), pair in REPORTED.items() if variant == run.variant}
    drawn = {
        "frontier": _frontier({run.variant: frontiers}, reported),
        "moments": _moments(run),
        **codes_and_reconstructions(run, codes, metrics["silhouette"].value),
        "curves": training_curves(run.history, variant=run.variant),
    }
    for name in ("simple", "medium1", "medium2", "medium1@facing", "medium2@facing", "class_mixture", "beyond"):
        if name in sheets:
            drawn[f"samples_{name}"] = _sheet(run, name, sheets, metrics)
    return drawn


def _moments(run: TrainedRun[Any]) -> Figure:
    codes = posterior_samples(run.model, run.data.to_float(run.data.test_images), seed=run.seed)
    return figures.metric_curves(
        np.arange(1, codes.shape[1] + 1),
        {"mean": codes.mean(axis=0).tolist(), "variance": codes.var(axis=0).tolist()},
        references={"mean": 0.0, "variance": 1.0},
        reference_label="prior",
        title=f"Codes of the test images, dimension by dimension: {run.variant}",
        xlabel="latent dimension",
        ylabel="mean and variance, in units of the prior",
    )


def _sheet(run: TrainedRun[Any], name: str, sheets: Sheets, metrics: Mapping[str, Measurement]) -> Figure:
    """Ten rows, each of one class."""
    images, labels = sheets[name]
    rows = rows_by_class(images, labels, run.data.classes)  # type: ignore[arg-type]
    cosine, accuracy = (metrics[f"{name}/{key}"].value for key in ("cosine_similarity", "report_accuracy"))
    return figures.sample_sheet(
        rows,
        columns=10,
        title=f"{({**TITLES, **OTHERS})[name]}: {run.variant}",
        subtitle=f"cosine similarity {cosine:.3f}, accuracy {accuracy:.4f} by the report's classifier",
        row_labels=run.data.class_names if len(rows) == 10 * run.data.classes else None,
    )


def _frontier(models: Mapping[str, Mapping[str, Any]], reported: Mapping[str, tuple[float, float]]) -> Figure:
    """Figure 1: the generators of one model by both judges, or of several models by the report's classifier."""
    panels: dict[str, dict[str, Any]] = {}
    points: dict[str, dict[str, tuple[float, float]]] = {}
    for variant, frontiers in models.items():
        for key, judge in JUDGES.items():
            if key not in frontiers["real"]:
                continue
            panel = judge if len(models) == 1 else f"{variant}, by {judge}"
            panels[panel] = {
                TITLES[name]: (curve["cosine_similarity"], curve[key])
                for name, curve in frontiers["generators"].items()
            }
            points[panel] = {"real test images": (frontiers["real"]["cosine_similarity"], frontiers["real"][key])}
    samples = min(frontiers["samples"] for frontiers in models.values())
    return figures.tradeoff_curves(
        panels,
        title=f"Accuracy against variety: {', '.join(models)}",
        subtitle=f"each point on {samples:,} fresh samples",
        samples=samples,
        points=points,
        reported=reported,
    )


def report(runs: Sequence[FinishedRun]) -> Report:
    """`report.md`: every figure and table of the report, ours beside them, with a sentence on each difference."""
    order = [f"{name}-{latent_dim}" for name in ("elbo", "mmd") for latent_dim in (2, 10, 20)]
    runs = sorted(runs, key=lambda run: (order.index(run.variant), run.seed))
    command = "python -m experiments.latent_generators --data-dir DIR"
    parts = opening("Report 1: statistical generators on ELBO-VAE and MMD-VAE", command, runs, judged="beyond/fid")
    parts += ["## What the report claims, and what we measure\n", *_claims(runs), ""]
    parts += ["## Table 4, finished\n", _table(runs)]
    parts += ["## Numbers\n", markdown_table(comparison_rows(runs, SHOWN)), cost_table(runs), WEIGHTS]
    drawn: dict[str, Figure] = {}
    pair = {
        run.variant: read_json(run.folder.path / FRONTIERS)
        for run in runs
        if run.variant in TWENTY and run.seed == runs[0].seed
    }
    if len(pair) == 2:
        reported = {f"report: Simple {variant}": REPORTED[variant, "simple"] for variant in TWENTY}
        drawn["figure-1"] = _frontier(pair, reported)
        parts += [
            "## Figure 1: accuracy against cosine similarity at D = 20\n",
            "The report draws Simple alone, by its own classifier. Here are every generator, both models, both judges, "
            "and the real images; accuracy stands on a scale that opens toward 1.\n",
            "![Figure 1](figure-1.png)\n",
        ]
    return Report("\n".join([*parts, *gallery(runs, GALLERY)]), drawn)


def _table(runs: Sequence[FinishedRun]) -> str:
    """Table 4 with the setting, and both numbers beside the report's."""
    rows = [["VAE", "generator", "theta / n", "cos", "acc", "acc by mnist_cnn", "the report: cos, acc"]]
    titles = {**TITLES, **OTHERS}
    names = ("simple@reported", "simple", *(n for n in TITLES if n.startswith("medium")), "class_mixture", "beyond")
    for variant, group in by_variant(runs).items():
        for name in names:
            cosines = [run.value(f"{name}/cosine_similarity") for run in group]
            if not any(value is not None for value in cosines):
                continue
            known = REPORTED.get((variant, name.partition("@")[0] if name == "simple@reported" else name))
            rows.append(
                [
                    variant,
                    titles[name],
                    _setting(group[0], name),
                    _with_spread(group, f"{name}/cosine_similarity"),
                    _with_spread(group, f"{name}/report_accuracy"),
                    _with_spread(group, f"{name}/class_accuracy"),
                    f"{known[0]}, {known[1]}" if known else "-",
                ]
            )
    note = (
        "cos and acc: on fresh samples, acc by the report's kind of classifier; ± is the deviation over sets of "
        "fresh samples, or over seeds where there are several. Settings were chosen on training codes, for a sure "
        f"accuracy of {', '.join(f'{accuracy} ({name})' for name, accuracy in WANTED.items())}. That of "
        "`beyond` was lowered to 0.995 and put back after looks at what `mnist_cnn` said of it.\n"
    )
    return f"{markdown_table(rows)}\n{note}"


def _with_spread(group: Sequence[FinishedRun], metric: str) -> str:
    if len(group) > 1:
        return over_seeds(run.value(metric) for run in group)
    measured = group[0].record["metrics"].get(metric)
    if measured is None:
        return "-"
    return f"{measured['value']:.4f}" + ("" if measured["std"] is None else f" ± {measured['std']:.4f}")


def _setting(run: FinishedRun, name: str) -> str:
    theta = run.record["metrics"].get(f"{name}/theta")
    draws = run.record["metrics"].get(f"{name}/draws")
    if theta is None:
        return "-"
    if name == "beyond":
        return f"{theta['value']:g} sure"
    return f"{theta['value']:.2g}" + (f" / {draws['value']:.0f}" if draws else " (mean)")


def _claims(runs: Sequence[FinishedRun]) -> list[str]:
    """One sentence a claim of the report and a goal of ours, judged by the numbers."""
    lines = []
    for variant in TWENTY:
        if (run := first(runs, variant)) is not None:
            lines.append(_simple_claim(run, REPORTED[variant, "simple"]))
    return [*lines, *_medium_claims(runs), *_beyond_claims(runs), *_comparison(runs)]


def _medium_claims(runs: Sequence[FinishedRun]) -> list[str]:
    """The report's two unfinished generators against its numbers and our goals, along both kinds of axes."""
    lines = []
    for (variant, name), (cosine, accuracy) in GOALS.items():
        run, report = first(runs, variant), REPORTED[variant, name]
        if run is None:
            continue
        for axes, words in (("", "the latent dimensions"), ("@facing", "axes that face the other classes")):
            found = [run.value(f"{name}{axes}/{key}") or np.nan for key in ("cosine_similarity", "report_accuracy")]
            holds = found[0] <= cosine and found[1] >= accuracy
            lines.append(
                claim(
                    f"{TITLES[name]} on {variant}, finished, along {words}: a similarity of at most {cosine} at an "
                    f"accuracy of {accuracy} (our goal; the report's partial result is {report[0]} at {report[1]})",
                    holds,
                    f"{found[0]:.4f} at {found[1]:.4f}" + ("" if holds or axes else f". {WHY_LATENT_AXES}"),
                )
            )
    return lines


def _simple_claim(run: FinishedRun, reported: tuple[float, float]) -> str:
    """The setting of the grid's frontier nearest to the report's point."""
    curve = read_json(run.folder.path / FRONTIERS)["generators"]["simple"]
    pairs = list(zip(curve["cosine_similarity"], curve["report_accuracy"], strict=True))
    pairs += [
        (run.value(f"{name}/cosine_similarity"), run.value(f"{name}/report_accuracy"))
        for name in ("simple", "simple@reported")
    ]
    enough = [pair for pair in pairs if pair[1] >= reported[1] - TOLERANCE[1]]
    best = min(enough, default=max(pairs, key=lambda pair: pair[1]))
    holds = bool(enough) and best[0] <= reported[0] + TOLERANCE[0]
    return claim(
        f"Simple on {run.variant} matches the report within {TOLERANCE[0]} in similarity at no more than "
        f"{TOLERANCE[1]} less accuracy ({reported[0]} at {reported[1]})",
        holds,
        f"{best[0]:.4f} at {best[1]:.4f} on fresh samples",
    )


def _beyond_claims(runs: Sequence[FinishedRun]) -> list[str]:
    scored = [run for run in runs if run.value("beyond/class_accuracy") is not None]
    if not scored:
        return ["- No classifier of ours fits these pictures, so the generator beyond the report has no number here."]
    enough = [run for run in scored if (run.value("beyond/class_accuracy") or 0) >= BEYOND[1]]
    best = min(enough or scored, key=lambda run: run.value("beyond/cosine_similarity") or np.inf)
    cosine, accuracy = best.value("beyond/cosine_similarity"), best.value("beyond/class_accuracy")
    fids = best.value("beyond/fid"), best.value("class_mixture/fid")
    others = ", ".join(
        f"{number(run.value('beyond/fid'))} against {number(run.value('class_mixture/fid'))} ({run.variant})"
        for run in scored
        if run is not best
    )
    holds = bool(enough) and (cosine or 1) <= BEYOND[0]
    return [
        claim(
            f"the generator beyond the report reaches an accuracy of {BEYOND[1]} by mnist_cnn at a similarity of at "
            f"most {BEYOND[0]} (our goal)",
            holds,
            f"{number(accuracy)} at {number(cosine)} on {best.variant}, keeping "
            f"{(best.value('beyond/acceptance_rate') or 0):.1%} of the mixture's samples",
        ),
        claim(
            "keeping only what the classifier is sure of lowers the mixture's FID (our goal)",
            (fids[0] or np.inf) < (fids[1] or 0),
            f"{number(fids[0])} against {number(fids[1])} on {best.variant}, that is "
            f"{number(best.value('beyond/fid_ratio'))} times that of real images; on the others {others}. "
            f"{WHY_FID_RISES}",
        ),
    ]


def _comparison(runs: Sequence[FinishedRun]) -> list[str]:
    """The report: no statistical difference between the two objectives in the trade-off at D = 20."""
    pair = [first(runs, variant) for variant in TWENTY]
    if None in pair:
        return []
    curves = [read_json(run.folder.path / FRONTIERS)["generators"]["simple"] for run in pair if run is not None]
    at = 0.95
    cosines = [_similarity_at(curve, at) for curve in curves]
    return [
        claim(
            "ELBO and MMD trade accuracy for variety alike at D = 20 (section 4.3.1)",
            abs(cosines[0] - cosines[1]) < TOLERANCE[0],
            f"at an accuracy of {at} Simple has a similarity of {cosines[0]:.3f} on ELBO-20 and {cosines[1]:.3f} on "
            "MMD-20 (between the measured settings of the grid; the report says about 0.75 for both)",
        )
    ]


def _similarity_at(curve: Mapping[str, Sequence[float]], accuracy: float) -> float:
    order = np.argsort(curve["report_accuracy"])
    return float(
        np.interp(accuracy, np.array(curve["report_accuracy"])[order], np.array(curve["cosine_similarity"])[order])
    )
