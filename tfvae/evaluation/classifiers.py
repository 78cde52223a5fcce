"""A classifier trained on what an autoencoder makes of the training images, and kept with the run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from tfvae.errors import InputError
from tfvae.files import atomic_write
from tfvae.networks.classifier import pooling_classifier

BATCH = 128
LEARNING_RATE = 1e-3


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
