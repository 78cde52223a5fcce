"""One model with its own configuration: the unit that is trained, measured and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfvae.data.images import ImageData
from tfvae.data.labeled import LabeledData
from tfvae.evaluation.evaluation import Draw, Evaluation, Measure, Projection, SamplerSpec
from tfvae.evaluation.images import training_images
from tfvae.evaluation.model import measure_model
from tfvae.evaluation.samples import draw, score
from tfvae.models.base import GenerativeModel
from tfvae.training.config import VariantConfig

if TYPE_CHECKING:
    from tfvae.training.run import Run


def one_adam(config: Any) -> dict[str, Any]:
    """Compile arguments of a model with one optimizer: Adam at the configured learning rate."""
    return {"optimizer": keras.optimizers.Adam(config.training.learning_rate)}


def no_callbacks(run: Run) -> Sequence[keras.callbacks.Callback]:
    """No callbacks besides those of every run."""
    return ()


def no_check(config: Any, data: Any) -> None:
    """Accepts all data."""


def score_samplers(evaluation: Evaluation) -> None:
    """Draws from every sampler and scores the samples in each feature space."""
    for name, sampler in evaluation.samplers.items():
        score(evaluation, name, draw(evaluation, sampler))


@dataclass(frozen=True, eq=False)
class Variant:
    """One model of an experiment.

    Attributes:
        name: str, as in `--variants NAME`.
        config: its configuration.
        build: function of (config, data, seed) to a model that is not compiled.
        optimizers: function of the configuration to the arguments of `model.compile`: the optimizers, and `jit_compile`
            where XLA is not the best choice.
        callbacks: function of the run to Keras callbacks, which run before those that log and save; their numbers and
            best weights are kept in checkpoints.
        check: function of (config, data), which raises InputError for data that the model cannot be trained or measured
            on.
        samplers: samplers of codes to fit, all saved with the run.
        sampler: name of the sampler that `tfvae sample RUN` uses.
        class_sampler: name of the one that draws a class, or None.
        draw: how samples are drawn and scored.
        metrics: measures beyond those of every model, in their order.
        figures: what is drawn of the trained model.
        projection: function of the evaluation to codes for TensorBoard's Projector tab, or None.
        images: function of (model, data) to {tag: uint8 [height, width, channels]}, for TensorBoard during training.
        snapshots: epochs whose `images` are kept as files too, `figures/epoch-010_<tag>.png`.
        value_range: (low, high) of the pixels that it is trained on; None for the data set's own.
        data_kinds: the kinds of data that it is trained on.
    """

    name: str
    config: VariantConfig
    build: Callable[[Any, Any, int], GenerativeModel]
    optimizers: Callable[[Any], Mapping[str, Any]] = one_adam
    callbacks: Callable[[Run], Sequence[keras.callbacks.Callback]] = no_callbacks
    check: Callable[[Any, Any], None] = no_check
    samplers: Sequence[SamplerSpec] = ()
    sampler: str = "prior"
    class_sampler: str | None = None
    draw: Callable[[Evaluation], None] = score_samplers
    metrics: Sequence[Measure] = ()
    figures: Sequence[Draw] = ()
    projection: Callable[[Evaluation], Projection] | None = None
    images: Callable[[Any, Any], Mapping[str, NDArray[np.uint8]]] = training_images
    snapshots: tuple[int, ...] = ()
    value_range: tuple[float, float] | None = None
    data_kinds: tuple[type[LabeledData], ...] = (ImageData,)

    def data_in_range(self, data: LabeledData) -> LabeledData:
        """The same examples in the value range that this variant is trained on."""
        if self.value_range is None or not isinstance(data, ImageData) or data.value_range == self.value_range:
            return data
        return data.with_value_range(*self.value_range)

    def evaluate(self, evaluation: Evaluation) -> Evaluation:
        """Fits the samplers, measures the model and its samples, and draws the figures."""
        for spec in self.samplers:
            evaluation.samplers |= spec.fit(evaluation)
        evaluation.sampler, evaluation.class_sampler = self.sampler, self.class_sampler
        evaluation.metrics |= measure_model(evaluation)
        self.draw(evaluation)
        for measure in self.metrics:
            evaluation.metrics |= measure(evaluation)
        for figures in self.figures:
            evaluation.figures |= figures(evaluation)
        if self.projection is not None:
            evaluation.projection = self.projection(evaluation)
        return evaluation
