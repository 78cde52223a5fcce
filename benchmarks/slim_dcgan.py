"""One contender of the slim DCGAN benchmark: `python -m benchmarks.slim_dcgan NAME`; prints one line of JSON."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.contenders import BATCH, Epochs, main

# As `dcgan-slim` of experiments/gan_vs_vae, but for the batch, which is as for every benchmark.
LATENT, CATEGORIES, MAPS, FULL_SIZE, FILTERS, WIDTH, KERNEL = 128, 64, (128, 64), 32, (32, 64, 128), 256, 4
RATE, DECAY, PENALTY, SHARE = 1e-3, 0.9995, 0.2, 0.25
STEPS = 50


def tfvae_epochs(pixels: NDArray[np.uint8], epochs: int) -> Iterator[float]:
    """Discriminator's loss through the pipeline, model and step that the experiment uses."""
    import keras
    import tensorflow as tf

    from tfvae.data.images import ImageData
    from tfvae.data.pipeline import training_batches
    from tfvae.models.dcgan import DCGAN
    from tfvae.networks.convolutional import dcgan_discriminator, dcgan_generator
    from tfvae.training.strategy import repeatable

    labels = np.zeros(len(pixels), np.int64)
    data = ImageData("bench", pixels, labels, pixels[:BATCH], labels[:BATCH], ("any",), value_range=(-1.0, 1.0))
    generator = dcgan_generator(
        LATENT,
        (28, 28, 1),
        widths=(),
        filters=MAPS,
        kernel=KERNEL,
        normalize=True,
        full_size_filters=FULL_SIZE,
        categories=CATEGORIES,
    )
    discriminator = dcgan_discriminator((28, 28, 1), filters=FILTERS, widths=(WIDTH,), kernel=KERNEL)
    model = DCGAN(generator, discriminator, gradient_penalty=PENALTY, penalty_share=SHARE, average_decay=DECAY)
    optimizers = [keras.optimizers.Adam(RATE, beta_1=0.5) for _ in range(2)]
    model.compile(*optimizers, jit_compile=False, steps_per_execution=STEPS)
    with repeatable(tf.distribute.get_strategy(), xla=False):
        for epoch in range(epochs):
            batches = training_batches(data, batch_size=BATCH, seed=0, epoch=epoch).take(STEPS)
            batches = batches.apply(tf.data.experimental.assert_cardinality(STEPS))
            history = model.fit(batches, verbose=0, shuffle=False).history
            yield history["discriminator_real"][0] + history["discriminator_fake"][0]


def pytorch_epochs(pixels: NDArray[np.uint8], epochs: int, *, channels_last: bool = False) -> Iterator[float]:
    """The same networks in eager PyTorch, images in memory and shuffled by index."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    class ChannelNorm(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1, channels, 1, 1))

        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            return maps * torch.rsqrt(maps.square().mean(dim=1, keepdim=True) + 1e-6) * self.scale

    class Chosen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.vectors = nn.Embedding(CATEGORIES, LATENT)

        def forward(self, codes: torch.Tensor) -> torch.Tensor:
            return torch.cat([codes[:, CATEGORIES:], self.vectors(codes[:, :CATEGORIES].argmax(dim=1))], dim=1)

    def generator() -> nn.Sequential:
        (first, second), third = MAPS, FULL_SIZE
        return nn.Sequential(
            Chosen(),
            nn.Linear(2 * LATENT - CATEGORIES, 49 * first),
            nn.Unflatten(1, (first, 7, 7)),
            ChannelNorm(first),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(first, second, KERNEL, 2, 1),
            ChannelNorm(second),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(second, third, KERNEL, 2, 1),
            ChannelNorm(third),
            nn.LeakyReLU(0.2),
            nn.Conv2d(third, 1, 3, padding=1),
            nn.Tanh(),
        )

    first, second, third = FILTERS
    # The padding of the last convolution, 7 to 4, is one row and column more at the end, as TensorFlow pads.
    discriminator = nn.Sequential(
        nn.Conv2d(1, first, KERNEL, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(first, second, KERNEL, 2, 1),
        nn.LeakyReLU(0.2),
        nn.ZeroPad2d((1, 2, 1, 2)),
        nn.Conv2d(second, third, KERNEL, 2),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(16 * third, WIDTH),
        nn.LeakyReLU(0.2),
        nn.Linear(WIDTH, 1),
    )
    networks = {"generator": generator(), "average": generator(), "discriminator": discriminator}
    if channels_last:
        networks = {name: network.to(memory_format=torch.channels_last) for name, network in networks.items()}
    players = {
        name: torch.optim.Adam(networks[name].parameters(), lr=RATE, betas=(0.5, 0.999))
        for name in ("generator", "discriminator")
    }

    def descend(player: str, loss: torch.Tensor) -> None:
        players[player].zero_grad()
        loss.backward()
        players[player].step()

    data = torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy())
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(pixels))[: STEPS * BATCH].view(STEPS, BATCH):
            x = data[rows].float() / 127.5 - 1
            fakes = networks["generator"](torch.randn(BATCH, LATENT)).detach()
            loss = F.softplus(-discriminator(x)).mean() + F.softplus(discriminator(fakes)).mean()
            seen = x[: round(SHARE * BATCH)].requires_grad_()
            (slope,) = torch.autograd.grad(discriminator(seen).sum(), seen, create_graph=True)
            descend("discriminator", loss + PENALTY / 2 * slope.square().sum(dim=(1, 2, 3)).mean())
            images = networks["generator"](torch.randn(BATCH, LATENT))
            descend("generator", F.softplus(-discriminator(images)).mean())
            with torch.no_grad():  # with its warm-up left out, which takes no time
                averages, weights = (list(networks[name].parameters()) for name in ("average", "generator"))
                torch._foreach_lerp_(averages, weights, 1 - DECAY)
            total += loss.item()
        yield total / STEPS


def pytorch_channels_last_epochs(pixels: NDArray[np.uint8], epochs: int) -> Iterator[float]:
    """The same with images and weights in the memory order that suits PyTorch's convolutions."""
    return pytorch_epochs(pixels, epochs, channels_last=True)


CONTENDERS: dict[str, Epochs] = {
    "tfvae": tfvae_epochs,
    "pytorch": pytorch_epochs,
    "pytorch_channels_last": pytorch_channels_last_epochs,
}

if __name__ == "__main__":
    main(CONTENDERS, steps=STEPS, description=__doc__, loss_name="discriminator_loss_nats")
