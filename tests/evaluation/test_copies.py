"""Copies of training images among the samples."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from tfvae.data import load
from tfvae.data.images import ImageData
from tfvae.evaluation.evaluation import Samples
from tfvae.evaluation.model import measure_copies


def copies(data: ImageData, images: np.ndarray, count: int) -> dict:
    samples = {"prior": Samples(images)}
    config = SimpleNamespace(copies=count)
    return measure_copies(SimpleNamespace(data=data, config=config, seed=0, samples=samples))


def test_samples_that_are_training_images_are_copies() -> None:
    digits = load("digits").subset(train=100, test=20)
    found = copies(digits, digits.train_images, 10)
    assert found["prior/near_copy_ratio"].value == 0 and found["prior/near_copy_share"].value == 1
    assert (found["prior/near_copy_ratio"].samples, found["prior/near_copy_ratio"].real_samples) == (10, 10)
    as_new = copies(digits, digits.test_images, 20)
    assert as_new["prior/near_copy_ratio"].value == 1, "the same images are as new as themselves"


def test_nothing_is_measured_where_half_of_the_test_images_are_training_images() -> None:
    digits = load("digits").subset(train=100, test=20)
    known = replace(digits, sha256="", test_images=np.concatenate([digits.train_images[:10], digits.test_images[:10]]))
    assert copies(known, digits.test_images, 20) == {}
