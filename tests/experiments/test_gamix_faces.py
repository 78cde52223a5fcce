"""Report 3's experiment from its command line, on crops of the bundled photographs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from experiments.gamix_faces import EXPERIMENT, PRESETS, VARIANTS, after_epoch, compiling, discriminator_rate
from experiments.gamix_faces_report import entries_by_effect
from tests.experiments.contract import ExperimentContract, command
from tfvae import cli, data
from tfvae.models.adversarial_vae import AdversarialVAE
from tfvae.models.gamix_vae import GaMixVAE
from tfvae.sampling.sampler import GaussianMixtureSampler

SMOKE = ("--preset", "smoke", "--data", "textures")
RUN = ("vae", "gamix-patchgan")


class TestGamixFaces(ExperimentContract):
    experiment = EXPERIMENT
    smoke = SMOKE
    variants = RUN
    mnist = ("--data", "mnist", "--image-size", "None")

    def test_every_number_that_the_words_need_is_measured(self, out: Path) -> None:
        for variant in RUN:
            metrics = self.metrics(out, variant)
            names = {"reconstruction_l1", "reconstruction_mse", "texture_ratio", "active_units"}
            names |= {"variance_of_means", "largest_mean_of_means", "posterior_variance", "least_posterior_variance"}
            names |= {"prior/fid", "prior/fid_ratio", "prior/kid", "reconstruction/fid_ratio", "prior/texture_ratio"}
            names |= {"gaussian/fid", "gaussian/fid_ratio", "gaussian/texture_ratio"}
            assert names <= metrics.keys()
            assert metrics["prior/fid"]["extractor"] == "random_vgg"
            assert "prior/inception_score" not in metrics
            assert 0 < metrics["reconstruction_l1"]["value"] < 0.5

    def test_the_variants_are_the_report_s_two_by_two(self, out: Path) -> None:
        kinds, judged = {}, {}
        for variant in RUN:
            model = keras.saving.load_model(self.folder(out, variant) / "model.keras")
            kinds[variant], judged[variant] = type(model), model.discriminator is not None
        assert kinds == {"vae": AdversarialVAE, "gamix-patchgan": GaMixVAE}
        assert judged == {"vae": False, "gamix-patchgan": True}
        assert model.warm_up_steps == 4  # one epoch of 128 images
        assert model.optimizer.iterations.numpy() == model.discriminator_optimizer.iterations.numpy() == 8
        assert model.optimizer.learning_rate.numpy() == pytest.approx(0, abs=1e-9)  # the end of the cosine
        with np.load(self.folder(out, variant) / "samples.npz") as samples:
            images = samples["images"]
        sampler = GaussianMixtureSampler.load(self.folder(out, variant) / "samplers/gaussian.npz")
        codes, _ = sampler.sample(128, seed=0)
        np.testing.assert_array_equal(images, np.rint(model.decode(codes) * 255).astype(np.uint8))

    def test_networks_and_steps_are_equal(self, out: Path) -> None:
        plain, full = (keras.saving.load_model(self.folder(out, variant) / "model.keras") for variant in RUN)
        for name in ("encoder", "decoder"):
            assert getattr(plain, name).count_params() == getattr(full, name).count_params()
        assert plain.optimizer.iterations.numpy() == full.optimizer.iterations.numpy()

    def test_the_figures_of_the_report_are_drawn(self, out: Path) -> None:
        page = (out / "gamix_faces" / "report.md").read_text()
        for title in ("Figure 2: variants", "Figure 3: transitions", "Posteriors, dimension by dimension"):
            assert title in page
        for name in ("variants", "transitions", "reconstructions", "samples", "posteriors", "curves"):
            assert Image.open(self.folder(out, "gamix-patchgan") / f"figures/{name}.png").size[0] > 200

    def test_the_command_line_samples_and_exports_it(self, out: Path, tmp_path: Path) -> None:
        run = str(self.folder(out, "gamix-patchgan"))
        for words in (["sample", run, "--count", "3", "--out", f"{tmp_path}/a.npz"], ["export", run, f"{tmp_path}/b"]):
            with pytest.raises(SystemExit) as ended:
                cli.main(words)
            assert not ended.value.code
        with np.load(tmp_path / "a.npz") as written:
            assert written["images"].shape == (3, 32, 32, 3)

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--image-size", "40"], "40, 40"),
            (["--networks.latent-dim", "1"], "networks-latent-dim=1"),
            (["--networks.widths", "0", "4"], "networks-widths"),
            (["--networks.detail", "-1"], "networks-detail=-1"),
            (["--networks.neighborhood", "1"], "networks-neighborhood=1"),
            (["--weights.betas", "1", "1", "-1"], "weights-betas"),
            (["--weights.cap", "0"], "weights-cap=0"),
            (["--parts", "3"], "training-batch-size=32"),
            (["--discriminator-rate", "0"], "discriminator-rate=0"),
            (["--test-images", "50"], "images=50"),
            (["--networks.latent-dim", "128"], "training-images=128"),
            (["--data", "digits"], "image_size"),
        ],
    )
    def test_bad_words_are_refused_before_any_training(
        self, words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.assert_refused(words, said, tmp_path, capsys)

    def test_a_changed_weight_of_another_variant_changes_nothing(
        self, out: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = (*SMOKE, "--variants", "vae", "--out", str(out), "--weights.betas", "1", "2", "1", "--weights.cap", "2")
        assert self.command(*words) == 0
        assert "0 of 1 runs to do" in capsys.readouterr().out


def test_gray_pictures_of_a_persons_own_train_too(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    (tmp_path / "mine").mkdir()
    for number in range(640):
        picture = generator.integers(0, 256, (40, 40), dtype=np.uint8)
        Image.fromarray(picture).save(tmp_path / "mine" / f"{number:03}.png")
    words = (
        "--preset",
        "smoke",
        "--data",
        f"folder:{tmp_path / 'mine'}",
        "--variants",
        "gamix-patchgan",
        "--parts",
        "2",
    )
    words = (*words, "--networks.recompute", "--precision", "bfloat16")
    assert command(EXPERIMENT, *words, "--training.epochs", "1", "--out", str(tmp_path / "runs")) == 0
    record = json.loads((tmp_path / "runs/gamix_faces/gamix-patchgan/seed-0/metrics.json").read_text())
    assert record["dataset"] == "folder:mine"


def test_all_variants_start_from_the_same_weights() -> None:
    images = data.load_textures(image_size=32, train=128, test=128)
    config = PRESETS["smoke"]
    starts = []
    for make in VARIANTS.values():
        keras.utils.set_random_seed(0)
        model = make(config, images, 0)
        starts.append([*model.encoder.get_weights(), *model.decoder.get_weights()])
    for other in starts[1:]:
        for ours, theirs in zip(starts[0], other, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_the_step_size_follows_half_a_cosine() -> None:
    config = PRESETS["smoke"]
    images = data.load_textures(image_size=32, train=128, test=128)
    model = VARIANTS["gamix-patchgan"](config, images, 0)
    model.compile(**compiling(config, "gamix-patchgan"))
    after_epoch(model, images, config, "gamix-patchgan", 0, 1)
    assert model.optimizer.learning_rate.numpy() == pytest.approx(config.training.learning_rate / 2)
    assert model.discriminator_optimizer.learning_rate.numpy() == pytest.approx(config.discriminator_rate / 2)


def test_the_discriminator_starts_to_learn_an_epoch_before_its_judgment_enters() -> None:
    smoke = PRESETS["smoke"]
    late, long = replace(smoke.weights, warm_up_epochs=3), replace(smoke.training, epochs=8)
    config = replace(smoke, weights=late, training=long)
    rate = config.discriminator_rate
    assert [discriminator_rate(config, epoch) for epoch in range(4)] == [0, 0, rate, rate]
    images = data.load_textures(image_size=32, train=128, test=128)
    model = VARIANTS["vae-patchgan"](config, images, 0)
    model.compile(**compiling(config, "vae-patchgan"))
    before = model.discriminator.get_weights()
    batch = images.to_float(images.train_images[:32])
    model.fit(batch, batch_size=32, verbose=0)
    for ours, theirs in zip(model.discriminator.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    after_epoch(model, images, config, "vae-patchgan", 0, 2)
    model.fit(batch, batch_size=32, verbose=0)
    assert np.abs(model.discriminator.get_weights()[0] - before[0]).max() > 0


def test_figure_2_turns_the_entries_that_change_the_picture_most() -> None:
    class Painter:
        """Entry 3 paints the most, entry 1 less, the others hardly."""

        def decode(self, codes: np.ndarray) -> np.ndarray:
            return codes @ np.diag([0.1, 2.0, 0.0, 3.0]).astype(np.float32)

    assert entries_by_effect(Painter(), np.zeros(4, np.float32)) == (3, 1)  # type: ignore[arg-type]
