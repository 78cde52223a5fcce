"""VAE with an adversarial loss on its reconstructions (VAE-GAN, PatchGAN)."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from tfvae import distributions
from tfvae.errors import InputError
from tfvae.losses.adversarial import capped_adversarial_loss, fake_loss, real_loss
from tfvae.models.adversarial import AdversarialModel, check_gives_logits
from tfvae.models.base import Terms, images_and_labels
from tfvae.models.noise import Noise
from tfvae.models.vae import VAE

ADVERSARIAL_TERMS = ("adversarial", "discriminator_real", "discriminator_fake")


@keras.saving.register_keras_serializable("tfvae")
class AdversarialVAE(AdversarialModel, VAE):
    """Variational autoencoder with a discriminator between its reconstructions and the images.

    autoencoder:   mean(-log p(x | z) + beta * KL(q(z | x) || p(z)) + weight * pixels * mean over patches of -log D(x'))
    discriminator: mean over patches of -log D(x) - log(1 - D(x')),  x' = E p(x | z),  D = sigmoid(logit)

    Both are updated simultaneously. The discriminator is trained from the first step. After the warm-up the
    adversarial loss is added; its per-image gradient norm is capped at `cap` times that of the reconstruction term.
    `loss` is the sum of all terms and does not measure progress. Without a discriminator this is a `VAE`.

    Args:
        encoder: functional network, float [batch, *image_shape] -> float [batch, 2 * latent_dim], means and then
            log-variances of q(z | x).
        decoder: functional network, float [batch, latent_dim] -> float [batch, *image_shape], the likelihood's
            parameters.
        discriminator: functional network, float [batch, *image_shape] -> float [batch, ...], the logits that the
            image's patches are real; None for no adversarial loss.
        adversarial_weight: float >= 0, weight of the adversarial loss for each value of an image (`pixels` of them,
            with channels); 0.01 is pix2pix's ratio of 1 to 100 between it and the L1 error.
        cap: float > 0, largest gradient norm of the adversarial loss by an image, relative to that of the
            reconstruction term.
        warm_up_steps: int >= 0, updates before the adversarial loss is added.
        parts: int >= 1, number of micro-batches of equal size whose gradients are accumulated, to save memory. The
            update is that of the whole batch, except for the noise, which each micro-batch has its own of.
        random_flip: whether images are flipped horizontally at random in training.
        likelihood: function of the decoder's output to p(x | z), a distribution with event shape `image_shape`.
        **options: `beta`, `prior`, `seed` and the rest of `VAE`.

    Raises:
        InputError: if the networks' shapes do not match, the discriminator ends in a sigmoid, or an argument is out of
            its range.

    Reference:
        Larsen et al. 2016 for the adversarial loss; Isola et al. 2017, section 3, for patches; report 3, section 3.2.
    """

    part_names = ("encoder", "decoder", "discriminator", "likelihood", "prior")
    own_term_names: tuple[str, ...] = ("reconstruction", "kl")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        discriminator: keras.Model | None = None,
        *,
        adversarial_weight: float = 0.01,
        cap: float = 1.0,
        warm_up_steps: int = 0,
        parts: int = 1,
        random_flip: bool = False,
        likelihood: Any = distributions.laplace,
        **options: Any,
    ) -> None:
        # Set first: the base class creates a running mean for each term.
        self.term_names: Sequence[str] = self.own_term_names + (ADVERSARIAL_TERMS if discriminator is not None else ())
        super().__init__(encoder, decoder, likelihood=likelihood, **options)
        for name, value, fits, range_ in (
            ("adversarial_weight", adversarial_weight, adversarial_weight >= 0, "a weight >= 0"),
            ("cap", cap, cap > 0, "a cap > 0"),
            ("warm_up_steps", warm_up_steps, warm_up_steps == int(warm_up_steps) >= 0, "a whole number of steps >= 0"),
            ("parts", parts, parts == int(parts) >= 1, "a whole number of parts >= 1"),
        ):
            if not fits:
                raise InputError(f"Expected {range_}. Received: {name}={value}. Omit it for the default.")
        if discriminator is not None:
            _check_discriminator(discriminator, self.image_shape)
        self.discriminator = discriminator
        self.adversarial_weight = adversarial_weight
        self.cap = cap
        self.warm_up_steps = warm_up_steps
        self.parts = parts
        self.random_flip = random_flip

    def objective(
        self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool, **batch: Any
    ) -> Terms:
        """The terms of both losses; `batch` is passed to `regularizers`: statistics of the whole batch."""
        posterior = self.posterior(images, training=training)
        codes = self.draw(posterior, noise)
        decoded = tf.cast(self.decoder(codes, training=training), tf.float32)
        terms = {
            "reconstruction": self.reconstruction_loss(images, decoded),
            **self.regularizers(posterior, codes, **batch),
        }
        if self.discriminator is not None:
            terms |= self.adversarial_terms(self.discriminator, images, decoded, training=training)
        return terms

    def reconstruction_loss(self, images: tf.Tensor, decoded: tf.Tensor) -> tf.Tensor:
        """float32 [batch]: the reconstruction term for the decoder's output."""
        return -self.likelihood(decoded).log_prob(images)

    def regularizers(self, posterior: tfd.Distribution, codes: tf.Tensor) -> Terms:
        """Regularization terms of the posterior, float32 [batch] each, in nats."""
        return {"kl": self.beta * distributions.kl_divergence(posterior, self.prior(self.latent_dim), codes)}

    def adversarial_terms(
        self, discriminator: keras.Model, images: tf.Tensor, decoded: tf.Tensor, *, training: bool
    ) -> Terms:
        """The autoencoder's adversarial loss and the discriminator's losses, without gradients between the two."""
        discriminate = functools.partial(discriminator, training=training)
        pixels = math.prod(self.image_shape)
        started = tf.cast(tf.convert_to_tensor(self.train_draws) >= self.warm_up_steps, tf.float32)
        weight = self.adversarial_weight * pixels
        adversarial = capped_adversarial_loss(
            decoded,
            reconstruction=lambda values: self.reconstruction_loss(images, values),
            adversarial=lambda values: weight * real_loss(discriminate(self._images_of(values))),
            cap=self.cap,
        )
        fakes = tf.stop_gradient(self._images_of(decoded))
        return {
            "adversarial": started * adversarial,
            "discriminator_real": real_loss(discriminate(images)),
            "discriminator_fake": fake_loss(discriminate(fakes)),
        }

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        data = self.training_images(data)
        optimized = self.optimizers_and_variables()
        return self.record(self.gradient_step(self.objective, data, optimized, parts=self.parts))

    def training_images(self, data: Any) -> tuple[tf.Tensor, tf.Tensor | None]:
        """The images, randomly flipped if `random_flip`, and the labels of a batch."""
        images, labels = images_and_labels(data, self.image_shape)
        if self.random_flip:
            noise = self._noise(self.train_draws).normal([tf.shape(images)[0], 1, 1, 1], "flip")
            images = tf.where(noise > 0, tf.reverse(images, axis=[2]), images)
        return images, labels

    def get_config(self) -> dict[str, Any]:
        own = ("adversarial_weight", "cap", "warm_up_steps", "parts", "random_flip")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}

    def _images_of(self, decoded: tf.Tensor) -> tf.Tensor:
        """The likelihood's mean, with the static shape that convolutions need and a distribution may lose."""
        return tf.ensure_shape(self.likelihood(decoded).mean(), [None, *self.image_shape])


def _check_discriminator(discriminator: keras.Model, image_shape: tuple[int, ...]) -> None:
    if tuple(discriminator.input_shape[1:]) != image_shape:
        raise InputError(
            f"Expected a discriminator of images {image_shape}, as the encoder. Received: "
            f"discriminator.input_shape={discriminator.input_shape}. Change its first layer."
        )
    check_gives_logits(discriminator)
