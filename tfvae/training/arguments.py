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
from dataclasses import field, make_dataclass
from typing import Annotated, Any, NamedTuple

import tyro

from tfvae.errors import InputError
from tfvae.training.config import VariantConfig, check, flat_fields, replaced
from tfvae.training.settings import PRESETS, Plan, RunOptions, Settings


def parse(settings: Settings, words: Sequence[str]) -> Plan:
    """The plan that a command line asks for; ends the process with a message if a word is wrong.

    Raises:
        InputError: if a variant is unknown, a value is not allowed, or a chosen variant lacks a field that is given.
    """
    preset = _preset(settings, words)
    defaults = settings.of_preset(preset)
    groups = _without_aliases(settings, words)
    for group in groups.values():
        flags = [word.partition("=")[0].replace("_", "-") for word in group if word.startswith("--")]
        repeated = [flag for place, flag in enumerate(flags) if flag in flags[:place]]
        check(not repeated, "each flag once", flags=" ".join(repeated))
    fields = _union(defaults)
    parsed = {scope: _parsed(settings, fields, group) for scope, group in groups.items()}
    values = parsed[None]
    options = RunOptions(**{entry.name: values[entry.name] for entry in dataclasses.fields(RunOptions)})
    check(
        not [name for name in options.variants if name not in settings.configs],
        f"variants out of {', '.join(settings.configs)}",
        variants=", ".join(options.variants),
    )
    check(bool(options.variants) or "--variants" not in groups[None], "the name of a variant", variants="none")
    chosen = options.variants or settings.default_variants(preset)
    changes: dict[str, dict[str, Any]] = {variant: {} for variant in chosen}
    notes = []
    for scope, group in groups.items():
        for path in _given(group, fields):
            having = [name for name in fields[path].owners if scope is None or name in scope]
            reached = [name for name in chosen if name in having]
            lacking = [name for name in chosen if name not in having]
            if not reached and scope is not None:
                typed = next(
                    old + path.removeprefix(alias.field)
                    for old, alias in settings.aliases.items()
                    if alias.variants == scope and f"{path}.".startswith(f"{alias.field}.")
                )
                raise InputError(
                    f"Expected one of {', '.join(having)} for {_flag(typed)}, their earlier name of {_flag(path)}. "
                    f"Received: {', '.join(chosen)}. Name them with --variants, or write {_flag(path)}."
                )
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
