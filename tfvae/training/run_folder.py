"""A run's folder: what lies where, who may write, and whether it is the same run as before."""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping
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
        """The mean of each term over every execution of steps, a line of JSON each; of runs that keep it."""
        return self.path / "steps.jsonl"

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

    def check(self, fingerprint: dict[str, Any], usual: Mapping[str, Any] | None = None) -> None:
        """Refuses a folder that was begun with another config.

        Args:
            fingerprint: the fields that decide what the run computes.
            usual: the same of the variant's own configuration, for fields that did not exist when the run was begun.

        Raises:
            InputError: if the folder holds a run with another config; its message names the changed fields.
        """
        recorded = recorded_fingerprint(self.config, usual or fingerprint) if self.config.exists() else fingerprint
        changed = changed_fields(recorded, fingerprint)
        if changed:
            raise InputError(
                f"Expected the config that {self.path} was begun with. Received another: {'; '.join(changed)}. "
                "Set these back to resume, choose another folder with --out, or start afresh with --overwrite."
            )

    def begin(
        self,
        fingerprint: dict[str, Any],
        facts: dict[str, Any],
        *,
        overwrite: bool,
        usual: Mapping[str, Any] | None = None,
    ) -> None:
        """Makes the folder that of this run; the config.json of an earlier version is written anew.

        Args:
            fingerprint: the fields that decide what the run computes.
            facts: versions, commit and device, kept beside them for the record.
            overwrite: whether to delete what an earlier run wrote.
            usual: as in `check`.

        Raises:
            InputError: if the folder holds a run with another config and is not to be overwritten.
        """
        if overwrite:
            self.clear()
        self.check(fingerprint, usual)
        recorded = read_json(self.config) if self.config.exists() else facts
        if "fingerprint" not in recorded:
            kept = {name: value for name, value in recorded.items() if name != "identity"}
            write_json(self.config, {**kept, "fingerprint": fingerprint})

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


def recorded_fingerprint(config: Path, usual: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The fingerprint in a config.json.

    Args:
        config: the file.
        usual: today's fields with the variant's own values. Up to version 0.1.0 a run recorded fields of other variants
            too, under the key "identity": only today's are read there, and what it lacks has the variant's own value.
    """
    recorded = read_json(config)
    if "fingerprint" in recorded:
        return dict(recorded["fingerprint"])
    earlier = {EARLIER_FIELDS.get(name, name): value for name, value in recorded["identity"].items()}
    for name in ("data", "dataset"):
        if name in earlier:
            earlier[name] = str(earlier[name]).replace("upright:", "deskewed:").replace("upright-", "deskewed:")
    if usual is None:
        return earlier
    deleted = {name: earlier[name] for name, value in DELETED_FIELDS.items() if earlier.get(name, value) != value}
    return {name: earlier.get(name, value) for name, value in usual.items()} | deleted


EARLIER_FIELDS = {
    "networks.neighbourhood": "networks.neighborhood",
    "networks.grain": "networks.noise_injection",
}
"""{name of a field up to version 0.1.0: its name today}."""

DELETED_FIELDS = {"networks.linear_skip": 0}
"""{field of version 0.1.0 that no variant has any more: the value that corresponds to the runs of today}."""


def history_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a history.json, of earlier versions too; none where there is no file."""
    rows = read_json(path) if path.exists() else []
    return [{("epoch_metrics" if key == "watched" else key): value for key, value in row.items()} for row in rows]


def step_rows(folder: RunFolder) -> list[dict[str, Any]]:
    """The rows of a steps.jsonl, or of the steps.json of earlier versions; none where there is neither."""
    if folder.steps.exists():
        return [json.loads(line) for line in folder.steps.read_text().splitlines()]
    earlier = folder.steps.with_suffix(".json")
    return read_json(earlier) if earlier.exists() else []
