"""Reading .npz archives, and concurrent atomic writes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.files import atomic_write, read_npz


def test_read_npz_returns_saved_arrays(tmp_path):
    saved = {"a": np.arange(6, dtype=np.uint8).reshape(2, 3), "b": np.array([1.5, -2.0])}
    np.savez_compressed(tmp_path / "arrays.npz", **saved)
    arrays = read_npz(tmp_path / "arrays.npz")
    assert list(arrays) == ["a", "b"] and arrays["a"].dtype == np.uint8
    for name, array in saved.items():
        np.testing.assert_array_equal(arrays[name], array)


def missing(path):
    return "No such file"


def folder(path):
    path.mkdir()
    return "not a zip"


def text(path):
    path.write_text("no archive")
    return "not a zip"


def single_array(path):
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    return "not a zip"


def truncated(path):
    np.savez(path, a=np.zeros(1000))
    path.write_bytes(path.read_bytes()[:4000])
    return "broken or truncated"


def pickled(path):
    np.savez(path, a=np.array([{"key": 1}], dtype=object))
    return "never loaded"


@pytest.mark.parametrize("content", [missing, folder, text, single_array, truncated, pickled])
def test_read_npz_of_unreadable_file_raises(tmp_path, content):
    path = tmp_path / "arrays.npz"
    reason = content(path)
    with pytest.raises(InputError, match=THREE_PARTS) as error:
        read_npz(path, expected="an .npz file of weights", remedy="Train them again.")
    message = str(error.value)
    assert reason in message and str(path) in message
    assert message.startswith("Expected an .npz file of weights. ") and message.endswith(" Train them again.")


def test_concurrent_writers_have_separate_temporary_files(tmp_path):
    path = tmp_path / "array.npy"
    with atomic_write(path, concurrent=True) as first:
        first.write_text("first")
        with atomic_write(path, concurrent=True) as second:
            second.write_text("second")
            assert not path.exists()
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]
