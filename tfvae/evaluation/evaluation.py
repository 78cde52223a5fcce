"""A trained model under evaluation, and the order in which it is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tfvae.data.images import ImageData
from tfvae.data.labeled import LabeledData
from tfvae.figures import Figure
from tfvae.metrics.measurement import Measurement
from tfvae.metrics.posterior import posterior_moments
from tfvae.metrics.samples import RealReference

CHUNK = 500  # examples converted to float at once: all test images of 256x256 would take gigabytes

Measure = Callable[["Evaluation"], Mapping[str, Measurement]]
Draw = Callable[["Evaluation"], Mapping[str, Figure]]
Computed = TypeVar("Computed")


class Sampler(Protocol):
    """A sampler of codes that a run saves, such as `GaussianMixtureSampler` and `RejectionSampler`."""

    def sample(
        self, count: int, *, seed: int, label: int | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64] | None]: ...

    def save(self, path: str | Path) -> Path: ...


class SamplerSpec(Protocol):
    """Samplers that are fitted to a trained model."""

    def check(self, data: LabeledData, latent_dim: int) -> None:
        """Raises InputError, before the training, if the data do not suffice for the fit."""

    def fit(self, evaluation: Evaluation) -> Mapping[str, Sampler]:
        """The fitted samplers by name."""


class Samples(NamedTuple):
    """Generated examples.

    Attributes:
        images: uint8 [N, H, W, C], or float32 [N, length] where the data are signals.
        labels: int64 [N], the classes that were asked for, or None.
        codes: float32 [N, latent_dim] that the images were decoded from, or None.
    """

    images: NDArray[Any]
    labels: NDArray[np.int64] | None = None
    codes: NDArray[np.float32] | None = None


class Projection(NamedTuple):
    """Points for TensorBoard's Projector tab, and what is known of each; `tfvae.training.projector` checks them.

    Attributes:
        codes: float [N, D].
        columns: {title: N values}.
        pictures: uint8 [N, H, W, C], thumbnails, or None.
        name: str, what the tab calls the points.
    """

    codes: NDArray[Any]
    columns: Mapping[str, Sequence[Any] | NDArray[Any]]
    pictures: NDArray[np.uint8] | None = None
    name: str = "codes of the test split"


def no_progress(description: str) -> Callable[[int, int], None]:
    """A progress bar that shows nothing."""
    return lambda done, planned: None


class Evaluation:
    """A trained model with its data, and what has been computed of it so far; each part is computed once.

    Args:
        variant: str, name of the variant, for titles.
        model: the trained model.
        data: what it was trained on.
        config: the variant's configuration; `samples` is the number of samples that each sampler is scored on.
        seed: int >= 0.
        history: a row per epoch, {"epoch", "seconds", "train", "validation"}.
        folder: the run's folder, where a measure may keep what it would not compute twice.
        whole: the data without a limit on the number of examples: what samples are compared with.
        spaces: {suffix of the metrics' names: real images in a feature space}.
        progress: function of a description to a function of (done, planned), which moves a bar.

    Attributes:
        metrics: {NAME or SAMPLER/NAME: measurement}.
        samplers: {name: sampler of codes}; all are saved with the run.
        samples: {sampler: generated examples}.
        sampler: name of the sampler that `tfvae sample RUN` and the exported `generate` use.
        class_sampler: name of the one that draws a class, or None.
        figures: {file name without ending: figure}.
        projection: codes for TensorBoard's Projector tab, or None.
    """

    def __init__(
        self,
        variant: str,
        model: Any,
        data: Any,
        config: Any,
        *,
        seed: int,
        history: Sequence[Mapping[str, Any]],
        folder: Path,
        whole: Any,
        spaces: Mapping[str, RealReference],
        progress: Callable[[str], Callable[[int, int], None]] = no_progress,
    ) -> None:
        self.variant = variant
        self.model = model
        self.data = data
        self.config = config
        self.seed = seed
        self.history = history
        self.folder = folder
        self.whole = whole
        self.spaces = spaces
        self.progress = progress
        self.metrics: dict[str, Measurement] = {}
        self.samplers: dict[str, Sampler] = {}
        self.samples: dict[str, Samples] = {}
        self.sampler: str | None = None
        self.class_sampler: str | None = None
        self.figures: dict[str, Figure] = {}
        self.projection: Projection | None = None
        self._computed: dict[Callable[[Evaluation], Any], Any] = {}

    @property
    def reference(self) -> RealReference | None:
        """Real images in the main feature space, or None where there is none."""
        return self.spaces.get("")

    @property
    def classifies(self) -> bool:
        """Whether the main feature space classifies into the classes of the data."""
        return self.reference is not None and self.reference.classes_fit

    def once(self, compute: Callable[[Evaluation], Computed]) -> Computed:
        """`compute(self)`, computed at the first call and shared by samplers, measures and figures."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        return self._computed[compute]

    def chunks(self, examples: NDArray[Any]) -> Iterator[NDArray[np.float32]]:
        """Stored examples as the model sees them, some at a time."""
        for start in range(0, len(examples), CHUNK):
            yield self.data.to_float(examples[start : start + CHUNK])

    def encode(self, examples: NDArray[Any]) -> NDArray[np.float32]:
        """Codes, float32 [N, latent_dim], of stored examples."""
        return np.concatenate([self.model.encode(part) for part in self.chunks(examples)])

    def decode(self, codes: NDArray[np.float32]) -> NDArray[Any]:
        """Decoded codes in the form in which examples are stored: uint8 images, or float32 signals."""
        parts = range(0, len(codes), CHUNK)
        return np.concatenate([self.stored(self.model.decode(codes[start : start + CHUNK])) for start in parts])

    def stored(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """What a model makes, as examples are stored."""
        return self.data.to_uint8(values) if isinstance(self.data, ImageData) else values

    @cached_property
    def test_codes(self) -> NDArray[np.float32]:
        """Codes of the test split."""
        return self.encode(self.data.test_images)

    @cached_property
    def train_codes(self) -> NDArray[np.float32]:
        """Codes of the training split."""
        return self.encode(self.data.train_images)

    @cached_property
    def reconstructions(self) -> NDArray[Any]:
        """Decoded `test_codes`, as examples are stored."""
        return self.decode(self.test_codes)

    @cached_property
    def test_moments(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Means and variances of q(z | x) over the test split, each float32 [N, latent_dim]."""
        parts = [posterior_moments(self.model, part) for part in self.chunks(self.data.test_images)]
        means, variances = (np.concatenate(moments) for moments in zip(*parts, strict=True))
        return means, variances

    def measured(self, value: float, *, samples: int | None = None, split: str | None = "test") -> Measurement:
        """A number of the model itself, by default of the whole test split."""
        count = len(self.data.test_labels) if samples is None and split == "test" else samples
        return Measurement(value, samples=count, split=split)

    def value(self, metric: str) -> float:
        """A number that was measured before."""
        return self.metrics[metric].value
