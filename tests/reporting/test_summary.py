"""The closing table of a command."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from tests.reporting.runs import finished, written
from tests.reporting.test_page import EXPERIMENT
from tfvae.reporting.claims import Claim, Value
from tfvae.reporting.summary import print_summary
from tfvae.training.runner import Result


@pytest.fixture
def summary(tmp_path, digits):
    """What is printed for a command that ran some variants, while others lie in the same folder."""
    runs = [finished(name, {"elbo": value}) for name, value in (("vae", -100.0), ("ae", -50.0), ("sweep-1", -1.0))]
    found = {run.variant: run.folder for run in written(tmp_path, *runs)}
    claims = [
        Claim("The VAE is good.", Value("elbo", of="vae") > -101),
        Claim("The AE is better.", Value("elbo", of="ae") > Value("elbo", of="vae")),
        Claim("The sweep is good.", Value("elbo", of="sweep-1") > -2),
        Claim("The other is good.", Value("elbo", of="sweep-2") > -2),
    ]

    def printed(*variants, data=digits):
        console = Console(width=150, record=True, quiet=False, file=open("/dev/null", "w"))
        result = Result(tmp_path, tuple(found[variant] for variant in variants), (data,))
        print_summary(replace(EXPERIMENT, claims=claims), result, variants, tmp_path / "report.md", console)
        return console.export_text()

    return printed


def test_summary_has_a_column_per_variant_of_the_command(summary):
    text = summary("ae", "vae")
    header = next(line for line in text.splitlines() if "metric" in line)
    assert header.index("ae") < header.index("vae") and "sweep-1" not in header
    assert "Report 7: Example (digits)" in text and "-100.0" in text and "goal: -95" in text


def test_summary_shows_claims_that_read_its_variants_and_can_be_decided(summary):
    text = " ".join(summary("vae").split())
    assert "Holds: The VAE is good." in text and "Holds: The AE is better." in text
    assert "sweep" not in text and "The other" not in text


def test_summary_names_page_folders_and_tensorboard(summary, tmp_path):
    text = summary("vae")
    assert str(tmp_path / "report.md") in text and str(tmp_path / "vae" / "seed-0") in text
    assert f"tensorboard --logdir {tmp_path}" in text


def test_summary_says_which_data_set_replaces_another(summary, digits):
    assert "NOT MNIST" not in summary("vae")
    assert "NOT MNIST" in summary("vae", data=replace(digits, fallback_for="mnist", sha256=""))
