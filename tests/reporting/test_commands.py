"""Commands that a page names, by hand."""

from __future__ import annotations

import json
from pathlib import Path

from experiments.center_gmm.config import SETTINGS
from tfvae.reporting.commands import commands
from tfvae.reporting.records import FinishedRun
from tfvae.training.config import fingerprint, replaced
from tfvae.training.run_folder import RunFolder


def finished(folder: Path, variant: str, seed: int = 0, preset: str = "smoke", **changes: object) -> FinishedRun:
    """A finished run whose config.json has the changed fields."""
    default = SETTINGS.of_preset(preset)[variant]
    config = replaced(default, {name.replace("__", "."): value for name, value in changes.items()})
    run = RunFolder(folder / variant / f"seed-{seed}")
    run.path.mkdir(parents=True)
    run.config.write_text(json.dumps({"fingerprint": fingerprint(config, default)}))
    return FinishedRun(variant, seed, run, {"preset": preset, "epochs": config.training.epochs, "metrics": {}})


def test_command_names_every_changed_field(tmp_path: Path) -> None:
    run = finished(
        tmp_path, "center-6", data="digits", widths=(32, 16), training__epochs=5, training__schedule="cosine"
    )
    assert commands(SETTINGS, [run]) == [
        "python -m experiments.center_gmm --data-dir DIR --preset smoke --variants center-6 --data digits "
        "--training.epochs 5 --training.schedule cosine --widths 32 16"
    ]


def test_default_variants_of_one_seed_need_no_flag(tmp_path: Path) -> None:
    runs = [finished(tmp_path, variant, preset="report") for variant in SETTINGS.default]
    assert commands(SETTINGS, runs) == ["python -m experiments.center_gmm --data-dir DIR"]


def test_variants_of_other_seeds_have_a_command_of_their_own(tmp_path: Path) -> None:
    runs = [finished(tmp_path, "vanilla-6"), finished(tmp_path, "center-6"), finished(tmp_path, "center-6", seed=1)]
    start = "python -m experiments.center_gmm --data-dir DIR --preset smoke --variants"
    assert commands(SETTINGS, runs) == [f"{start} vanilla-6", f"{start} center-6 --seeds 0 1"]
