"""A run's folder: what lies where, who may write, and whether it is the same run as before."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfvae.errors import InputError
from tfvae.files import check_writable, read_json, write_json


@dataclass(frozen=True)
class RunFolder:
    """OUT/<experiment>/<variant>/seed-<n>/ and the files in it."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config.json"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.json"

    @property
    def history(self) -> Path:
        return self.path / "history.json"

    @property
    def steps(self) -> Path:
        return self.path / "steps.json"

    @property
    def figures(self) -> Path:
        return self.path / "figures"

    @property
    def samples(self) -> Path:
        return self.path / "samples.npz"

    @property
    def samplers(self) -> Path:
        return self.path / "samplers"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        return self.path / "model.keras"

    @property
    def classifier(self) -> Path:
        """Of a run that trained one on its reconstructions."""
        return self.path / "classifier.keras"

    @property
    def searches(self) -> Path:
        """Scores of what a search tried, a file a search."""
        return self.path / "searches"

    @property
    def finished(self) -> bool:
        """Whether the run has ended: metrics.json is the last file that it writes."""
        return self.metrics.exists()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for this process; the system lets go of it when the process ends, however it ends.

        Raises:
            InputError: if the folder cannot be written, or another living process holds it.
        """
        check_writable(self.path)
        with open(self.path / "run.lock", "a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InputError(
                    f"Expected a run folder that no other process writes. Received: {self.path}, which a living "
                    "process holds. Wait for it, stop it, or choose another folder with --out."
                ) from None
            yield

    def check(self, identity: dict[str, Any]) -> None:
        """Refuses a folder that was begun with another config.

        Args:
            identity: the fields that decide what the run computes.

        Raises:
            InputError: if the folder holds a run with another config; its message names the changed fields.
        """
        changed = changed_fields(read_json(self.config)["identity"], identity) if self.config.exists() else []
        if changed:
            raise InputError(
                f"Expected the config that {self.path} was begun with. Received another: {'; '.join(changed)}. "
                "Set these back to resume, choose another folder with --out, or start afresh with --overwrite."
            )

    def begin(self, identity: dict[str, Any], facts: dict[str, Any], *, overwrite: bool) -> None:
        """Makes the folder that of this run.

        Args:
            identity: the fields that decide what the run computes.
            facts: versions, commit and device, kept beside them for the record.
            overwrite: whether to delete what an earlier run wrote.

        Raises:
            InputError: if the folder holds a run with another config and is not to be overwritten.
        """
        if overwrite:
            self.clear()
        self.check(identity)
        if not self.config.exists():
            write_json(self.config, {**facts, "identity": identity})

    def clear(self) -> None:
        """Deletes everything in the folder but the lock that this process holds.

        The order keeps a folder whose clearing was cut short from looking finished, or like one to resume.
        """
        rank = {self.metrics.name: 0, self.checkpoints.name: 1, self.config.name: 3}
        for child in sorted(self.path.iterdir(), key=lambda child: rank.get(child.name, 2)):
            if child.is_dir():
                shutil.rmtree(child)
            elif child.name != "run.lock":
                child.unlink()


def changed_fields(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """`name: before -> now` for each field that differs."""
    names = sorted(before.keys() | now.keys())
    return [
        f"{name}: {before.get(name, 'not set')} -> {now.get(name, 'not set')}"
        for name in names
        if before.get(name) != now.get(name)
    ]
