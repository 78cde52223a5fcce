"""Deep convolutional GAN (Radford et al., 2016)."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from tfvae.errors import InputError
from tfvae.losses.adversarial import fake_loss, r1_penalty, real_loss
from tfvae.models.adversarial import AdversarialModel, check_gives_logits
from tfvae.models.base import Terms, images_and_labels
from tfvae.models.noise import Noise

ROUNDING = 1e-3


@keras.saving.register_keras_serializable("tfvae")
class DCGAN(AdversarialModel):
    """Generative adversarial network: a generator and a discriminator, updated alternately by their own optimizers.

    discriminator: mean(-log D(x)) + mean(-log(1 - D(G(z)))) + gradient_penalty / 2 * mean(|d logit / d x|^2)
    generator:     mean(-log D(G(z))),  z ~ N(0, I)
    with D = sigmoid(logit)

    A training step has `discriminator_steps` updates of the discriminator on the batch, then `generator_steps` of the
    generator, each with new codes; the logs show the last of each. `loss` is the sum of both losses and does not
    measure progress. There is no encoder, so no `encode`.

    Args:
        generator: functional network, float [batch, latent_dim] -> float [batch, *image_shape] in `value_range`.
        discriminator: functional network, float [batch, *image_shape] -> float [batch, ...], the logits that the
            image, or each of its patches, is real.
        discriminator_steps: int >= 1, updates of the discriminator for each batch.
        generator_steps: int >= 1, updates of the generator for each batch.
        gradient_penalty: float >= 0, weight of the R1 penalty, the squared gradient norm of the discriminator's mean
            logit at real images.
        penalty_share: float in (0, 1], share of a batch that the penalty is computed on in training, its weight
            divided by the share, to save time.
        average_decay: float in [0, 1), decay of the exponential moving average of the generator's weights, which
            `sample` and `decode` use; 0 for no average. After update t, average = d * average + (1 - d) * weight with
            d = min(average_decay, (1 + t) / (10 + t)).
        value_range: (low, high) of the pixels.
        seed: int >= 0, seed of the noise.

    Raises:
        InputError: if the networks' shapes do not match, the discriminator ends in a sigmoid, or an argument is out of
            its range; in `fit` and `evaluate`, if the images are not in `value_range`.

    Reference:
        Goodfellow et al. 2014, algorithm 1; Radford et al. 2016; Mescheder et al. 2018, eq. 9, for the penalty and
        Karras et al. 2020, section 3.1, for computing it less often; Yazici et al. 2019 for the average; report 4,
        sections 3.2.1 and 3.7.1.
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
        average_decay: float = 0.0,
        value_range: tuple[float, float] = (-1.0, 1.0),
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        # Set first: the base class creates a running mean for each term.
        self.term_names: Sequence[str] = (*self.own_term_names, *(("gradient_penalty",) if gradient_penalty else ()))
        super().__init__(seed=seed, **kwargs)
        for name, steps in (("discriminator_steps", discriminator_steps), ("generator_steps", generator_steps)):
            if steps != int(steps) or steps < 1:
                raise InputError(f"Expected a whole number of steps >= 1. Received: {name}={steps}. Use 1 or more.")
        if not 0 <= gradient_penalty < math.inf:
            raise InputError(
                f"Expected a weight >= 0. Received: gradient_penalty={gradient_penalty}. Use 0 for no penalty."
            )
        if not 0 < penalty_share <= 1:
            raise InputError(
                f"Expected penalty_share in (0, 1]. Received: penalty_share={penalty_share}. Use 1 for all."
            )
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
        self.average_decay = average_decay
        self.value_range = tuple(value_range)
        self.latent_dim, self.image_shape = _sizes(generator, discriminator)
        self.updates_per_step = discriminator_steps + generator_steps
        self.average = _non_trainable_copy(generator) if average_decay else None
        self.built = True

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, **options: Any) -> Terms:
        return {
            **self.discriminator_objective(images, labels, **options),
            **self.generator_objective(images, labels, **options),
        }

    def discriminator_objective(
        self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool
    ) -> Terms:
        """Loss of the discriminator: cross-entropy on real and on generated images, and the gradient penalty."""
        fakes = tf.stop_gradient(self._fakes(images, noise, training))
        discriminate = functools.partial(self.discriminator, training=training)
        terms = {
            "discriminator_real": real_loss(discriminate(images)),
            "discriminator_fake": fake_loss(discriminate(fakes)),
        }
        if self.gradient_penalty:
            terms["gradient_penalty"] = self._penalty(discriminate, images, self.penalty_share if training else 1.0)
        return terms

    def generator_objective(
        self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool
    ) -> Terms:
        """Loss of the generator, in its non-saturating form."""
        return {"generator": real_loss(self.discriminator(self._fakes(images, noise, training), training=training))}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        terms: Terms = {}
        for _ in range(self.discriminator_steps):
            optimized = [(self.discriminator_optimizer, self.discriminator.trainable_variables)]
            terms |= self.gradient_step(self.discriminator_objective, data, optimized)
        for _ in range(self.generator_steps):
            optimized = [(self.optimizer, self.generator.trainable_variables)]
            terms |= self.gradient_step(self.generator_objective, data, optimized)
            self._update_average()
        return self.record(terms)

    def call(self, codes: tf.Tensor, training: bool = False) -> tf.Tensor:
        """float32 [batch, *image_shape]: the image of each code; `predict` takes codes."""
        return self.decode_step(codes)

    def predict_step(self, data: Any) -> tf.Tensor:
        codes, _ = images_and_labels(data, (self.latent_dim,), name="codes")
        return self(codes)

    def decode_step(self, codes: tf.Tensor) -> tf.Tensor:
        network = self.average or self.generator
        return tf.cast(network(codes, training=False), tf.float32)

    def compile(  # type: ignore[override]  # its first argument has another name
        self, generator_optimizer: Any = "adam", discriminator_optimizer: Any = "adam", **options: Any
    ) -> None:
        """Sets both optimizers, as `AdversarialModel.compile`; the generator's becomes `self.optimizer`."""
        super().compile(generator_optimizer, discriminator_optimizer, **options)

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        self._check_range(x)
        return super().fit(x, *args, **kwargs)

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        self._check_range(x)
        return super().evaluate(x, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        steps, penalty = ("discriminator_steps", "generator_steps"), ("gradient_penalty", "penalty_share")
        own = (*steps, *penalty, "average_decay", "value_range")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        """As Keras calls it; older files have `top_share`, 1 unless the model was trained by top-k training."""
        config = dict(config)
        top_share = config.pop("top_share", 1.0)
        if top_share != 1.0:
            raise InputError(
                f"Expected a model without top-k training, which was removed. Received: top_share={top_share}. "
                "Load the file with the version of tfvae that saved it."
            )
        return super().from_config(config, custom_objects)

    def _fakes(self, images: tf.Tensor, noise: Noise, training: bool) -> tf.Tensor:
        codes = noise.normal([tf.shape(images)[0], self.latent_dim], "codes")
        return self.generator(codes, training=training)

    def _penalty(self, discriminator: Callable[[tf.Tensor], tf.Tensor], images: tf.Tensor, share: float) -> tf.Tensor:
        """float32 [batch]: batch / used times the penalty of the images used, 0 for the others: the same mean."""
        count = tf.cast(tf.shape(images)[0], tf.float32)
        used = tf.math.ceil(share * count)
        penalties = r1_penalty(discriminator, images[: tf.cast(used, tf.int32)])
        unused = tf.zeros(tf.cast(count - used, tf.int32))
        return self.gradient_penalty * tf.concat([penalties * count / used, unused], axis=0)

    def _update_average(self) -> None:
        if self.average is not None:
            step = tf.cast(self.optimizer.iterations, tf.float32)
            decay = tf.minimum(self.average_decay, (1 + step) / (10 + step))
            for average, weight in zip(self.average.weights, self.generator.weights, strict=True):
                average.assign(decay * average + (1 - decay) * weight)

    def _check_range(self, data: Any) -> None:
        """Checks the images, or the first batch of a dataset, against `value_range`.

        An untrained model whose range is [-1, 1] also refuses images without a negative pixel.
        """
        if isinstance(data, tf.data.Dataset):
            data = next(iter(data.take(1)), None)
            data = data[0] if isinstance(data, tuple) else data
        if not isinstance(data, np.ndarray | tf.Tensor) or not len(data):
            return
        lowest, highest = float(np.min(data)), float(np.max(data))
        low, high = self.value_range
        suspicious = low < 0 <= lowest and int(self.train_draws.numpy()) == 0
        if lowest < low - ROUNDING or highest > high + ROUNDING or suspicious:
            raise InputError(
                f"Expected images in [{low:g}, {high:g}]. Received: values in [{lowest:g}, {highest:g}]. "
                f"Rescale them, or use `ImageData.with_value_range({low}, {high})`."
            )


def _sizes(generator: keras.Model, discriminator: keras.Model) -> tuple[int, tuple[int, ...]]:
    generated, expected = tuple(generator.output_shape[1:]), tuple(discriminator.input_shape[1:])
    if generated != expected or len(generator.input_shape) != 2:
        raise InputError(
            f"Expected a generator from [batch, latent_dim] to the discriminator's images {expected}. Received: "
            f"{generator.input_shape} to {generator.output_shape}. Change the output of one or the input of the other."
        )
    check_gives_logits(discriminator)
    return int(generator.input_shape[-1]), expected


def _non_trainable_copy(network: keras.Model) -> keras.Model:
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    copy.trainable = False
    return copy
