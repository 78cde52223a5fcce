"""Searches over settings, on a decoder and classifier whose accuracy is known: results, interruption, resuming."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm

from tests.contracts import THREE_PARTS
from tests.sampling.line import CODES, LABELS, classify, decode
from tfvae.errors import InputError
from tfvae.losses.similarity import within_class_similarity
from tfvae.metrics.conditional import cosine_similarity
from tfvae.sampling import GradientSearch, GridSearch, Medium1, Medium2, PrioritizedSearch, Simple

GRADIENT = GradientSearch(steps=60, samples=50, points=6, weights=(0.01, 30.0), learning_rate=0.05)
PRIORITIZED = PrioritizedSearch(budget=40)


def test_grid_search_accuracy_is_the_normal_integral():
    frontier = Simple.fit(CODES, LABELS).tune(decode, classify, samples=2000)
    assert frontier.thetas.shape == (44, 2) and frontier.accuracies.shape == (44, 2)
    for (theta, count), accuracy in zip(frontier.thetas, frontier.accuracy, strict=True):
        scale = theta / np.sqrt(count)
        expected = norm.cdf(1 / scale) if scale else 1.0
        # Five standard errors of a share of 4,000, and of the fitted means and deviations.
        assert accuracy == pytest.approx(expected, abs=0.05)
    assert np.ptp(frontier.similarity[frontier.thetas[:, 0] == 0]) == 0, "no noise at all, whatever n is"


@pytest.mark.parametrize("search", [GRADIENT, PRIORITIZED], ids=lambda search: type(search).__name__)
@pytest.mark.parametrize("kind", [Medium1, Medium2])
def test_search_shrinks_only_the_dimension_that_decides_the_class(kind, search):
    frontier = kind.fit(CODES, LABELS).tune(decode, classify, search=search, samples=300)
    chosen = frontier.thetas[frontier.at_accuracy(0.99)]
    decides, free = chosen[..., 0], chosen[..., 1]
    assert (decides < 0.5).all() and (free > 0.75).all()
    # With equal scales, as in Simple, an accuracy of 0.99 allows 1 / 2.33 = 0.43 of the deviation in each.
    simple = Simple.fit(CODES, LABELS).tune(decode, classify, samples=300)
    assert frontier.similarity[frontier.at_accuracy(0.99)] < simple.similarity[simple.at_accuracy(0.99)] - 0.02


@pytest.mark.parametrize("search", [GRADIENT, PRIORITIZED], ids=lambda search: type(search).__name__)
def test_interrupted_search_resumes_to_the_uninterrupted_result(search, tmp_path):
    generator, file = Medium2.fit(CODES, LABELS), tmp_path / "search.jsonl"
    whole = generator.tune(decode, classify, search=search, samples=100)

    def stop(done: int, planned: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generator.tune(decode, classify, search=search, samples=100, file=file, progress=stop)
    content = file.read_text()
    assert content.count("\n") == 1 + 3
    file.write_text(content + '{"theta": [[0.5')  # killed as it wrote
    calls: list[tuple[int, int]] = []
    again = generator.tune(
        decode, classify, search=search, samples=100, file=file, progress=lambda *call: calls.append(call)
    )
    assert calls == [(done + 1, search.planned) for done in range(search.planned)]
    assert file.read_text().startswith(content) and file.read_text().count("\n") == 1 + search.planned
    np.testing.assert_allclose(again.thetas, whole.thetas, atol=1e-5)
    np.testing.assert_allclose(again.accuracies, whole.accuracies, atol=1e-6)


def test_the_file_of_another_search_is_refused(tmp_path):
    generator, file = Simple.fit(CODES, LABELS), tmp_path / "simple.jsonl"
    grid = GridSearch(thetas=(0.0, 0.5), num_samples=(1,))
    generator.tune(decode, classify, search=grid, samples=10, file=file)
    for other in (
        lambda: generator.tune(decode, classify, search=grid, samples=20, file=file),
        lambda: generator.tune(decode, classify, search=GridSearch(num_samples=(1,)), samples=10, file=file),
        lambda: Simple.fit(CODES + 1, LABELS).tune(decode, classify, search=grid, samples=10, file=file),
    ):
        with pytest.raises(InputError, match=THREE_PARTS):
            other()
    file.write_text("no JSON\n")
    with pytest.raises(InputError, match=THREE_PARTS):
        generator.tune(decode, classify, search=grid, samples=10, file=file)


def test_the_file_of_an_earlier_version_is_resumed(tmp_path):
    """GridSearch.num_samples was `counts`."""
    generator, file = Simple.fit(CODES, LABELS), tmp_path / "simple.jsonl"
    grid = GridSearch(thetas=(0.0, 0.5), num_samples=(1, 2))
    expected = generator.tune(decode, classify, search=grid, samples=10, file=file)
    header, *rows = file.read_text().splitlines(keepends=True)
    old = header.replace('"num_samples"', '"counts"')
    assert old != header
    file.write_text("".join([old, *rows[:3]]))
    found = generator.tune(decode, classify, search=grid, samples=10, file=file)
    np.testing.assert_array_equal(found.accuracies, expected.accuracies)
    assert file.read_text() == "".join([old, *rows])


def test_search_file_has_a_line_per_scored_setting(tmp_path):
    file = tmp_path / "simple.jsonl"
    frontier = Simple.fit(CODES, LABELS).tune(
        decode, classify, search=GridSearch(thetas=(0.3,), num_samples=(1, 2)), samples=50, file=file
    )
    header, *rows = map(json.loads, file.read_text().splitlines())
    assert header["generator"] == "Simple" and header["scored_samples"] == 50
    np.testing.assert_array_equal([row["theta"] for row in rows], frontier.thetas)
    np.testing.assert_array_equal([row["similarities"] for row in rows], frontier.similarities)


def test_within_class_similarity_equals_cosine_similarity_metric():
    images = np.random.default_rng(0).uniform(size=(3, 20, 12)).astype(np.float32)
    values = within_class_similarity(tf.constant(images)).numpy()
    for value, group in zip(values, images, strict=True):
        assert value == pytest.approx(cosine_similarity(group, np.zeros(20, np.int64)), abs=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: PrioritizedSearch(budget=0),
        lambda: PrioritizedSearch(step=0.0),
        lambda: PrioritizedSearch(weight=-1.0),
        lambda: GradientSearch(steps=0),
        lambda: GradientSearch(points=300),
        lambda: GradientSearch(weights=(0.0, 1.0)),
        lambda: GradientSearch(learning_rate=-1.0),
        lambda: Simple.fit(CODES, LABELS).tune(decode, classify, samples=1),
        lambda: Simple.fit(CODES, LABELS).tune(decode, classify, seed=-1),
        lambda: Simple.fit(CODES, LABELS).tune(decode, classify, search=GridSearch(thetas=(2.0,))),
        lambda: Simple.fit(CODES, LABELS).tune(decode, classify, search=GridSearch(num_samples=())),
    ],
)
def test_a_wrong_setting_of_a_search_is_refused(wrong):
    with pytest.raises(InputError, match=r"^Expected .+\. Received: .+"):
        wrong()
