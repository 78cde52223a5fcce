"""Numbers that a report gives, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tfvae.metrics.measurement import Measurement


@dataclass(frozen=True)
class Published:
    """A number that a report gives, and what it may be compared with.

    Attributes:
        metric: str, name of the metric as in metrics.json; of samples `<sampler>/<metric>`. A metric in Inception's
            feature space ends in `_inception`.
        value: float, the number.
        variant: str, the variant of ours that it belongs to.
        where: str, the section or table of the report.
        epochs: int or None, number of epochs of the report's training, where a comparison needs it.
    """

    metric: str
    value: float
    variant: str
    where: str
    epochs: int | None = None


def beside(metrics: Mapping[str, Measurement], published: Sequence[Published], variant: str) -> dict[str, Measurement]:
    """Our measurements of a variant, with the report's number beside those that it gives in the same feature space."""
    known = {number.metric: number for number in published if number.variant == variant}
    return {
        name: replace(metric, reported=known[name].value, source=known[name].where) if name in known else metric
        for name, metric in metrics.items()
    }
