"""`tfvae evaluate`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.runs import assert_refused
from tfvae.data import load_folder
from tfvae.metrics import RealReference, random_vgg, score_samples


class TestEvaluate:
    @pytest.fixture
    def samples(self, digits, tmp_path, monkeypatch) -> dict[str, np.ndarray]:
        monkeypatch.chdir(tmp_path)
        return {"images": digits.train_images[:60], "labels": digits.train_labels[:60]}

    def test_scores_the_file_as_the_library_does(self, samples, digits, tiny_space, tfvae_command):
        np.savez("mine.npz", **samples)
        code, output, _ = tfvae_command("evaluate", "mine.npz", "--data", "digits", "--json", "scores.json")
        assert code == 0
        expected = score_samples(**samples, reference=RealReference.of(digits, tiny_space))
        written = json.loads(Path("scores.json").read_text())
        assert written["metrics"] == {name: score.as_dict() for name, score in expected.items()}
        assert written["dataset_sha256"] == digits.sha256
        real = len(digits.test_images)
        assert f"60 generated images against the whole test split of digits, {real} real images" in output
        assert f"tiny (sha256 abababababab), 60 generated samples, {real} real ones of the test split" in output
        assert {"fid", "kid", "class_accuracy"} <= set(written["metrics"]) and all(
            name in output for name in written["metrics"]
        )

    def test_floats_and_images_without_channels_are_the_same_images(self, samples, tiny_space, tfvae_command):
        images = samples["images"]
        forms = {"bytes": images, "flat": images[..., 0], "floats": images.astype(np.float64) / 255.0}
        for name, form in forms.items():
            np.savez(f"{name}.npz", images=form)
            assert tfvae_command("evaluate", f"{name}.npz", "--data", "digits", "--json", f"{name}.json")[0] == 0
        scores = [json.loads(Path(f"{name}.json").read_text())["metrics"] for name in forms]
        assert scores[0] == scores[1] == scores[2]
        assert "class_accuracy" not in scores[0]

    @pytest.mark.parametrize(
        ("change", "phrases"),
        [
            (lambda images, labels: {"x": images, "y": labels}, ["`images`", "Received: x, y"]),
            (lambda images, labels: {"images": images[:1]}, ["N of at least 2", "[1, 28, 28, 1]"]),
            (lambda images, labels: {"images": images[:0]}, ["N of at least 2"]),
            (
                lambda images, labels: {"images": images.astype(np.int64)},
                ["uint8 in 0 .. 255, or float in [0, 1]", "int64"],
            ),
            (lambda images, labels: {"images": images.astype(np.float32)}, ["float images in [0, 1]", "255"]),
            (lambda images, labels: {"images": np.full((4, 28, 28, 1), np.nan)}, ["float images in [0, 1]", "nan"]),
            (lambda images, labels: {"images": images[0, :, :, 0]}, ["[N, H, W]", "[28, 28]"]),
            (lambda images, labels: {"images": images.reshape(60, 784)}, ["[60, 784]"]),
            (lambda images, labels: {"images": images[:, :14]}, ["shape of digits, [28, 28, 1]", "[14, 28, 1]"]),
            (lambda images, labels: {"images": images, "labels": labels[:5]}, ["integers [60]", "[5]"]),
            (lambda images, labels: {"images": images, "labels": labels / 2}, ["integers [60]", "float64"]),
            (lambda images, labels: {"images": images, "labels": labels + 5}, ["labels in 0 .. 9", "14"]),
            (lambda images, labels: {"images": np.array([{"a": 1}, None])}, ["pickled objects"]),
            (lambda images, labels: {"images": images // 255}, ["uint8 pixels in 0..255", "Multiply by 255"]),
        ],
    )
    def test_arrays_that_are_no_images_are_refused(self, samples, tiny_space, tfvae_command, change, phrases):
        np.savez("wrong.npz", **change(**samples))
        assert_refused(tfvae_command("evaluate", "wrong.npz", "--data", "digits"), *phrases)

    def test_few_real_images_give_a_warning(self, samples, digits, tiny_space, tfvae_command, monkeypatch):
        np.savez("mine.npz", **samples)
        words = ("evaluate", "mine.npz", "--data", "digits")
        code, _, errors = tfvae_command(*words)
        few, total = len(digits.test_images), len(digits.test_images) + len(digits.train_images)
        assert code == 0 and errors.startswith(f"warning: The test split of digits has {few} of its {total:,} images.")
        assert "fewer than 1,000 real images" in errors and "Use a data set with more images" in errors
        monkeypatch.setattr("tfvae.cli.evaluate.FEW_REAL_IMAGES", few)
        assert tfvae_command(*words)[::2] == (0, "")

    def test_a_file_that_cannot_be_read_is_refused(self, samples, tiny_space, tfvae_command):
        np.savez("whole.npz", **samples)
        Path("cut.npz").write_bytes(Path("whole.npz").read_bytes()[:3000])
        Path("text.npz").write_text("not at all")
        np.save("one.npy", samples["images"])
        for name in ("missing.npz", "cut.npz", "text.npz", "one.npy", "."):
            assert_refused(tfvae_command("evaluate", name, "--data", "digits"), "cannot be read", name)

    def test_wrong_options_are_refused(self, samples, tiny_space, tfvae_command):
        np.savez("mine.npz", **samples)
        words = ("evaluate", "mine.npz")
        names = "one of: mnist, digits, synthetic, faces, textures, folder:PATH"
        assert_refused(tfvae_command(*words, "--data", "cifar"), names, "'cifar'")
        assert_refused(tfvae_command(*words, "--data", "digits", "--image-size", "28"), "that of digits is fixed")
        assert_refused(tfvae_command(*words, "--data", "mnist", "--data-dir", "nowhere"), "nowhere")
        assert_refused(tfvae_command(*words, "--data", "digits", "--inception", "nowhere"), "Inception", "nowhere")
        assert_refused(tfvae_command(*words, "--data", "digits", "--json", "."), "a folder")

    def test_image_size_resizes_the_real_images(self, samples, digits, tiny_space, tfvae_command):
        Path("mine").mkdir()
        for number, image in enumerate(digits.test_images[:60, :, :, 0]):
            Image.fromarray(image).resize((40, 40)).save(f"mine/{number:02d}.png")
        np.savez("mine.npz", images=samples["images"])
        words = ("evaluate", "mine.npz", "--data", "folder:mine")
        assert_refused(tfvae_command(*words), "[40, 40, 1]", "[28, 28, 1]")
        assert tfvae_command(*words, "--image-size", "28")[0] == 0

    def test_color_images_are_scored_by_random_vgg(self, tiny_space, tmp_path, tfvae_command):
        generator = np.random.default_rng(0)
        folder = color_pictures(tmp_path / "mine", generator, size=32, count=350)
        samples = generator.integers(0, 256, (66, 32, 32, 3), dtype=np.uint8)
        np.savez(tmp_path / "mine.npz", images=samples)
        words = ("evaluate", tmp_path / "mine.npz", "--data", f"folder:{folder}", "--json", tmp_path / "scores.json")
        code, output, errors = tfvae_command(*words)
        assert code == 0 and "has 70 of its 350 images" in errors
        expected = score_samples(samples, reference=RealReference.of(load_folder(folder), random_vgg()))
        written = json.loads((tmp_path / "scores.json").read_text())["metrics"]
        assert written == {name: score.as_dict() for name, score in expected.items()}
        assert "inception_score" not in written and "random_vgg" in output

    def test_images_below_the_extractor_s_minimum_size_are_refused(self, tiny_space, tmp_path, tfvae_command):
        generator = np.random.default_rng(0)
        folder = color_pictures(tmp_path / "mine", generator, size=8, count=10)
        np.savez(tmp_path / "mine.npz", images=generator.integers(0, 256, (9, 8, 8, 3), dtype=np.uint8))
        result = tfvae_command("evaluate", tmp_path / "mine.npz", "--data", f"folder:{folder}")
        assert_refused(result, "at least 32 pixels", "8 x 8", "--inception")


def color_pictures(folder: Path, generator: np.random.Generator, *, size: int, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        picture = generator.integers(0, 256, (size, size, 3), dtype=np.uint8)
        Image.fromarray(picture).save(folder / f"{number:03}.png")
    return folder
