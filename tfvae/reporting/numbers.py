"""How numbers are written: significant digits, and the mean over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable

MISSING = "-"


def number(value: float | None) -> str:
    """A value to four significant digits, thousands apart from 10,000 on; integers whole; a hyphen for None."""
    if value is None:
        return MISSING
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:,.0f}" if round(abs(value)) >= 10_000 else f"{value:.{digits}f}"


def over_seeds(values: Iterable[float | None]) -> str:
    """One value, or `mean ± deviation (n)` over seeds."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return number(known[0] if known else None)
    mean = sum(known) / len(known)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in known) / (len(known) - 1))
    decimals = len(number(mean).partition(".")[2])
    return f"{number(mean)} ± {round(deviation, decimals) or 0:.{decimals if deviation else 0}f} ({len(known)})"
