"""Faces: lookup, split, resizing, errors."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tfvae.data import load, load_faces
from tfvae.errors import InputError


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    monkeypatch.delenv("TFVAE_DATA_DIR", raising=False)


@pytest.fixture
def folder(tmp_path):
    """A data folder with ten pictures, 20 x 20, whose color is their number."""
    (tmp_path / "faces").mkdir()
    for number in range(10):
        Image.new("RGB", (20, 20), (number, 100, 200)).save(tmp_path / "faces" / f"{number}.png")
    return tmp_path


def numbers(images) -> list[int]:
    return images[:, 0, 0, 0].tolist()


def test_first_four_fifths_in_alphanumeric_order_train(folder):
    (folder / "faces" / "9.png").rename(folder / "faces" / "10.png")
    data = load_faces(folder)
    assert numbers(data.train_images) == [0, 1, 9, 2, 3, 4, 5, 6]
    assert numbers(data.test_images) == [7, 8]
    assert (data.name, data.class_names, data.image_shape) == ("faces", ("face",), (20, 20, 3))
    assert data.train_images.dtype == np.uint8 and not data.train_labels.any() and not data.test_labels.any()


def test_faces_from_argument_and_environment_are_equal(folder, monkeypatch):
    expected = load_faces(folder).sha256
    assert load_faces(folder / "faces").sha256 == load("faces", data_dir=folder).sha256 == expected
    monkeypatch.setenv("TFVAE_DATA_DIR", str(folder))
    assert load_faces().sha256 == expected


def test_faces_ignore_other_data_in_the_folder(folder):
    (folder / "mnist.npz").touch()
    assert len(load_faces(folder).train_images) == 8


def test_faces_are_resized_to_image_size(folder):
    data = load("faces", data_dir=folder, image_size=6)
    assert data.image_shape == (6, 6, 3)
    assert numbers(data.train_images) == list(range(8))


def test_draft_decoding_of_jpeg_matches_full_decoding_and_resizing(tmp_path):
    # A pattern of two pixels' width would alias into stripes without a filter; its mean is gray.
    fine = np.kron(np.indices((64, 64)).sum(axis=0) % 2, np.ones((4, 4))) * 255
    smooth = np.add.outer(np.arange(256), np.arange(256)) // 2
    for name, picture in {"a": fine, "b": smooth}.items():
        Image.fromarray(picture.astype(np.uint8)).save(tmp_path / f"{name}.jpg", quality=95)
    data = load_faces(tmp_path, image_size=16)
    inner = data.train_images[0, 1:-1, 1:-1]
    assert np.abs(inner.astype(int) - 127).max() <= 2
    whole = Image.open(tmp_path / "b.jpg").resize((16, 16), Image.Resampling.LANCZOS)
    difference = data.test_images[0, :, :, 0].astype(int) - np.asarray(whole)
    assert np.abs(difference).max() <= 2


def test_faces_of_the_real_folder_have_report_split(faces_dir):
    data = load_faces(faces_dir, image_size=16)
    count = len(data.train_labels) + len(data.test_labels)
    assert len(data.train_labels) == round(0.8 * count) and data.image_shape == (16, 16, 3)
    # Faces are lighter and redder in the middle than at the lower corners of dark clothes and backgrounds.
    middle = data.train_images[:, 6:10, 6:10].mean(axis=(0, 1, 2))
    assert middle[0] > middle[1] > middle[2] and middle[0] > data.train_images[:, -2:, :2].mean()


class TestErrors:
    def test_no_folder_given(self):
        with pytest.raises(InputError, match="Received: neither") as raised:
            load("faces")
        for way in ("--data-dir", "TFVAE_DATA_DIR", "--data textures"):
            assert way in str(raised.value)

    @pytest.mark.parametrize("entry", ["nowhere", "file"])
    def test_path_that_is_no_folder(self, tmp_path, monkeypatch, entry):
        (tmp_path / "file").touch()
        kind = {"nowhere": "does not exist", "file": "a file"}[entry]
        with pytest.raises(InputError, match=rf"in --data-dir\. Received: .*{entry}, .*{kind}.*--data textures"):
            load_faces(tmp_path / entry)
        monkeypatch.setenv("TFVAE_DATA_DIR", str(tmp_path / entry))
        with pytest.raises(InputError, match=rf"TFVAE_DATA_DIR\. Received: .*{kind}.*--data textures"):
            load_faces()

    def test_folder_without_images(self, tmp_path):
        (tmp_path / "mnist.npz").touch()
        with pytest.raises(InputError, match=r"1 entries without either, \['mnist\.npz'\].*--data textures"):
            load_faces(tmp_path)

    def test_empty_folder_and_single_image(self, folder):
        for path in sorted((folder / "faces").iterdir())[1:]:
            path.unlink()
        with pytest.raises(InputError, match=r"at least 2 pictures in .*faces.* one picture, 0\.png.*--data textures"):
            load_faces(folder)
        (folder / "faces" / "0.png").unlink()
        with pytest.raises(InputError, match=r"an empty folder.*--data-dir or TFVAE_DATA_DIR.*--data textures"):
            load_faces(folder)

    def test_folder_among_images(self, folder):
        (folder / "faces" / "more").mkdir()
        with pytest.raises(InputError, match="folders in it, more"):
            load_faces(folder)

    @pytest.mark.parametrize("image_size", [None, 6])
    def test_broken_image(self, folder, image_size):
        (folder / "faces" / "3.png").write_bytes(b"no picture")
        with pytest.raises(InputError, match=r"1 that are not, 3\.png \(cannot identify"):
            load_faces(folder, image_size=image_size)

    def test_different_sizes_without_image_size(self, folder):
        Image.new("RGB", (30, 20)).save(folder / "faces" / "0.png")
        with pytest.raises(InputError, match=r"load_faces: .* 9 of 20x20 and 1 others, 0\.png \(20x30\).*--image-size"):
            load_faces(folder)
        assert load_faces(folder, image_size=20).image_shape == (20, 20, 3)

    def test_gray_among_color(self, folder):
        Image.new("L", (20, 20)).save(folder / "faces" / "4.png")
        with pytest.raises(InputError, match=r"1 gray, 9 in color; gray are 4\.png"):
            load_faces(folder)

    def test_image_size_zero(self, folder):
        with pytest.raises(InputError, match="image_size=0"):
            load_faces(folder, image_size=0)

    @pytest.mark.parametrize("name", ["mnist", "digits", "synthetic"])
    def test_image_size_for_data_of_fixed_size(self, name):
        with pytest.raises(InputError, match=rf"that of {name} is fixed\. Received: image_size=32\."):
            load(name, image_size=32)
