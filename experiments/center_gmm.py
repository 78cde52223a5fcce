"""Report 0: a VAE with a KL term against a VAE with center loss and a Gaussian mixture on its codes.

    python -m experiments.center_gmm --data-dir DIR

Variants: vanilla-6 and center-6 (latent dimension 6: samples and numbers), vanilla-3 and center-3 (latent dimension 3:
the plots of the codes). The sweep-* variants are center-6 with another weight or another step of the centers, and
sweep-wen the plain way, centers that start at 0 and move fast; they run only when named.

The report preset took 18 minutes on 2 cores (AMD EPYC, 4.0 s an epoch of 60,000 images and the test of 10,000).
Expect, from seed 0: ELBO of vanilla-6 -109.3 nats; silhouette of the test codes 0.73 for center-6 against 0.13;
unrecognizable samples 0 % at factor 1.5 against 1.5 % from N(0, I); class accuracy 0.9995 at factor 1.5 by `mnist_cnn`.
All results, generated: experiments/README.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import keras
import numpy as np
from numpy.typing import NDArray

from experiments import center_gmm_report
from experiments.scoring import LEAST_SCORED, SCORED_SHAPE, check_scored, real_reference
from tfvae.data.images import ImageData
from tfvae.figures import figure_pixels, image_grid, latent_scatter
from tfvae.metrics import clustering, likelihood
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.samples import score_samples
from tfvae.models.autoencoder import StochasticAutoencoder
from tfvae.models.center_vae import CenterVAE
from tfvae.models.vae import VAE
from tfvae.networks.dense import dense_decoder, dense_encoder
from tfvae.sampling.class_gaussian import fit_class_gaussians
from tfvae.sampling.mixture import fit_mixture, fit_mixture_per_class
from tfvae.sampling.prior import standard_normal_sampler
from tfvae.sampling.sampler import GaussianMixtureSampler
from tfvae.training.command import main
from tfvae.training.config import ExperimentConfig, Training, check
from tfvae.training.experiment import Evaluation, Experiment, TrainedRun

FACTORS = (1.5, 3.0)
COMPONENTS_PER_CLASS = 10
PICTURED = 2000


@dataclass(frozen=True)
class Center:
    """The center loss."""

    weight: float = 3.0
    """Lambda: nats per squared unit of the codes."""
    step: float = 0.0001
    """Alpha: the share of the way that a center goes to the mean of its class in a batch."""
    spread: float = 5.0
    """Standard deviation of the initial centers, in units of the codes."""

    def __post_init__(self) -> None:
        check(self.weight >= 0, "a weight of the center loss >= 0", center_weight=self.weight)
        check(0 < self.step <= 1, "a step of the centers in (0, 1]", center_step=self.step)
        check(self.spread >= 0, "a spread of the initial centers >= 0", center_spread=self.spread)


@dataclass(frozen=True)
class CenterGMMConfig(ExperimentConfig):
    """Report 0."""

    widths: tuple[int, ...] = (512, 256)
    """Units of the encoder's hidden layers; the decoder mirrors them."""
    center: Center = field(default_factory=Center)
    samples: int = 10_000
    """Samples that each sampler is scored on."""
    nll_images: int = 1000
    """Test images of the importance-sampled likelihood."""
    nll_draws: int = 200
    """Codes drawn for each of them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self.samples >= LEAST_SCORED, f"at least {LEAST_SCORED} samples to score", samples=self.samples)
        check(self.nll_images >= 1, "at least 1 image", nll_images=self.nll_images)
        check(self.nll_draws >= 1, "at least 1 draw", nll_draws=self.nll_draws)
        check(min(self.widths, default=0) >= 1, "one hidden layer or more, of at least 1 unit", widths=self.widths)


PRESETS = {
    "report": CenterGMMConfig(),
    "quick": CenterGMMConfig(preset="quick", training=Training(epochs=8), samples=5000, nll_draws=50),
    "smoke": CenterGMMConfig(
        preset="smoke",
        training=Training(epochs=2, steps_per_execution=10),
        training_images=2000,
        test_images=500,
        samples=500,
        nll_images=100,
        nll_draws=10,
    ),
}


def vanilla(config: CenterGMMConfig, data: ImageData, seed: int, *, latent_dim: int) -> VAE:
    """Section III.A: reconstruction and KL."""
    return VAE(*_networks(config, data, latent_dim), seed=seed)


def center(config: CenterGMMConfig, data: ImageData, seed: int, *, latent_dim: int, **changes: float) -> CenterVAE:
    """Section III.B: reconstruction and center loss; `changes` to the config's center loss make the sweep."""
    settings = replace(config.center, **changes)
    return CenterVAE(
        *_networks(config, data, latent_dim),
        classes=data.classes,
        center_weight=settings.weight,
        center_step=settings.step,
        center_spread=settings.spread,
        seed=seed,
    )


def _networks(config: CenterGMMConfig, data: ImageData, latent_dim: int) -> tuple[keras.Model, keras.Model]:
    _check_data(config, data, latent_dim)
    encoder = dense_encoder(data.image_shape, 2 * latent_dim, widths=config.widths)
    return encoder, dense_decoder(latent_dim, data.image_shape, widths=config.widths[::-1])


def _check_data(config: CenterGMMConfig, data: ImageData, latent_dim: int) -> None:
    """Finds what would stop the measuring, before the training."""
    check(data.value_range == (0.0, 1.0), "pixels in [0, 1]", value_range=data.value_range)
    check(data.classes >= 2, "at least 2 classes, such as 2 sub-folders of pictures", classes=data.classes)
    train, test = (np.bincount(labels, minlength=data.classes) for labels in (data.train_labels, data.test_labels))
    check(
        train.min() > latent_dim,
        f"at least {latent_dim + 1} training images of each class, which a Gaussian in {latent_dim} dimensions needs",
        smallest_class=train.min(),
    )
    check(test.min() >= 2, "at least 2 test images of each class; allow more test images", smallest_class=test.min())
    if data.image_shape == SCORED_SHAPE:
        check_scored(data, config.samples, None)


def fit_samplers(model: StochasticAutoencoder, data: ImageData, seed: int) -> dict[str, GaussianMixtureSampler]:
    """The report's samplers, fitted to the codes of the training images.

    `prior` is N(0, I). `class_gaussian` is one Gaussian a class by maximum likelihood, and `mixture` scikit-learn's
    mixture started from it; @1.5 and @3 divide their covariances. `class_mixture` is ten Gaussians a class.
    """
    codes, labels = model.encode(data.to_float(data.train_images)), data.train_labels
    classes = fit_class_gaussians(codes, labels)
    mixture = fit_mixture(codes, components=data.classes, seed=seed, labels=labels)
    samplers = {"prior": standard_normal_sampler(model.latent_dim), "class_gaussian": classes, "mixture": mixture}
    for factor in FACTORS:
        samplers[f"class_gaussian@{factor:g}"] = classes.shrunk(factor)
        samplers[f"mixture@{factor:g}"] = mixture.shrunk(factor)
    components = min(COMPONENTS_PER_CLASS, int(np.bincount(labels).min()) // (model.latent_dim + 1))
    samplers["class_mixture"] = fit_mixture_per_class(codes, labels, components=components, seed=seed)
    return samplers


def evaluate(run: TrainedRun[CenterGMMConfig]) -> Evaluation:
    """Every claim of the report as a number, and its figures."""
    model, data, config = run.model, run.data, run.config
    samplers = fit_samplers(model, data, run.seed)
    reference = real_reference(data, config.samples)
    metrics, sheets = measure_model(run), {}
    for name, sampler in samplers.items():
        codes, labels = sampler.sample(config.samples, seed=run.seed)
        images = data.to_uint8(model.decode(codes))
        sheets[name] = (images, labels)
        if reference is not None:
            scores = score_samples(images, labels, reference=reference)
            metrics |= {f"{name}/{metric}": score for metric, score in scores.items()}
    by_class = f"class_gaussian@{FACTORS[0]:g}"
    default = by_class if isinstance(model, CenterVAE) else "prior"
    images, labels = sheets[default]
    figures = center_gmm_report.run_figures(run, samplers, sheets, metrics, reference)
    return Evaluation(metrics, figures, images, labels, samplers, sampler=default, class_sampler=by_class)


def measure_model(run: TrainedRun[CenterGMMConfig]) -> dict[str, Measurement]:
    """The numbers of the model itself, on the test images."""
    model, data, config = run.model, run.data, run.config
    images = data.to_float(data.test_images)
    codes = model.encode(images)
    few = images[: config.nll_images]
    values: dict[str, float] = {
        **likelihood.reconstruction_errors(images, model.decode(codes)),
        "silhouette": clustering.silhouette(codes, data.test_labels, sample_size=len(codes), seed=run.seed),
        "active_units": likelihood.active_units(codes),
        "posterior_deviation": likelihood.posterior_deviation(model, images),
    }
    if isinstance(model, VAE):
        # Without a KL term the codes follow no prior, and a likelihood under N(0, I) says nothing.
        values["elbo"] = likelihood.evidence_lower_bound(model, images, seed=run.seed)
        values["nll"] = likelihood.negative_log_likelihood(model, few, num_samples=config.nll_draws, seed=run.seed)
    counts = {name: len(few) if name == "nll" else len(images) for name in values}
    return {name: Measurement(value, samples=counts[name], split="test") for name, value in values.items()}


def pictures(model: StochasticAutoencoder, data: ImageData) -> Mapping[str, NDArray[np.uint8]]:
    """What TensorBoard shows as training goes on: samples of fixed codes, class means, reconstructions, codes."""
    originals = data.to_float(data.test_images[:PICTURED])
    labels = data.test_labels[:PICTURED]
    codes = model.encode(originals)
    means = np.stack([codes[labels == label].mean(axis=0) for label in np.unique(labels)])
    pairs = np.concatenate([originals[:10], model.decode(codes[:10])])
    scatter = latent_scatter(codes, labels, data.class_names, title="Codes of test images")
    return {
        "samples/prior": image_grid(data.to_uint8(model.sample(100, seed=0)), columns=10),
        "samples/class_means": image_grid(data.to_uint8(model.decode(means)), columns=10),
        "reconstructions": image_grid(data.to_uint8(pairs), columns=10),
        "codes": figure_pixels(scatter),
    }


VARIANTS = {
    "vanilla-6": partial(vanilla, latent_dim=6),
    "center-6": partial(center, latent_dim=6),
    "vanilla-3": partial(vanilla, latent_dim=3),
    "center-3": partial(center, latent_dim=3),
    **{f"sweep-weight-{weight:g}": partial(center, latent_dim=6, weight=weight) for weight in (0.1, 1, 30)},
    "sweep-step-0.01": partial(center, latent_dim=6, step=0.01),
    "sweep-wen": partial(center, latent_dim=6, step=0.5, spread=0.0),
}

EXPERIMENT = Experiment(
    name="center_gmm",
    title="Report 0: VAE against center-loss VAE with a Gaussian mixture",
    presets=PRESETS,
    variants=VARIANTS,
    default=("vanilla-6", "center-6", "vanilla-3", "center-3"),
    evaluate=evaluate,
    pictures=pictures,
    report=center_gmm_report.report,
    shown=center_gmm_report.SHOWN,
)

if __name__ == "__main__":
    main(EXPERIMENT, __doc__)
