"""Mode collapse: the rule that warns of it, and the classes among a model's samples."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tfvae.data import load
from tfvae.evaluation.collapse import class_curves, collapse_warning, measure_classes
from tfvae.metrics.features import mnist_cnn


def row(epoch: int, discriminator: float | None, classes: int | None, rarest: float = 0.06) -> dict:
    train = {} if discriminator is None else {"discriminator_real": discriminator, "discriminator_fake": discriminator}
    measured = {} if classes is None else {"epoch_metrics": {"classes": classes, "rarest_class_share": rarest}}
    return {"epoch": epoch, "train": train, **measured}


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ([row(1, 0.5, 10), row(2, 0.4, 7)], "7 classes after 10"),
        ([row(1, 0.5, 10, 0.05), row(2, 0.4, 10, 0.02)], "2.0% of the samples after 5.0%"),
        ([row(1, 0.5, 10, 0.012), row(2, 0.4, 10, 0.013)], "less than 2% of the samples"),
        ([row(1, 0.04, None)], "below 0.1 nats"),
    ],
)
def test_sign_of_mode_collapse_is_named(history: list[dict], said: str) -> None:
    warning = collapse_warning(history)
    assert warning and warning.startswith("signs of mode collapse: ") and said in warning


@pytest.mark.parametrize(
    "history",
    [
        [],
        [row(1, 0.5, 10), row(2, 0.4, 10)],
        [row(1, 0.5, 10, 0.05), row(2, 0.4, 10, 0.03)],  # the share of a class in 1,000 samples varies
        [row(1, 0.688, None)],  # near chance level, but below it
        [row(1, None, 9), row(2, None, 10)],  # a VAE
    ],
)
def test_history_without_a_sign_gives_no_warning(history: list[dict]) -> None:
    assert collapse_warning(history) is None


def test_discriminator_at_chance_level_is_named() -> None:
    warning = collapse_warning([row(1, 0.6, 10), row(2, 0.693, 10)])
    assert warning == "the discriminator's losses are within 0.002 nats of chance level"
    both = collapse_warning([row(1, 0.6, 10), row(2, 0.693, 7)])
    assert both and "mode collapse" in both and "chance level" in both


def test_classes_of_samples_are_counted() -> None:
    data = load("digits").with_value_range(-1.0, 1.0)
    found = mnist_cnn()(data.test_images).logits.argmax(axis=1)
    each = [np.flatnonzero(found == label)[0] for label in range(10)]
    chosen = {"all": each, "two": [each[0], each[0], each[0], each[1]]}
    models = {
        name: SimpleNamespace(sample=lambda count, seed, rows=rows: data.to_float(data.test_images[rows]))
        for name, rows in chosen.items()
    }
    assert measure_classes(models["all"], data) == {"classes": 10.0, "rarest_class_share": 0.1}
    assert measure_classes(models["two"], data) == {"classes": 2.0, "rarest_class_share": 0.0}
    assert measure_classes(models["two"], load("textures")) == {}, "no classifier knows the classes"


def test_curve_of_classes_shows_counts_and_shares_in_percent() -> None:
    history = [row(1, 0.5, 8, 0.0), row(2, 0.5, 10, 0.05)]
    (axes,) = class_curves(SimpleNamespace(history=history, variant="gan"))["classes"].axes
    drawn = {tuple(line.get_ydata()) for line in axes.lines}
    assert {(8, 10), (0.0, 5.0)} <= drawn
    assert class_curves(SimpleNamespace(history=[row(1, 0.5, None)], variant="gan")) == {}
