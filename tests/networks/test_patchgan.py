"""PatchGAN: layers, receptive field, bfloat16, rejected arguments."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import THREE_PARTS, dtype_policy
from tfvae.errors import InputError
from tfvae.networks.patchgan import patchgan_discriminator, receptive_field


def test_patchgan_has_layers_of_paper():
    discriminator = patchgan_discriminator((256, 256, 3))
    convolutions = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.Conv2D)]
    # C64-C128-C256-C512 and the logits: 4x4 kernels, the last two of stride 1.
    assert [tuple(layer.kernel.shape) for layer in convolutions] == [
        (4, 4, 3, 64),
        (4, 4, 64, 128),
        (4, 4, 128, 256),
        (4, 4, 256, 512),
        (4, 4, 512, 1),
    ]
    assert [layer.strides[0] for layer in convolutions] == [2, 2, 2, 1, 1]
    slopes = [layer.negative_slope for layer in discriminator.layers if isinstance(layer, keras.layers.LeakyReLU)]
    assert slopes == [pytest.approx(0.2)] * 4
    assert len(discriminator.layers) == 1 + 5 + 4  # neither a normalization nor a sigmoid
    assert discriminator.output_shape == (None, 32, 32, 1)
    assert discriminator.layers[-1].activation is keras.activations.linear
    assert not discriminator.non_trainable_variables


@pytest.mark.parametrize(
    ("filters", "detail", "side"),
    [((2,), {}, 16), ((2, 3), {}, 34), ((2, 3, 3), {}, 70), ((2, 3), {"detail": 2.0}, 36)],
)
def test_logit_depends_on_its_receptive_field_only(filters, detail, side):
    assert receptive_field(filters, neighborhood=3 if detail else 1) == side
    size = 144
    discriminator = patchgan_discriminator((size, size, 1), filters=filters, **detail)
    images = tf.constant(np.random.default_rng(0).normal(size=(1, size, size, 1)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        middle = discriminator.output_shape[1] // 2
        logit = discriminator(images)[0, middle, middle, 0]
    seen = tape.gradient(logit, images)[0, :, :, 0].numpy() != 0
    for pixels in (seen.any(axis=0), seen.any(axis=1)):
        first, last = np.flatnonzero(pixels)[[0, -1]]
        assert last - first + 1 == side and pixels[first : last + 1].all()


@pytest.mark.parametrize(("shape", "filters"), [((64, 64, 3), (4, 6)), ((30, 21, 1), (4, 6))])
def test_output_shape_for_other_image_shapes(shape, filters):
    discriminator = patchgan_discriminator(shape, filters=filters)
    assert discriminator(np.zeros((2, *shape), np.float32)).shape == (2, -(-shape[0] // 4), -(-shape[1] // 4), 1)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_detail_channels_are_amplified_difference_from_local_mean(policy):
    with dtype_policy(policy):
        discriminator = patchgan_discriminator((9, 9, 1), filters=(2,), detail=10.0)
    first = next(layer for layer in discriminator.layers if isinstance(layer, keras.layers.Conv2D))
    images = np.full((1, 9, 9, 1), 0.5, np.float32)
    images[0, 4, 4] += 0.009
    seen = keras.Model(discriminator.input, first.input)(images).numpy()
    np.testing.assert_array_equal(seen[..., 0], images[..., 0])
    # The dot is 8/9 above the mean of the nine pixels around it, its neighbors 1/9 below theirs.
    expected = np.zeros((9, 9))
    expected[3:6, 3:6] = -0.01
    expected[4, 4] = 0.08
    np.testing.assert_allclose(seen[0, ..., 1], expected, atol=1e-5)


@pytest.mark.parametrize("wrong", [{"detail": -1.0}, {"detail": float("nan")}, {"neighborhood": 1}])
def test_detail_arguments_out_of_range_are_rejected(wrong):
    with pytest.raises(InputError, match=THREE_PARTS):
        patchgan_discriminator((32, 32, 3), filters=(4,), **wrong)


def test_patchgan_round_trips_through_file(tmp_path):
    discriminator = patchgan_discriminator((32, 32, 3), filters=(4, 6))
    images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
    discriminator.save(tmp_path / "discriminator.keras")
    loaded = keras.saving.load_model(tmp_path / "discriminator.keras")
    np.testing.assert_array_equal(loaded(images), discriminator(images))


def test_logits_are_float32_under_bfloat16_policy():
    with dtype_policy("mixed_bfloat16"):
        discriminator = patchgan_discriminator((16, 16, 1), filters=(4,))
    assert discriminator.layers[1].compute_dtype == "bfloat16"
    assert discriminator(np.zeros((2, 16, 16, 1), np.float32)).dtype == tf.float32


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((64, 64), {}),
        ((0, 64, 3), {}),
        ((64, 64, 3), {"filters": ()}),
        ((64, 64, 3), {"filters": (4, 0)}),
    ],
)
def test_arguments_out_of_range_are_rejected(shape, options):
    with pytest.raises(InputError, match=THREE_PARTS):
        patchgan_discriminator(shape, **options)
