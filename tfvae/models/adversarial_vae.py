"""A VAE whose reconstructions a discriminator judges, patch by patch."""

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
    """Variational autoencoder and a discriminator that tells its reconstructions from images.

    autoencoder:   mean(-log p(x | z) + beta * KL(q(z | x) || p(z)) + weight * pixels * mean over patches of -log D(x'))
    discriminator: mean over patches of -log D(x) - log(1 - D(x')),  x' = E p(x | z),  D = sigmoid(logit)

    Both move at once, each down its own part of the objective. The discriminator learns from the first step; its
    judgment enters after `warm_up_steps`, and on no image does it pull harder than `cap` times the reconstruction
    term does. The loss is the sum of all terms and says little. Without a discriminator this is a `VAE`.

    Args:
        encoder: functional network, float [batch, *image_shape] -> float [batch, 2 * latent_dim], means and then
            log-variances of q(z | x).
        decoder: functional network, float [batch, latent_dim] -> float [batch, *image_shape], the likelihood's
            parameters.
        discriminator: functional network, float [batch, *image_shape] -> float [batch, ...], the logits of the image's
            patches being real; None leaves the game out.
        adversarial_weight: float >= 0, weight of the judgment for each value of an image (`pixels` of them, with
            channels); 0.01 is pix2pix's ratio of 1 to 100 between it and the L1 error.
        cap: float > 0, the most that the judgment pulls on an image, in units of the reconstruction term's pull.
        warm_up_steps: int >= 0, steps before the judgment enters.
        parts: int >= 1, how many parts of equal size a batch goes through the networks in. Memory shrinks with it,
            and a step stays that of the whole batch, but for its noise, which is drawn for each part.
        random_flip: whether training shows the mirror image of an image, left for right, half of the time.
        likelihood: function of the decoder's output to p(x | z), a distribution with event shape `image_shape`.
        **options: `beta`, `prior`, `seed` and the rest of `VAE`.

    Raises:
        InputError: if the networks do not fit together, the discriminator ends in a sigmoid, or an argument is out of
            its range.

    Reference:
        Larsen et al. 2016 for the game; Isola et al. 2017, section 3, for patches; report 3, section 3.2.
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
        # Set first: the base class makes a running mean of each term.
        self.term_names: Sequence[str] = self.own_term_names + (ADVERSARIAL_TERMS if discriminator is not None else ())
        super().__init__(encoder, decoder, likelihood=likelihood, **options)
        for name, value, fits, range_ in (
            ("adversarial_weight", adversarial_weight, adversarial_weight >= 0, "a weight >= 0"),
            ("cap", cap, cap > 0, "a cap > 0"),
            ("warm_up_steps", warm_up_steps, warm_up_steps == int(warm_up_steps) >= 0, "a whole number of steps >= 0"),
            ("parts", parts, parts == int(parts) >= 1, "a whole number of parts >= 1"),
        ):
            if not fits:
                raise InputError(f"Expected {range_}. Received: {name}={value}. Leave it out for the default.")
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
        """As the class says; `batch` is what the regularizers need to know of the batch that `images` are a part of."""
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
        """float32 [batch]: the reconstruction term of what the decoder gave."""
        return -self.likelihood(decoded).log_prob(images)

    def regularizers(self, posterior: tfd.Distribution, codes: tf.Tensor) -> Terms:
        """What keeps codes near the prior: named terms, float32 [batch] each, in nats."""
        return {"kl": self.beta * distributions.kl_divergence(posterior, self.prior(self.latent_dim), codes)}

    def adversarial_terms(
        self, discriminator: keras.Model, images: tf.Tensor, decoded: tf.Tensor, *, training: bool
    ) -> Terms:
        """The judgment of the decoded images, for the autoencoder, and the discriminator's errors, for it alone."""
        judge = functools.partial(discriminator, training=training)
        pixels = math.prod(self.image_shape)
        started = tf.cast(tf.convert_to_tensor(self.train_draws) >= self.warm_up_steps, tf.float32)
        judgment = capped_adversarial_loss(
            decoded,
            error=lambda values: self.reconstruction_loss(images, values),
            judgment=lambda values: self.adversarial_weight * pixels * real_loss(judge(self._images_of(values))),
            cap=self.cap,
        )
        fakes = tf.stop_gradient(self._images_of(decoded))
        return {
            "adversarial": started * judgment,
            "discriminator_real": real_loss(judge(images)),
            "discriminator_fake": fake_loss(judge(fakes)),
        }

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        data = self.training_images(data)
        return self.record(self.descend_together(self.objective, data, self.players(), parts=self.parts))

    def training_images(self, data: Any) -> tuple[tf.Tensor, tf.Tensor | None]:
        """The images and labels that a step trains on: some images mirrored, where the model does that."""
        images, labels = images_and_labels(data, self.image_shape)
        if self.random_flip:
            draws = self._noise(self.train_draws).normal([tf.shape(images)[0], 1, 1, 1], "flip")
            images = tf.where(draws > 0, tf.reverse(images, axis=[2]), images)
        return images, labels

    def get_config(self) -> dict[str, Any]:
        own = ("adversarial_weight", "cap", "warm_up_steps", "parts", "random_flip")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}

    def _images_of(self, decoded: tf.Tensor) -> tf.Tensor:
        """The likelihood's mean, whose static shape a distribution may forget and convolutions ask for."""
        return tf.ensure_shape(self.likelihood(decoded).mean(), [None, *self.image_shape])


def _check_discriminator(discriminator: keras.Model, image_shape: tuple[int, ...]) -> None:
    if tuple(discriminator.input_shape[1:]) != image_shape:
        raise InputError(
            f"Expected a discriminator of the encoder's images {image_shape}. Received: "
            f"discriminator.input_shape={discriminator.input_shape}. Change its first layer."
        )
    check_gives_logits(discriminator)
