"""Classifiers trained on reconstructions of the training images, kept with the run, and their accuracies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfvae.data.images import ImageData
from tfvae.errors import InputError
from tfvae.evaluation.evaluation import Evaluation
from tfvae.files import atomic_write, current_file
from tfvae.metrics.conditional import class_accuracy
from tfvae.metrics.features import FeatureExtractor, GraphExtractor
from tfvae.metrics.measurement import Measurement
from tfvae.networks.classifier import convolutional_classifier, feature_model, pooling_classifier

BATCH = 128
LEARNING_RATE = 1e-3
FILE, SELECTION_FILE = "classifier.keras", "selection_classifier.keras"
EARLIER_SELECTION_FILE = "referee.keras"


class Classifiers(NamedTuple):
    """Two classifiers of different architecture, both trained on the reconstructions of the training images.

    Attributes:
        report: the report's network; generators are tuned by it, and rejection sampling asks it.
        selection: another network, by which the confidence of rejection sampling is selected.
        space: the first as a feature space, which labels its numbers.
    """

    report: keras.Model
    selection: keras.Model
    space: FeatureExtractor

    def measured(self, value: float, *, samples: int, **others: Any) -> Measurement:
        """A number that the first classifier gives, with its label."""
        name, digest = self.space.name, self.space.sha256
        return Measurement(value, samples=samples, extractor=name, extractor_sha256=digest, **others)


def reconstruction_classifiers(evaluation: Evaluation) -> Classifiers:
    """The classifiers of a run: trained, or loaded from its folder; share them by `evaluation.once`.

    Args:
        evaluation: of a model that reconstructs; `config.generators.classifier_epochs` is the number of epochs.

    Returns:
        Both classifiers.

    Reference:
        Report 1, section 3.4.
    """
    data = evaluation.data
    images = np.concatenate([evaluation.model.reconstruct(part) for part in evaluation.chunks(data.train_images)])

    def trained(network: Callable[..., keras.Model], file: Path) -> keras.Model:
        return reconstruction_classifier(
            images,
            data.train_labels,
            classes=data.classes,
            epochs=evaluation.config.generators.classifier_epochs,
            seed=evaluation.seed,
            network=network,
            file=file,
            progress=evaluation.progress(file.stem.replace("_", " ")),
        )

    report = trained(pooling_classifier, evaluation.folder / FILE)
    selection_file = current_file(evaluation.folder / SELECTION_FILE, EARLIER_SELECTION_FILE)
    return Classifiers(report, trained(convolutional_classifier, selection_file), classifier_space(report, data))


def classifier_space(classifier: keras.Model, data: ImageData) -> GraphExtractor:
    """A classifier of images in [0, 1] as a feature space for uint8 images of a data set."""
    model = feature_model(classifier)

    @tf.function
    def run(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        features, logits = model(tf.cast(images, tf.float32) / 255.0, training=False)
        return features, logits

    digest = sha256_of_classifier(classifier)
    return GraphExtractor("reconstruction_classifier", digest, data.image_shape, data.class_names, run, 500)


def measure_classifier(evaluation: Evaluation) -> dict[str, Measurement]:
    """Accuracy of the report's classifier on reconstructions of both splits, and on the test images themselves.

    Reference:
        Report 1, section 3.4: above 0.97 on the training set.
    """
    data, classifiers = evaluation.data, evaluation.once(reconstruction_classifiers)
    seen = {
        "classifier_accuracy_train": (evaluation.decode(evaluation.train_codes), data.train_labels, "train"),
        "classifier_accuracy": (evaluation.reconstructions, data.test_labels, "test"),
        "classifier_accuracy_real": (data.test_images, data.test_labels, "test"),
    }
    return {
        name: classifiers.measured(
            class_accuracy(classifiers.space(images).logits, labels), samples=len(labels), split=split
        )
        for name, (images, labels, split) in seen.items()
    }


def reconstruction_classifier(
    images: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    classes: int,
    epochs: int,
    seed: int,
    network: Callable[..., keras.Model] = pooling_classifier,
    file: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> keras.Model:
    """Trains the classifier of report 1 on reconstructions; one that `file` holds is taken from there.

    minimize  mean(-log softmax(classifier(x))[y])  by Adam, 1e-3, batches of 128

    Args:
        images: float32 [N, H, W, C] in [0, 1], reconstructions of the training images.
        labels: int64 [N] in 0 .. classes - 1.
        classes: int >= 2.
        epochs: int >= 1.
        seed: int >= 0, of the initial weights, the order and the dropout.
        network: function of (image_shape, classes) to a network of logits; the report's by default.
        file: where it is kept, ending in .keras, or None.
        progress: function of (epoch, epochs), called after each, or None.

    Returns:
        `keras.Model`, float32 [B, H, W, C] -> logits float32 [B, classes].

    Raises:
        InputError: if `epochs` is below 1, or `file` cannot be loaded.

    Reference:
        Report 1, section 3.4 and table 3.
    """
    if epochs < 1:
        raise InputError(f"Expected at least 1 epoch for the classifier. Received: epochs={epochs}. Pass 2, say.")
    if file is not None and file.exists():
        return load_classifier(file)
    keras.utils.set_random_seed(seed)
    classifier = network(images.shape[1:], classes)
    # Without XLA: on CPUs its convolutions take twice as long as oneDNN's.
    classifier.compile(
        keras.optimizers.Adam(LEARNING_RATE),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    report = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: progress and progress(epoch + 1, epochs))
    classifier.fit(images, labels, batch_size=BATCH, epochs=epochs, callbacks=[report], verbose=0)
    if file is not None:
        with atomic_write(file) as temporary:
            classifier.save(temporary)
    return classifier


def sha256_of_classifier(classifier: keras.Model) -> str:
    """Hash of a classifier's weights, which labels its numbers."""
    digest = hashlib.sha256()
    for variable in classifier.weights:
        digest.update(variable.numpy().tobytes())
    return digest.hexdigest()


def load_classifier(file: Path) -> keras.Model:
    """The classifier that a run kept.

    Raises:
        InputError: if the file is missing or no model.
    """
    try:
        return keras.models.load_model(file, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"Expected the classifier that the run trained on its reconstructions. Received: {file} "
            f"({str(error)[:200]}). Delete it and give the experiment's command again, with --overwrite if the run "
            "is finished."
        ) from error
