"""`tfvae sample`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.cli.runs import assert_refused
from tfvae.networks.classifier import pooling_classifier
from tfvae.sampling import GaussianMixtureSampler


class TestSample:
    def test_written_images_are_decoded_samples_of_the_run(self, run, digits, tfvae_command):
        assert tfvae_command("sample", run, "--count", 12, "--seed", 3) == (0, "12 images: vae-2-seed-0.npz\n", "")
        with np.load("vae-2-seed-0.npz") as written:
            assert written.files == ["images"]
            model = keras.models.load_model(run / "model.keras")
            codes, _ = GaussianMixtureSampler.load(run / "samplers" / "prior.npz").sample(12, seed=3)
            np.testing.assert_array_equal(written["images"], digits.to_uint8(model.decode(codes)))

    @pytest.mark.parametrize("label", [None, 3])
    def test_the_exported_model_generates_the_same_images_under_the_same_seed(self, run, tfvae_command, label):
        of_class = [] if label is None else ["--label", label]
        tfvae_command("sample", run, "--count", 20, "--seed", 7, "--out", "drawn.npz", *of_class)
        assert tfvae_command("export", run, "served")[0] == 0
        loaded, seed = tf.saved_model.load("served/1"), tf.constant(7, tf.int64)
        if label is None:
            served = loaded.signatures["generate"](count=tf.constant(20), seed=seed)
        else:
            served = loaded.signatures["generate_class"](labels=tf.fill([20], tf.constant(label, tf.int64)), seed=seed)
        pixels = 255.0 * served["images"].numpy()
        assert np.abs(pixels - np.load("drawn.npz")["images"]).max() < 0.5 + 1e-3

    def test_label_selects_the_class_sampler(self, run, tfvae_command):
        tfvae_command("sample", run, "--count", 5, "--label", 3, "--out", "new/threes.npz")
        tfvae_command("sample", run, "--count", 5, "--label", 3, "--sampler", "class_gaussian@1.5", "--out", "same.npz")
        with np.load("new/threes.npz") as threes, np.load("same.npz") as same:
            assert threes["images"].dtype == np.uint8 and threes["images"].shape == (5, 28, 28, 1)
            assert threes["labels"].dtype == np.int64 and threes["labels"].tolist() == [3] * 5
            np.testing.assert_array_equal(threes["images"], same["images"])

    def test_same_seed_gives_same_images_and_another_seed_others(self, run, tfvae_command):
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            tfvae_command("sample", run, "--count", 3, "--seed", seed, "--out", f"{name}.npz")
        a, b, c = (np.load(f"{name}.npz")["images"] for name in "abc")
        assert np.array_equal(a, b) and not np.array_equal(a, c)

    def test_png_holds_the_images_in_a_grid(self, run, tfvae_command):
        for name in ("five.npz", "five.png"):
            tfvae_command("sample", run, "--count", 5, "--out", name)
        picture, images = np.asarray(Image.open("five.png")), np.load("five.npz")["images"]
        # Three columns, two rows, gaps of two pixels; 28 pixels are enlarged to 56.
        assert picture.shape == (2 * 56 + 2, 3 * 56 + 2 * 2)
        np.testing.assert_array_equal(picture[58::2, 58:114:2], images[4, :, :, 0])

    def test_folder_with_one_run_below_it_is_accepted(self, run, tfvae_command):
        assert tfvae_command("sample", run.parent, "--count", 1)[0] == 0

    def test_pixels_come_from_the_value_range_of_the_run(self, run, tfvae_command):
        tfvae_command("sample", run, "--count", 2, "--out", "before.npz")
        config = json.loads((run / "config.json").read_text())
        (run / "config.json").write_text(json.dumps({**config, "value_range": [-1.0, 1.0]}))
        tfvae_command("sample", run, "--count", 2, "--out", "after.npz")
        before, after = (np.load(name)["images"].astype(float) for name in ("before.npz", "after.npz"))
        np.testing.assert_allclose(after, (before + 255.0) / 2.0, atol=0.76)  # two roundings of half a level

    @pytest.mark.parametrize(
        ("words", "phrases"),
        [
            (["--count", "0"], ["count in 1 .. ", "--count 0"]),
            (["--count", "-3"], ["--count -3"]),
            (["--count", "99999999999"], ["--count 99999999999", "--seed"]),
            (["--count", "100000", "--out", "large.png"], ["one .png file", ".npz"]),
            (["--count", "1", "--label", "12"], ["0, 1, 2, 3, 4, 5, 6, 7, 8, 9", "label=12"]),
            (["--count", "1", "--label", "3", "--sampler", "prior"], ["unlabeled", "label=3"]),
            (["--count", "1", "--sampler", "mixture"], ["one of: class_gaussian@1.5, prior", "'mixture'"]),
            (["--count", "1", "--seed", "-1"], ["seed"]),
            (["--count", "1", "--out", "samples.jpg"], ["FILE.npz or FILE.png", "samples.jpg"]),
            (["--count", "1", "--out", "samples"], ["FILE.npz or FILE.png"]),
            (["--count", "1", "--out", "file/samples.npz"], ["can be written", "file"]),
            (["--count", "1", "--out", "folder.npz"], ["a folder"]),
        ],
    )
    def test_wrong_options_are_refused(self, run, tfvae_command, words, phrases):
        Path("file").touch()
        Path("folder.npz").mkdir()
        before = sorted(Path().rglob("*"))
        assert_refused(tfvae_command("sample", run, *words), *phrases)
        assert sorted(Path().rglob("*")) == before

    def test_a_folder_that_is_no_finished_run_is_refused(self, run, tfvae_command):
        for words, phrase in (
            (["nowhere"], "no folder"),
            (["samplers"], "no folder"),
            ([run / "samplers"], "below it: none"),
        ):
            assert_refused(tfvae_command("sample", *words, "--count", 1), phrase)
        shutil.copytree(run, run.parent / "seed-1")
        assert_refused(tfvae_command("sample", run.parent.parent, "--count", 1), "vae-2/seed-0, vae-2/seed-1")
        (run / "metrics.json").unlink()
        assert_refused(tfvae_command("sample", run, "--count", 1), "finished run", "no metrics.json")

    def test_a_run_without_what_sampling_needs_is_refused(self, run, tfvae_command):
        words = ("sample", run, "--count", 1)
        (run / "samplers" / "prior.npz").write_bytes(b"damaged")
        assert_refused(tfvae_command(*words), "prior.npz")
        index = run / "samplers" / "index.json"
        index.write_text(json.dumps({"sampler": "prior", "class_sampler": None}))
        assert_refused(tfvae_command(*words, "--label", 3), "Received: none", "--sampler")
        index.unlink()
        assert_refused(tfvae_command(*words), "index.json")

    def test_a_run_without_its_model_is_refused(self, run, tfvae_command):
        words = ("sample", run, "--count", 1)
        (run / "model.keras").write_bytes((run / "model.keras").read_bytes()[:2000])
        assert_refused(tfvae_command(*words), "Keras can load", "model.keras")
        (run / "model.keras").unlink()
        assert_refused(tfvae_command(*words), "trained model", "no such file")

    def test_rejection_sampler_uses_the_run_s_classifier(self, run, tfvae_command):
        keras.utils.set_random_seed(0)
        classifier, model = pooling_classifier(), keras.models.load_model(run / "model.keras")
        mixture = GaussianMixtureSampler.load(run / "samplers" / "class_gaussian@1.5.npz")

        def sure_of(images: np.ndarray) -> np.ndarray:
            return keras.ops.softmax(classifier(images))[:, 3].numpy()

        # Half of what the mixture proposes is above this.
        confidence = float(np.median(sure_of(model.decode(mixture.sample(200, seed=9, label=3)[0]))))
        mixture.save(run / "samplers" / "beyond.npz", confidence=np.asarray(confidence))
        words = ("sample", run, "--count", 50, "--label", 3, "--sampler", "beyond", "--out", "kept.npz")
        assert_refused(tfvae_command(*words), "classifier.keras", "--overwrite")
        classifier.save(run / "classifier.keras")
        assert tfvae_command(*words)[0] == 0
        kept = sure_of(np.load("kept.npz")["images"].astype(np.float32) / 255)
        # Whole pixels move a probability by less than what separates the two halves.
        assert kept.min() > confidence - 1e-3
        assert np.mean(kept) > np.mean(sure_of(model.decode(mixture.sample(50, seed=0, label=3)[0])))

    def test_a_diverged_model_is_refused(self, run, tfvae_command):
        model = keras.models.load_model(run / "model.keras")
        model.decoder.weights[-1].assign(np.full(784, np.nan))
        model.save(run / "model.keras")
        assert_refused(tfvae_command("sample", run, "--count", 1), "finite images")
