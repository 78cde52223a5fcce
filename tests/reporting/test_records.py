"""Finished runs on disk."""

from __future__ import annotations

import json

import pytest

from tests.reporting.runs import finished, scored, written
from tfvae.errors import InputError
from tfvae.metrics.measurement import Measurement
from tfvae.reporting.records import by_variant, current_name, find_runs, in_order, label_of, measured_with


def test_runs_are_found_by_experiment_variant_and_seed(tmp_path):
    runs = written(tmp_path, finished("b", {}), finished("a", {}, seed=10), finished("a", {}, seed=2))
    assert [(run.variant, run.seed) for run in runs] == [("a", 2), ("a", 10), ("b", 0)]
    assert runs[0].folder.path == tmp_path / "a" / "seed-2" and runs[0].epochs == 5
    assert [run.variant for run in find_runs(tmp_path, "a/*/metrics.json")] == ["a", "a"]


def test_folder_that_is_missing_is_refused(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        find_runs(tmp_path / "nowhere")


@pytest.mark.parametrize("content", ["{", "[]", '{"experiment": "x", "variant": "a", "seed": 0}'])
def test_file_that_is_no_record_is_refused_with_its_path(tmp_path, content):
    (tmp_path / "metrics.json").write_text(content)
    with pytest.raises(InputError, match=r"metrics\.json"):
        find_runs(tmp_path)


@pytest.mark.parametrize(
    ("earlier", "today"),
    [
        ("prior/unrecognisable_share", "prior/unrecognizable_share"),
        ("medium1@prioritised/accuracy", "medium1@prioritized/accuracy"),
        ("prior/fid", "prior/fid"),
    ],
)
def test_metrics_of_earlier_versions_have_their_names_of_today(tmp_path, earlier, today):
    assert current_name(earlier) == today
    (run,) = written(tmp_path, finished("a", {earlier: 0.25}))
    assert run.value(today) == 0.25 and (earlier == today or run.value(earlier) is None)


def test_number_is_a_metric_a_field_of_the_record_or_a_setting():
    run = finished("a", {"fid": 2.0}, settings={"beta": 3.0, "fid": 9.0, "note": "text"})
    assert [run.number(name) for name in ("fid", "parameters", "beta", "note", "none")] == [2.0, 1234, 3.0, None, None]
    assert run.value("parameters") is None


def test_runs_in_order_are_those_of_named_variants():
    runs = [finished("a", {}, seed=1), finished("b", {}), finished("c", {}), finished("a", {})]
    assert [(run.variant, run.seed) for run in in_order(runs, ["c", "a"])] == [("c", 0), ("a", 0), ("a", 1)]
    assert {name: len(group) for name, group in by_variant(runs).items()} == {"a": 2, "b": 1, "c": 1}


def test_label_names_data_preset_epochs_device_versions_and_commit():
    label = (
        "mnist (sha256 0123456789ab), preset report, 5 epochs, CPU, TensorFlow 2.21.0, Keras 3.15.1, "
        "commit cccccccccccc"
    )
    assert label_of(finished("a", {}).record) == label
    assert ", CPU, bfloat16, " in label_of(finished("a", {}, precision="bfloat16").record)
    assert label_of(finished("a", {}, git_commit=None).record).endswith("commit unknown")


@pytest.mark.parametrize(
    ("measurement", "label"),
    [
        (scored(1.0), "cnn (sha256 abababababab), 1,000 samples, test split"),
        (
            scored(1.0, real_samples=10_000),
            "cnn (sha256 abababababab), 1,000 generated samples, 10,000 real ones of the test split",
        ),
        (Measurement(1.0, samples=10_000, split="test"), "10,000 samples, test split"),
        (Measurement(1.0), ""),
    ],
)
def test_measurement_is_read_with_extractor_counts_and_split(measurement, label):
    assert measured_with(measurement.as_dict()) == label


def test_measurement_of_earlier_versions_has_no_number_of_real_samples():
    metric = scored(1.0).as_dict()
    del metric["real_samples"]
    assert measured_with(json.loads(json.dumps(metric))) == "cnn (sha256 abababababab), 1,000 samples, test split"
