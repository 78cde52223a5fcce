"""Image folders: order, classes, sizes, colors, errors that name the files."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tfvae.data import load, load_folder
from tfvae.errors import InputError


def save(path, value, *, mode="L", size=(4, 3)):
    """Writes a picture of one gray or color value; `size` is (width, height), as Pillow has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value).save(path)


def test_first_four_fifths_in_alphanumeric_order_train(tmp_path):
    for number in reversed(range(10)):
        save(tmp_path / "mine" / f"{number:02d}.png", 10 * number)
    data = load_folder(tmp_path / "mine")
    assert data.train_images[:, 0, 0, 0].tolist() == [0, 10, 20, 30, 40, 50, 60, 70]
    assert data.test_images[:, 0, 0, 0].tolist() == [80, 90]
    assert data.image_shape == (3, 4, 1)
    assert (data.name, data.class_names) == ("folder:mine", ("all",))
    assert set(data.train_labels) == set(data.test_labels) == {0}


def test_sub_folders_are_alternating_classes(tmp_path):
    for number in range(5):
        save(tmp_path / "cats" / f"{number}.png", number)
        save(tmp_path / "birds" / f"{number}.png", 100 + number)
    data = load_folder(tmp_path)
    assert data.class_names == ("birds", "cats")
    assert data.train_labels.tolist() == [0, 1, 0, 1, 0, 1, 0, 1]
    assert data.train_images[:, 0, 0, 0].tolist() == [100, 0, 101, 1, 102, 2, 103, 3]
    assert data.test_images[:, 0, 0, 0].tolist() == [104, 4]


def test_subset_of_a_folder_keeps_the_class_proportions(tmp_path):
    for number in range(20):
        save(tmp_path / "rare" / f"{number:03d}.png", number)
    for number in range(180):
        save(tmp_path / "usual" / f"{number:03d}.png", 20 + number)
    data = load_folder(tmp_path)
    assert np.bincount(data.train_labels).tolist() == [16, 144]
    half = data.subset(train=80)
    # A draw has 8 of the rare class, with a standard deviation of 1.9; the first 80 images would have all 16.
    rare = np.bincount(half.train_labels)[0]
    assert 8 - 3 * 1.9 < rare < 8 + 3 * 1.9
    values = half.train_images[:, 0, 0, 0].tolist()
    assert len(set(values)) == 80 and all(
        (value < 20) == (label == 0) for value, label in zip(values, half.train_labels, strict=True)
    )


@pytest.mark.parametrize(("fraction", "trained"), [(0.5, 2), (0.01, 3), (0.99, 1), (0.25, 3)])
def test_test_fraction_leaves_at_least_one_on_each_side(tmp_path, fraction, trained):
    for number in range(4):
        save(tmp_path / f"{number}.png", number)
    data = load_folder(tmp_path, test_fraction=fraction)
    assert (len(data.train_images), len(data.test_images)) == (trained, 4 - trained)


def test_color_pictures_have_three_channels(tmp_path):
    save(tmp_path / "a.png", (1, 2, 3), mode="RGB")
    save(tmp_path / "b.png", (4, 5, 6, 255), mode="RGBA")
    data = load_folder(tmp_path)
    assert data.train_images[0, 0, 0].tolist() == [1, 2, 3]
    assert data.test_images[0, 0, 0].tolist() == [4, 5, 6]


def test_hidden_files_are_ignored(tmp_path):
    for name in "ab":
        save(tmp_path / f"{name}.png", 0)
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    assert len(load_folder(tmp_path).train_images) == 1


def test_exif_orientation_is_applied(tmp_path):
    save(tmp_path / "a.png", 0, size=(3, 4))
    sideways = Image.new("L", (4, 3))
    exif = sideways.getexif()
    exif[0x0112] = 6  # the orientation tag of a phone in portrait position
    sideways.save(tmp_path / "b.png", exif=exif)
    assert load_folder(tmp_path).image_shape == (4, 3, 1)


def test_image_size_crops_the_central_square_and_resizes(tmp_path):
    save(tmp_path / "a.png", 50, size=(8, 8))
    wide = np.full((4, 12), 200, np.uint8)
    wide[:, 4:8] = 100
    Image.fromarray(wide).save(tmp_path / "b.png")
    data = load_folder(tmp_path, image_size=4)
    assert data.image_shape == (4, 4, 1)
    assert set(data.train_images.ravel()) == {50}
    assert set(data.test_images.ravel()) == {100}


def test_load_resizes_folder_images(tmp_path):
    for name in "ab":
        save(tmp_path / f"{name}.png", 9, size=(8, 6))
    assert load(f"folder:{tmp_path}", image_size=5).image_shape == (5, 5, 1)
    assert load(f"deskewed:folder:{tmp_path}", image_size=5).image_shape == (5, 5, 1)


def test_folder_splits_are_memory_mapped(tmp_path):
    for name in ("cats/a", "cats/b", "dogs/a", "dogs/b"):
        save(tmp_path / f"{name}.png", 0)
    data = load_folder(tmp_path)
    for images in (data.train_images, data.test_images):
        assert any(isinstance(owner, np.memmap) for owner in owners(images))


def owners(array):
    """What an array's memory belongs to, from the nearest view on."""
    while array is not None:
        yield array
        array = getattr(array, "base", None)


def test_images_of_different_sizes_raise_and_are_named(tmp_path):
    for name in "abc":
        save(tmp_path / f"{name}.png", 0)
    save(tmp_path / "odd.png", 0, size=(9, 8))
    with pytest.raises(InputError, match=r"3 of 3x4 and 1 others, odd.png \(8x9\).*image_size"):
        load_folder(tmp_path)


def test_gray_image_among_color_ones_raises_and_is_named(tmp_path):
    for name in "abc":
        save(tmp_path / f"{name}.png", (0, 0, 0), mode="RGB")
    save(tmp_path / "scan.png", 0)
    with pytest.raises(InputError, match=r"1 gray, 3 in color; gray are scan\.png"):
        load_folder(tmp_path)


def test_unreadable_files_raise_and_the_first_five_are_named(tmp_path):
    for name in "ab":
        save(tmp_path / f"{name}.png", 0)
    for number in range(7):
        (tmp_path / f"note{number}.txt").write_text("no picture")
    with pytest.raises(InputError, match=r"7 that are not, .*note4.txt .* and 2 more") as raised:
        load_folder(tmp_path)
    assert "note0.txt (cannot identify image file)" in str(raised.value)
    assert "note5.txt" not in str(raised.value)


def test_truncated_image_raises_and_is_named(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for name in ("whole.jpg", "half.jpg"):
        Image.fromarray(noise).save(tmp_path / name)
    half = tmp_path / "half.jpg"
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    with pytest.raises(InputError, match=r"1 that are not, half.jpg \(image file is truncated"):
        load_folder(tmp_path)


@pytest.mark.parametrize(
    ("mode", "value", "reason"),
    [("I;16", 300, "8 bits a channel"), ("RGBA", (9, 9, 9, 0), "transparent pixels")],
)
def test_16_bit_and_transparent_images_raise(tmp_path, mode, value, reason):
    save(tmp_path / "a.png", (0, 0, 0), mode="RGB")
    save(tmp_path / "b.png", value, mode=mode)
    with pytest.raises(InputError, match=f"b.png .*{reason}"):
        load_folder(tmp_path)


def test_path_that_is_no_folder_raises(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file, a file\."):
        load_folder(tmp_path / "file")
    with pytest.raises(InputError, match="does not exist"):
        load(f"folder:{tmp_path / 'nowhere'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="an empty folder"):
        load_folder(tmp_path / "empty")


def test_class_with_fewer_than_two_images_raises(tmp_path):
    for name in ("many/a.png", "many/b.png", "one/a.png"):
        save(tmp_path / name, 0)
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match=r"at least 2 .*Received: none \(0\), one \(1\)\."):
        load_folder(tmp_path)


def test_images_beside_or_below_class_folders_raise_and_are_named(tmp_path):
    for name in ("class/a.png", "class/b.png", "loose.png"):
        save(tmp_path / name, 0)
    with pytest.raises(InputError, match=r"1 sub-folders, and beside them loose\.png"):
        load_folder(tmp_path)
    (tmp_path / "loose.png").unlink()
    save(tmp_path / "class" / "deeper" / "c.png", 0)
    with pytest.raises(InputError, match=r"folders in them, class.deeper\."):
        load_folder(tmp_path)


@pytest.mark.parametrize("arguments", [{"image_size": 0}, {"test_fraction": 0.0}, {"test_fraction": 1.0}])
def test_load_folder_arguments_out_of_range_raise(tmp_path, arguments):
    with pytest.raises(InputError, match=next(iter(arguments))):
        load_folder(tmp_path, **arguments)
