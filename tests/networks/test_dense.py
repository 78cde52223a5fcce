"""Dense networks: their shapes, their weights, and rejected arguments."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contracts import THREE_PARTS, dtype_policy
from tfvae.errors import InputError
from tfvae.networks.dense import dense_decoder, dense_encoder


def test_dense_networks_have_parameters_of_notebook():
    encoder, decoder = dense_encoder((28, 28, 1), 12), dense_decoder(6, (28, 28, 1))
    # 784-512-256-12 and 6-256-512-784, a bias each.
    assert encoder.count_params() == 785 * 512 + 513 * 256 + 257 * 12
    assert decoder.count_params() == 7 * 256 + 257 * 512 + 513 * 784
    assert encoder.input_shape == decoder.output_shape == (None, 28, 28, 1)
    assert encoder.output_shape == (None, 12) and decoder.input_shape == (None, 6)


def test_dense_encoder_matches_explicit_computation():
    encoder = dense_encoder((2, 3, 1), 4, widths=(5,), activation="tanh")
    images = np.random.default_rng(0).normal(size=(3, 2, 3, 1)).astype(np.float32)
    kernel, bias, last_kernel, last_bias = encoder.get_weights()
    expected = np.tanh(images.reshape(3, 6) @ kernel + bias) @ last_kernel + last_bias
    np.testing.assert_allclose(encoder(images), expected, rtol=1e-5, atol=1e-6)


def test_dense_decoder_output_is_row_major():
    decoder = dense_decoder(1, (2, 3, 1), widths=())
    decoder.set_weights([np.zeros((1, 6)), np.arange(6.0)])
    np.testing.assert_array_equal(decoder(np.ones((1, 1)))[0, :, :, 0], [[0, 1, 2], [3, 4, 5]])


def test_outputs_are_float32_under_bfloat16_policy():
    with dtype_policy("mixed_bfloat16"):
        encoder, decoder = dense_encoder((4, 4, 1), 2, widths=(8,)), dense_decoder(2, (4, 4, 1), widths=(8,))
    assert encoder.layers[2].compute_dtype == "bfloat16"
    codes = encoder(np.ones((2, 4, 4, 1), np.float32))
    assert codes.dtype == decoder(codes).dtype == "float32"


@pytest.mark.parametrize(("outputs", "widths"), [(0, (8,)), (4, (8, 0)), (-2, ())])
def test_zero_units_are_rejected(outputs, widths):
    with pytest.raises(InputError, match=THREE_PARTS):
        dense_encoder((4, 4, 1), outputs, widths=widths)
    with pytest.raises(InputError, match=THREE_PARTS):
        dense_decoder(outputs, (4, 4, 1), widths=widths)
