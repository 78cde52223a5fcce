"""The command `tfvae` on a finished run, and every mistake that a user can make with it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfvae
from tfvae import cli
from tfvae.figures import sample_sheet, save_figure
from tfvae.metrics import GraphExtractor, Measurement, RealReference, score_samples
from tfvae.sampling import GaussianMixtureSampler, fit_class_gaussians, standard_normal_sampler
from tfvae.training.run_folder import RunFolder, write_json

REPOSITORY = Path(__file__).parents[1]


def record(variant: str, seed: int, metrics: dict[str, dict], **changes) -> dict:
    fields = {
        "experiment": "tiny", "variant": variant, "seed": seed, "preset": "report", "dataset": "mnist",
        "dataset_sha256": "0123456789abcdef" * 4, "fallback_for": None, "parameters": 1234, "epochs": 5,
        "train_seconds": 10.0, "seconds_per_epoch": 2.0 + seed, "device": "CPU", "git_commit": "c" * 40,
        "versions": {"tensorflow": "2.21.0", "keras": "3.15.1"}, "metrics": metrics,
    }  # fmt: skip
    return {**fields, **changes}


def fid(value: float, **changes) -> dict:
    return (
        Measurement(value, samples=1000, split="test", extractor="cnn", extractor_sha256="ab" * 32).as_dict() | changes
    )


@pytest.fixture(scope="module")
def finished(digits, tmp_path_factory) -> Path:
    """The folder of a run that has ended; what it trained matters to nothing here."""
    keras.utils.set_random_seed(0)
    shape, codes = digits.image_shape, np.random.default_rng(0).normal(size=(200, 2))
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "tiny" / "vae-2" / "seed-0")
    identity = {"experiment": "tiny", "variant": "vae-2", "seed": 0, "dataset": "digits", "training.batch_size": 50}
    with folder.locked():
        folder.begin(identity, {"value_range": [0.0, 1.0]}, overwrite=False)
        tfvae.VAE(tfvae.dense_encoder(shape, 4, widths=(8,)), tfvae.dense_decoder(2, shape, widths=(8,))).save(
            folder.model
        )
        classes = fit_class_gaussians(codes, np.arange(200) % 10)
        for name, sampler in {"prior": standard_normal_sampler(2), "class_gaussian@1.5": classes.shrunk(1.5)}.items():
            sampler.save(folder.samplers / f"{name}.npz")
        write_json(folder.samplers / "index.json", {"sampler": "prior", "class_sampler": "class_gaussian@1.5"})
        save_figure(sample_sheet(digits.test_images[:4], columns=2, title="Samples"), folder.figures / "samples.png")
        metrics = {"elbo": Measurement(-151.25, samples=100, split="test").as_dict(), "prior/fid": fid(12.5, std=0.25)}
        write_json(folder.metrics, record("vae-2", 0, metrics, dataset="digits"))
    return folder.path


@pytest.fixture
def run(finished, tmp_path, monkeypatch) -> Path:
    """A copy of the run that a test may damage, and a working directory to write to."""
    monkeypatch.chdir(tmp_path)
    copy = tmp_path / "tiny" / "vae-2" / "seed-0"
    shutil.copytree(finished, copy)
    return copy


@pytest.fixture
def tfvae_command(capsys):
    """Runs a command line in this process: its exit code, output and errors."""

    def call(*words) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            cli.main([str(word) for word in words])
        output, errors = capsys.readouterr()
        return int(ended.value.code or 0), output, errors

    return call


@pytest.fixture
def tiny_space(monkeypatch) -> GraphExtractor:
    """A feature space of a few pixels in place of `mnist_cnn`."""

    def few_pixels(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        flat = tf.reshape(tf.cast(images, tf.float32), [tf.shape(images)[0], -1]) / 255.0
        return flat[:, 300:500:50], flat[:, 290:490:20]

    names = tuple(str(digit) for digit in range(10))
    space = GraphExtractor("tiny", "ab" * 32, (28, 28, 1), names, few_pixels, default_batch_size=50)
    monkeypatch.setattr(cli, "mnist_cnn", lambda: space)
    return space


def assert_refused(result: tuple[int, str, str], *phrases: str) -> None:
    code, output, errors = result
    assert (code, output) == (2, "")
    assert errors.startswith("error: ") and "xpected " in errors and "Received: " in errors
    assert errors.count("\n") == 1, errors
    for phrase in phrases:
        assert phrase in errors


class TestSample:
    def test_writes_what_the_run_s_sampler_and_model_give(self, run, digits, tfvae_command):
        assert tfvae_command("sample", run, "--count", 12, "--seed", 3) == (0, "12 images: vae-2-seed-0.npz\n", "")
        with np.load("vae-2-seed-0.npz") as written:
            assert written.files == ["images"]
            model = keras.models.load_model(run / "model.keras")
            codes, _ = GaussianMixtureSampler.load(run / "samplers" / "prior.npz").sample(12, seed=3)
            np.testing.assert_array_equal(written["images"], digits.to_uint8(model.decode(codes)))

    def test_a_label_takes_the_sampler_of_classes(self, run, tfvae_command):
        tfvae_command("sample", run, "--count", 5, "--label", 3, "--out", "new/threes.npz")
        tfvae_command("sample", run, "--count", 5, "--label", 3, "--sampler", "class_gaussian@1.5", "--out", "same.npz")
        with np.load("new/threes.npz") as threes, np.load("same.npz") as same:
            assert threes["images"].dtype == np.uint8 and threes["images"].shape == (5, 28, 28, 1)
            assert threes["labels"].dtype == np.int64 and threes["labels"].tolist() == [3] * 5
            np.testing.assert_array_equal(threes["images"], same["images"])

    def test_the_seed_decides(self, run, tfvae_command):
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            tfvae_command("sample", run, "--count", 3, "--seed", seed, "--out", f"{name}.npz")
        a, b, c = (np.load(f"{name}.npz")["images"] for name in "abc")
        assert np.array_equal(a, b) and not np.array_equal(a, c)

    def test_a_picture_holds_the_images_in_a_grid(self, run, tfvae_command):
        for name in ("five.npz", "five.png"):
            tfvae_command("sample", run, "--count", 5, "--out", name)
        picture, images = np.asarray(Image.open("five.png")), np.load("five.npz")["images"]
        assert picture.shape == (2 * 28 + 2, 3 * 28 + 2 * 2)  # three columns, two rows, gaps of two pixels
        np.testing.assert_array_equal(picture[30:, 30:58], images[4, :, :, 0])

    def test_a_folder_with_one_run_below_it_will_do(self, run, tfvae_command):
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
            (["--count", "1", "--label", "3", "--sampler", "prior"], ["unlabelled", "label=3"]),
            (["--count", "1", "--sampler", "mixture"], ["one of: class_gaussian@1.5, prior", "'mixture'"]),
            (["--count", "1", "--seed", "-1"], ["seed"]),
            (["--count", "1", "--out", "samples.jpg"], ["FILE.npz or FILE.png", "samples.jpg"]),
            (["--count", "1", "--out", "samples"], ["FILE.npz or FILE.png"]),
            (["--count", "1", "--out", "file/samples.npz"], ["can be written", "file"]),
            (["--count", "1", "--out", "folder.npz"], ["a folder"]),
        ],
    )
    def test_a_wrong_wish_is_refused(self, run, tfvae_command, words, phrases):
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
        (run / "model.keras").write_bytes((run / "model.keras").read_bytes()[:2000])
        assert_refused(tfvae_command(*words), "Keras can load", "model.keras")
        (run / "model.keras").unlink()
        assert_refused(tfvae_command(*words), "trained model", "no such file")
        (run / "samplers" / "prior.npz").write_bytes(b"damaged")
        assert_refused(tfvae_command(*words), "prior.npz")
        index = run / "samplers" / "index.json"
        index.write_text(json.dumps({"sampler": "prior", "class_sampler": None}))
        assert_refused(tfvae_command(*words, "--label", 3), "Received: none", "--sampler")
        index.unlink()
        assert_refused(tfvae_command(*words), "index.json")

    def test_a_diverged_model_is_refused(self, run, tfvae_command):
        model = keras.models.load_model(run / "model.keras")
        model.decoder.weights[-1].assign(np.full(784, np.nan))
        model.save(run / "model.keras")
        assert_refused(tfvae_command("sample", run, "--count", 1), "finite images")


class TestEvaluate:
    @pytest.fixture
    def samples(self, digits, tmp_path, monkeypatch) -> dict[str, np.ndarray]:
        monkeypatch.chdir(tmp_path)
        return {"images": digits.train_images[:60], "labels": digits.train_labels[:60]}

    def test_scores_the_file_as_the_library_does(self, samples, digits, tiny_space, tfvae_command):
        np.savez("mine.npz", **samples)
        code, output, errors = tfvae_command("evaluate", "mine.npz", "--data", "digits", "--json", "scores.json")
        assert (code, errors) == (0, "")
        expected = score_samples(**samples, reference=RealReference.of(digits, tiny_space))
        written = json.loads(Path("scores.json").read_text())
        assert written["metrics"] == {name: score.as_dict() for name, score in expected.items()}
        assert written["dataset_sha256"] == digits.sha256
        assert "60 samples against digits" in output and "tiny (sha256 abababababab)" in output
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
            (lambda images, labels: {"images": images.astype(np.int64)}, ["uint8, or float in [0, 1]", "int64"]),
            (lambda images, labels: {"images": images.astype(np.float32)}, ["float images in [0, 1]", "255"]),
            (lambda images, labels: {"images": np.full((4, 28, 28, 1), np.nan)}, ["float images in [0, 1]", "nan"]),
            (lambda images, labels: {"images": images[0, :, :, 0]}, ["[N, H, W]", "[28, 28]"]),
            (lambda images, labels: {"images": images.reshape(60, 784)}, ["[60, 784]"]),
            (lambda images, labels: {"images": images[:, :14]}, ["shape of digits, [28, 28, 1]", "[14, 28, 1]"]),
            (lambda images, labels: {"images": images, "labels": labels[:5]}, ["integers [60]", "[5]"]),
            (lambda images, labels: {"images": images, "labels": labels / 2}, ["integers [60]", "float64"]),
            (lambda images, labels: {"images": images, "labels": labels + 5}, ["labels in 0 .. 9", "14"]),
            (lambda images, labels: {"images": np.array([{"a": 1}, None])}, ["cannot be read"]),
        ],
    )
    def test_a_file_of_something_else_is_refused(self, samples, tiny_space, tfvae_command, change, phrases):
        np.savez("wrong.npz", **change(**samples))
        assert_refused(tfvae_command("evaluate", "wrong.npz", "--data", "digits"), *phrases)

    def test_a_file_that_cannot_be_read_is_refused(self, samples, tiny_space, tfvae_command):
        np.savez("whole.npz", **samples)
        Path("cut.npz").write_bytes(Path("whole.npz").read_bytes()[:3000])
        Path("text.npz").write_text("not at all")
        np.save("one.npy", samples["images"])
        for name in ("missing.npz", "cut.npz", "text.npz", "one.npy", "."):
            assert_refused(tfvae_command("evaluate", name, "--data", "digits"), "cannot be read", name)

    def test_other_wrong_wishes_are_refused(self, samples, tiny_space, tfvae_command):
        np.savez("mine.npz", **samples)
        words = ("evaluate", "mine.npz")
        assert_refused(tfvae_command(*words, "--data", "cifar"), "one of: mnist, digits, folder:PATH", "'cifar'")
        assert_refused(tfvae_command(*words, "--data", "mnist", "--data-dir", "nowhere"), "nowhere")
        assert_refused(tfvae_command(*words, "--data", "digits", "--inception", "nowhere"), "Inception", "nowhere")
        assert_refused(tfvae_command(*words, "--data", "digits", "--json", "."), "a folder")

    def test_pictures_that_the_feature_space_cannot_see_are_refused(self, tiny_space, tmp_path, tfvae_command):
        generator = np.random.default_rng(0)
        for kind in ("a", "b"):
            (tmp_path / "mine" / kind).mkdir(parents=True)
            for number in range(10):
                picture = generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)
                Image.fromarray(picture).save(tmp_path / "mine" / kind / f"{number}.png")
        np.savez(tmp_path / "mine.npz", images=generator.integers(0, 256, (9, 8, 8, 3), dtype=np.uint8))
        result = tfvae_command("evaluate", tmp_path / "mine.npz", "--data", f"folder:{tmp_path / 'mine'}")
        assert_refused(result, "(28, 28, 1)", "(8, 8, 3)", "--inception")


def test_show_prints_config_metrics_figures_and_samplers(run, tfvae_command):
    code, output, errors = tfvae_command("show", run)
    assert (code, errors) == (0, "")
    words = re.sub(r"[\s│┃]+", " ", output)
    for phrase in (
        "training.batch_size 50",
        "dataset digits",
        "elbo -151.2 (1) ",
        "prior/fid 12.50 ± 0.2500 (2) ",
        "(1) 100 samples, test split (2) cnn (sha256 abababababab), 1,000 samples, test split",
        "preset report, 5 epochs, CPU",
        str(run / "figures" / "samples.png"),
        "Samplers: class_gaussian@1.5, prior",
    ):
        assert phrase in words


def test_export_writes_versions_and_says_how_to_serve_them(run, tfvae_command):
    code, output, errors = tfvae_command("export", run, "served")
    assert (code, errors) == (0, "")
    assert output.startswith("SavedModel: served/1\n")
    assert "generate_class: labels int64 [batch], seed int64 [] -> codes float32 [batch, 2], images" in output
    assert f'-v "{Path("served").absolute()}:/models/vae-2"' in output
    body = json.loads(re.search(r"-d '(.+)'", output).group(1))
    loaded = tf.saved_model.load("served/1")
    endpoint = loaded.signatures[body["signature_name"]]
    dtypes = {name: spec.dtype for name, spec in endpoint.structured_input_signature[1].items()}
    answer = endpoint(**{name: tf.constant(value, dtypes[name]) for name, value in body["inputs"].items()})
    assert answer["images"].shape == (3, 28, 28, 1)
    Path("file").touch()
    assert_refused(tfvae_command("export", run, "file"), "a file")
    assert_refused(tfvae_command("export", "nowhere", "served"), "nowhere")
    assert [path.name for path in Path("served").iterdir()] == ["1"]


class TestTable:
    @pytest.fixture
    def runs(self, tmp_path, monkeypatch) -> Path:
        monkeypatch.chdir(tmp_path)
        elbo = Measurement(-100.0, samples=10_000, split="test", reported=-98.0, source="table 1").as_dict()
        self.write(record("a", 0, {"elbo": elbo, "prior/fid": fid(1.0)}))
        self.write(record("a", 1, {"elbo": elbo, "prior/fid": fid(2.0)}))
        self.write(record("a", 2, {"elbo": elbo, "prior/fid": fid(6.0)}))
        self.write(record("b", 0, {"prior/fid": fid(7.0), "mixture/fid": fid(8.0, extractor="inception")}))
        return tmp_path / "runs"

    def write(self, content: dict, folder: str = "runs") -> None:
        path = Path(folder, content["experiment"], content["variant"], f"seed-{content['seed']}", "metrics.json")
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content))

    def test_renders_every_run(self, runs, tfvae_command):
        """1, 2 and 6 have mean 3 and deviation sqrt((4 + 1 + 9) / 2) = sqrt(7)."""
        code, output, errors = tfvae_command("table", "runs")
        assert (code, errors) == (0, "")
        assert output == (
            "## tiny: mnist, preset report, 5 epochs\n"
            "\n"
            "mnist (sha256 0123456789ab), preset report, 5 epochs, CPU, TensorFlow 2.21.0, Keras 3.15.1, "
            "commit cccccccccccc.\n"
            "\n"
            "| metric | a | b | the report | label |\n"
            "| --- | --- | --- | --- | --- |\n"
            "| elbo | -100.0 ± 0 (3) | - | -98.00 (table 1) | (1) |\n"
            "| parameters | 1,234 | 1,234 | - |  |\n"
            "| seconds per epoch | 3.000 ± 1.000 (3) | 2.000 | - |  |\n"
            "\n"
            "| metric of samples | a | b | label |\n"
            "| --- | --- | --- | --- |\n"
            "| prior/fid | 3.000 ± 2.646 (3) | 7.000 | (2) |\n"
            "| mixture/fid | - | 8.000 | (3) |\n"
            "\n"
            "(1) 10,000 samples, test split  \n"
            "(2) cnn (sha256 abababababab), 1,000 samples, test split  \n"
            "(3) inception (sha256 abababababab), 1,000 samples, test split\n"
        )

    def test_numbers_of_two_feature_spaces_share_no_row(self, runs, tfvae_command):
        self.write(record("b", 1, {"prior/fid": fid(900.0, extractor_sha256="cd" * 32)}))
        output = tfvae_command("table", "runs")[1]
        assert "| prior/fid | 3.000 ± 2.646 (3) | 7.000 | (2) |" in output
        assert "| prior/fid | - | 900.0 | (3) |" in output

    def test_data_sets_presets_and_lengths_share_no_section(self, runs, tfvae_command):
        self.write(record("a", 0, {"prior/fid": fid(5.0)}, dataset="digits", fallback_for="mnist"), "runs/other")
        self.write(record("a", 9, {"prior/fid": fid(5.0)}, epochs=50))
        self.write(record("a", 8, {"prior/fid": fid(5.0)}, preset="quick"))
        output = tfvae_command("table", "runs")[1]
        assert re.findall(r"^## tiny: (.+)$", output, flags=re.MULTILINE) == [
            "digits, preset report, 5 epochs",
            "mnist, preset report, 5 epochs",
            "mnist, preset quick, 5 epochs",
            "mnist, preset report, 50 epochs",
        ]
        assert output.count("**Not mnist: digits stood in for it.**") == 1

    def test_runs_of_two_machines_are_told_apart(self, runs, tfvae_command):
        self.write(record("b", 1, {"prior/fid": fid(5.0)}, device="GPU"))
        output = tfvae_command("table", "runs")[1]
        assert ", GPU, TensorFlow 2.21.0, Keras 3.15.1, commit cccccccccccc: b seed 1.\n" in output
        assert ": a seed 0, a seed 1, a seed 2, b seed 0.\n" in output

    def test_into_replaces_what_stands_between_the_markers(self, runs, tfvae_command):
        page = Path("page.md")
        page.write_text("# Résultats\n<!-- results: begin -->\nold\n<!-- results: end -->\nend\n", encoding="utf-8")
        tables = tfvae_command("table", "runs")[1]
        for _ in range(2):
            assert tfvae_command("table", "runs", "--into", page) == (0, "Written: page.md\n", "")
            text = page.read_text(encoding="utf-8")
            begin, end = "<!-- results: begin -->", "<!-- results: end -->"
            assert text == f"# Résultats\n{begin}\n\n{tables}\n{end}\nend\n"
        assert sorted(path.name for path in Path().iterdir()) == ["page.md", "runs"]

    @pytest.mark.parametrize(
        "text",
        [
            "no markers",
            "<!-- results: begin -->",
            "<!-- results: end -->\n<!-- results: begin -->",
            "<!-- results: begin -->\n<!-- results: begin -->\n<!-- results: end -->",
        ],
    )
    def test_a_page_without_the_pair_of_markers_is_left_alone(self, runs, tfvae_command, text):
        Path("page.md").write_text(text)
        assert_refused(tfvae_command("table", "runs", "--into", "page.md"), "<!-- results: begin -->", "page.md")
        assert Path("page.md").read_text() == text

    def test_other_mistakes_are_refused(self, runs, tfvae_command):
        assert_refused(tfvae_command("table", "nowhere"), "nowhere")
        assert_refused(tfvae_command("table", "runs", "--into", "missing.md"), "missing.md")
        assert_refused(tfvae_command("table", "runs", "--into", "runs"), "Received: runs")
        Path("empty").mkdir()
        assert_refused(tfvae_command("table", "empty"), "no metrics.json")
        path = Path("runs/tiny/a/seed-0/metrics.json")
        path.write_text(json.dumps({"experiment": "tiny", "variant": "a", "seed": 0}))
        assert_refused(tfvae_command("table", "runs"), str(path), "without dataset, ")
        path.write_text("{")
        assert_refused(tfvae_command("table", "runs"), str(path))


@pytest.mark.parametrize(
    ("words", "phrases"),
    [
        ([], ["sample, evaluate, show, export, table"]),
        (["smaple"], ["smaple", "sample, evaluate, show, export, table"]),
        (["sample"], ["RUN", "--count"]),
        (["sample", "run", "--count", "many"], ["--count", "many"]),
        (["show", "run", "--verbose"], ["--verbose"]),
    ],
)
def test_a_command_line_that_cannot_be_read_is_refused(tfvae_command, words, phrases):
    code, output, errors = tfvae_command(*words)
    assert (code, output) == (2, "")
    for phrase in phrases:
        assert phrase in errors


@pytest.mark.parametrize("command", ["sample", "evaluate", "show", "export", "table"])
def test_help_has_an_example(tfvae_command, command):
    assert f"tfvae {command} " in tfvae_command("--help")[1]
    code, output, errors = tfvae_command(command, "--help")
    assert (code, errors) == (0, "")
    assert f"\n    tfvae {command} " in output


def test_an_interruption_is_no_traceback(tfvae_command, monkeypatch):
    def interrupt(folder):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.results, "find_runs", interrupt)
    assert tfvae_command("table", ".") == (130, "", "")


def test_as_a_process_it_prints_its_message_and_nothing_of_tensorflow_s(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    ended = subprocess.run(
        [sys.executable, "-m", "tfvae.cli", "show", str(tmp_path / "nowhere")],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert_refused((ended.returncode, ended.stdout, ended.stderr), "nowhere, which is no folder")
