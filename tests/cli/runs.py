"""What the tests of the command make: records of runs, and the check of a refusal."""

from __future__ import annotations

from tfvae.metrics import Measurement


def record(variant: str, seed: int, metrics: dict[str, dict], **changes) -> dict:
    fields = {
        "experiment": "tiny",
        "variant": variant,
        "seed": seed,
        "preset": "report",
        "dataset": "mnist",
        "dataset_sha256": "0123456789abcdef" * 4,
        "fallback_for": None,
        "parameters": 1234,
        "epochs": 5,
        "train_seconds": 10.0,
        "seconds_per_epoch": 2.0 + seed,
        "device": "CPU",
        "git_commit": "c" * 40,
        "versions": {"tensorflow": "2.21.0", "keras": "3.15.1"},
        "metrics": metrics,
    }
    return {**fields, **changes}


def fid(value: float, **changes) -> dict:
    return (
        Measurement(value, samples=1000, split="test", extractor="cnn", extractor_sha256="ab" * 32).as_dict() | changes
    )


def assert_refused(result: tuple[int, str, str], *phrases: str) -> None:
    code, output, errors = result
    assert (code, output) == (2, "")
    assert errors.startswith("error: ") and "xpected " in errors and "Received: " in errors
    assert errors.count("\n") == 1, errors
    for phrase in phrases:
        assert phrase in errors
