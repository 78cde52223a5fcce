"""Writes what README.md and CITATION.cff say of the reports, from the settings of the experiments.

python -m tools.documents            write both files
python -m tools.documents --check    exit with 1 if one is out of date
"""

from __future__ import annotations

import argparse
import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import experiments
from tfvae.files import atomic_write
from tfvae.training.settings import Settings

ROOT = Path(experiments.__path__[0]).parent
MARKS = {
    "README.md": ("<!-- reports: begin -->", "<!-- reports: end -->"),
    "CITATION.cff": ("# reports: begin", "# reports: end"),
}


def all_settings() -> list[Settings]:
    """The settings of every experiment, by the number of its report."""
    names = [module.name for module in pkgutil.iter_modules(experiments.__path__) if module.ispkg]
    found = [import_module(f"experiments.{name}.config").SETTINGS for name in names]
    return sorted(found, key=lambda settings: settings.report.number)


def readme_table(found: Sequence[Settings]) -> str:
    """The README's table of reports, in Markdown."""
    rows = [
        f"| {settings.report.number} | {settings.report.title} | {settings.report.compares} | "
        f"[`experiments/{settings.name}`](experiments/{settings.name}) |"
        for settings in found
    ]
    return "\n".join(["| # | Report | Compares | Experiment |", "| --- | --- | --- | --- |", *rows])


def citation_references(found: Sequence[Settings]) -> str:
    """The list of references of CITATION.cff, in YAML."""
    lines = ["references:"]
    for settings in found:
        report = settings.report
        lines += ["  - type: report", f'    title: "{report.title}"', "    authors:"]
        for author in report.authors:
            lines += [f"      - given-names: {author.given_names}", f"        family-names: {author.family_names}"]
            lines += [f"        affiliation: {author.affiliation}"] if author.affiliation else []
        lines += [f"    year: {report.year}"] if report.year else []
        lines.append(f"    notes: Report {report.number}, experiments/{settings.name}")
    return "\n".join(lines)


def current(root: Path, found: Sequence[Settings]) -> dict[Path, str]:
    """{file: what it should hold}."""
    parts = {"README.md": f"\n{readme_table(found)}\n", "CITATION.cff": citation_references(found)}
    texts = {}
    for name, part in parts.items():
        begin, end = MARKS[name]
        before, _, rest = (root / name).read_text(encoding="utf-8").partition(begin)
        texts[root / name] = f"{before}{begin}\n{part}\n{end}{rest.partition(end)[2]}"
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is out of date")
    check = parser.parse_args().check
    texts = current(ROOT, all_settings())
    old = [path for path, text in texts.items() if path.read_text(encoding="utf-8") != text]
    for path in old:
        if check:
            print(f"{path.name} is out of date: python -m tools.documents", file=sys.stderr)
        else:
            with atomic_write(path) as temporary:
                temporary.write_text(texts[path], encoding="utf-8")
    sys.exit(1 if check and old else 0)


if __name__ == "__main__":
    main()
