"""Convolutional networks of report 4: layers, options, rejected sizes."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.contracts import THREE_PARTS, dtype_policy
from tfvae.errors import InputError
from tfvae.networks.block_convolution import BlockConv2D, BlockConv2DTranspose
from tfvae.networks.convolutional import (
    chosen_categories,
    convolutional_decoder,
    convolutional_encoder,
    dcgan_discriminator,
    dcgan_generator,
)

SHAPE = (28, 28, 1)


def kernels(network: keras.Model) -> list[tuple[int, ...]]:
    return [tuple(layer.kernel.shape) for layer in network.layers if hasattr(layer, "kernel")]


def shapes(network: keras.Model) -> list[tuple[int, ...]]:
    convolutions = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
    return [layer.output.shape[1:] for layer in network.layers if isinstance(layer, convolutions)]


def test_dcgan_generator_has_layers_of_report():
    generator = dcgan_generator(2, SHAPE, widths=(3,))
    # The first dense layer is narrowed here; of the report's own, 6,272 units, the count below.
    assert kernels(generator) == [(2, 3), (3, 7 * 7 * 256), (5, 5, 64, 256), (5, 5, 1, 64)]
    assert shapes(generator) == [(14, 14, 64), (28, 28, 1)]
    slopes = [layer.negative_slope for layer in generator.layers if isinstance(layer, keras.layers.LeakyReLU)]
    assert slopes == [0.2] * 3
    images = generator(np.random.default_rng(0).normal(scale=300, size=(4, 2)).astype(np.float32)).numpy()
    assert images.shape == (4, *SHAPE) and -1 <= images.min() < -0.1 and 0.1 < images.max() <= 1


def test_dcgan_discriminator_has_layers_of_report():
    discriminator = dcgan_discriminator(SHAPE)
    assert kernels(discriminator) == [(5, 5, 1, 64), (5, 5, 64, 128), (5, 5, 128, 256), (5, 5, 256, 512), (2048, 1)]
    assert shapes(discriminator) == [(14, 14, 64), (7, 7, 128), (4, 4, 256), (2, 2, 512)]
    assert discriminator.output_shape == (None, 1)
    # 1664 + 204928 + 819456 + 3277312 + 2049, each convolution with its biases.
    assert discriminator.count_params() == 4_305_409


def test_dcgan_discriminator_with_dense_layers():
    discriminator = dcgan_discriminator((8, 8, 1), filters=(3,), widths=(5, 2), kernel=4)
    assert kernels(discriminator) == [(4, 4, 1, 3), (48, 5), (5, 2), (2, 1)]


def test_convolutional_encoder_and_decoder_have_layers_of_report():
    encoder, decoder = convolutional_encoder(SHAPE, 20), convolutional_decoder(10, SHAPE)
    assert kernels(encoder) == [(3, 3, 1, 32), (3, 3, 32, 64), (3136, 512), (512, 256), (256, 20)]
    assert kernels(decoder) == [(10, 256), (256, 512), (512, 3136), (3, 3, 64, 64), (3, 3, 1, 64)]
    assert shapes(decoder) == [(14, 14, 64), (28, 28, 1)]
    assert decoder.layers[-1].activation is keras.activations.linear


def test_networks_support_other_image_sizes_and_channels():
    assert dcgan_generator(2, (16, 24, 3), widths=(), filters=(4, 4, 4)).output_shape == (None, 16, 24, 3)
    assert convolutional_decoder(2, (6, 10, 1), widths=(4,), filters=(4,)).output_shape == (None, 6, 10, 1)
    assert dcgan_discriminator((5, 7, 3), filters=(4, 4)).output_shape == (None, 1)
    assert convolutional_encoder((5, 7, 3), 4, filters=(4,), widths=()).output_shape == (None, 4)


def test_even_kernel_selects_block_convolutions():
    odd, even = (dcgan_discriminator(SHAPE, filters=(4,), kernel=kernel) for kernel in (3, 4))
    assert [type(network.layers[1]) for network in (odd, even)] == [keras.layers.Conv2D, BlockConv2D]
    generator = dcgan_generator(2, SHAPE, widths=(), filters=(4, 3), kernel=4)
    assert [type(layer) for layer in generator.layers if hasattr(layer, "strides")] == [BlockConv2DTranspose] * 2
    assert shapes(generator) == [(14, 14, 3), (28, 28, 1)]


def test_normalized_generator_maps_have_unit_rms_over_channels():
    generator = dcgan_generator(2, SHAPE, widths=(), filters=(6, 4), kernel=4, normalize=True)
    norms = [layer for layer in generator.layers if isinstance(layer, keras.layers.RMSNormalization)]
    inside = keras.Model(generator.input, [layer.output for layer in norms])
    codes = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    for maps, channels in zip(inside(codes), (6, 4), strict=True):
        assert maps.shape[-1] == channels
        np.testing.assert_allclose(np.mean(np.square(maps), axis=-1), 1, atol=0.05)
    assert not generator.non_trainable_variables


def test_full_size_filters_add_layer_at_full_resolution():
    generator = dcgan_generator(2, SHAPE, widths=(), filters=(6, 4), kernel=4, normalize=True, full_size_filters=3)
    assert shapes(generator) == [(14, 14, 4), (28, 28, 3), (28, 28, 1)]
    assert kernels(generator)[-1] == (3, 3, 3, 1)
    norms = [layer.output.shape[1:] for layer in generator.layers if isinstance(layer, keras.layers.RMSNormalization)]
    assert norms == [(7, 7, 6), (14, 14, 4), (28, 28, 3)]


def test_argmax_of_category_dimensions_selects_embedding():
    keras.utils.set_random_seed(0)
    generator = dcgan_generator(5, (4, 4, 1), widths=(), filters=(3,), categories=3)
    assert kernels(generator)[:2] == [(3, 5), (2 + 5, 2 * 2 * 3)]
    codes = np.array([[1, 5, 0, 2, 3], [-9, 0, -1, 2, 3], [5, 1, 0, 2, 3], [1, 5, 0, 2, 4]], np.float32)
    first, same_choice, other_choice, other_rest = generator(codes).numpy()
    np.testing.assert_allclose(first, same_choice, atol=1e-6)
    assert chosen_categories(generator, codes).tolist() == [1, 1, 0, 1]
    assert chosen_categories(dcgan_generator(5, (4, 4, 1), widths=(), filters=(3,)), codes) is None
    assert np.abs(first - other_choice).max() > 1e-3 and np.abs(first - other_rest).max() > 1e-3


def test_category_embeddings_have_unit_initial_variance():
    keras.utils.set_random_seed(0)
    embeddings = dcgan_generator(64, SHAPE, categories=32).get_layer("categories").get_weights()[0]
    assert embeddings.shape == (32, 64) and np.std(embeddings) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("shape", [(30, 28, 1), (28, 14 + 7, 1), (28, 28), (0, 4, 1)])
@pytest.mark.parametrize("make", [dcgan_generator, convolutional_decoder])
def test_image_size_not_divisible_by_stride_is_rejected(make, shape):
    with pytest.raises(InputError, match=THREE_PARTS):
        make(2, shape, widths=(4,), filters=(4, 4))


@pytest.mark.parametrize(
    "make",
    [
        lambda: dcgan_generator(0, SHAPE),
        lambda: dcgan_generator(2, SHAPE, widths=(0,)),
        lambda: dcgan_generator(2, SHAPE, kernel=0),
        lambda: dcgan_generator(2, SHAPE, full_size_filters=-1),
        lambda: dcgan_generator(2, SHAPE, categories=2),
        lambda: dcgan_generator(2, SHAPE, categories=-1),
        lambda: dcgan_discriminator(SHAPE, filters=(4, -1)),
        lambda: dcgan_discriminator(SHAPE, widths=(0,)),
        lambda: dcgan_discriminator((28, 28)),
        lambda: convolutional_encoder(SHAPE, 0),
        lambda: convolutional_decoder(2, SHAPE, filters=()),
    ],
)
def test_arguments_out_of_range_are_rejected(make):
    with pytest.raises(InputError, match=THREE_PARTS):
        make()


def test_outputs_are_float32_under_bfloat16_policy():
    with dtype_policy("mixed_bfloat16"):
        networks = [
            dcgan_generator(2, (4, 4, 1), widths=(), filters=(3,)),
            dcgan_discriminator((4, 4, 1), filters=(3,)),
            convolutional_encoder((4, 4, 1), 4, filters=(3,), widths=(3,)),
            convolutional_decoder(2, (4, 4, 1), filters=(3,), widths=(3,)),
        ]
    for network in networks:
        assert network.output.dtype == "float32" and network.layers[2].compute_dtype == "bfloat16"
