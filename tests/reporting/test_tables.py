"""Tables of finished runs."""

from __future__ import annotations

import pytest
from rich.console import Console

from tests.reporting.runs import column, finished, scored
from tfvae.metrics.measurement import Measurement
from tfvae.reporting.tables import (
    comparison_rows,
    cost_rows,
    markdown_table,
    rows_of_metrics,
    sampler_rows,
    terminal_table,
    variant_rows,
    without_empty_columns,
)
from tfvae.training.published import Published, beside

PUBLISHED = (
    Published("prior/fid_inception", 18.24, "dcgan", "table 3"),
    Published("prior/fid_inception", 28.56, "vae", "table 3"),
    Published("elbo", -98.0, "vae", "table 1"),
)


def test_comparison_has_a_column_per_variant_in_the_order_of_the_runs():
    runs = [finished("vae", {"elbo": -100.0}), finished("ae", {"mse": 0.5}), finished("vae", {"elbo": -102.0}, seed=1)]
    rows = comparison_rows(runs, {"elbo": "goal: -95", "mse": "", "nll": "never measured"})
    assert rows == [
        ["metric", "vae", "ae", "the report, or the goal"],
        ["elbo", "-101.0 ± 1.4 (2)", "-", "goal: -95"],
        ["mse", "-", "0.5000", ""],
    ]


def test_published_number_stands_only_in_the_row_of_its_metric():
    """A number in Inception's space does not stand beside one by `mnist_cnn`."""
    runs = [finished("vae", {"elbo": -100.0, "prior/fid": scored(4.0)})]
    shown = {"elbo": "", "prior/fid": "", "prior/fid_inception": ""}
    rows = comparison_rows(runs, shown, PUBLISHED)
    assert [row[0] for row in rows[1:]] == ["elbo", "prior/fid"]
    assert column(rows, "the report, or the goal") == ["-98 vae", ""]


def test_published_numbers_of_every_variant_stand_in_a_measured_row():
    runs = [finished("vae", {"prior/fid_inception": scored(20.0, extractor="inception")})]
    rows = comparison_rows(runs, {"prior/fid_inception": "lower is better"}, PUBLISHED)
    assert column(rows, "the report, or the goal") == ["18.24 dcgan; 28.56 vae; lower is better"]


def test_variant_table_takes_metrics_records_and_settings_and_drops_empty_columns():
    runs = [
        finished("a", {"fid": 1.0}, parameters=500, settings={"beta": 2.0}),
        finished("b", {}, parameters=1000, settings={"beta": 4.0}),
    ]
    columns = {"FID": "fid", "weights": "parameters", "weight of KL": "beta", "KID": "kid"}
    assert variant_rows(runs, columns) == [
        ["variant", "FID", "weights", "weight of KL"],
        ["a", "1.000", "500", "2.000"],
        ["b", "-", "1,000", "4.000"],
    ]


def test_sampler_table_has_a_row_per_variant_and_sampler_with_deviations():
    runs = [
        finished("a", {"prior/acc": Measurement(0.5, std=0.01), "mixture/acc": 0.75}),
        finished("b", {"prior/acc": 0.25}),
        finished("b", {"prior/acc": 0.75}, seed=1),
    ]
    published = (Published("prior/acc", 0.9, "a", "table 3"), Published("prior/acc_inception", 0.1, "b", "table 3"))
    rows = sampler_rows(
        runs, {"prior": "N(0, I)", "mixture": "mixture", "none": "none"}, {"accuracy": "acc"}, published
    )
    assert rows == [
        ["variant", "sampler", "accuracy", "the report"],
        ["a", "N(0, I)", "0.5000 ± 0.0100", "acc 0.9"],
        ["a", "mixture", "0.7500", "-"],
        ["b", "N(0, I)", "0.5000 ± 0.3536 (2)", "-"],
    ]


def test_columns_without_numbers_are_left_out():
    assert without_empty_columns([["a", "b", "c"], ["1", "-", ""], ["2", "", "3"]]) == [
        ["a", "c"],
        ["1", ""],
        ["2", "3"],
    ]


def test_costs_are_parameters_and_times():
    rows = cost_rows([finished("a", {}, parameters=1234, epochs=5, seconds_per_epoch=2.0, train_seconds=10.0)])
    assert rows == [
        ["variant", "parameters", "epochs", "seconds an epoch", "training seconds"],
        ["a", "1,234", "5", "2.000", "10.00"],
    ]


def test_markdown_table():
    assert markdown_table([["a", "b"], ["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_terminal_table_shows_every_cell():
    console = Console(width=80, record=True, file=open("/dev/null", "w"))
    console.print(terminal_table([["metric", "a", "known"], ["elbo", "-100.0", "goal"]], "A title"))
    text = console.export_text()
    assert all(word in text for word in ("A title", "metric", "known", "elbo", "-100.0", "goal"))


def test_rows_of_metrics_number_their_labels():
    metrics = {"fid": scored(1.0, std=0.5).as_dict(), "kid": scored(2.0).as_dict(), "elbo": Measurement(-1.0).as_dict()}
    rows, notes = rows_of_metrics(metrics, lambda metric: metric["extractor"] or "model")
    assert rows[1:] == [["fid", "1.000 ± 0.5000", "(1)"], ["kid", "2.000", "(1)"], ["elbo", "-1.000", "(2)"]]
    assert notes == {"cnn": "(1)", "model": "(2)"}


@pytest.mark.parametrize(("variant", "reported"), [("vae", -98.0), ("ae", None)])
def test_published_number_is_recorded_beside_the_same_metric_of_its_variant(variant, reported):
    metrics = {"elbo": Measurement(-100.0), "prior/fid": scored(4.0)}
    recorded = beside(metrics, PUBLISHED, variant)
    assert recorded["elbo"].reported == reported and recorded["elbo"].value == -100.0
    assert recorded["elbo"].source == ("table 1" if reported else None)
    assert recorded["prior/fid"] == metrics["prior/fid"], "the report's FID is in another feature space"
