"""The command line of an experiment: options of the command, and any field of its variants' configurations.

Imports neither TensorFlow nor Keras, so that `--help` and a misspelled flag answer at once.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import textwrap
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import tyro

from tfvae.errors import InputError
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


def parse(settings: Settings, words: Sequence[str]) -> Plan:
    """The plan that a command line asks for; ends the process with a message if a word is wrong.

    Raises:
        InputError: if a variant is unknown, a value is not allowed, or a chosen variant lacks a field that is given.
    """
    preset = _preset(settings, words)
    defaults = settings.of_preset(preset)
    groups = _without_aliases(settings, words)
    fields = _union(defaults)
    parsed = {scope: _parsed(settings, fields, group) for scope, group in groups.items()}
    values = parsed[None]
    options = RunOptions(**{entry.name: values[entry.name] for entry in dataclasses.fields(RunOptions)})
    check(
        not [name for name in options.variants if name not in settings.configs],
        f"variants out of {', '.join(settings.configs)}",
        variants=", ".join(options.variants),
    )
    chosen = options.variants or settings.default_variants(preset)
    changes: dict[str, dict[str, Any]] = {variant: {} for variant in chosen}
    notes = []
    for scope, group in groups.items():
        for path in _given(group, fields):
            having = [name for name in fields[path].owners if scope is None or name in scope]
            reached = [name for name in chosen if name in having]
            lacking = [name for name in chosen if name not in having]
            if not reached or (lacking and options.variants and scope is None):
                raise InputError(
                    f"Expected a flag that every chosen variant has. Received: {_flag(path)}, which "
                    f"{', '.join(lacking)} {'lacks' if len(lacking) == 1 else 'lack'}; variants that have it: "
                    f"{', '.join(having)}. Name these with --variants, or leave the flag out."
                )
            if lacking and scope is None:
                without = f"{', '.join(lacking)} {'lacks' if len(lacking) == 1 else 'lack'} it"
                notes.append(f"{_flag(path)} reaches {', '.join(reached)}; {without}.")
            for name in reached:
                changes[name][path] = parsed[scope][path]
    configs = {name: replaced(defaults[name], changes[name]) for name in chosen}
    return Plan(options, configs, {name: defaults[name] for name in chosen}, tuple(notes))


def _parsed(settings: Settings, fields: Mapping[str, _Field], words: Sequence[str]) -> dict[str, Any]:
    """{path: value} of everything that the command line can set."""
    arguments: Any = tyro.cli(
        _parser_type(fields, settings),
        args=list(words),
        prog=f"python -m experiments.{settings.name}",
        description=settings.description,
        config=(tyro.conf.AvoidSubcommands,),
    )
    return flat_fields(arguments)


def _preset(settings: Settings, words: Sequence[str]) -> str:
    """The named preset; the default where none or an unknown one is named, which tyro then refuses."""
    named = [after for before, after in itertools.pairwise(words) if before == "--preset"]
    named += [word.partition("=")[2] for word in words if word.startswith("--preset=")]
    return named[-1] if named and named[-1] in PRESETS else RunOptions.preset


def _without_aliases(settings: Settings, words: Sequence[str]) -> dict[tuple[str, ...] | None, list[str]]:
    """The words with today's names of fields: {the variants that they are applied to, None for all: words}."""
    groups: dict[tuple[str, ...] | None, list[str]] = {None: []}
    scope = None
    for word in words:
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            path, scope = flag.removeprefix("--").replace("-", "_"), None
            for old, alias in settings.aliases.items():
                if path == old or path.startswith(f"{old}."):
                    word, scope = _flag(alias.field + path.removeprefix(old)) + equals + value, alias.variants
        groups.setdefault(scope, []).append(word)
    return groups


class _Field(NamedTuple):
    """A field of some variants: its type, the first variant's default, help text, and the variants that have it."""

    type: Any
    default: Any
    help: str
    owners: list[str]


def _union(configs: Mapping[str, VariantConfig]) -> dict[str, _Field]:
    """Every field that some variant has, by its path."""
    fields: dict[str, _Field] = {}
    defaults: dict[str, dict[str, list[str]]] = {}
    for variant, config in configs.items():
        for path, (kind, value, text) in _described(config).items():
            fields.setdefault(path, _Field(kind, value, text, [])).owners.append(variant)
            defaults.setdefault(path, {}).setdefault(_shown(value), []).append(variant)
    return {path: entry._replace(help=_help(entry, list(configs), defaults[path])) for path, entry in fields.items()}


def _described(config: Any, prefix: str = "") -> dict[str, tuple[Any, Any, str]]:
    """{path: (type, value, help text)} of every field of a nested dataclass that may be set."""
    types, texts = typing.get_type_hints(type(config)), _docstrings(type(config))
    described: dict[str, tuple[Any, Any, str]] = {}
    for entry in dataclasses.fields(config):
        value = getattr(config, entry.name)
        if not entry.init:
            continue
        if dataclasses.is_dataclass(value):
            described |= _described(value, f"{prefix}{entry.name}.")
        else:
            described[prefix + entry.name] = (types[entry.name], value, texts.get(entry.name, ""))
    return described


def _docstrings(kind: type) -> dict[str, str]:
    """The string below each field of a dataclass, its bases' too."""
    texts: dict[str, str] = {}
    for base in reversed([base for base in kind.__mro__ if dataclasses.is_dataclass(base)]):
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        for before, after in itertools.pairwise(definition.body):  # type: ignore[attr-defined]
            if isinstance(before, ast.AnnAssign) and isinstance(after, ast.Expr):
                texts[ast.unparse(before.target)] = " ".join(str(ast.literal_eval(after.value)).split())
    return texts


def _help(entry: _Field, variants: Sequence[str], defaults: Mapping[str, Sequence[str]]) -> str:
    text = entry.help
    if len(entry.owners) < len(variants):
        text += f" Variants: {_names(entry.owners)}."
    for shown, owners in list(defaults.items())[1:]:
        text += f" Default of {_names(owners)}: {shown}."
    return text


def _names(variants: Sequence[str]) -> str:
    return ", ".join(variants) if len(variants) <= 4 else f"{', '.join(variants[:3])} and {len(variants) - 3} more"


def _shown(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _parser_type(fields: Mapping[str, _Field], settings: Settings) -> type:
    """A dataclass with the options of the command and every field of the variants, for tyro to read."""
    options, texts = typing.get_type_hints(RunOptions), _docstrings(RunOptions)
    texts["variants"] = f"Which variants to run, of {', '.join(settings.configs)}. If none is given: "
    texts["variants"] += f"{', '.join(settings.default_variants('report'))}."
    tree: dict[str, Any] = {
        entry.name: _Field(options[entry.name], entry.default, texts[entry.name], [])
        for entry in dataclasses.fields(RunOptions)
    }
    for path, entry in fields.items():
        *sections, name = path.split(".")
        place = tree
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = entry
    return _as_dataclass("Arguments", tree)


def _as_dataclass(name: str, tree: Mapping[str, Any]) -> type:
    made: list[tuple[str, Any, Any]] = []
    for key, entry in tree.items():
        if isinstance(entry, _Field):
            annotated = Annotated[entry.type, tyro.conf.arg(help=entry.help)]  # type: ignore[name-defined]
            made.append((key, annotated, field(default=entry.default)))
        else:
            section = _as_dataclass(key.title(), entry)
            made.append((key, section, field(default_factory=section)))
    return make_dataclass(name, made, frozen=True)


def _given(words: Sequence[str], fields: Mapping[str, _Field]) -> list[str]:
    """The fields that the words name, each once and in order; `--no-flag` names `flag`."""
    paths = []
    for word in words:
        if word.startswith("--"):
            path = word.partition("=")[0].removeprefix("--").replace("-", "_")
            *sections, name = path.split(".")
            positive = ".".join([*sections, name.removeprefix("no_")])
            paths += [known for known in (path, positive) if known in fields]
    return list(dict.fromkeys(paths))


def _flag(path: str) -> str:
    return f"--{path.replace('_', '-')}"
