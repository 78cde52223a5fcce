"""The command line of an experiment: which flags reach which variants, presets, aliases, help, refusals."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from tfvae.errors import InputError
from tfvae.training.arguments import parse
from tfvae.training.config import Training, VariantConfig, check
from tfvae.training.settings import Alias, Preset, Report, Settings

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Filters:
    """A section."""

    full_size: int = 0
    """Filters at full size."""
    depth: int = 3
    """Number of layers."""


@dataclass(frozen=True)
class PlainConfig(VariantConfig):
    """A model with one flag of its own."""

    widths: tuple[int, ...] = (8, 4)
    """Units of the hidden layers."""
    skip: bool = True
    """Whether there are skip connections."""


@dataclass(frozen=True)
class SlimConfig(PlainConfig):
    """A model with a section."""

    filters: Filters = field(default_factory=Filters)
    kind: Literal["soft", "hard"] = "soft"
    """A choice, 50% of each."""
    derived: int = field(default=7, init=False)
    """Follows from other fields."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self.filters.depth >= 1, "at least 1 layer", filters_depth=self.filters.depth)
        object.__setattr__(self, "derived", 10 * self.filters.depth)


SETTINGS = Settings(
    name="example",
    report=Report(7, title="An example", heading="Example", compares="models"),
    description="What it does.",
    configs={
        "plain": PlainConfig(training=Training(epochs=5)),
        "slim": SlimConfig(),
        "slim-deep": SlimConfig(filters=Filters(depth=9)),
    },
    default=("plain", "slim"),
    presets={
        "report": Preset(),
        "quick": Preset({"training.epochs": 8, "filters.full_size": 2}, own={"slim": {"training.epochs": 9}}),
        "smoke": Preset({"training.epochs": 1}, variants=("slim-deep",)),
    },
    aliases={
        "layers": Alias("filters.depth"),
        "slim": Alias("filters", ("slim",)),
        "train": Alias("training"),
    },
)


def configs(*words: str) -> dict[str, VariantConfig]:
    return dict(parse(SETTINGS, words).configs)


def refused(*words: str) -> str:
    """The message of a refusal by us."""
    with pytest.raises(InputError) as refusal:
        parse(SETTINGS, words)
    return str(refusal.value)


def usage_error(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The message of a refusal by the parser, in one line."""
    with pytest.raises(SystemExit) as ended:
        parse(SETTINGS, words)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    return " ".join((printed.out + printed.err).replace("│", " ").split())


def test_no_words_give_the_default_variants_with_their_own_configurations():
    plan = parse(SETTINGS, [])
    assert dict(plan.configs) == {name: SETTINGS.configs[name] for name in ("plain", "slim")} == dict(plan.defaults)
    assert plan.notes == () and plan.options.preset == "report" and plan.options.seeds == (0,)


def test_flag_reaches_every_chosen_variant_that_has_it():
    chosen = configs("--training.learning-rate", "0.123", "--training.batch-size", "77", "--samples", "5")
    assert [(c.training.learning_rate, c.training.batch_size, c.samples) for c in chosen.values()] == [
        (0.123, 77, 5),
        (0.123, 77, 5),
    ]
    assert [config.training.epochs for config in chosen.values()] == [5, 50], "what no flag names stays"


def test_flag_given_its_usual_value_reaches_variants_with_another():
    """The parser's default is that of the first variant, which the second does not have."""
    assert configs("--training.epochs", "5")["slim"].training.epochs == 5


def test_flag_that_a_named_variant_lacks_is_refused_with_names():
    message = refused("--variants", "plain", "slim", "--filters.depth", "4")
    assert "--filters.depth, which plain lacks; variants that have it: slim, slim-deep." in message


def test_flag_that_a_default_variant_lacks_reaches_the_others_with_a_note():
    plan = parse(SETTINGS, ["--filters.depth", "4"])
    assert plan.configs["slim"].filters.depth == 4 and plan.configs["plain"] == SETTINGS.configs["plain"]
    (note,) = plan.notes
    assert note == "--filters.depth reaches slim; plain lacks it."


def test_flag_that_no_default_variant_has_is_refused():
    settings = Settings(**{**vars(SETTINGS), "default": ("plain",)})
    with pytest.raises(InputError, match=r"--kind, which plain lacks; variants that have it: slim, slim-deep\."):
        parse(settings, ["--kind", "hard"])


def test_unknown_variant_is_refused_with_those_there_are():
    assert (
        refused("--variants", "plane") == "Expected variants out of plain, slim, slim-deep. Received: variants=plane."
    )


def test_values_are_checked_by_the_configuration():
    assert "filters-depth=0" in refused("--variants", "slim", "--filters.depth", "0")
    assert "training-epochs=0" in refused("--training.epochs", "0")
    assert "schedule" in refused("--training.reduce-on-plateau", "3", "--training.schedule", "cosine")
    assert "each seed once" in refused("--seeds", "1", "1")


def test_nested_tuple_choice_and_boolean_flags():
    config = configs("--variants", "slim", "--widths", "1", "2", "3", "--kind", "hard", "--no-skip")["slim"]
    assert (config.widths, config.kind, config.skip) == ((1, 2, 3), "hard", False)
    assert configs("--skip")["plain"].skip is True


def test_flag_with_an_equals_sign():
    chosen = configs("--training.epochs=12", "--preset=quick", "--filters.depth=4")
    assert [config.training.epochs for config in chosen.values()] == [12, 12]
    assert chosen["slim"].filters == Filters(full_size=2, depth=4)


def test_flags_may_be_written_with_underscores():
    assert configs("--training.batch_size", "7")["plain"].training.batch_size == 7


@pytest.mark.parametrize(
    "words",
    [
        ("--samples", "5", "--samples", "6"),
        ("--samples=5", "--samples", "6"),
        ("--training.batch-size", "5", "--training.batch_size", "6"),
        ("--layers", "4", "--filters.depth", "5"),
    ],
)
def test_repeated_flag_is_refused(words):
    assert "Expected each flag once" in refused(*words)


def test_variants_without_a_name_are_refused():
    assert "the name of a variant" in refused("--variants")
    assert "the name of a variant" in refused("--variants", "--samples", "5")


def test_preset_changes_variants_that_have_the_field_and_single_ones_after_them():
    chosen = configs("--preset", "quick", "--variants", "plain", "slim", "slim-deep")
    assert [config.training.epochs for config in chosen.values()] == [8, 9, 8]
    assert [chosen[name].filters for name in ("slim", "slim-deep")] == [Filters(2, 3), Filters(2, 9)]
    assert chosen["plain"].widths == (8, 4)


def test_flags_overrule_presets_and_defaults_record_the_preset():
    plan = parse(SETTINGS, ["--preset", "quick", "--training.epochs", "2"])
    assert [config.training.epochs for config in plan.configs.values()] == [2, 2]
    assert [config.training.epochs for config in plan.defaults.values()] == [8, 9]


def test_preset_may_have_default_variants_of_its_own():
    assert list(configs("--preset", "smoke")) == ["slim-deep"]
    assert list(configs("--preset", "smoke", "--variants", "plain")) == ["plain"]


def test_alias_of_a_field_and_of_a_section():
    chosen = configs("--layers", "4", "--train.epochs=3", "--variants", "slim", "slim-deep")
    assert [config.filters.depth for config in chosen.values()] == [4, 4]
    assert [config.training.epochs for config in chosen.values()] == [3, 3]


def test_scoped_alias_reaches_its_own_variants_alone():
    """`slim.depth` was a flag of `slim`; `filters.depth` is one of both."""
    words = ("--variants", "plain", "slim", "slim-deep", "--slim.depth", "4")
    plan = parse(SETTINGS, words)
    assert [plan.configs[name].filters.depth for name in ("slim", "slim-deep")] == [4, 9]
    assert plan.notes == ()
    both = configs("--variants", "slim", "slim-deep", "--slim.depth", "4", "--filters.depth", "5")
    assert [config.filters.depth for config in both.values()] == [4, 5]


def test_scoped_alias_without_its_variant_is_refused_with_its_name():
    message = refused("--variants", "slim-deep", "--slim.depth", "4")
    assert message.startswith("Expected one of slim for --slim.depth, their earlier name of --filters.depth.")
    assert "Received: slim-deep." in message


def test_derived_field_is_no_flag(capsys):
    assert "Unrecognized" in usage_error(capsys, "--derived", "3")
    assert configs("--variants", "slim", "--filters.depth", "4")["slim"].derived == 40


def test_unknown_flag_is_refused_with_the_nearest(capsys):
    error = usage_error(capsys, "--training.epoch", "3")
    assert "--training.epoch" in error and "--training.epochs" in error


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--preset", "thorough"), "quick"),
        (("--training.epochs", "many"), "many"),
        (("--kind", "medium"), "hard"),
        (("--training.schedule", "linear"), "cosine"),
        (("--training.epochs",), "--training.epochs"),
    ],
)
def test_value_of_a_wrong_type_is_refused(words, said, capsys):
    assert said in usage_error(capsys, *words)


def help_text(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        parse(SETTINGS, ["--help"])
    assert ended.value.code == 0
    return " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_help_names_the_variants_that_have_a_field(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")  # one column of boxes
    text = help_text(capsys)
    assert "What it does." in text and "python -m experiments.example" in text
    assert "Number of layers. Variants: slim, slim-deep. Default of slim-deep: 9." in text
    assert "Units of the hidden layers. (default: 8 4)" in text
    assert "A choice, 50% of each. Variants: slim, slim-deep." in text
    assert "Number of passes over the training images. Default of slim, slim-deep: 50. (default: 5)" in text
    assert "derived" not in text


@pytest.mark.parametrize(
    "module",
    [
        "tfvae.training.arguments",
        "tfvae.training.config",
        *(f"experiments.{path.parent.name}.config" for path in sorted(REPOSITORY.glob("experiments/*/config.py"))),
    ],
)
def test_configuration_imports_neither_tensorflow_nor_keras(module):
    code = f"import sys, {module}; sys.exit(bool({{'tensorflow', 'keras'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0
