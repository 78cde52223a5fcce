"""A variant, its data and seed, and the folder that the run lives in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.progress import Progress, TaskID

from tfvae.data.labeled import LabeledData
from tfvae.evaluation.evaluation import Evaluation
from tfvae.evaluation.references import feature_spaces
from tfvae.training.config import VariantConfig, fingerprint
from tfvae.training.run_folder import RunFolder, history_rows
from tfvae.training.variant import Variant


@dataclass(frozen=True, eq=False)
class Run:
    """One variant with one seed: what is trained, measured and written.

    Attributes:
        experiment: str, name of the experiment.
        preset: str.
        variant: what is trained.
        config: what the run was told.
        data: what it is trained on, in the variant's value range.
        whole: the same without a limit on the number of examples: what samples are compared with.
        seed: int >= 0, of the initial weights, the order of the data and the noise.
        folder: where the run is written.
        strategy: str, name of the distribution strategy.
        progress: the bars of all runs.
    """

    experiment: str
    preset: str
    variant: Variant
    config: Any
    data: LabeledData
    whole: LabeledData
    seed: int
    folder: RunFolder
    strategy: str
    progress: Progress

    @property
    def name(self) -> str:
        """Variant and, where it is not 0, seed."""
        return self.variant.name if self.seed == 0 else f"{self.variant.name} seed {self.seed}"

    @property
    def history(self) -> list[dict[str, Any]]:
        """A row per finished epoch, {"epoch", "seconds", "train", "validation", "epoch_metrics"}."""
        return history_rows(self.folder.history)

    def fingerprint(self, default: VariantConfig, *, usual: bool = False) -> dict[str, Any]:
        """Everything that decides what the run computes, flat and ready for JSON.

        Args:
            default: the variant's own configuration.
            usual: whether to give what it would be with that configuration.
        """
        config = default if usual else self.config
        return {
            "experiment": self.experiment,
            "variant": self.variant.name,
            "seed": self.seed,
            "preset": self.preset,
            "strategy": self.strategy,
            "dataset": self.data.name,
            "dataset_sha256": self.data.sha256,
            **fingerprint(config, default),
        }

    def evaluation(self, model: Any) -> Evaluation:
        """The trained model, ready to be measured."""
        return Evaluation(
            self.variant.name,
            model,
            self.data,
            self.config,
            seed=self.seed,
            history=self.history,
            folder=self.folder.path,
            whole=self.whole,
            spaces=feature_spaces(self.whole, getattr(self.config, "inception", None)),
            progress=self.bar,
        )

    def bar(self, description: str) -> Callable[[int, int], None]:
        """A progress bar for a part of the evaluation: a function of (done, planned) that moves it."""
        tasks: list[TaskID] = []

        def update(done: int, planned: int) -> None:
            if not tasks:
                tasks.append(self.progress.add_task(f"{self.name}: {description}", total=planned, loss=""))
            self.progress.update(tasks[0], completed=done, total=planned)

        return update
