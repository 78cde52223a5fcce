"""The contract of every experiment's command: a test subclasses `ExperimentContract` and says what runs."""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from tfvae.cli.experiment import main
from tfvae.reporting.experiment import Experiment
from tfvae.training.config import flat_fields

RUN_FILES = ("config.json", "history.json", "metrics.json", "model.keras", "samples.npz", "samplers/index.json")


def command(experiment: Experiment, *words: str) -> int:
    """The exit code of `python -m experiments.<name> WORDS`."""
    with pytest.raises(SystemExit) as ended:
        main(experiment.settings, lambda: experiment, words)
    return int(ended.value.code or 0)


def replaced(smoke: Sequence[str], words: Sequence[str]) -> list[str]:
    """The words of a smoke run without the flags that `words` give, and these after them: a flag is given once."""
    kept, keeps = [], True
    for word in smoke:
        if word.startswith("--"):
            keeps = word not in words
        kept += [word] * keeps
    return [*kept, *words]


def npz(path: Path, **arrays: np.ndarray) -> str:
    np.savez(path / "mnist.npz", **arrays)
    return str(path)


def truncated(path: Path) -> str:
    npz(path, x_train=np.zeros((100, 28, 28), np.uint8))
    content = (path / "mnist.npz").read_bytes()
    (path / "mnist.npz").write_bytes(content[: len(content) // 2])
    assert not zipfile.is_zipfile(path / "mnist.npz")
    return str(path)


def empty(path: Path) -> str:
    (path / "pictures").mkdir()
    return f"folder:{path / 'pictures'}"


def under_a_file(path: Path) -> str:
    (path / "file").write_text("")
    return str(path / "file" / "runs")


WRONG_FOLDERS: list[tuple[str, Callable[[Path], str], str]] = [
    ("--data-dir", lambda path: str(path / "nowhere"), "nowhere"),
    ("--data-dir", truncated, "mnist.npz"),
    ("--data-dir", lambda path: npz(path, images=np.zeros(3, np.uint8)), "x_train"),
    ("--data", empty, "pictures"),
    ("--out", under_a_file, "file"),
]


class ExperimentContract:
    """Subclass it as `class TestX(ExperimentContract)`; `wrong_words` come on top of those of every experiment.

    Attributes:
        experiment: what is tested.
        smoke: words of a run of seconds on bundled data.
        variants: those that the smoke run trains; the first must read --data.
        mnist: words that ask for MNIST.
        least_links: number of figures that its page shows at least.
    """

    experiment: ClassVar[Experiment]
    smoke: ClassVar[tuple[str, ...]]
    variants: ClassVar[tuple[str, ...]]
    mnist: ClassVar[Sequence[str]] = ("--data", "mnist")
    least_links: ClassVar[int] = 10

    def command(self, *words: str) -> int:
        return command(self.experiment, *words)

    def page(self, out: Path) -> Path:
        return out / f"{self.experiment.settings.name}-smoke" / "report.md"

    def folder(self, out: Path, variant: str) -> Path:
        return self.page(out).parent / variant / "seed-0"

    def metrics(self, out: Path, variant: str) -> dict[str, dict[str, Any]]:
        return json.loads((self.folder(out, variant) / "metrics.json").read_text())["metrics"]

    @pytest.fixture(scope="class")
    @classmethod
    def out(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A finished smoke run."""
        folder = tmp_path_factory.mktemp("runs")
        assert command(cls.experiment, *cls.smoke, "--variants", *cls.variants, "--out", str(folder)) == 0
        return folder

    def test_run_writes_every_file(self, out: Path) -> None:
        for variant in self.variants:
            run = self.folder(out, variant)
            assert [name for name in RUN_FILES if not (run / name).exists()] == []
            assert list(run.glob("events*")) and list((run / "train").glob("events*"))
            assert list((run / "validation").glob("events*")) and list((run / "checkpoints").glob("*.index"))

    def test_report_links_existing_figures(self, out: Path) -> None:
        page = self.page(out)
        links = re.findall(r"\]\(([^)]+\.png)\)", page.read_text())
        assert len(links) >= self.least_links
        assert [link for link in links if not (page.parent / link).exists()] == []

    def test_report_names_its_preset(self, out: Path) -> None:
        page = self.page(out).read_text()
        assert re.search(r"^- `python -m experiments\.\w+ --data-dir DIR --preset smoke", page, re.MULTILINE)

    def test_claims_of_a_smoke_run_are_not_judged(self, out: Path) -> None:
        page = self.page(out).read_text()
        assert "**Holds:**" not in page and "**Does not hold:**" not in page
        assert "Too short to judge" in page or "Not judged" in page

    def test_flag_that_a_chosen_variant_lacks_is_refused(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        # A switch takes no value, so the words below would be wrong for another reason.
        fields = {
            name: {path for path, value in flat_fields(config).items() if not isinstance(value, bool)}
            for name, config in self.experiment.settings.configs.items()
        }
        lacking = [
            (variant, owner, path)
            for variant in fields
            for owner in fields
            for path in sorted(fields[owner] - fields[variant])
        ]
        for variant, owner, path in lacking[:3]:
            words = ["--variants", variant, f"--{path.replace('_', '-')}", "1"]
            assert command(self.experiment, *replaced(self.smoke, ["--out", str(tmp_path), *words])) == 2
            error = capsys.readouterr().err
            assert variant in error and owner in error and "Traceback" not in error

    def test_same_command_skips_finished_runs(self, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
        records = [self.folder(out, variant) / "metrics.json" for variant in self.variants]
        before = [record.stat().st_mtime_ns for record in records]
        assert self.command(*self.smoke, "--variants", *self.variants, "--out", str(out)) == 0
        assert [record.stat().st_mtime_ns for record in records] == before
        assert f"0 of {len(records)} runs to do" in capsys.readouterr().out

    def test_changed_config_is_refused_with_the_field(self, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
        changed = ["--variants", self.variants[0], "--out", str(out), "--training.learning-rate", "0.01"]
        words = replaced(self.smoke, changed)
        assert self.command(*words) == 2
        assert re.search(r"training\.learning_rate: 0\.0\d+ -> 0\.01", capsys.readouterr().err)
        assert (self.folder(out, self.variants[0]) / "metrics.json").exists()

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--preset", "thorough"], "quick"),
            (["--training.epoch", "3"], "training.epochs"),
            (["--training.epochs", "many"], "many"),
            (["--training.epochs", "0"], "training-epochs=0"),
            (["--samples", "0"], "samples=0"),
            (["--seeds", "1", "1"], "each seed once"),
            (["--data", "minst"], "mnist"),
        ],
    )
    def test_wrong_argument_gets_one_message_and_exit_code_2(
        self, words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.assert_refused(words, said, tmp_path, capsys)

    def assert_refused(self, words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """One message that says it, exit code 2, and nothing trained."""
        assert self.command(*replaced(self.smoke, ["--out", str(tmp_path / "runs"), *words])) == 2
        printed = capsys.readouterr()
        assert said in printed.err + printed.out and "Traceback" not in printed.err
        assert not list(tmp_path.rglob("*.index")), "nothing was trained"

    @pytest.mark.parametrize(("flag", "make", "said"), WRONG_FOLDERS)
    def test_wrong_folder_gets_one_message_and_exit_code_2(
        self,
        flag: str,
        make: Callable[[Path], str],
        said: str,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        data = self.mnist if flag == "--data-dir" else []
        out = [] if flag == "--out" else ["--out", str(tmp_path / "runs")]
        words = replaced(self.smoke, [*data, *out, flag, make(tmp_path)])
        assert self.command(*words) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: Expected") or "expected" in error
        assert said in error and "Traceback" not in error

    def test_unwritable_folder_is_refused(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        # Permissions do not stop root, under which continuous integration often runs; nobody can write to /proc.
        tmp_path.chmod(0o500)
        out = "/proc/runs" if os.geteuid() == 0 else str(tmp_path / "runs")
        assert self.command(*self.smoke, "--out", out) == 2
        assert "can be written" in capsys.readouterr().err
