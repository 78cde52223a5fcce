"""Claims: quantities and conditions by hand, and the sentence that fits each verdict."""

from __future__ import annotations

import pytest

from tests.reporting.runs import finished, grouped
from tfvae.reporting.claims import (
    AbsoluteDifference,
    AllOf,
    AnyOf,
    Budget,
    Claim,
    Difference,
    Increasing,
    Ratio,
    Value,
)

RUNS = grouped(
    finished(
        "a", {"fid": 2.0, "elbo": -100.0, "x": 0.1, "y": 0.3, "zero": 0.0}, parameters=500, settings={"beta": 4.0}
    ),
    finished("a", {"fid": 6.0, "elbo": -90.0, "x": 0.3, "y": 0.3}, seed=1, parameters=500, settings={"beta": 4.0}),
    finished("b", {"fid": 8.0, "kid": 0.5, "zero": 0.0}, parameters=1000),
)


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        (Value("fid", of="a"), 4.0),
        (Value("fid", of="a", seeds="highest"), 6.0),
        (Value("fid", of="a", seeds="lowest"), 2.0),
        (Value("parameters", of="b"), 1000.0),
        (Value("beta", of="a"), 4.0),
        (Value("kid", of="a"), None),
        (Value("fid", of="none"), None),
        (Difference("fid", of="a", to="b"), -4.0),
        (Difference("fid", of="b", to=("b", "kid")), 7.5),
        (Difference("fid", of="a", to="none"), None),
        (AbsoluteDifference("fid", of="a", to="b"), 4.0),
        (Ratio("fid", of="a", to="b"), 0.5),
        (Ratio("parameters", of="b", to="a"), 2.0),
        (Ratio("fid", of="a", to=("b", "zero")), None),
        (Ratio("kid", of="a", to="b"), None),
    ],
)
def test_quantity(quantity, value):
    assert quantity.value(RUNS) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Value("fid", of="a") >= 4, True),
        (Value("fid", of="a") > 4, False),
        (Value("fid", of="a") <= 4, True),
        (Value("fid", of="a") < 4, False),
        (Value("fid", of="a") < Value("fid", of="b"), True),
        (Value("fid", of="a") > Value("fid", of="b"), False),
        (Value("fid", of="a") < Value("kid", of="a"), None),
        (Value("fid", of="none") < 4, None),
        (Increasing(("x", "y"), of="a"), True),  # means 0.2 and 0.3
        (Increasing(("y", "x"), of="a"), False),
        (Increasing(("y", "y"), of="a"), True),
        (Increasing(("x", "kid"), of="a"), None),
        (AllOf(Value("fid", of="a") > 3, Value("fid", of="b") > 3), True),
        (AllOf(Value("fid", of="a") > 3, Value("fid", of="b") > 30), False),
        (AllOf(Value("fid", of="a") > 3, Value("kid", of="a") > 3), None),
        (AnyOf(Value("fid", of="a") > 30, Value("fid", of="b") > 3), True),
        (AnyOf(Value("fid", of="a") > 30, Value("fid", of="b") > 30), False),
        (AnyOf(Value("fid", of="a") > 3, Value("kid", of="a") > 3), True),
        (AnyOf(Value("fid", of="a") > 30, Value("kid", of="a") > 3), None),
    ],
)
def test_condition(condition, holds):
    assert condition.holds(RUNS) is holds


def test_first_seed_alone_does_not_decide():
    """Seed 0 has 2, the mean is 4."""
    assert Claim("", Value("fid", of="a") <= 3).verdict(RUNS) == "Does not hold"


def test_variants_of_a_condition_are_named_once():
    condition = AllOf(Difference("fid", of="a", to="b") > 0, Value("fid", of="b") < Value("fid", of="c"))
    assert condition.variants() == ("a", "b", "c")
    assert Increasing(("x",), of="d").variants() == ("d",)


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (Value("fid", of="b") <= 9, "fid 8.000 (b); asked: <= 9"),
        (Value("fid", of="a", seeds="lowest") <= 9, "fid 2.000, lowest of the seeds (a); asked: <= 9"),
        (Value("fid", of="a") < Value("fid", of="b"), "fid 4.000 ± 2.828 (2) (a) against fid 8.000 (b)"),
        (Difference("fid", of="b", to=("b", "kid")) > 0, "fid 8.000 (b) against kid 0.5000 (b); asked: > 0"),
        (
            Ratio("fid", of="b", to=("b", "kid")) > 0,
            "fid 8.000 (b) against kid 0.5000 (b), a ratio of 16.00; asked: > 0",
        ),
        (Increasing(("x", "y"), of="a"), "x, y: 0.2000 / 0.3000 (a)"),
        (
            AllOf(Value("kid", of="b") > 0, Value("fid", of="b") > 0),
            "kid 0.5000 (b); asked: > 0; fid 8.000 (b); asked: > 0",
        ),
    ],
)
def test_condition_is_written_with_its_numbers(condition, text):
    assert condition.written(RUNS) == text


CLAIM = Claim(
    "a is better than b.",
    Value("fid", of="a") < Value("fid", of="b"),
    quote="much better",
    budget=Budget(epochs=8, images=10_000),
    holds="Because it is larger.",
    refuted="It may be too small.",
)


def runs_of(fid: float, *, epochs: int = 8, other_epochs: int = 8, training_images: int = 10_000, **metrics: float):
    return grouped(
        finished("a", {"fid": fid, **metrics}, epochs=epochs, training_images=training_images),
        finished("b", {"fid": 5.0}, epochs=other_epochs, training_images=training_images),
    )


def test_claim_that_holds_is_explained_by_why_it_holds():
    assert CLAIM.verdict(runs_of(4.0)) == "Holds"
    assert CLAIM.written(runs_of(4.0)) == (
        '**Holds:** a is better than b. The report: "much better". We measure: fid 4.000 (a) against fid 5.000 (b). '
        "Because it is larger."
    )


def test_claim_that_does_not_hold_is_explained_by_why_not():
    assert CLAIM.verdict(runs_of(6.0)) == "Does not hold"
    text = CLAIM.written(runs_of(6.0))
    assert text.startswith("**Does not hold:** a is better than b.") and text.endswith("(b). It may be too small.")
    assert "Because" not in text


@pytest.mark.parametrize("short", [{"epochs": 7}, {"other_epochs": 7}, {"training_images": 9_999}])
@pytest.mark.parametrize("fid", [4.0, 6.0])
def test_claim_below_its_budget_is_not_judged(fid, short):
    runs = runs_of(fid, **short)
    assert CLAIM.verdict(runs) == "Too short to judge"
    text = CLAIM.written(runs)
    assert text.startswith("**Too short to judge:** a is better than b.")
    assert "It takes at least 8 epochs on 10,000 images; these are " in text
    assert "Because" not in text and "may be" not in text and "We measure" not in text


def test_claim_that_is_not_judged_says_how_long_the_runs_were():
    assert CLAIM.written(runs_of(4.0, epochs=1, training_images=2000)).endswith(
        "these are 1 epoch of a on 2,000 images, 8 epochs of b on 2,000 images."
    )
    without_images = Claim("Yes.", Value("fid", of="a") > 0, budget=Budget(epochs=9))
    assert without_images.written(runs_of(4.0)).endswith("It takes at least 9 epochs; these are 8 epochs of a.")


def test_claim_with_one_short_seed_is_not_judged():
    runs = grouped(*runs_of(4.0)["a"], finished("a", {"fid": 4.0}, seed=1, epochs=2), *runs_of(4.0)["b"])
    assert CLAIM.verdict(runs) == "Too short to judge"


def test_limits_on_training_images_are_read_from_settings_of_earlier_records():
    """They had no number of training images; None stands for all."""
    short = finished("a", {"fid": 1.0}, epochs=8, settings={"training_images": 2000})
    whole = finished("a", {"fid": 1.0}, epochs=8, settings={"training_images": None})
    claim = Claim("", Value("fid", of="a") < 2, budget=Budget(8, 10_000))
    assert [claim.verdict(grouped(run)) for run in (short, whole)] == ["Too short to judge", "Holds"]


def test_claim_without_its_metric_or_its_runs_has_no_number():
    claim = Claim("Yes.", Value("kid", of="a") < Value("fid", of="b"))
    assert claim.verdict(runs_of(4.0)) == "No number"
    assert claim.written(runs_of(4.0)) == "**No number:** Yes. No metric of these runs decides it."
    assert CLAIM.verdict(grouped(*runs_of(4.0)["a"])) == "No number"
    assert CLAIM.missing(grouped(*runs_of(4.0)["a"])) == ["b"] and CLAIM.missing(runs_of(4.0)) == []


def test_epochs_are_said_where_they_differ():
    text = CLAIM.written(runs_of(4.0, epochs=100, other_epochs=20))
    assert "(b), after 100 epochs of a, 20 epochs of b. Because" in text
    assert "after" not in CLAIM.written(runs_of(4.0))


def test_epochs_are_said_where_seeds_of_one_variant_differ():
    claim = Claim("Yes.", Value("fid", of="a") > 0)
    runs = grouped(finished("a", {"fid": 1.0}, epochs=100), finished("a", {"fid": 1.0}, seed=1, epochs=20))
    assert claim.written(runs).endswith(", after 100 epochs of a, 20 epochs of a.")


def test_goal_of_ours_is_called_one():
    claim = Claim("Yes.", Value("fid", of="a") > 0, ours=True)
    assert claim.written(runs_of(4.0)).startswith("**Holds:** Yes. (A goal of ours, not the report's.) We measure: ")
