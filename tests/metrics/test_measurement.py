"""Tests of the label that every number carries."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tfvae.errors import InputError
from tfvae.metrics.measurement import Measurement


def test_as_dict_has_the_fields_of_metrics_json_and_plain_numbers():
    measurement = Measurement(
        np.float32(0.5),
        np.float64(0.25),
        np.int64(10),
        np.int32(20),
        "test",
        "mnist_cnn",
        "ab",
        np.float32(2.0),
        "report 4",
    )
    assert json.loads(json.dumps(measurement.as_dict())) == {
        "value": 0.5,
        "std": 0.25,
        "samples": 10,
        "real_samples": 20,
        "split": "test",
        "extractor": "mnist_cnn",
        "extractor_sha256": "ab",
        "reported": 2.0,
        "source": "report 4",
    }


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"value": float("nan")}, "diverged"),
        ({"value": float("inf")}, "finite value"),
        ({"value": 1.0, "std": -0.1}, "std >= 0"),
        ({"value": 1.0, "std": float("nan")}, "std >= 0"),
        ({"value": 1.0, "samples": 0}, "samples >= 1"),
        ({"value": 1.0, "real_samples": 0}, "real_samples >= 1"),
        ({"value": 1.0, "extractor": "mnist_cnn"}, "extractor_sha256"),
    ],
)
def test_measurement_refuses_values_and_labels_out_of_range(arguments, word):
    with pytest.raises(InputError, match=word):
        Measurement(**arguments)
