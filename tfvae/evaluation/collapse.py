"""Mode collapse: classes among a model's samples during training, a rule that warns of it, and their curve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfvae import figures
from tfvae.data.labeled import LabeledData
from tfvae.evaluation.evaluation import Evaluation
from tfvae.evaluation.references import feature_space
from tfvae.figures import Figure
from tfvae.metrics.manifold import class_shares

SAMPLES = 1000
MIN_LOSS = 0.1
CHANCE = math.log(2)
NEAR_CHANCE = 0.002
MIN_SHARE = 0.02


def measure_classes(model: Any, data: LabeledData) -> dict[str, float]:
    """Number of classes in 1,000 samples of fixed codes, and the share of the rarest, by the classifier.

    Args:
        model: has `sample(count, seed)`.
        data: images.

    Returns:
        {"classes": float >= 1, "rarest_class_share": float in [0, 0.5]}; {} where no classifier knows the classes.
    """
    extractor = feature_space(data)
    if extractor is None or extractor.class_names != data.class_names:
        return {}
    shares = class_shares(extractor(data.pictures(model.sample(SAMPLES, seed=1))).logits)
    return {"classes": float(np.count_nonzero(shares)), "rarest_class_share": float(shares.min())}


def collapse_warning(history: Sequence[Mapping[str, Any]]) -> str | None:
    """A warning where the last epoch shows signs of mode collapse, or a discriminator at chance level.

    Mode collapse, any of:
        discriminator_real + discriminator_fake < 0.1 nats
        classes < max(classes so far)
        rarest_class_share < max(rarest_class_share so far) / 2, or < 0.02
    Chance level:
        abs((discriminator_real + discriminator_fake) / 2 - log(2)) < 0.002 nats

    Args:
        history: rows of the epochs so far, {"epoch", "train", "epoch_metrics"}; terms and metrics that a row lacks are
            not looked at.

    Returns:
        str, or None where there is no sign.

    Reference:
        Report 4, section 3.8.3.
    """
    if not history:
        return None
    train = history[-1]["train"]
    errors = [train[name] for name in ("discriminator_real", "discriminator_fake") if name in train]
    signs = _fading(history)
    if errors and sum(errors) < MIN_LOSS:
        signs.insert(0, f"the discriminator's loss is below {MIN_LOSS:g} nats and gives the generator little gradient")
    warnings = [f"signs of mode collapse: {'; '.join(signs)}"] if signs else []
    if errors and abs(sum(errors) / len(errors) - CHANCE) < NEAR_CHANCE:
        warnings.append(f"the discriminator's losses are within {NEAR_CHANCE:g} nats of chance level")
    return "; ".join(warnings) or None


def _fading(history: Sequence[Mapping[str, Any]]) -> list[str]:
    """Signs that classes disappear from the samples."""
    rows = [row["epoch_metrics"] for row in history if "classes" in row.get("epoch_metrics", {})]
    if not rows:
        return []
    counts, shares = ([row[name] for row in rows] for name in ("classes", "rarest_class_share"))
    signs = []
    if counts[-1] < max(counts):
        signs.append(f"samples show {counts[-1]:g} classes after {max(counts):g} before")
    if shares[-1] < max(shares) / 2:
        signs.append(f"the rarest class has {shares[-1]:.1%} of the samples after {max(shares):.1%} before")
    elif shares[-1] < MIN_SHARE:
        signs.append(f"the rarest class has less than {MIN_SHARE:.0%} of the samples")
    return signs


def class_curves(evaluation: Evaluation) -> dict[str, Figure]:
    """Classes among the samples over the epochs, `classes`, of a training that measured them."""
    rows = [row["epoch_metrics"] for row in evaluation.history if "classes" in row.get("epoch_metrics", {})]
    if not rows:
        return {}
    series = {
        "classes": [row["classes"] for row in rows],
        "share of the rarest, %": [100 * row["rarest_class_share"] for row in rows],
    }
    title = f"Classes in {SAMPLES:,} samples: {evaluation.variant}"
    return {"classes": figures.curves(series, title=title, xlabel="epoch", ylabel="classes; share in %")}
