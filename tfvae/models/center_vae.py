"""VAE with center loss in place of the KL term."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tfvae.errors import InputError
from tfvae.losses.center import center_loss, center_offsets
from tfvae.models.autoencoder import StochasticAutoencoder
from tfvae.models.base import Terms, images_and_labels
from tfvae.models.noise import Noise
from tfvae.models.replicas import sum_over_replicas


@keras.saving.register_keras_serializable("tfvae")
class CenterVAE(StochasticAutoencoder):
    """VAE with the center loss in place of the KL term; sampled from a Gaussian mixture fitted to its codes.

    loss = mean(-log p(x | z) + center_weight * sum((code - centers[y])**2) / 2),  code = mean of q(z | x)

    After each update, every center moves toward the codes of its class in the global batch:
    centers[j] += center_step * sum(code - centers[j]) / (1 + count[j]).

    The loss acts on the posterior mean, which `encode` returns. Without a KL term the posterior variance is not
    regularized and goes to 0 during training.

    Args:
        encoder: functional network, float [batch, *image_shape] -> float [batch, 2 * latent_dim].
        decoder: functional network, float [batch, latent_dim] -> float [batch, *image_shape].
        classes: int >= 2, number of classes; labels are in [0, classes).
        center_weight: float >= 0, lambda in the report, in nats per squared unit of the codes.
        center_step: float in (0, 1], alpha in Wen et al., the step size of the centers.
        center_spread: float >= 0, standard deviation of the initial centers, in units of the codes. It sets the scale
            of the codes: the center loss alone is reduced by shrinking all codes and centers together.
        **kwargs: `likelihood`, `prior`, `seed` as in `VAE`.

    Raises:
        InputError: if an argument is out of its range, or in training without labels.

    Reference:
        Wen et al. 2016, eq. 2 to 5; report 0, section III.B.
    """

    term_names = ("reconstruction", "center")
    elbo_term_names = ()  # its codes follow no prior until a mixture is fitted to them

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        classes: int = 10,
        center_weight: float = 3.0,
        center_step: float = 0.0001,
        center_spread: float = 5.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        if classes < 2:
            raise InputError(f"Expected at least 2 classes. Received: classes={classes}. Give the data set's number.")
        if not center_weight >= 0:
            raise InputError(f"Expected center_weight >= 0. Received: center_weight={center_weight}.")
        if not 0 < center_step <= 1:
            raise InputError(f"Expected center_step in (0, 1]. Received: center_step={center_step}.")
        if not center_spread >= 0:
            raise InputError(f"Expected center_spread >= 0. Received: center_spread={center_spread}.")
        self.classes = classes
        self.center_weight = center_weight
        self.center_step = center_step
        self.center_spread = center_spread
        self.centers = self.add_weight(
            name="centers",
            shape=(classes, self.latent_dim),
            initializer=keras.initializers.RandomNormal(stddev=center_spread, seed=self.seed),
            dtype="float32",
            trainable=False,
            aggregation="only_first_replica",
        )

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool) -> Terms:
        posterior = self.posterior(images, training=training)
        likelihood = self.likelihood(self.decoder(self.draw(posterior, noise), training=training))
        center = center_loss(posterior.mean(), tf.convert_to_tensor(self.centers), _required(labels))
        return {"reconstruction": -likelihood.log_prob(images), "center": self.center_weight * center}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        images, labels = images_and_labels(data, self.image_shape)
        codes = self.posterior(images, training=True).mean()
        logs = self.minimize(self.objective, data, self.trainable_variables, self.optimizer)
        self.update_centers(codes, _required(labels))
        return logs

    def update_centers(self, codes: tf.Tensor, labels: tf.Tensor) -> None:
        """Updates each center toward the codes of its class in the global batch.

        Args:
            codes: float32 [batch, latent_dim], of this replica.
            labels: int [batch], of this replica.
        """
        offsets, counts = map(sum_over_replicas, center_offsets(codes, tf.convert_to_tensor(self.centers), labels))
        self.centers.assign_add(self.center_step * offsets / (1.0 + counts[:, tf.newaxis]))

    def get_config(self) -> dict[str, Any]:
        own = ("classes", "center_weight", "center_step", "center_spread")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


def _required(labels: tf.Tensor | None) -> tf.Tensor:
    if labels is None or labels.shape.rank != 1 or not labels.dtype.is_integer:
        received = "no labels" if labels is None else f"shape={labels.shape}, dtype={labels.dtype.name}"
        raise InputError(
            f"Expected int labels [batch], which the center loss needs. Received: {received}. "
            "Call fit(images, labels) or feed a dataset of (images, labels); class indices, not one-hot."
        )
    return labels
