"""What the files around the library promise: targets, pins, links and the example of the README."""

from __future__ import annotations

import configparser
import re
import runpy
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
LARGEST_TRACKED_FILE = 2 * 1024**2


@pytest.fixture(scope="module")
def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(REPOSITORY / "setup.cfg", encoding="utf-8")
    return parser


@pytest.fixture(scope="module")
def constraints() -> list[str]:
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def shell_blocks(text: str) -> str:
    return "\n".join(re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL))


def test_every_make_command_of_the_readme_is_a_target_with_help():
    with_help = set(re.findall(r"^([\w-]+):.*## \S", MAKEFILE, flags=re.MULTILINE))
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, flags=re.MULTILINE)
    assert phony and set(phony.group(1).split()) == with_help
    named = re.findall(r"\bmake (\w+)", shell_blocks(README)) + re.findall(r"`make (\w+)`", README)
    assert {"demo", "test"} <= set(named) <= with_help


def test_every_module_that_the_readme_runs_exists():
    modules = set(re.findall(r"python -m ([\w.]+)", shell_blocks(README)))
    assert modules
    for module in modules:
        path = REPOSITORY / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_link_to_a_file_leads_somewhere(document):
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in target]
    assert targets
    assert [target for target in targets if not (REPOSITORY / target).exists()] == []


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert blocks
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "readme.py"
    script.write_text(re.sub(r"epochs=\d+", "epochs=1", "\n".join(blocks)), encoding="utf-8")
    names = runpy.run_path(str(script))
    assert set(names["labels"]) == {3}
    assert names["same_model"].latent_dim == names["latent_dim"]
    assert names["drawn"].shape == (16, *names["digits"].image_shape)


def test_the_version_is_the_same_everywhere(setup_cfg):
    import tfvae

    version = setup_cfg["metadata"]["version"]
    assert tfvae.__version__ == version
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in citation


def test_the_citation_names_the_five_reports():
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"notes: Report (\d)", citation) == ["0", "1", "2", "3", "4"]


def test_the_changelog_has_a_place_for_the_next_change():
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[Unreleased\]$", changelog, flags=re.MULTILINE)


def test_constraints_are_exact_versions_and_nothing_else(constraints):
    assert [line for line in constraints if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line)] == []


def test_every_requirement_is_pinned_within_its_range(setup_cfg, constraints):
    pins = {canonical(name): version for name, version in (line.split("==") for line in constraints)}
    lines = setup_cfg["options"]["install_requires"] + setup_cfg["options.extras_require"]["dev"]
    requirements = [Requirement(line) for line in lines.splitlines() if line]
    assert requirements
    for requirement in requirements:
        pin = pins.get(canonical(requirement.name))
        assert pin and requirement.specifier.contains(pin), f"{requirement}, pinned to {pin}"


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_tracked_file_is_large():
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True)
    if listing.returncode != 0:
        pytest.skip("git lists the tracked files, and this is not a git checkout")
    files = [REPOSITORY / name for name in listing.stdout.split("\0") if name]
    large = [str(path) for path in files if path.is_file() and path.stat().st_size > LARGEST_TRACKED_FILE]
    assert large == []


def test_results_page_is_made_from_the_committed_records():
    from tfvae.reporting.records import find_runs
    from tfvae.reporting.results_page import BEGIN, END, markdown_page

    text = (REPOSITORY / "experiments" / "README.md").read_text(encoding="utf-8")
    written = text.partition(BEGIN)[2].partition(END)[0].strip()
    assert written == markdown_page(find_runs(REPOSITORY / "tensorboard_logs" / "reference")).strip()
