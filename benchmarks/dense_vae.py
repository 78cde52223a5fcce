"""One contender of the dense VAE benchmark: `python -m benchmarks.dense_vae NAME`; prints one line of JSON."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.contenders import BATCH, IMAGES, Epochs, main

LATENT, WIDTHS = 20, (500, 500)
STEPS = IMAGES // BATCH


def tfvae_epochs(pixels: NDArray[np.uint8], epochs: int, policy: str = "float32") -> Iterator[float]:
    """Loss of each epoch through the pipeline, model and step that every experiment uses."""
    import keras
    import tensorflow as tf

    import tfvae
    from tfvae.data.images import ImageData
    from tfvae.data.pipeline import training_batches

    labels = np.zeros(IMAGES, np.int64)
    data = ImageData("bench", pixels, labels, pixels[:BATCH], labels[:BATCH], ("any",))
    keras.config.set_dtype_policy(policy)
    encoder = tfvae.dense_encoder((28, 28, 1), 2 * LATENT, widths=WIDTHS)
    model = tfvae.VAE(encoder, tfvae.dense_decoder(LATENT, (28, 28, 1), widths=WIDTHS))
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=True, steps_per_execution=STEPS)
    for epoch in range(epochs):
        batches = training_batches(data, batch_size=BATCH, seed=0, epoch=epoch).take(STEPS)
        batches = batches.apply(tf.data.experimental.assert_cardinality(STEPS))
        yield model.fit(batches, verbose=0, shuffle=False).history["loss"][0]


def tfvae_bfloat16_epochs(pixels: NDArray[np.uint8], epochs: int) -> Iterator[float]:
    """The same with layers in bfloat16."""
    return tfvae_epochs(pixels, epochs, "mixed_bfloat16")


def keras_epochs(pixels: NDArray[np.uint8], epochs: int) -> Iterator[float]:
    """The same networks in a train_step written by hand, compiled by XLA: what our base class adds."""
    import keras
    import tensorflow as tf
    from keras import layers

    def dense(inputs: int, outputs: int) -> keras.Sequential:
        hidden = [layers.Dense(width, activation="relu") for width in WIDTHS]
        return keras.Sequential([keras.Input((inputs,)), *hidden, layers.Dense(outputs)])

    class PlainVAE(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = dense(784, 2 * LATENT), dense(LATENT, 784)
            self.means = [keras.metrics.Mean(name=name) for name in ("loss", "reconstruction", "kl")]

        def train_step(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            with tf.GradientTape() as tape:
                mean, log_variance = tf.split(self.encoder(x), 2, axis=1)
                codes = mean + tf.exp(0.5 * log_variance) * tf.random.normal((BATCH, LATENT))
                losses = tf.nn.sigmoid_cross_entropy_with_logits(x, self.decoder(codes))
                reconstruction = tf.reduce_mean(tf.reduce_sum(losses, axis=1))
                divergence = 1 + log_variance - mean**2 - tf.exp(log_variance)
                kl = -0.5 * tf.reduce_mean(tf.reduce_sum(divergence, axis=1))
                loss = reconstruction + kl
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            for metric, value in zip(self.means, (loss, reconstruction, kl), strict=True):
                metric.update_state(value)
            return {metric.name: metric.result() for metric in self.means}

    model = PlainVAE()
    model.compile(keras.optimizers.Adam(1e-3), jit_compile=True, steps_per_execution=STEPS)
    data = tf.data.Dataset.from_tensor_slices(pixels.reshape(IMAGES, 784)).shuffle(IMAGES)
    data = data.batch(BATCH, drop_remainder=True).map(lambda x: tf.cast(x, tf.float32) / 255).prefetch(4)
    for _ in range(epochs):
        yield model.fit(data, verbose=0, shuffle=False).history["loss"][0]


def pytorch_epochs(pixels: NDArray[np.uint8], epochs: int) -> Iterator[float]:
    """The same networks in eager PyTorch, images in memory and shuffled by index."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    wide, wider = WIDTHS
    encoder = nn.Sequential(
        nn.Linear(784, wide), nn.ReLU(), nn.Linear(wide, wider), nn.ReLU(), nn.Linear(wider, 2 * LATENT)
    )
    decoder = nn.Sequential(
        nn.Linear(LATENT, wide), nn.ReLU(), nn.Linear(wide, wider), nn.ReLU(), nn.Linear(wider, 784)
    )
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    data = torch.from_numpy(pixels.reshape(IMAGES, 784))
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(IMAGES)[: STEPS * BATCH].view(STEPS, BATCH):
            x = data[rows].float() / 255
            mean, log_variance = encoder(x).chunk(2, dim=1)
            codes = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
            reconstruction = F.binary_cross_entropy_with_logits(decoder(codes), x, reduction="sum")
            kl = -0.5 * torch.sum(1 + log_variance - mean**2 - log_variance.exp())
            loss = (reconstruction + kl) / BATCH
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        yield total / STEPS


def jax_epochs(pixels: NDArray[np.uint8], epochs: int) -> Iterator[float]:
    """The same networks in JAX, a whole epoch in one compiled scan."""
    import jax
    import jax.numpy as jnp

    def dense(key: jax.Array, sizes: tuple[int, ...]) -> list[tuple[jax.Array, jax.Array]]:
        keys = jax.random.split(key, len(sizes) - 1)
        glorot = jax.nn.initializers.glorot_uniform()
        return [(glorot(k, (a, b)), jnp.zeros(b)) for k, a, b in zip(keys, sizes, sizes[1:], strict=False)]

    def apply(layers: list[tuple[jax.Array, jax.Array]], x: jax.Array) -> jax.Array:
        for weights, bias in layers[:-1]:
            x = jax.nn.relu(x @ weights + bias)
        return x @ layers[-1][0] + layers[-1][1]

    def loss_of(parameters: tuple, x: jax.Array, key: jax.Array) -> jax.Array:
        mean, log_variance = jnp.split(apply(parameters[0], x), 2, axis=1)
        codes = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape)
        logits = apply(parameters[1], codes)
        reconstruction = jnp.sum(jax.nn.softplus(logits) - x * logits)
        kl = -0.5 * jnp.sum(1 + log_variance - mean**2 - jnp.exp(log_variance))
        return (reconstruction + kl) / BATCH

    data = jnp.asarray(pixels.reshape(IMAGES, 784))

    @jax.jit
    def epoch(state: tuple, key: jax.Array) -> tuple:
        def step(state: tuple, rows_and_key: tuple) -> tuple:
            parameters, first, second, count = state
            rows, step_key = rows_and_key
            loss, gradients = jax.value_and_grad(loss_of)(parameters, data[rows] / 255.0, step_key)
            count = count + 1
            first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
            second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, second, gradients)
            rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
            moved = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), parameters, first, second)
            return (moved, first, second, count), loss

        shuffle_key, noise_key = jax.random.split(key)
        rows = jax.random.permutation(shuffle_key, IMAGES)[: STEPS * BATCH].reshape(STEPS, BATCH)
        return jax.lax.scan(step, state, (rows, jax.random.split(noise_key, STEPS)))

    keys = jax.random.split(jax.random.key(0), 2)
    parameters = (dense(keys[0], (784, *WIDTHS, 2 * LATENT)), dense(keys[1], (LATENT, *WIDTHS, 784)))
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state = (parameters, zeros, zeros, jnp.zeros(()))
    for number in range(epochs):
        state, losses = epoch(state, jax.random.key(number))
        yield float(losses.mean())


CONTENDERS: dict[str, Epochs] = {
    "tfvae": tfvae_epochs,
    "tfvae_bfloat16": tfvae_bfloat16_epochs,
    "keras": keras_epochs,
    "pytorch": pytorch_epochs,
    "jax": jax_epochs,
}


if __name__ == "__main__":
    main(CONTENDERS, steps=STEPS, description=__doc__, loss_name="loss_nats")
