"""The deep convolutional generative adversarial network: a generator against a discriminator."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfvae.errors import InputError
from tfvae.losses.adversarial import fake_loss, real_loss, squared_slope
from tfvae.models.adversarial import AdversarialModel, check_gives_logits
from tfvae.models.base import Terms, images_and_labels
from tfvae.models.noise import Noise
from tfvae.models.replicas import gather_over_replicas

ROUNDING = 1e-3


@keras.saving.register_keras_serializable("tfvae")
class DCGAN(AdversarialModel):
    """Generator and discriminator, each with an optimizer of its own, that take turns on every batch.

    discriminator: mean(-log D(x)) + mean(-log(1 - D(G(z)))) + gradient_penalty / 2 * mean(|d logit / d x|^2)
    generator:     mean(-log D(G(z))) over the top_share of a batch with the highest D(G(z)),  z ~ N(0, I)
    with D = sigmoid(logit)

    A step is `discriminator_steps` of the one on the batch and fresh codes, then `generator_steps` of the other on
    fresh codes; the logs show the last of each. The loss is the sum of both, and says little: neither player's falls
    for long. There is no encoder, so no `encode`.

    Args:
        generator: functional network, float [batch, latent_dim] -> float [batch, *image_shape] in `value_range`.
        discriminator: functional network, float [batch, *image_shape] -> float [batch, ...], the logits of the image,
            or of its patches, being real.
        discriminator_steps: int >= 1, steps of the discriminator on a batch.
        generator_steps: int >= 1, steps of the generator on a batch.
        gradient_penalty: float >= 0, weight of the discriminator's squared slope at real images (R1), which keeps it
            from learning the training images by heart; of the mean logit, where an image has several.
        penalty_share: float in (0, 1], how much of a batch the penalty is worked out on in training, with as much more
            weight; a quarter costs little.
        top_share: float in (0, 1], how much of a global batch of generated images, those that the discriminator
            takes for real most readily, the generator learns from in training; below 1, images between two kinds of
            real ones draw it less.
        average_decay: float in [0, 1); above 0, images come from the running average of the generator's weights, which
            evens out the last steps: after its step t, average = d * average + (1 - d) * weight with
            d = min(average_decay, (1 + t) / (10 + t)), so that the first weights are soon forgotten.
        value_range: (low, high) of the pixels.
        seed: int >= 0, seed of the noise that the model draws.

    Raises:
        InputError: if the networks do not fit together, the discriminator ends in a sigmoid, or an argument is out of
            its range; in `fit` and `evaluate`, if the images are not in `value_range`.

    Reference:
        Goodfellow et al. 2014, algorithm 1; Radford et al. 2016; Mescheder et al. 2018, eq. 9, for the penalty and
        Karras et al. 2020, section 3.1, for doing with less of it; Sinha et al. 2020, eq. 3, for the top share; Yazici
        et al. 2019 for the average; report 4, sections 3.2.1 and 3.7.1.
    """

    own_term_names = ("discriminator_real", "discriminator_fake", "generator")
    part_names = ("generator", "discriminator")
    optimizer_name = "generator_optimizer"
    discriminator: keras.Model

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        discriminator_steps: int = 1,
        generator_steps: int = 1,
        gradient_penalty: float = 0.0,
        penalty_share: float = 1.0,
        top_share: float = 1.0,
        average_decay: float = 0.0,
        value_range: tuple[float, float] = (-1.0, 1.0),
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        # Set first: the base class makes a running mean of each term.
        self.term_names: Sequence[str] = (*self.own_term_names, *(("gradient_penalty",) if gradient_penalty else ()))
        super().__init__(seed=seed, **kwargs)
        for name, steps in (("discriminator_steps", discriminator_steps), ("generator_steps", generator_steps)):
            if steps != int(steps) or steps < 1:
                raise InputError(
                    f"Expected a whole number of steps >= 1. Received: {name}={steps}. Both players must move."
                )
        if not 0 <= gradient_penalty < math.inf:
            raise InputError(
                f"Expected a weight >= 0. Received: gradient_penalty={gradient_penalty}. Use 0 for no penalty."
            )
        for name, share in (("penalty_share", penalty_share), ("top_share", top_share)):
            if not 0 < share <= 1:
                raise InputError(f"Expected a share in (0, 1]. Received: {name}={share}. Use 1 for all.")
        if not 0 <= average_decay < 1:
            raise InputError(
                f"Expected a decay in [0, 1). Received: average_decay={average_decay}. Use 0 for no average."
            )
        if not value_range[0] < value_range[1]:
            raise InputError(f"Expected (low, high), low < high. Received: value_range={value_range}. Swap them.")
        self.generator = generator
        self.discriminator = discriminator
        self.discriminator_steps = discriminator_steps
        self.generator_steps = generator_steps
        self.gradient_penalty = gradient_penalty
        self.penalty_share = penalty_share
        self.top_share = top_share
        self.average_decay = average_decay
        self.value_range = tuple(value_range)
        self.latent_dim, self.image_shape = _sizes(generator, discriminator)
        self.draws_per_step = discriminator_steps + generator_steps
        self.average = _frozen_copy(generator) if average_decay else None
        self.built = True

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, **how: Any) -> Terms:
        return {
            **self.discriminator_objective(images, labels, **how),
            **self.generator_objective(images, labels, **how),
        }

    def discriminator_objective(
        self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool
    ) -> Terms:
        """What the discriminator minimizes: its errors on real and on generated images, and its slope."""
        fakes = tf.stop_gradient(self._fakes(images, noise, training))
        judge = functools.partial(self.discriminator, training=training)
        terms = {"discriminator_real": real_loss(judge(images)), "discriminator_fake": fake_loss(judge(fakes))}
        if self.gradient_penalty:
            terms["gradient_penalty"] = self._penalty(judge, images, self.penalty_share if training else 1.0)
        return terms

    def generator_objective(
        self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool
    ) -> Terms:
        """What the generator minimizes: how surely its images, or the best of them, are found out."""
        losses = real_loss(self.discriminator(self._fakes(images, noise, training), training=training))
        if training and self.top_share < 1:
            losses *= _weights_of_least(losses, gather_over_replicas(losses), self.top_share)
        return {"generator": losses}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        terms: Terms = {}
        for _ in range(self.discriminator_steps):
            variables = self.discriminator.trainable_variables
            terms |= self.descend(self.discriminator_objective, data, variables, self.discriminator_optimizer)
        for _ in range(self.generator_steps):
            variables = self.generator.trainable_variables
            terms |= self.descend(self.generator_objective, data, variables, self.optimizer)
            self._move_average()
        return self.record(terms)

    def call(self, codes: tf.Tensor, training: bool = False) -> tf.Tensor:
        """float32 [batch, *image_shape]: the image of each code, so `predict` takes codes."""
        return self.decode_step(codes)

    def predict_step(self, data: Any) -> tf.Tensor:
        codes, _ = images_and_labels(data, (self.latent_dim,), name="codes")
        return self(codes)

    def decode_step(self, codes: tf.Tensor) -> tf.Tensor:
        network = self.average or self.generator
        return tf.cast(network(codes, training=False), tf.float32)

    def compile(  # type: ignore[override]  # its first argument has the player's name
        self, generator_optimizer: Any = "adam", discriminator_optimizer: Any = "adam", **options: Any
    ) -> None:
        """As `AdversarialModel.compile`; the generator's optimizer becomes `self.optimizer`."""
        super().compile(generator_optimizer, discriminator_optimizer, **options)

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        self._check_range(x)
        return super().fit(x, *args, **kwargs)

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        self._check_range(x)
        return super().evaluate(x, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        shares = ("penalty_share", "top_share")
        own = ("discriminator_steps", "generator_steps", "gradient_penalty", *shares, "average_decay", "value_range")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}

    def _fakes(self, images: tf.Tensor, noise: Noise, training: bool) -> tf.Tensor:
        codes = noise.normal([tf.shape(images)[0], self.latent_dim], "codes")
        return self.generator(codes, training=training)

    def _penalty(self, judge: Callable[[tf.Tensor], tf.Tensor], images: tf.Tensor, share: float) -> tf.Tensor:
        """float32 [batch]: 0 for the images that are left out, and more for the others, so that the mean stays."""
        count = tf.cast(tf.shape(images)[0], tf.float32)
        looked_at = tf.math.ceil(share * count)
        slopes = squared_slope(judge, images[: tf.cast(looked_at, tf.int32)])
        left_out = tf.zeros(tf.cast(count - looked_at, tf.int32))
        return self.gradient_penalty * tf.concat([slopes * count / looked_at, left_out], axis=0)

    def _move_average(self) -> None:
        if self.average is not None:
            step = tf.cast(self.optimizer.iterations, tf.float32)
            decay = tf.minimum(self.average_decay, (1 + step) / (10 + step))
            for average, weight in zip(self.average.weights, self.generator.weights, strict=True):
                average.assign(decay * average + (1 - decay) * weight)

    def _check_range(self, data: Any) -> None:
        """Looks at the images, or at the first batch of a dataset: pixels in [0, 1] would teach the wrong black.

        Once it has been trained, light pictures alone are no reason to doubt.
        """
        if isinstance(data, tf.data.Dataset):
            data = next(iter(data.take(1)), None)
            data = data[0] if isinstance(data, tuple) else data
        if not isinstance(data, np.ndarray | tf.Tensor) or not len(data):
            return
        least, most = float(np.min(data)), float(np.max(data))
        low, high = self.value_range
        doubtful = low < 0 <= least and int(self.train_draws.numpy()) == 0
        if least < low - ROUNDING or most > high + ROUNDING or doubtful:
            raise InputError(
                f"Expected images in [{low:g}, {high:g}]. Received: values in [{least:g}, {most:g}]. "
                f"Rescale them, or use `ImageData.with_value_range({low}, {high})`."
            )


def _weights_of_least(losses: tf.Tensor, of_all: tf.Tensor, share: float) -> tf.Tensor:
    """float32 [batch]: 0 for all but the least of the global batch, and more for those, so that the mean is theirs."""
    count = tf.size(of_all)
    kept = tf.cast(tf.math.ceil(share * tf.cast(count, tf.float32)), tf.int32)
    largest_kept = -tf.math.top_k(-of_all, kept).values[-1]
    factor = tf.cast(count / tf.math.count_nonzero(of_all <= largest_kept, dtype=tf.int32), tf.float32)
    return tf.stop_gradient(tf.where(losses <= largest_kept, factor, 0.0))


def _sizes(generator: keras.Model, discriminator: keras.Model) -> tuple[int, tuple[int, ...]]:
    made, judged = tuple(generator.output_shape[1:]), tuple(discriminator.input_shape[1:])
    if made != judged or len(generator.input_shape) != 2:
        raise InputError(
            f"Expected a generator from [batch, latent_dim] to the discriminator's images {judged}. Received: "
            f"{generator.input_shape} to {generator.output_shape}. Change the ends of one."
        )
    check_gives_logits(discriminator)
    return int(generator.input_shape[-1]), judged


def _frozen_copy(network: keras.Model) -> keras.Model:
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy
