"""Image cache: invalidation, damage, unwritable folders."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from tfvae.data import pictures
from tfvae.data.picture_cache import cache_path
from tfvae.data.pictures import read_pictures
from tfvae.errors import InputError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("TFVAE_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def files(tmp_path):
    root = tmp_path / "mine"
    root.mkdir()
    for number in range(3):
        Image.new("RGB", (4, 3), (number, 5, 6)).save(root / f"{number}.png")
    return sorted(root.iterdir())


@pytest.fixture
def decoded(monkeypatch):
    """Names of the files that were decoded."""
    names = []
    read = pictures._read

    def counting(file, image_size):
        names.append(file.name)
        return read(file, image_size)

    monkeypatch.setattr(pictures, "_read", counting)
    return names


def loaded(files, **options) -> list[list[int]]:
    """The first pixel of every picture."""
    array = read_pictures(files[0].parent, files, loader="test", **options)
    assert array.dtype == np.uint8 and array.shape[0] == len(files) and type(array) is np.ndarray
    return array[:, 0, 0].tolist()


PIXELS = [[0, 5, 6], [1, 5, 6], [2, 5, 6]]


def test_second_read_decodes_nothing(files, decoded, cache):
    assert loaded(files) == PIXELS
    assert sorted(decoded) == ["0.png", "1.png", "2.png"]
    assert loaded(files) == PIXELS and len(decoded) == 3
    assert [path.suffix for path in cache.iterdir()] == [".npy"]


def test_cache_file_is_readable_by_numpy(files, cache):
    loaded(files)
    assert np.load(next(cache.iterdir()))[:, 0, 0].tolist() == PIXELS


@pytest.mark.parametrize("change", ["size", "order", "fewer", "time", "content", "name", "folder"])
def test_cache_is_invalidated_by_every_change(files, decoded, change, tmp_path):
    loaded(files)
    options = {"image_size": 2} if change == "size" else {}
    if change == "order":
        files = files[::-1]
    elif change == "fewer":
        files = files[1:]
    elif change == "time":
        os.utime(files[0], ns=(0, 0))
    elif change == "content":
        times = files[0].stat()
        Image.new("RGB", (40, 30)).resize((4, 3)).save(files[0], compress_level=0)
        os.utime(files[0], ns=(times.st_atime_ns, times.st_mtime_ns))
    elif change == "name":
        files = [files[0].rename(files[0].with_name("00.png")), *files[1:]]
    elif change == "folder":
        moved = tmp_path / "moved"
        files[0].parent.rename(moved)
        files = sorted(moved.iterdir())
    del decoded[:]
    loaded(files, **options)
    assert len(decoded) == len(files)


@pytest.mark.parametrize("damage", ["emptied", "cut", "a pixel", "the header", "the end", "another array", "a folder"])
def test_damaged_cache_is_rewritten(files, decoded, cache, damage):
    loaded(files)
    path = next(cache.iterdir())
    whole = bytearray(path.read_bytes())
    if damage == "emptied":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(whole[:-40])
    elif damage == "another array":
        np.save(path, np.zeros((3, 3, 4, 3), np.uint8))
    elif damage == "a folder":
        path.unlink()
        path.mkdir()
    else:
        place = {"a pixel": 130, "the header": 30, "the end": -1}[damage]
        whole[place] ^= 0xFF
        path.write_bytes(whole)
    del decoded[:]
    assert loaded(files) == PIXELS
    assert set(decoded) == {"0.png", "1.png", "2.png"}
    if damage != "a folder":
        assert path.read_bytes() == bytes(whole) or damage in ("a pixel", "the header", "the end")
        del decoded[:]
        assert loaded(files) == PIXELS and decoded == []


def test_unwritable_cache_is_no_error(files, cache, monkeypatch, tmp_path):
    cache.write_text("a file where the folder should be")
    assert loaded(files) == PIXELS
    monkeypatch.delenv("TFVAE_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", no_home)
    assert loaded(files) == PIXELS


def no_home():
    raise RuntimeError("Could not determine home directory.")


def test_full_disk_is_no_error_and_leaves_no_file(files, cache, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array_header_1_0", full)
    assert loaded(files) == PIXELS
    assert list(cache.iterdir()) == []


def test_invalid_images_are_not_cached(files, cache):
    files[1].write_bytes(b"no picture")
    for _ in range(2):
        with pytest.raises(InputError, match=r"1\.png"):
            loaded(files)
    assert list(cache.iterdir()) == []


def test_missing_file_raises_and_is_named(files):
    files[2].unlink()
    with pytest.raises(InputError, match=r"2\.png \(.*No such file"):
        loaded(files)


def test_cache_folder_follows_environment_variables(files, monkeypatch, tmp_path):
    root = files[0].parent

    def folder():
        return cache_path(root, files, image_size=None).parent

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert folder() == tmp_path / "cache"
    monkeypatch.setenv("TFVAE_CACHE_DIR", "")
    assert folder() == tmp_path / "xdg" / "tfvae"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert folder() == tmp_path / "home" / ".cache" / "tfvae"
