"""A metric against the number of parameters, over variants and seeds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfvae.reporting.figures import metric_against_parameters
from tfvae.reporting.records import FinishedRun
from tfvae.training.run_folder import RunFolder


def run(variant: str, seed: int, parameters: int, fid: float | None) -> FinishedRun:
    metrics = {} if fid is None else {"fid": {"value": fid}}
    return FinishedRun(variant, seed, RunFolder(Path()), {"parameters": parameters, "metrics": metrics})


def test_points_are_means_over_seeds_in_series_of_families() -> None:
    runs = [run("gan-small", 0, 100, 2.0), run("gan-small", 1, 100, 4.0), run("gan-wide", 0, 900, 5.0)]
    runs += [run("vae", 0, 50, 7.0), run("vae-latent-5", 0, 60, None), run("other", 0, 70, 1.0)]
    families = {"GAN": "gan", "VAE": "vae"}
    options = {"title": "t", "ylabel": "FID"}
    figure = metric_against_parameters(runs, families, "fid", **options)
    assert figure is not None
    (axes,) = figure.axes
    drawn = {line.get_label(): np.asarray(line.get_xydata()).tolist() for line in axes.lines}
    assert drawn == {"GAN": [[100, 3.0], [900, 5.0]], "VAE": [[50, 7.0]]}
    assert [text.get_text() for text in axes.texts] == ["small", "wide", "vae"]
    assert metric_against_parameters(runs[4:], families, "fid", **options) is None
