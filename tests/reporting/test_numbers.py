"""How numbers are written."""

from __future__ import annotations

import pytest

from tfvae.reporting.numbers import number, over_seeds


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0"),
        (3, "3"),
        (79_733_249, "79,733,249"),
        (1.0, "1.000"),
        (-109.3456, "-109.3"),
        (0.0123456, "0.01235"),
        (9999.4, "9999"),
        (9999.6, "10,000"),
        (123456.7, "123,457"),
        (float("inf"), "inf"),
    ],
)
def test_number_has_four_significant_digits(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], "-"),
        ([None], "-"),
        ([2.5], "2.500"),
        ([None, 2.5], "2.500"),
        ([1.0, 2.0, 6.0], "3.000 ± 2.646 (3)"),  # sqrt((4 + 1 + 9) / 2) = sqrt(7)
        ([-100.0, -100.0], "-100.0 ± 0 (2)"),
        ([3, 5], "4.000 ± 1.414 (2)"),
    ],
)
def test_over_seeds_is_the_mean_with_the_sample_deviation(values, text):
    assert over_seeds(values) == text
