"""Report 3's experiment from its command line, on crops of the bundled photographs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from experiments.gamix_faces.config import SETTINGS
from experiments.gamix_faces.variants import EXPERIMENT, late_discriminator
from tests.experiments.contract import ExperimentContract, command
from tfvae import data
from tfvae.errors import InputError
from tfvae.files import write_json
from tfvae.models.adversarial_vae import AdversarialVAE
from tfvae.models.gamix_vae import GaMixVAE
from tfvae.reporting.records import find_runs
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.training.arguments import parse
from tfvae.training.config import fingerprint, replaced
from tfvae.training.fit import training_callbacks
from tfvae.training.run_folder import RunFolder

REFERENCE = Path(__file__).parents[2] / "tensorboard_logs" / "reference" / "gamix_faces-quick"
SMOKE = SETTINGS.of_preset("smoke")


class TestGaMixFaces(ExperimentContract):
    experiment = EXPERIMENT
    smoke = ("--preset", "smoke", "--data", "textures")
    variants = ("vae", "gamix-patchgan")
    mnist = ("--data", "mnist", "--image-size", "None")

    def test_metrics_of_the_report_s_statements_are_measured(self, out: Path) -> None:
        for variant in self.variants:
            metrics = self.metrics(out, variant)
            names = {"reconstruction_l1", "reconstruction_mse", "texture_ratio", "active_units"}
            names |= {"variance_of_means", "largest_mean_of_means", "least_variance_of_means"}
            names |= {"posterior_variance", "least_posterior_variance", "reconstruction/fid_ratio"}
            for sampler in ("prior", "gaussian"):
                names |= {f"{sampler}/{metric}" for metric in ("fid", "fid_ratio", "kid", "texture_ratio")}
            assert names <= metrics.keys()
            assert metrics["prior/fid"]["extractor"] == "random_vgg"
            assert "prior/inception_score" not in metrics
            assert 0 < metrics["reconstruction_l1"]["value"] < 0.5

    def test_variants_differ_in_regularizer_and_discriminator(self, out: Path) -> None:
        models = [keras.saving.load_model(self.folder(out, variant) / "model.keras") for variant in self.variants]
        assert [type(model) for model in models] == [AdversarialVAE, GaMixVAE]
        assert [model.discriminator is not None for model in models] == [False, True]
        plain, full = models
        for name in ("encoder", "decoder"):
            assert getattr(plain, name).count_params() == getattr(full, name).count_params()
        assert plain.optimizer.iterations.numpy() == full.optimizer.iterations.numpy() == 8
        assert full.discriminator_optimizer.iterations.numpy() == 8
        assert full.warm_up_steps == 4  # one epoch of 128 images
        # The second of two epochs: halfway down the cosine.
        assert full.optimizer.learning_rate.numpy() == pytest.approx(5e-4 / 2)
        assert full.discriminator_optimizer.learning_rate.numpy() == pytest.approx(1e-3 / 2)

    def test_samples_are_decoded_codes_of_the_saved_sampler(self, out: Path) -> None:
        folder = self.folder(out, "gamix-patchgan")
        model = keras.saving.load_model(folder / "model.keras")
        codes, _ = GaussianMixtureSampler.load(folder / "samplers/gaussian.npz").sample(128, seed=0)
        with np.load(folder / "samples.npz") as samples:
            np.testing.assert_array_equal(samples["images"], np.rint(model.decode(codes) * 255).astype(np.uint8))

    def test_figures_of_the_report_are_drawn(self, out: Path) -> None:
        page = self.page(out).read_text()
        for title in ("Figure 2: variants", "Figure 3: transitions", "Posteriors by dimension"):
            assert title in page
        for name in ("variants", "transitions", "reconstructions", "samples", "prior_samples", "posteriors", "curves"):
            assert Image.open(self.folder(out, "gamix-patchgan") / f"figures/{name}.png").size[0] > 200
        assert page.count("**Too short to judge:**") == 4 and "3 more claims" in page

    def test_run_can_be_sampled_and_exported(self, out: Path, tmp_path: Path) -> None:
        from tfvae import cli

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
            (["--networks.blocks", "0"], "blocks"),
            (["--networks.linear-skip", "2"], "linear-skip"),
            (["--networks.detail", "-1"], "detail=-1"),
            (["--networks.neighborhood", "1"], "neighborhood=1"),
            (["--weights.betas", "1", "1", "-1"], "weights-betas"),
            (["--weights.kl", "-1"], "weights-kl=-1"),
            (["--weights.cap", "0"], "cap=0"),
            (["--weights.warm-up-epochs", "-1"], "weights-warm-up-epochs=-1"),
            (["--parts", "3"], "training-batch-size=32"),
            (["--parts", "0"], "parts=0"),
            (["--discriminator-rate", "0"], "discriminator-rate=0"),
            (["--training.reduce-on-plateau", "3"], "training-schedule=cosine"),
            (["--samples", "50"], "samples=50"),
            (["--networks.latent-dim", "128"], "training_images=128"),
            (["--data", "digits"], "image_size"),
        ],
    )
    def test_its_own_wrong_words_are_refused(
        self, words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.assert_refused(words, said, tmp_path, capsys)


def test_gray_pictures_in_a_folder_are_trained_on(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    (tmp_path / "mine").mkdir()
    for number in range(640):
        picture = generator.integers(0, 256, (40, 40), dtype=np.uint8)
        Image.fromarray(picture).save(tmp_path / "mine" / f"{number:03}.png")
    words = ["--preset", "smoke", "--data", f"folder:{tmp_path / 'mine'}", "--variants", "gamix-patchgan"]
    words += ["--parts", "2", "--networks.recompute", "--precision", "bfloat16", "--training.epochs", "1"]
    assert command(EXPERIMENT, *words, "--out", str(tmp_path / "runs")) == 0
    record = json.loads((tmp_path / "runs/gamix_faces-smoke/gamix-patchgan/seed-0/metrics.json").read_text())
    assert record["dataset"] == "folder:mine" and record["training_images"] == 128


def test_variants_have_only_the_fields_that_they_read() -> None:
    assert not hasattr(SMOKE["vae"].weights, "betas") and not hasattr(SMOKE["gamix"].weights, "kl")  # type: ignore[attr-defined]
    for name in ("vae", "gamix"):
        assert not hasattr(SMOKE[name], "discriminator_rate")
        assert not hasattr(SMOKE[name].weights, "cap") and not hasattr(SMOKE[name].networks, "filters")  # type: ignore[attr-defined]


def test_earlier_names_of_flags_are_accepted() -> None:
    words = ["--variants", "gamix-patchgan", "--networks.no-grain", "--networks.neighbourhood", "5"]
    (config,) = parse(SETTINGS, words).configs.values()
    assert (config.networks.noise_injection, config.networks.neighborhood) == (False, 5)  # type: ignore[attr-defined]


def test_preset_reaches_each_variant() -> None:
    quick = SETTINGS.of_preset("quick")
    for config in quick.values():
        assert (config.image_size, config.training.epochs, config.training.learning_rate) == (64, 60, 2e-3)
        assert config.networks.decoder_widths == (128, 64, 32, 24, 12)  # type: ignore[attr-defined]
    full = quick["gamix-patchgan"]
    assert (full.networks.filters, full.weights.cap, full.discriminator_rate) == ((24,), 6.0, 1e-4)  # type: ignore[attr-defined]


@pytest.mark.parametrize("variant", SETTINGS.configs)
def test_runs_of_version_0_1_0_have_the_fingerprint_of_today(variant: str, tmp_path: Path) -> None:
    (path,) = (REFERENCE / variant).glob("seed-0/config.json")
    recorded = json.loads(path.read_text())["identity"]
    default = SETTINGS.of_preset("quick")[variant]
    run = {name: recorded[name] for name in ("experiment", "variant", "seed", "preset", "strategy", "dataset_sha256")}
    run["dataset"] = "faces"
    today = {**run, **fingerprint(replace(default, precision="bfloat16"), default)}
    folder = RunFolder(tmp_path)
    write_json(folder.config, {"identity": recorded})
    folder.check(today)
    for change in ({"networks.grain": False}, {"networks.linear_skip": 2}, {"image_size": 32}):
        write_json(folder.config, {"identity": {**recorded, **change}})
        with pytest.raises(InputError, match=r"noise_injection: False|linear_skip: 2|image_size: 32"):
            folder.check(today)


def test_claims_hold_on_the_committed_results() -> None:
    runs = {run.variant: [run] for run in find_runs(REFERENCE)}
    verdicts = [claim.verdict(runs) for claim in EXPERIMENT.claims]
    assert verdicts == ["Holds"] * 7
    short = {name: [replace(run, record={**run.record, "epochs": 59}) for run in group] for name, group in runs.items()}
    assert {claim.verdict(short) for claim in EXPERIMENT.claims} == {"Too short to judge"}


def test_variants_start_from_the_same_weights() -> None:
    images = data.load_textures(image_size=32, train=128, test=128)
    starts = []
    for name, variant in EXPERIMENT.by_name.items():
        keras.utils.set_random_seed(0)
        model = variant.build(SMOKE[name], images, 0)
        starts.append([*model.encoder.get_weights(), *model.decoder.get_weights()])  # type: ignore[attr-defined]
    for other in starts[1:]:
        for ours, theirs in zip(starts[0], other, strict=True):
            np.testing.assert_array_equal(ours, theirs)


class _Run:
    """The part of a run that callbacks read."""

    def __init__(self, config: object) -> None:
        self.config = config


def learning_rates(config: object, epochs: int) -> list[tuple[float, float]]:
    """Learning rates of autoencoder and discriminator in each epoch."""
    images = data.load_textures(image_size=32, train=128, test=128)
    variant = EXPERIMENT.by_name["vae-patchgan"]
    model = variant.build(config, images, 0)
    model.compile(**variant.optimizers(config))
    callbacks = [*training_callbacks(model, config.training), *late_discriminator(_Run(config))]  # type: ignore
    rates = []
    for epoch in range(epochs):
        for callback in callbacks:
            callback.set_model(model)
            callback.on_epoch_begin(epoch)
        rates.append(tuple(float(optimizer.learning_rate) for optimizer, _ in model.optimizers_and_variables()))
    return rates


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_discriminator_learns_from_the_epoch_before_its_loss_is_added(schedule: str) -> None:
    changes = {"weights.warm_up_epochs": 3, "training.epochs": 4, "training.schedule": schedule}
    rates = learning_rates(replaced(SMOKE["vae-patchgan"], changes), 4)
    # (1 + cos(pi * epoch / 4)) / 2
    share = [1, 0.8535534, 0.5, 0.1464466] if schedule == "cosine" else [1, 1, 1, 1]
    np.testing.assert_allclose([rate for rate, _ in rates], 5e-4 * np.array(share), rtol=1e-5)
    np.testing.assert_allclose([rate for _, rate in rates], 1e-3 * np.array(share) * [0, 0, 1, 1], rtol=1e-5)


def test_discriminator_without_a_warm_up_learns_from_the_start() -> None:
    config = replaced(SMOKE["vae-patchgan"], {"weights.warm_up_epochs": 0})
    assert learning_rates(config, 1)[0] == pytest.approx((5e-4, 1e-3))
