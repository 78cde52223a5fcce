"""Convolutional image classifiers with a named feature layer."""

from __future__ import annotations

import keras
from keras import layers

from tfvae.errors import InputError

FEATURE_LAYER = "features"
LOGITS_LAYER = "logits"


def convolutional_classifier(
    image_shape: tuple[int, int, int] = (28, 28, 1),
    classes: int = 10,
    *,
    widths: tuple[int, ...] = (24, 48),
    feature_units: int = 64,
    dropout: float = 0.3,
    name: str = "classifier",
) -> keras.Model:
    """Image classifier whose penultimate layer gives features for metrics.

    stage(h) = relu(bn(conv3x3(relu(bn(conv(h, stride=2))))));  features = relu(bn(dense(stages(x))))
    logits = dense(dropout(features))

    Args:
        image_shape: (height, width, channels) of float32 images with pixels in [0, 1].
        classes: number of classes, >= 2.
        widths: channels of each stage; a stage halves the resolution (the first with a 5x5 kernel, then 3x3).
        feature_units: units of the feature layer, >= 1.
        dropout: float in [0, 1), share of features dropped while training.
        name: name of the model.

    Returns:
        Functional `keras.Model`, float32 [N, H, W, C] -> logits float32 [N, classes]; its layers named
        `features` and `logits` are what `feature_model` reads.

    Raises:
        InputError: if a size is not positive, `widths` is empty or `dropout` is outside [0, 1).
    """
    if min(*image_shape, feature_units, *widths, classes - 1) < 1 or not widths:
        raise InputError(
            "Expected positive sizes, at least one width and at least two classes. Received: "
            f"image_shape={image_shape}, classes={classes}, widths={widths}, feature_units={feature_units}. "
            "Pass positive integers."
        )
    if not 0.0 <= dropout < 1.0:
        raise InputError(f"Expected `dropout` in [0, 1). Received: dropout={dropout}. Use 0.3, the default.")

    images = keras.Input(image_shape, name="images")
    hidden = images
    for stage, width in enumerate(widths):
        hidden = _convolution(hidden, width, kernel=3 if stage else 5, stride=2, name=f"stage{stage}_conv0")
        hidden = _convolution(hidden, width, kernel=3, stride=1, name=f"stage{stage}_conv1")
    hidden = layers.Dense(feature_units, use_bias=False, name="dense")(layers.Flatten(name="flatten")(hidden))
    hidden = layers.BatchNormalization(name="dense_norm")(hidden)
    features = layers.ReLU(name=FEATURE_LAYER)(hidden)
    logits = layers.Dense(classes, name=LOGITS_LAYER)(layers.Dropout(dropout, name="dropout")(features))
    return keras.Model(images, logits, name=name)


def pooling_classifier(
    image_shape: tuple[int, int, int] = (28, 28, 1), classes: int = 10, *, name: str = "classifier"
) -> keras.Model:
    """Classifier of report 1, as in Keras' MNIST example.

    hidden = dropout(maxpool(relu(conv3x3(relu(conv3x3(x, 32)), 64))), 0.25);  features = relu(dense(hidden, 128))
    logits = dense(dropout(features, 0.5))

    Args:
        image_shape: (height, width, channels) of float32 images with pixels in [0, 1]; at least 6 x 6.
        classes: number of classes, >= 2.
        name: name of the model.

    Returns:
        Functional `keras.Model`, float32 [N, H, W, C] -> logits float32 [N, classes]; its layers named
        `features` and `logits` are what `feature_model` reads.

    Raises:
        InputError: if an image is smaller than 6 x 6 or there are fewer than two classes.

    Reference:
        Report 1, table 3, without the softmax.
    """
    if min(image_shape[:2]) < 6 or classes < 2:
        raise InputError(
            f"Expected images of at least 6 x 6 and two classes or more. Received: image_shape={image_shape}, "
            f"classes={classes}. Enlarge the images, or label them with more classes."
        )
    images = keras.Input(image_shape, name="images")
    hidden = layers.Conv2D(32, 3, activation="relu", name="conv0")(images)
    hidden = layers.Conv2D(64, 3, activation="relu", name="conv1")(hidden)
    hidden = layers.Dropout(0.25, name="dropout0")(layers.MaxPooling2D(2, name="pool")(hidden))
    features = layers.Dense(128, activation="relu", name=FEATURE_LAYER)(layers.Flatten(name="flatten")(hidden))
    logits = layers.Dense(classes, dtype="float32", name=LOGITS_LAYER)(layers.Dropout(0.5, name="dropout1")(features))
    return keras.Model(images, logits, name=name)


def feature_model(classifier: keras.Model) -> keras.Model:
    """Model of a classifier's features and logits, with shared weights.

    Args:
        classifier: a classifier of this module.

    Returns:
        `keras.Model`, float32 [N, H, W, C] -> (features float32 [N, D], logits float32 [N, K]).
    """
    outputs = [classifier.get_layer(FEATURE_LAYER).output, classifier.get_layer(LOGITS_LAYER).output]
    return keras.Model(classifier.input, outputs, name=f"{classifier.name}_features")


def _convolution(hidden: keras.KerasTensor, width: int, *, kernel: int, stride: int, name: str) -> keras.KerasTensor:
    hidden = layers.Conv2D(width, kernel, strides=stride, padding="same", use_bias=False, name=name)(hidden)
    hidden = layers.BatchNormalization(name=f"{name}_norm")(hidden)
    return layers.ReLU(name=f"{name}_relu")(hidden)
