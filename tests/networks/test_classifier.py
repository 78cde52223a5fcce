"""Report 1's classifier: its layers as in table 3."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts import THREE_PARTS
from tfvae.errors import InputError
from tfvae.networks.classifier import feature_model, pooling_classifier


def test_pooling_classifier_has_layers_of_table_3():
    model = pooling_classifier()
    shapes = [layer.output.shape[1:] for layer in model.layers if layer.weights or "pool" in layer.name]
    assert shapes == [(26, 26, 32), (24, 24, 64), (12, 12, 64), (128,), (10,)]
    # 3*3*32 + 32, 3*3*32*64 + 64, 12*12*64*128 + 128, 128*10 + 10
    assert model.count_params() == 320 + 18_496 + 1_179_776 + 1_290
    assert [layer.rate for layer in model.layers if "dropout" in layer.name] == [0.25, 0.5]


def test_feature_model_returns_features_and_logits():
    features, logits = feature_model(pooling_classifier((8, 8, 3), 4))(np.zeros((2, 8, 8, 3), np.float32))
    assert features.shape == (2, 128) and logits.shape == (2, 4)


@pytest.mark.parametrize(("shape", "classes"), [((5, 28, 1), 10), ((28, 28, 1), 1)])
def test_small_images_and_single_class_are_rejected(shape, classes):
    with pytest.raises(InputError, match=THREE_PARTS):
        pooling_classifier(shape, classes)
