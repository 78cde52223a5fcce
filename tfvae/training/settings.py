"""What an experiment can be told: its report, configurations, presets and aliases. Imports no TensorFlow, no Keras."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tfvae.training.config import VariantConfig, check, flat_fields, replaced

PRESETS = ("smoke", "quick", "report")


@dataclass(frozen=True)
class RunOptions:
    """Which runs to make, where and on what devices; nothing here changes what a run computes on one device."""

    preset: Literal["smoke", "quick", "report"] = "report"
    """smoke: seconds, proves that it works. quick: minutes on two cores, worth looking at. report: the report's own
    setting."""
    variants: tuple[str, ...] = ()
    """Which variants to run; the default ones if none is given."""
    data_dir: Path | None = None
    """Folder that holds mnist.npz or faces/; if not given TFVAE_DATA_DIR, and then, for MNIST, the ordinary
    download."""
    out: Path = Path("tensorboard_logs")
    """Where runs are written: OUT/<experiment>/<variant>/seed-<n>/, and OUT/<experiment>-<preset>/ for smoke and
    quick."""
    seeds: tuple[int, ...] = (0,)
    """One run of each variant per seed."""
    strategy: Literal["auto", "one", "mirrored"] = "auto"
    """one: a single device. mirrored: every GPU (or logical device). auto: mirrored with two GPUs or more."""
    overwrite: bool = False
    """Delete what the named runs wrote before, and start afresh."""
    fallback_to_digits: bool = False
    """Where MNIST cannot be had, use scikit-learn's bundled digits instead, and say so."""

    def __post_init__(self) -> None:
        check(len(self.seeds) >= 1, "at least one seed", seeds=self.seeds)
        check(len(set(self.seeds)) == len(self.seeds), "each seed once", seeds=self.seeds)
        check(all(0 <= seed < 2**31 for seed in self.seeds), "seeds in [0, 2**31)", seeds=self.seeds)


@dataclass(frozen=True)
class Preset:
    """What a preset changes.

    Attributes:
        changes: {field: value}, for every variant that has the field.
        own: {variant: {field: value}}, for one variant alone, after `changes`.
        variants: the variants that run where none is named; None for the experiment's own.
    """

    changes: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    variants: tuple[str, ...] | None = None


class Alias(NamedTuple):
    """An earlier name of a field, which the command line still takes.

    Attributes:
        field: the field's path today, or the section's.
        variants: the variants that it is applied to; None for all that have the field.
    """

    field: str
    variants: tuple[str, ...] | None = None


class Author(NamedTuple):
    """An author of a report."""

    given_names: str
    family_names: str
    affiliation: str = ""


@dataclass(frozen=True)
class Report:
    """The report that an experiment reproduces, as the README, the citation file and the page name it.

    Attributes:
        number: int, of the report in this repository.
        title: str, the report's own.
        heading: str, one line that says what the experiment compares.
        compares: str, for the README's table.
        authors: its authors.
        year: int or None.
    """

    number: int
    title: str
    heading: str
    compares: str
    authors: tuple[Author, ...] = ()
    year: int | None = None


@dataclass(frozen=True)
class Settings:
    """What an experiment can be told; everything that its command line needs.

    Attributes:
        name: str, as in `python -m experiments.<name>`.
        report: what it reproduces.
        description: str, shown by `--help`.
        configs: {variant: its configuration}.
        presets: {"smoke", "quick" or "report": what it changes}; nothing where it is not named.
        default: the variants that run where none is named; all if empty.
        aliases: {earlier path of a field or section: what it is called today}.
        reference: command lines, without the program, that make the committed results.
    """

    name: str
    report: Report
    description: str
    configs: Mapping[str, VariantConfig]
    presets: Mapping[str, Preset]
    default: tuple[str, ...] = ()
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    reference: tuple[str, ...] = ("",)

    def of_preset(self, name: str) -> dict[str, VariantConfig]:
        """The configuration of every variant under a preset."""
        preset = self.presets.get(name, Preset())
        configs = {}
        for variant, config in self.configs.items():
            present = flat_fields(config)
            common = {path: value for path, value in preset.changes.items() if path in present}
            configs[variant] = replaced(config, {**common, **preset.own.get(variant, {})})
        return configs

    def default_variants(self, preset: str) -> tuple[str, ...]:
        """The variants that a preset runs where none is named."""
        named = self.presets.get(preset, Preset()).variants
        return (self.default or tuple(self.configs)) if named is None else named


@dataclass(frozen=True)
class Plan:
    """What a command line asks for.

    Attributes:
        options: which runs, where, on what.
        configs: {variant: its configuration}, of the chosen variants in their order.
        defaults: {variant: its configuration before the command line changed it}.
        notes: lines that say which flags reach only some of the chosen variants.
    """

    options: RunOptions
    configs: Mapping[str, VariantConfig]
    defaults: Mapping[str, VariantConfig]
    notes: tuple[str, ...] = ()
