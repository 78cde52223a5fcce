"""One measured number with its label: numbers of samples, split and feature extractor."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from tfvae.errors import InputError


@dataclass(frozen=True)
class Measurement:
    """One measured number and its label, ready for metrics.json.

    Args:
        value: finite float.
        std: float >= 0 or None, standard error or spread of `value`.
        samples: int >= 1 or None, how many samples it was computed from.
        real_samples: int >= 1 or None, how many real images the samples were compared with.
        split: str or None, the split of these real images.
        extractor: str or None, name of the feature extractor.
        extractor_sha256: str or None, hash of the extractor's weights; needed with `extractor`.
        reported: float or None, the number that the report gives.
        source: str or None, where the reported number stands.

    Raises:
        InputError: if `value` is not finite, `std` is negative or not finite, a count is below 1, or an
            extractor comes without its hash.
    """

    value: float
    std: float | None = None
    samples: int | None = None
    real_samples: int | None = None
    split: str | None = None
    extractor: str | None = None
    extractor_sha256: str | None = None
    reported: float | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        # NumPy and TensorFlow scalars become plain numbers, which json can write.
        for field, plain in (
            ("value", float),
            ("std", float),
            ("samples", int),
            ("real_samples", int),
            ("reported", float),
        ):
            if getattr(self, field) is not None:
                object.__setattr__(self, field, plain(getattr(self, field)))
        if not math.isfinite(self.value):
            raise InputError(
                f"Measurement: expected a finite value. Received: value={self.value}. The model or its "
                "samples have diverged: lower the learning rate, or look at the loss in TensorBoard."
            )
        if self.std is not None and not (math.isfinite(self.std) and self.std >= 0.0):
            raise InputError(
                f"Measurement: expected std >= 0 or None. Received: std={self.std}. Pass None for no spread."
            )
        for field in ("samples", "real_samples"):
            count = getattr(self, field)
            if count is not None and count < 1:
                raise InputError(f"Measurement: expected {field} >= 1. Received: {field}={count}. Pass their count.")
        if (self.extractor is None) != (self.extractor_sha256 is None):
            raise InputError(
                "Measurement: expected an extractor with its hash, or neither. Received: "
                f"extractor={self.extractor!r}, extractor_sha256={self.extractor_sha256!r}. Pass both."
            )

    def as_dict(self) -> dict[str, float | int | str | None]:
        """Returns the entry of metrics.json: every field by its name."""
        return dataclasses.asdict(self)
