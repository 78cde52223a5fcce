"""Class-conditional generators fitted to the training codes and tuned by a classifier (report 1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfvae.data.labeled import LabeledData
from tfvae.errors import InputError
from tfvae.evaluation.classifiers import Classifiers, reconstruction_classifiers
from tfvae.evaluation.conditional import FIRST_SEED
from tfvae.evaluation.evaluation import Evaluation, Sampler
from tfvae.evaluation.measured_frontiers import FILE, Candidates, kept_frontiers, measured_frontiers
from tfvae.evaluation.samplers import check_class_sizes
from tfvae.files import current_file, write_json
from tfvae.metrics.measurement import Measurement
from tfvae.sampling import Frontier, GivenSettings, GradientSearch, GridSearch, PrioritizedSearch, RejectionSampler
from tfvae.sampling.class_gaussian import Axes, ScaledClassGaussian, Simple, latent_axes

ERROR_WEIGHTS = np.geomspace(1.0, 3000.0, 30)  # what an error costs, where settings are put together class by class
PROPOSALS = 10_000
LEAST_SIDE = 6  # pixels, which the report's classifier needs


def grid(settings: Any) -> GridSearch:
    """The report's whole grid of theta and n."""
    return GridSearch()


def gradient(settings: Any) -> GradientSearch:
    """Gradient search of `settings.steps` steps; every tenth setting is scored."""
    return GradientSearch(steps=settings.steps, points=max(1, settings.steps // 10))


def prioritized(settings: Any) -> PrioritizedSearch:
    """The report's prioritized grid search of `settings.budget` settings."""
    return PrioritizedSearch(settings.budget)


@dataclass(frozen=True)
class Tuning:
    """How a generator of the report is tuned.

    Attributes:
        generator: `Simple`, `Medium1` or `Medium2`.
        min_accuracy: float in [0, 1]: the most diverse setting is chosen whose accuracy minus one standard error is at
            least this.
        axes: function of the moments of the classes to their axes.
        search: function of `config.generators` to the search.
        samples: str, field of `config.generators`: number of samples a class that the search scores a setting on.
    """

    generator: type[ScaledClassGaussian]
    min_accuracy: float
    axes: Axes = latent_axes
    search: Callable[[Any], Any] = gradient
    samples: str = "samples"


@dataclass(frozen=True, eq=False)
class TunedGenerators:
    """The report's generators and, beyond it, rejection sampling from a Gaussian mixture per class.

    Every setting is chosen on the codes of the training split by the run's classifiers. Searches are kept in
    `searches/<name>.jsonl` of the run's folder and resumed; frontiers on fresh samples and the chosen settings are
    kept in `frontiers.json`.

    Attributes:
        tunings: {sampler: how it is tuned}; `<generator>@<what differs>`.
        given: {sampler: setting}, settings of the report for the generator before the `@`.
        min_accuracy: float in [0, 1], as in `Tuning`, of rejection sampling, by the second classifier.

    Reference:
        Report 1, section 3.5 and table 4.
    """

    tunings: Mapping[str, Tuning]
    given: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    min_accuracy: float = 0.998

    def check(self, data: LabeledData, latent_dim: int) -> None:
        """Raises InputError unless a Gaussian can be fitted to each class and the images suit the classifiers."""
        check_class_sizes(data, latent_dim + 1, f"a Gaussian in {latent_dim} dimensions needs")
        sides = data.train_images.shape[1:3]
        if min(sides) < LEAST_SIDE:
            raise InputError(
                f"Expected images of at least {LEAST_SIDE} x {LEAST_SIDE} pixels, which the classifier needs. "
                f"Received: {sides[0]} x {sides[1]}. Enlarge them with --image-size."
            )

    def fit(self, evaluation: Evaluation) -> Mapping[str, Sampler]:
        """`class_mixture`, the tuned generators, `<grid>@objective`, the given settings, and `beyond`."""
        candidates, chosen = {}, dict[str, Any]()
        for name, tuning in self.tunings.items():
            candidates[name] = _tuned(evaluation, name, tuning)
            frontier = candidates[name].frontier
            chosen[name] = frontier.thetas[frontier.at_accuracy(tuning.min_accuracy)]
        for name in [name for name, tuning in self.tunings.items() if tuning.search is grid]:
            frontier = candidates[name].frontier
            chosen[f"{name}@objective"] = frontier.thetas[frontier.best()]
        chosen |= {name: np.array(theta) for name, theta in self.given.items()}
        proposal, frontier = _rejection(evaluation)
        candidates["beyond"] = Candidates(frontier, proposal.with_theta)
        chosen["beyond"] = frontier.thetas[frontier.at_accuracy(self.min_accuracy)]
        kept = measured_frontiers(evaluation, candidates)
        kept["chosen"] = {name: np.asarray(theta).tolist() for name, theta in chosen.items()}
        write_json(evaluation.folder / FILE, kept)
        samplers: dict[str, Sampler] = {"class_mixture": proposal.mixture}
        for name, theta in chosen.items():
            samplers[name] = candidates[name if name in candidates else _generator(name)].sampler(theta)
        return samplers

    def measure(self, evaluation: Evaluation) -> dict[str, Measurement]:
        """The chosen settings, theta as its mean over dimensions, and the acceptance rate of rejection sampling."""
        metrics = {}
        for name, theta in kept_frontiers(evaluation.folder)["chosen"].items():
            tuning = self.tunings.get(_generator(name))
            if tuning is not None and tuning.generator is Simple:
                theta, metrics[f"{name}/n"] = theta[0], Measurement(theta[1])
            metrics[f"{name}/theta"] = Measurement(float(np.mean(theta)))
        rejection: Any = evaluation.samplers["beyond"]
        rate = rejection.acceptance_rate(PROPOSALS, seed=FIRST_SEED + evaluation.seed)
        measured = evaluation.once(reconstruction_classifiers).measured
        return {**metrics, "beyond/acceptance_rate": measured(rate, samples=PROPOSALS)}


def _generator(name: str) -> str:
    """The generator of a sampler called `<generator>@<what differs>`."""
    return name.partition("@")[0]


def _tuned(evaluation: Evaluation, name: str, tuning: Tuning) -> Candidates:
    """The settings that a search finds, scored a second time on other noise: the best of many looks too good."""
    data, settings = evaluation.data, evaluation.config.generators
    codes, labels = evaluation.train_codes, data.train_labels
    generator = tuning.generator.fit(codes, labels, classes=data.classes, axes=tuning.axes)

    def searched(search: Any, *, seed: int, part: str, samples: int) -> Frontier:
        file = evaluation.folder / "searches" / f"{part}.jsonl"
        return generator.tune(
            evaluation.model.decode_step,
            evaluation.once(_logits)[0],
            search=search,
            samples=samples,
            seed=seed,
            file=current_file(file, file.name.replace("prioritized", "prioritised")),
            progress=evaluation.progress(part),
        )

    def sampler(theta: Any) -> Sampler:
        return generator.with_theta(theta).mixture()

    samples = getattr(settings, tuning.samples)
    found = searched(tuning.search(settings), seed=2 * evaluation.seed, part=name, samples=samples)
    if tuning.search is grid:
        return Candidates(found, sampler)
    best = found.composed(ERROR_WEIGHTS) if found.thetas.ndim == 3 else found
    thetas: NDArray[np.float64] = np.unique(best.thetas[best.pareto()].round(6), axis=0)
    again = GivenSettings(thetas.tolist())
    seed = 2 * evaluation.seed + 1
    return Candidates(searched(again, seed=seed, part=f"{name}-again", samples=settings.samples), sampler)


def _rejection(evaluation: Evaluation) -> tuple[RejectionSampler, Frontier]:
    """A mixture per class with nothing rejected, and the second classifier's scores at each confidence of the first."""
    data, settings, seed = evaluation.data, evaluation.config.generators, evaluation.seed
    decode = evaluation.model.decode_step
    classify, select = evaluation.once(_logits)
    proposal = RejectionSampler.fit(
        evaluation.train_codes,
        data.train_labels,
        decode=decode,
        classify=classify,
        classes=data.classes,
        components=settings.components,
        seed=seed,
    )
    progress = evaluation.progress("beyond")
    return proposal, proposal.tune(decode, select, samples=settings.samples, seed=seed, progress=progress)


def _logits(evaluation: Evaluation) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """The classifiers as functions of images to logits, in the graph."""
    classifiers: Classifiers = evaluation.once(reconstruction_classifiers)
    return (
        lambda images: classifiers.report(images, training=False),
        lambda images: classifiers.selection(images, training=False),
    )
