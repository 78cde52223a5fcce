"""ResNetV2: sizes, initialization as the identity, block equation, files, bfloat16, recomputed gradients."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import THREE_PARTS, dtype_policy
from tfvae.errors import InputError
from tfvae.networks.noise_injection import NoiseInjection
from tfvae.networks.resnet_v2 import ResidualBlock, resnet_v2_decoder, resnet_v2_encoder, stage_sizes

WIDTHS = (4, 6, 8)


def encoder(size: int = 32, channels: int = 3, **options) -> keras.Model:
    return resnet_v2_encoder((size, size, channels), 10, **{"widths": WIDTHS, **options})


def decoder(size: int = 32, channels: int = 3, **options) -> keras.Model:
    return resnet_v2_decoder(5, (size, size, channels), **{"widths": WIDTHS[::-1], **options})


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def perturbed(network: keras.Model) -> keras.Model:
    """The network with perturbed weights: at initialization half of each block has no gradient."""
    generator = np.random.default_rng(1)
    for variable in network.trainable_variables:
        variable.assign_add(0.1 * generator.normal(size=variable.shape))
    return network


def gradients(network: keras.Model, inputs: np.ndarray, compiler: str) -> list[np.ndarray]:
    def step(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(network(inputs, training=True) ** 2)
        return tape.gradient(loss, [inputs, *network.trainable_variables])

    run = step if compiler == "eager" else tf.function(step, jit_compile=compiler == "xla")
    return [gradient.numpy() for gradient in run(tf.constant(inputs))]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [32, 48, 64, 128, 256])
def test_networks_support_all_image_sizes(size, channels):
    assert encoder(size, channels, widths=(2, 3, 4, 4, 5)).output_shape == (None, 10)
    assert decoder(size, channels, widths=(5, 4, 4, 3, 2)).output_shape == (None, size, size, channels)


@pytest.mark.parametrize(
    ("size", "patch", "sizes"),
    [
        (256, 2, [128, 64, 32, 16, 8]),
        (64, 2, [32, 16, 8, 4, 4]),
        (48, 2, [24, 12, 6, 3, 3]),
        (80, 4, [20, 10, 5, 5, 5]),
        (32, 1, [32, 16, 8, 4, 4]),
    ],
)
def test_stage_sizes_match_networks(size, patch, sizes):
    assert stage_sizes((size, size, 3), 5, patch) == sizes
    widths = (2, 3, 4, 5, 6)
    network = encoder(size, widths=widths, patch=patch, blocks=2)
    expected = [(side, side, width) for side, width in zip(sizes, widths, strict=True) for _ in range(2)]
    assert [layer.output.shape[1:] for layer in blocks_of(network)] == expected
    sides = stage_sizes((size, size, 3), 5, 1)
    expected = [(side, side, width) for side, width in zip(sides, widths, strict=True) for _ in range(2)]
    network = decoder(size, widths=widths[::-1], blocks=2)
    assert [layer.output.shape[1:] for layer in blocks_of(network)] == expected[::-1]


def blocks_of(network: keras.Model) -> list[ResidualBlock]:
    return [layer for layer in network.layers if isinstance(layer, ResidualBlock)]


def test_doubling_block_starts_as_bilinear_interpolation():
    maps = np.array([0.0, 4.0, 8.0], np.float32).reshape(1, 1, 3, 1) * np.ones((1, 3, 1, 1), np.float32)
    rows = ResidualBlock(1, resize="double")(maps).numpy()[0, :, :, 0]
    np.testing.assert_allclose(rows, [[0, 1, 3, 5, 7, 8]] * 6, atol=1e-6)


def test_initial_maps_have_unit_variance_at_all_stages():
    options = {"widths": (32, 32, 48, 64, 64), "blocks": 2}
    networks = encoder(128, **options), decoder(128, **{**options, "widths": options["widths"][::-1]})
    for network, inputs in zip(networks, (random(4, 128, 128, 3), random(64, 5)), strict=True):
        *maps, outputs = keras.Model(network.input, [*[b.output for b in blocks_of(network)], network.output])(inputs)
        # Interpolation reduces the decoder's.
        least = 0.75 if network.name == "encoder" else 0.3
        for values in maps:
            assert least < np.std(values) < 1.25
        # Small codes and a gray image.
        assert 0.03 < np.std(outputs) < 0.15


def test_decoder_output_is_in_range_of_activation():
    for activation, low in (("tanh", -1), ("sigmoid", 0)):
        images = decoder(activation=activation)(300 * random(16, 5)).numpy()
        assert low <= images.min() < low + 0.1 and 0.9 < images.max() <= 1


def test_residual_block_starts_as_identity_and_matches_explicit_computation():
    block, maps = ResidualBlock(3), random(2, 4, 5, 3)
    np.testing.assert_array_equal(block(maps), maps)
    for variable in block.trainable_variables:
        variable.assign(np.random.default_rng(2).normal(size=variable.shape))
    hidden = maps
    for convolution in (block.first, block.last):
        padded = np.pad(np.maximum(hidden, 0), [(0, 0), (1, 1), (1, 1), (0, 0)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
        hidden = np.einsum("nijcab,abcd->nijd", windows, convolution.kernel.numpy()) + convolution.bias.numpy()
    np.testing.assert_allclose(block(maps), maps + hidden, rtol=1e-4, atol=1e-4)


def test_examples_are_independent_and_networks_stateless():
    networks = perturbed(encoder()), perturbed(decoder())
    for network, inputs in zip(networks, (random(3, 32, 32, 3), random(3, 5)), strict=True):
        assert not network.non_trainable_variables
        together = network(inputs, training=True)
        alone = np.concatenate([network(inputs[i : i + 1], training=True) for i in range(3)])
        np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)


def test_noise_injection_adds_code_dependent_detail_after_each_stage():
    keras.utils.set_random_seed(0)
    plain, network = (perturbed(decoder(noise_injection=on)) for on in (False, True))
    noises = [layer for layer in network.layers if isinstance(layer, NoiseInjection)]
    assert [layer.output.shape[1] for layer in noises] == stage_sizes((32, 32, 3), 3, 1)[::-1]
    others = [layer for layer in network.layers if layer not in noises]
    for ours, theirs in zip(others, plain.layers, strict=True):
        ours.set_weights(theirs.get_weights())
    with_noise = network(random(2, 5)).numpy()
    for layer in noises:
        layer.strength.assign(tf.zeros_like(layer.strength))
    without = network(random(2, 5)).numpy()
    np.testing.assert_array_equal(without, plain(random(2, 5)))
    detail = with_noise - without
    assert np.abs(detail).max() > 0.01 and abs(np.corrcoef(detail.reshape(2, -1))[0, 1]) < 0.9


@pytest.mark.parametrize("make", [encoder, decoder])
@pytest.mark.parametrize("recompute", [True, False])
def test_network_round_trips_through_file(make, recompute, tmp_path):
    network = perturbed(make(recompute=recompute))
    inputs = random(2, *network.input_shape[1:])
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(loaded(inputs), network(inputs))
    blocks = [layer for layer in loaded.layers if isinstance(layer, ResidualBlock)]
    assert [block.recompute for block in blocks] == [recompute] * len(WIDTHS)


@pytest.mark.parametrize("name", ["normalize", "normalise"])
def test_residual_block_loads_config_of_older_files(name):
    config = {**ResidualBlock(4, resize="halve").get_config(), name: False}
    assert ResidualBlock.from_config(config).resize == "halve"
    with pytest.raises(InputError, match=THREE_PARTS):
        ResidualBlock.from_config({**config, name: True})


@pytest.mark.parametrize(
    ("make", "compiler"), [(encoder, "eager"), (encoder, "graph"), (decoder, "graph"), (decoder, "xla")]
)
def test_recomputation_gives_same_gradients(make, compiler):
    plain, recomputed = (make(widths=(4, 6), recompute=recompute) for recompute in (False, True))
    perturbed(plain)
    recomputed.set_weights(plain.get_weights())
    inputs = random(2, *plain.input_shape[1:])
    for ours, theirs in zip(gradients(recomputed, inputs, compiler), gradients(plain, inputs, compiler), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5 * np.abs(theirs).max())


def test_xla_does_not_eliminate_recomputation():
    counts = [convolutions_of_a_step(decoder(widths=(4, 6), recompute=recompute)) for recompute in (False, True)]
    # The first convolution of each of the two blocks; the backward pass does not need the output of the last.
    assert counts[1] == counts[0] + 2


def convolutions_of_a_step(network: keras.Model) -> int:
    step = tf.function(lambda codes: tf.gradients(network(codes), network.trainable_variables), jit_compile=True)
    program = step.experimental_get_compiler_ir(tf.zeros((2, 5)))(stage="optimized_hlo")
    return program.count(" convolution(")


def test_bfloat16_policy_has_float32_outputs_and_recomputed_gradients():
    keras.utils.set_random_seed(0)
    options = {"widths": (4, 6)}
    with dtype_policy("mixed_bfloat16"):
        networks = [encoder(**options, recompute=True), decoder(**options, recompute=True)]
    plain = [encoder(**options), decoder(**options)]
    for network, full in zip(networks, plain, strict=True):
        assert network.output.dtype == "float32"
        block = next(layer for layer in network.layers if isinstance(layer, ResidualBlock))
        assert block.compute_dtype == "bfloat16" and block.first.kernel.dtype == "float32"
        perturbed(full)
        network.set_weights(full.get_weights())
        inputs = random(2, *network.input_shape[1:])
        assert block(tf.zeros((1, *block.input.shape[1:]))).dtype == tf.bfloat16
        np.testing.assert_allclose(network(inputs), full(inputs), atol=0.05 * np.abs(full(inputs)).max())
        for ours, theirs in zip(gradients(network, inputs, "graph"), gradients(full, inputs, "graph"), strict=True):
            assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.9 or np.ptp(theirs) < 1e-3


def test_recomputation_on_two_replicas_matches_one_device():
    strategy = tf.distribute.MirroredStrategy(
        ["CPU:0", "CPU:1"], cross_device_ops=tf.distribute.HierarchicalCopyAllReduce()
    )
    inputs = random(4, 32, 32, 3)
    alone = perturbed(encoder(recompute=True))
    with strategy.scope():
        mirrored = encoder(recompute=True)
    mirrored.set_weights(alone.get_weights())

    @tf.function
    def step(inputs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(mirrored(inputs, training=True) ** 2)
        found = tape.gradient(loss, mirrored.trainable_variables)
        return tf.distribute.get_replica_context().all_reduce("SUM", found)

    halves = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(inputs[2 * context.replica_id_in_sync_group :][:2])
    )
    together = strategy.run(step, [halves])
    _, *expected = gradients(alone, inputs, "graph")
    for ours, theirs in zip(together, expected, strict=True):
        ours = strategy.experimental_local_results(ours)[0]
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("shape", [(40, 40, 3), (16, 16, 3), (272, 272, 3), (64, 48, 3), (64, 64, 2), (64, 64)])
def test_unsupported_image_shapes_are_rejected(shape):
    for make in (lambda: resnet_v2_encoder(shape, 4), lambda: resnet_v2_decoder(4, shape)):
        with pytest.raises(InputError, match=THREE_PARTS):
            make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: encoder(widths=()),
        lambda: encoder(widths=(4, 0)),
        lambda: encoder(blocks=0),
        lambda: encoder(patch=3),
        lambda: encoder(output_scale=0.0),
        lambda: decoder(widths=()),
        lambda: decoder(blocks=0),
        lambda: decoder(activation="relu"),
        lambda: resnet_v2_encoder((32, 32, 3), 0),
        lambda: resnet_v2_decoder(0, (32, 32, 3)),
        lambda: ResidualBlock(4, resize="twice"),
    ],
)
def test_arguments_out_of_range_are_rejected(make):
    with pytest.raises(InputError, match=THREE_PARTS):
        make()
