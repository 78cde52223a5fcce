"""The sixth report of docs/add_a_report.md: written to a folder beside the five, run, and tested."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "add_a_report.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """{path: content} of the page's code blocks."""
    return dict(re.findall(r"^`([\w/.]+)`:\n\n```\w+\n(.*?)```$", PAGE, flags=re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def tree(files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with the sixth report, and nothing else changed."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copytree(REPOSITORY / "experiments", root / "experiments", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "CITATION.cff"):
        shutil.copy(REPOSITORY / name, root)
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")
    return root


def run(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A Python process in the checkout."""
    environment = {**os.environ, "PYTHONPATH": f"{tree}{os.pathsep}{REPOSITORY}"}
    return subprocess.run([sys.executable, *words], cwd=tree, env=environment, capture_output=True, text=True)


def test_report_costs_300_lines_and_its_test_30(files: dict[str, str]) -> None:
    lines = {path: content.count("\n") for path, content in files.items()}
    assert {Path(path).name for path in lines} == {
        *("__init__.py", "__main__.py", "config.py", "variants.py", "claims.py", "page.md.j2", "test_beta_sweep.py")
    }
    assert sum(count for path, count in lines.items() if path.startswith("experiments/")) <= 300
    assert lines["tests/experiments/test_beta_sweep.py"] <= 30


@pytest.mark.slow
def test_commands_of_the_page_run(tree: Path) -> None:
    (commands,) = re.findall(r"```bash\n(.*?)```", PAGE, flags=re.DOTALL)
    for command in commands.splitlines():
        done = run(tree, *command.split()[1:])
        assert done.returncode == 0, done.stderr
    page = (tree / "runs" / "beta_sweep-smoke" / "report.md").read_text()
    assert "Too short to judge" in page and "samples_prior.png" in page


@pytest.mark.slow
def test_its_own_test_passes(tree: Path) -> None:
    done = run(tree, "-m", "pytest", "-q", "--import-mode=importlib", "-p", "no:cacheprovider", "tests/experiments")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout and "skipped" not in done.stdout


def test_documents_name_it_without_an_edit_by_hand(tree: Path) -> None:
    assert run(tree, "-m", "tools.documents").returncode == 0
    assert "| 5 | The weight of the KL divergence |" in (tree / "README.md").read_text()
    assert "notes: Report 5, experiments/beta_sweep" in (tree / "CITATION.cff").read_text()
