"""Imports of the package in a process of their own, since other tests have imported everything in this one."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tfvae

PACKAGE = Path(tfvae.__file__).parent
OLD_FILES = Path(__file__).parent / "models" / "old_files"
TENSORFLOW = ("tensorflow", "keras", "tensorflow_probability", "tensorflow_gan")
CLASSES_REGISTERED_LATER = """
import keras, tfvae
registered = set(keras.saving.get_custom_objects())
import importlib, pkgutil
for module in pkgutil.walk_packages(tfvae.__path__, "tfvae."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(len(registered), sorted(set(keras.saving.get_custom_objects()) - registered))
"""


def run(code: str) -> tuple[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return ended.stdout, ended.stderr


@pytest.mark.parametrize("module", ["tfvae", "tfvae.training.config"])
def test_import_does_not_import_tensorflow(module):
    output, _ = run(f"import sys, {module}; print([name for name in {TENSORFLOW} if name in sys.modules])")
    assert output.strip() == "[]"


def test_all_classes_are_registered_if_keras_was_imported_first():
    count, later = run(CLASSES_REGISTERED_LATER)[0].split(maxsplit=1)
    assert int(count) > 15 and later.strip() == "[]"


@pytest.mark.parametrize("imports", ["import keras, tfvae", "import tfvae, keras; tfvae.dense_encoder"])
def test_saved_models_load_in_a_new_process(imports):
    paths = [str(path) for path in sorted(OLD_FILES.glob("*.keras"))]
    code = f"{imports}\nfor path in {paths}: print(type(keras.saving.load_model(path)).__name__)"
    assert run(code)[0].split() == ["ClusteringGMVAE", "DCGAN", "GaMixVAE"]


def test_first_use_of_a_name_imports_tensorflow_quietly():
    output, errors = run("import tfvae; print(tfvae.VAE.__name__, 'VAE' in vars(tfvae))")
    assert (output.strip(), errors) == ("VAE True", "")


def test_modules_that_import_tensorflow_do_so_quietly():
    """A module's package or its first import calls `import_tensorflow`; `tfvae.training` leaves that to programs."""
    loud = []
    for path in PACKAGE.rglob("*.py"):
        packages = [folder / "__init__.py" for folder in path.parents if PACKAGE in folder.parents]
        if "training" in path.parts or any("import_tensorflow()" in package.read_text() for package in packages):
            continue
        names = [name for node in ast.parse(path.read_text()).body for name in imported(node)]
        if any(name.split(".")[0] in TENSORFLOW for name in names):
            first = next(name for name in names if name.split(".")[0] in (*TENSORFLOW, "tfvae"))
            loud += [str(path)] if first != "tfvae.startup" else []
    assert loud == []


def imported(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def test_every_public_name_exists():
    assert sorted(tfvae.__all__) == sorted(set(tfvae.__all__))
    assert all(hasattr(tfvae, name) for name in tfvae.__all__)
    assert {*tfvae.__all__, "losses", "__version__"} <= set(dir(tfvae))
    with pytest.raises(AttributeError, match="no attribute 'VEA'"):
        tfvae.VEA  # noqa: B018


def test_type_checkers_see_every_public_name():
    """The imports under TYPE_CHECKING are the names that `__getattr__` finds."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    names = [alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted([*names, "InputError"]) == sorted(tfvae.__all__)
