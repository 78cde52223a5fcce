"""Variants in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tfvae.cli.processes import run_each_variant


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run; that of the variant "b" fails."""
    commands: list[list[str]] = []

    def run(command: list[str]) -> subprocess.CompletedProcess:
        commands.append(command)
        return subprocess.CompletedProcess(command, 3 if command[-1] == "b" else 0)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_each_variant_is_a_process_and_the_first_failure_ends_them(commands: list[list[str]]) -> None:
    assert run_each_variant("tiny", ("a", "b", "c"), ["--training.epochs", "2"], description="") == 3
    start = [sys.executable, "-m", "experiments.tiny", "--training.epochs", "2", "--variants"]
    assert commands == [[*start, "a"], [*start, "b"]]
    assert run_each_variant("tiny", ("a",), [], description="") == 0


@pytest.mark.parametrize("word", ["--variants", "--variants=a"])
def test_named_variants_are_refused(word: str, commands: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_each_variant("tiny", ("a",), [word], description="") == 2
    assert "Expected no --variants" in capsys.readouterr().err and commands == []


def test_help_runs_nothing(commands: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_each_variant("tiny", ("a",), ["--help"], description="a sweep") == 0
    assert "a sweep" in capsys.readouterr().out and commands == []
