"""Accuracy and similarity of a generator's settings, each kept in a file so that an interrupted search resumes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfvae.errors import InputError
from tfvae.losses.similarity import within_class_similarity
from tfvae.sampling.frontier import Frontier
from tfvae.sampling.moments import checked_integer

Decode = Callable[[tf.Tensor], tf.Tensor]
Progress = Callable[[int, int], None]
DIGITS = 6  # decimals of a setting, as it is scored and saved
RENAMED = {"counts": "num_samples", "PrioritisedSearch": "PrioritizedSearch"}  # in the files of earlier versions


class Scores(NamedTuple):
    """Of one setting: float64 [K] accuracy and cosine similarity of each class."""

    accuracies: NDArray[np.float64]
    similarities: NDArray[np.float64]


class Scaled(Protocol):
    """What a search needs of a generator: `z = mean[y] + axes[y] @ (scale(theta)[y] * noise)`."""

    @property
    def means(self) -> NDArray[np.float64]: ...

    @property
    def axes(self) -> NDArray[np.float64]: ...

    @property
    def theta(self) -> NDArray[np.float64]: ...

    @staticmethod
    def scale(theta: Any) -> Any: ...

    def with_theta(self, theta: Any) -> Any: ...


class Search(Protocol):
    """A search: a frozen dataclass that is called with `ScoredSettings`, and calls it with each setting to score."""

    @property
    def planned(self) -> int: ...

    def __call__(self, scored: ScoredSettings) -> None: ...


class ScoredSettings:
    """Scores settings of one generator on fixed noise, and appends each score to a file.

    accuracy[c] = mean(argmax(classify(decode(z))) == c),  similarity[c] = within_class_similarity(decode(z))

    Args:
        generator: the fitted generator.
        decode: function of float32 [B, D] codes to images, as `ScaledClassGaussian.tune` says.
        classify: function of images to logits.
        samples: int >= 2, samples a class.
        seed: int >= 0, of the noise.
        search: which settings to try.
        file: JSON lines, a line a setting; None keeps none.
        progress: function of (scored, planned), or None.

    Raises:
        InputError: if `samples` or `seed` is out of its range, or `file` holds another search.
    """

    def __init__(
        self,
        generator: Scaled,
        decode: Decode,
        classify: Decode,
        *,
        samples: int,
        seed: int,
        search: Search,
        file: Path | None,
        progress: Progress | None,
    ) -> None:
        self.generator, self.decode, self.classify = generator, decode, classify
        self.samples = checked_integer(samples, name="samples", minimum=2)
        self.seed = checked_integer(seed, name="seed", minimum=0)
        self.search, self.file, self.progress = search, file, progress
        self.rows: dict[str, dict[str, Any]] = {}
        self.tried: list[str] = []
        shape = (*generator.means.shape[:1], self.samples, generator.means.shape[1])
        self._noise = np.random.default_rng(seed).standard_normal(shape, np.float32)
        # Without XLA: on CPUs its convolutions take twice as long as oneDNN's.
        self._score_class = tf.function(self._score_class_step)
        if file is not None:
            self._open(file)

    def run(self) -> Frontier:
        """Runs the search and returns every scored setting, in order."""
        self.search(self)
        rows = [self.rows[key] for key in self.tried]
        thetas, accuracies, similarities = (
            np.array([row[name] for row in rows], np.float64) for name in ("theta", *Scores._fields)
        )
        return Frontier(thetas, accuracies, similarities, self.samples)

    def __call__(self, theta: Any, state: Any = None) -> Scores:
        """Scores one setting, or reads its scores from the file.

        Args:
            theta: float, in the generator's shape.
            state: JSON value kept beside the scores, for a search to go on from.
        """
        rounded = np.asarray(theta, np.float64).round(DIGITS)
        key = json.dumps(rounded.tolist())
        if key not in self.rows or (state is not None and self.rows[key].get("state") != state):
            scores = self._score(rounded)
            row = {"theta": rounded.tolist(), **{name: array.tolist() for name, array in scores._asdict().items()}}
            self._keep(key, row if state is None else {**row, "state": state})
        if key not in self.tried:
            self.tried.append(key)
            if self.progress is not None:
                self.progress(len(self.tried), self.search.planned)
        return Scores(*(np.array(self.rows[key][name]) for name in Scores._fields))

    def resumed(self) -> list[dict[str, Any]]:
        """Rows of the file that hold a state of an iterative search, in order."""
        return [row for row in self.rows.values() if "state" in row]

    def codes(self, theta: Any, noise: Any) -> Any:
        """float32 [K, n, D]: codes of every class for noise [K, n, D], as an array or a tensor."""
        scale = self.generator.scale(theta) * np.ones(self.generator.means.shape, np.float32)
        turned = np.swapaxes(self.generator.axes, 1, 2).astype(np.float32)
        return np.asarray(self.generator.means, np.float32)[:, np.newaxis] + (scale[:, np.newaxis] * noise) @ turned

    def _score(self, theta: NDArray[np.float64]) -> Scores:
        self.generator.with_theta(theta)
        codes = self.codes(theta.astype(np.float32), self._noise).astype(np.float32)
        pairs = [self._score_class(tf.constant(rows), tf.constant(label)) for label, rows in enumerate(codes)]
        return Scores(*(np.array([float(value) for value in column]) for column in zip(*pairs, strict=True)))

    def _score_class_step(self, codes: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images = self.decode(codes)
        hits = tf.equal(tf.argmax(self.classify(images), axis=-1, output_type=tf.int32), label)
        return tf.reduce_mean(tf.cast(hits, tf.float32)), within_class_similarity(flat(images))

    def _fingerprint(self) -> dict[str, Any]:
        fitted = np.concatenate([self.generator.means[:, np.newaxis], self.generator.axes], axis=1).astype(np.float32)
        return {
            "generator": type(self.generator).__name__,
            "search": type(self.search).__name__,
            **{name: np.asarray(value).tolist() for name, value in asdict(self.search).items()},  # type: ignore[call-overload]
            "scored_samples": self.samples,
            "seed": self.seed,
            "fit": hashlib.sha256(fitted.tobytes()).hexdigest(),
        }

    def _open(self, file: Path) -> None:
        fingerprint = self._fingerprint()
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(fingerprint) + "\n")
            return
        lines = file.read_text().splitlines(keepends=True)
        # A killed process leaves a last line without its end.
        whole = [line for line in lines if line.endswith("\n")]
        if whole != lines:
            file.write_text("".join(whole))
        try:
            header, *rows = map(json.loads, whole)
            self.rows = {json.dumps(row["theta"]): row for row in rows}
        except (ValueError, KeyError, TypeError):
            header = None
        if isinstance(header, dict):
            header = {RENAMED.get(name, name): value for name, value in header.items()}
            header["search"] = RENAMED.get(str(header.get("search")), header.get("search"))
        if header != fingerprint:
            raise InputError(
                f"Expected in {file} the scores of this search, {fingerprint}. Received: {header}. "
                "Delete the file to start afresh, or name another one."
            )

    def _keep(self, key: str, row: dict[str, Any]) -> None:
        self.rows[key] = row
        if self.file is not None:
            with self.file.open("a") as file:
                file.write(json.dumps(row) + "\n")


def flat(images: tf.Tensor) -> tf.Tensor:
    """[B, ...] -> [B, pixels]."""
    return tf.reshape(images, [tf.shape(images)[0], -1])
