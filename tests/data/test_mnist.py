"""MNIST: lookup, validation, download, and loading by name."""

from __future__ import annotations

import io
import zipfile

import keras
import numpy as np
import pytest

from tfvae.data import DownloadError, load, load_mnist
from tfvae.errors import InputError

TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def look_alike() -> dict[str, np.ndarray]:
    """Arrays that pass for MNIST by their numbers: black images, one white pixel, the right class counts."""
    arrays = {
        "x_train": np.zeros((60000, 28, 28), np.uint8),
        "y_train": np.repeat(np.arange(10, dtype=np.uint8), TRAIN_COUNTS),
        "x_test": np.zeros((10000, 28, 28), np.uint8),
        "y_test": np.repeat(np.arange(10, dtype=np.uint8), TEST_COUNTS),
    }
    arrays["x_train"][0, 0, 0] = arrays["x_test"][0, 0, 0] = 255
    return arrays


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a look-alike, stored as Keras stores its own: compressed."""
    path = tmp_path_factory.mktemp("data")
    np.savez_compressed(path / "mnist.npz", **look_alike())
    return path


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    monkeypatch.delenv("TFVAE_DATA_DIR", raising=False)


@pytest.fixture
def offline(monkeypatch):
    def fail():
        raise Exception("URL fetch failure: no route to host")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)


def write(path, arrays):
    """Writes an .npz of zeros and labels, small on disk, whatever its shapes."""
    np.savez_compressed(path / "mnist.npz", **arrays)
    return path


def test_mnist_file_has_known_labels_mean_and_deviation(mnist):
    assert mnist.name == "mnist"
    assert mnist.train_images.shape == (60000, 28, 28, 1)
    assert mnist.test_images.shape == (10000, 28, 28, 1)
    assert mnist.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.test_labels[:5].tolist() == [7, 2, 1, 0, 4]
    # The mean that everybody normalizes MNIST by.
    assert mnist.train_images.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert mnist.train_images.std() / 255 == pytest.approx(0.3081, abs=5e-5)


def test_mnist_fingerprint_is_independent_of_compression_and_order(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "mnist.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for key, array in reversed(look_alike().items()):
            buffer = io.BytesIO()
            np.save(buffer, array)
            archive.writestr(f"{key}.npy", buffer.getvalue())
    assert (tmp_path / "mnist.npz").read_bytes() != (folder / "mnist.npz").read_bytes()
    assert load_mnist(tmp_path).sha256 == load_mnist(folder).sha256


def test_data_dir_takes_precedence_over_environment(folder, tmp_path, monkeypatch, offline):
    monkeypatch.setenv("TFVAE_DATA_DIR", str(folder))
    assert load_mnist().train_labels.dtype == np.int64
    with pytest.raises(InputError, match=r"expected mnist.npz in --data-dir .*a folder of 0 entries"):
        load_mnist(tmp_path)


def test_environment_with_missing_folder_raises(tmp_path, monkeypatch, offline):
    monkeypatch.setenv("TFVAE_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"TFVAE_DATA_DIR.*does not exist"):
        load_mnist()


def test_environment_folder_without_mnist_falls_back_to_download(tmp_path, monkeypatch, offline):
    monkeypatch.setenv("TFVAE_DATA_DIR", str(tmp_path))
    with pytest.raises(DownloadError):
        load_mnist()


def test_mnist_without_folder_is_downloaded(monkeypatch):
    arrays = look_alike()
    pairs = (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: pairs)
    assert np.bincount(load_mnist().test_labels).tolist() == TEST_COUNTS


def test_mnist_without_folder_and_network_raises_with_remedies(offline):
    with pytest.raises(DownloadError, match="no route to host") as raised:
        load_mnist()
    for way in ("--data-dir", "TFVAE_DATA_DIR", "keras.datasets.mnist", "--data digits"):
        assert way in str(raised.value)


@pytest.mark.parametrize(("name", "kind"), [("nowhere", "does not exist"), ("file", "a file")])
def test_data_dir_that_is_no_folder_raises(tmp_path, name, kind):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=f"expected a folder.*--data-dir.*{kind}"):
        load_mnist(tmp_path / name)


def test_data_dir_without_mnist_raises_and_lists_its_content(tmp_path):
    (tmp_path / "MNIST.npz.part").touch()
    with pytest.raises(InputError, match=r"a folder of 1 entries, \['MNIST.npz.part'\]"):
        load_mnist(tmp_path)


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.999])
def test_truncated_mnist_file_raises(folder, tmp_path, kept):
    whole = (folder / "mnist.npz").read_bytes()
    (tmp_path / "mnist.npz").write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(InputError, match="broken or truncated"):
        load_mnist(tmp_path)


def test_damaged_mnist_file_raises(folder, tmp_path):
    damaged = bytearray((folder / "mnist.npz").read_bytes())
    damaged[200:260] = b"\xff" * 60
    (tmp_path / "mnist.npz").write_bytes(damaged)
    with pytest.raises(InputError, match="broken or truncated"):
        load_mnist(tmp_path)


def test_missing_and_unknown_arrays_raise_and_are_named(tmp_path):
    write(tmp_path, {"x_train": np.zeros(1), "images": np.zeros(1)})
    with pytest.raises(InputError, match=r"\['images', 'x_train'\], missing: \['x_test', 'y_test', 'y_train'\]"):
        load_mnist(tmp_path)


def test_pickled_objects_raise(tmp_path):
    write(tmp_path, {key: np.array([{"a": 1}]) for key in ("x_train", "y_train", "x_test", "y_test")})
    with pytest.raises(InputError, match="never loaded, because they can run code"):
        load_mnist(tmp_path)


def test_zip_archive_without_arrays_raises(tmp_path):
    with zipfile.ZipFile(tmp_path / "mnist.npz", "w") as archive:
        for key in ("x_train", "y_train", "x_test", "y_test"):
            archive.writestr(key, b"no array")
    with pytest.raises(InputError, match=r"x_train .* as uint8"):
        load_mnist(tmp_path)


@pytest.mark.parametrize(
    ("key", "array", "message"),
    [
        ("x_train", np.zeros((6, 28, 28), np.float32), "as uint8. Received: float32. It looks scaled"),
        ("y_test", np.zeros(10000, np.int64), "y_test .* as uint8. Received: int64"),
        ("x_train", np.zeros((60000, 784), np.uint8), r"shape \(60000, 28, 28\). Received: \(60000, 784\)"),
        (
            "x_test",
            np.zeros((9000, 28, 28), np.uint8),
            r"shape \(10000, 28, 28\). Received: \(9000, 28, 28\)",
        ),
        ("x_test", np.ones((10000, 28, 28), np.uint8), "a maximum of 1; it looks binarized"),
        ("x_train", np.full((60000, 28, 28), 16, np.uint8), "a maximum of 16; it looks rescaled"),
        ("y_train", np.repeat(np.arange(10, dtype=np.uint8), 6000), r"class counts \(6000, 6000"),
        ("y_test", np.full(10000, 10, np.uint8), "labels up to 10"),
    ],
)
def test_invalid_mnist_array_raises_and_is_named(tmp_path, key, array, message):
    write(tmp_path, {**look_alike(), key: array})
    with pytest.raises(InputError, match=message):
        load_mnist(tmp_path)


def test_load_by_name(folder):
    assert load("mnist", data_dir=folder).name == "mnist"
    assert load("digits", data_dir=folder).name == "digits"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "minst",
            "one of: mnist, digits, synthetic, faces, textures, folder:PATH, deskewed:NAME. Received: 'minst'. "
            "Did you mean mnist",
        ),
        ("MNIST", "Did you mean mnist"),
        ("digit", "Did you mean digits"),
        ("cifar", r"Received: 'cifar'\.$"),
        ("folder:", "a path after 'folder:'"),
        ("folder", "folder:PATH, deskewed:NAME. Received: 'folder'. Did you mean folder:PATH"),
    ],
)
def test_load_of_unknown_name_raises_and_lists_names(name, message):
    with pytest.raises(InputError, match=message):
        load(name)


def test_fallback_to_digits_warns_and_is_recorded(digits, offline):
    with pytest.raises(DownloadError):
        load("mnist")
    with pytest.warns(UserWarning, match=r"`digits` REPLACES IT"):
        data = load("mnist", allow_fallback=True)
    assert (data.name, data.fallback_for, data.sha256) == ("digits", "mnist", digits.sha256)


def test_fallback_does_not_apply_to_wrong_data_dir(tmp_path, offline):
    with pytest.raises(InputError, match=r"expected mnist\.npz in --data-dir"):
        load("mnist", data_dir=tmp_path, allow_fallback=True)
