"""Learned categories of a generator: purity by hand, and what is drawn of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tfvae import figures
from tfvae.evaluation.categories import category_sheet, measure_categories
from tfvae.evaluation.evaluation import Samples
from tfvae.metrics.features import GraphExtractor
from tfvae.networks.convolutional import dcgan_generator


def first_pixel(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    return tf.zeros([tf.shape(images)[0], 1]), tf.one_hot(images[:, 0, 0, 0], 10)


@pytest.fixture
def evaluation() -> Any:
    """Four samples: three of category 0, of the classes 3, 3 and 7, and one of category 1, of class 5."""
    codes = np.array([[2, 1, 0, 0], [3, -1, 0, 0], [0, 1, 0, 0], [1, -1, 0, 0]], np.float32)
    images = np.zeros((4, 2, 2, 1), np.uint8)
    images[:, 0, 0, 0] = [3, 3, 5, 7]
    space = GraphExtractor("first pixel", "ab" * 32, None, None, first_pixel, default_batch_size=4)
    generator = dcgan_generator(4, (4, 4, 1), widths=(), filters=(2,), categories=2)
    return SimpleNamespace(
        model=SimpleNamespace(generator=generator),
        samples={"prior": Samples(images, None, codes)},
        reference=SimpleNamespace(extractor=space),
        classifies=True,
        variant="slim",
    )


def test_purity_is_the_share_of_each_category_s_majority_class(evaluation: Any) -> None:
    purity = measure_categories(evaluation)["prior/category_purity"]
    assert (purity.value, purity.samples, purity.extractor) == (0.75, 4, "first pixel")


def test_sheet_has_a_row_for_each_category_and_the_columns_that_all_fill(
    evaluation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "sample_sheet", lambda images, columns, title: (images[:, 0, 0, 0].tolist(), columns))
    assert category_sheet(evaluation) == {"categories": ([3, 5], 1)}


def test_model_without_categories_gives_nothing(evaluation: Any) -> None:
    plain = dcgan_generator(4, (4, 4, 1), widths=(), filters=(2,))
    for model in (SimpleNamespace(generator=plain), SimpleNamespace(encoder=plain)):
        evaluation.model = model
        assert measure_categories(evaluation) == {} and category_sheet(evaluation) == {}


def test_purity_needs_a_classifier_of_the_classes(evaluation: Any) -> None:
    evaluation.classifies = False
    assert measure_categories(evaluation) == {} and category_sheet(evaluation)
