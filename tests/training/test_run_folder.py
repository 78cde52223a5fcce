"""A run's folder: locking, fingerprints, clearing, and atomic files."""

from __future__ import annotations

import shutil

import pytest

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.files import atomic_write, read_json, write_json
from tfvae.training.run_folder import RunFolder, changed_fields

FINGERPRINT = {"training.epochs": 3, "preset": "quick"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run").mkdir()
    return RunFolder(tmp_path / "run")


def test_folder_is_locked_by_one_process_at_a_time(tmp_path):
    folder = RunFolder(tmp_path / "new" / "run")
    with folder.locked():
        with pytest.raises(InputError, match=THREE_PARTS) as refusal, folder.locked():
            pass
        assert str(folder.path) in str(refusal.value)
    with folder.locked():
        pass


def test_lock_is_released_when_the_work_fails(folder):
    with pytest.raises(RuntimeError), folder.locked():
        raise RuntimeError
    with folder.locked():
        pass


def test_path_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=THREE_PARTS), RunFolder(tmp_path / "file" / "run").locked():
        pass


def test_config_json_keeps_the_facts_of_its_first_command(folder):
    folder.begin(FINGERPRINT, {"device": "first"}, overwrite=False)
    folder.begin(dict(FINGERPRINT), {"device": "second"}, overwrite=False)
    assert read_json(folder.config) == {"device": "first", "fingerprint": FINGERPRINT}


def test_changed_field_is_refused_and_nothing_is_written(folder):
    folder.begin(FINGERPRINT, {}, overwrite=False)
    with pytest.raises(InputError, match=r"training\.epochs: 3 -> 4") as refusal:
        folder.begin({**FINGERPRINT, "training.epochs": 4}, {}, overwrite=False)
    assert "preset" not in str(refusal.value)
    assert read_json(folder.config)["fingerprint"] == FINGERPRINT


def test_changed_fields_name_added_and_removed_ones():
    assert changed_fields({"a": 1, "b": 2}, {"b": 2, "c": 3}) == ["a: 1 -> not set", "c: not set -> 3"]
    assert changed_fields({"a": [1, 2]}, {"a": [1, 2]}) == []


def test_overwrite_deletes_everything_but_the_lock(folder):
    with folder.locked():
        folder.begin(FINGERPRINT, {}, overwrite=False)
        write_json(folder.metrics, {})
        write_json(folder.checkpoints / "checkpoint", {})
        folder.begin({"training.epochs": 4}, {}, overwrite=True)
        assert not folder.finished
        assert {path.name for path in folder.path.iterdir()} == {"config.json", "run.lock"}
        assert read_json(folder.config)["fingerprint"] == {"training.epochs": 4}
        with pytest.raises(InputError), folder.locked():
            pass


def test_interrupted_clearing_leaves_no_run_that_looks_finished(folder, monkeypatch):
    folder.begin(FINGERPRINT, {}, overwrite=False)
    write_json(folder.metrics, {})
    write_json(folder.history, [])
    write_json(folder.checkpoints / "checkpoint", {})

    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        folder.clear()
    assert not folder.finished
    assert folder.config.exists() and folder.history.exists()  # so another config is still refused


def test_run_is_finished_when_metrics_json_exists(folder):
    assert not folder.finished
    write_json(folder.metrics, {"metrics": {}})
    assert folder.finished


def test_atomic_write_replaces_a_file_whole_or_not_at_all(folder):
    path = folder.path / "model.keras"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    with atomic_write(path) as temporary:
        assert temporary.suffix == ".keras"  # Keras and NumPy choose the format by it
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and not temporary.exists()


@pytest.mark.parametrize("content", [None, "", '{"value": 1'])
def test_invalid_json_is_refused(tmp_path, content):
    path = tmp_path / "metrics.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=THREE_PARTS):
        read_json(path)
