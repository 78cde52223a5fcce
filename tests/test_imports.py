"""Reads every import in the source and holds the order of the house: imports go only downwards."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

# A package may import the packages above it in this list: not its own neighbors, and nothing below.
LEVELS = (
    ("tfvae.errors", "tfvae.startup"),
    ("tfvae.checks", "tfvae.files", "tfvae.provenance"),
    ("tfvae.data", "tfvae.distributions", "tfvae.losses", "tfvae.networks"),
    ("tfvae.models",),
    ("tfvae.sampling", "tfvae.metrics", "tfvae.figures"),
    ("tfvae.serving", "tfvae.evaluation"),
    ("tfvae.training",),
    ("tfvae.reporting",),
    ("tfvae", "tfvae.cli", "tfvae.__main__"),
    ("experiments",),
    ("benchmarks", "tools"),
)
LEVEL_OF = {name: level for level, names in enumerate(LEVELS) for name in names}

# What only one place may import, and that place; None where no place may.
RESERVED = {
    "tensorflow_gan": "tfvae.metrics._tfgan",
    "matplotlib": "tfvae.figures",
    "tf_keras": None,
    "tensorflow_probability.layers": None,
    "tensorflow_probability.python": None,
    "pickle": None,
}


def house_violations(root: Path) -> list[str]:
    """One line for each import under `root` that goes up, sideways, or past an adapter."""
    complaints = []
    for path in sorted(source_files(root)):
        module = module_name(path.relative_to(root))
        if house_package(module) == "tfvae" and module != "tfvae":
            complaints.append(f"{module} has no level: give it one in tests/test_imports.py")
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        for line, imported in imported_modules(tree, module, is_package=path.name == "__init__.py"):
            complaints += [f"{module}:{line}: {why}" for why in complaints_about(module, imported)]
    return complaints


def source_files(root: Path) -> Iterator[Path]:
    for package in ("tfvae", "experiments", "benchmarks", "tools"):
        yield from (root / package).rglob("*.py")


def module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """Yields (line, dotted name) of each import, wherever it stands; `from a import b` yields `a.b`.

    The attributes of `tfp` count too: `tfp.layers` needs no import statement of its own.
    """
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "tfp":
            yield node.lineno, f"tensorflow_probability.{node.attr}"


def complaints_about(module: str, imported: str) -> Iterator[str]:
    for name, place in RESERVED.items():
        outside = place is None or (module.startswith("tfvae") and not within(module, place))
        if within(imported, name) and outside:
            yield f"imports {imported}: {f'only {place} may' if place else 'nothing here may'}"
    if imported.split(".")[0] not in LEVEL_OF:
        return
    here, there = house_package(module), house_package(imported)
    if here != there and LEVEL_OF[there] >= LEVEL_OF[here] and not is_front_door(here, there):
        levels = f"{here} (level {LEVEL_OF[here]}) may not import {there} (level {LEVEL_OF[there]})"
        yield f"imports {imported}: {levels}"


def is_front_door(here: str, there: str) -> bool:
    """Scripts say `import tfvae`, as a user does; `tfvae.__main__` hands over to the command line."""
    return (here in ("experiments", "benchmarks") and there == "tfvae") or here == "tfvae.__main__"


def house_package(name: str) -> str:
    """The entry of LEVELS that `name` belongs to: tfvae.models.vae -> tfvae.models; tfvae.VAE -> tfvae."""
    inner = ".".join(name.split(".")[:2])
    return inner if inner in LEVEL_OF else name.split(".")[0]


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def test_imports_go_only_downwards():
    assert list(source_files(REPOSITORY)), f"Expected Python files under {REPOSITORY}."
    assert house_violations(REPOSITORY) == []


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        ("tfvae/models/vae.py", "from tfvae.training import runner", "may not import tfvae.training"),
        ("tfvae/models/vae.py", "from ..training.runner import run", "may not import tfvae.training"),
        ("tfvae/models/__init__.py", "from ..figures import grid", "may not import tfvae.figures"),
        ("tfvae/models/vae.py", "def f():\n    import tfvae.cli", "may not import tfvae.cli"),
        ("tfvae/models/vae.py", "from tfvae import VAE", "may not import tfvae (level"),
        ("tfvae/training/config.py", "from tfvae import __version__", "may not import tfvae (level"),
        ("tfvae/data/images.py", "from tfvae import losses", "may not import tfvae.losses"),
        ("tfvae/errors.py", "import tfvae.data", "may not import tfvae.data"),
        ("tfvae/cli.py", "import experiments.center_gmm", "may not import experiments"),
        ("tfvae/gadgets/new.py", "import os", "tfvae.gadgets.new has no level"),
        ("tfvae/metrics/scores.py", "import tensorflow_gan as tfgan", "only tfvae.metrics._tfgan may"),
        ("tfvae/training/callbacks.py", "from matplotlib import pyplot", "only tfvae.figures may"),
        ("tfvae/models/vae.py", "from tensorflow_probability import layers", "nothing here may"),
        ("tfvae/models/vae.py", "layer = tfp.layers.DenseVariational", "nothing here may"),
        ("experiments/center_gmm.py", "import pickle", "nothing here may"),
    ],
)
def test_a_wrong_import_is_named(tmp_path, path, source, complaint):
    write(tmp_path / path, source)
    (found,) = house_violations(tmp_path)
    assert complaint in found


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tfvae/__init__.py", "from tfvae.models import VAE\nfrom tfvae import data"),
        ("tfvae/__main__.py", "from tfvae.cli import main"),
        ("tfvae/models/vae.py", "from tfvae.losses.center import center_loss\nfrom .base import Model"),
        ("tfvae/metrics/_tfgan.py", "import tensorflow_gan"),
        ("tfvae/figures.py", "import matplotlib.pyplot as plt"),
        ("tfvae/models/vae.py", "import tensorflow_probability as tfp\nnormal = tfp.distributions.Normal"),
        (
            "experiments/center_gmm.py",
            "import tfvae\nfrom tfvae import VAE, load\nfrom experiments.common import table",
        ),
    ],
)
def test_a_right_import_is_let_through(tmp_path, path, source):
    write(tmp_path / path, source)
    assert house_violations(tmp_path) == []


def write(path: Path, source: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(source, encoding="utf-8")
