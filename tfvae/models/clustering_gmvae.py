"""A GMVAE that is made to cluster: its clusters start where a mixture finds groups among the codes."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from numpy.typing import ArrayLike
from tensorflow_probability import distributions as tfd

from tfvae.errors import InputError
from tfvae.models.base import Terms
from tfvae.models.gmvae import GMVAE
from tfvae.models.noise import Noise
from tfvae.networks.augmentation import RandomAffine
from tfvae.networks.mixture_prior import place_clusters


@keras.saving.register_keras_serializable("tfvae")
class ClusteringGMVAE(GMVAE):
    """GMVAE trained in two parts: as a VAE, and from a mixture that was fitted to its codes then.

    loss = mean(-log p(y | x) + pretraining_weight * KL(q(x | seen) || N(0, I)) + threshold)     for the first steps
    loss = the GMVAE's, with q(x | seen) and q(w | seen)                                         from then on
    seen = augmentation(y) in training, y otherwise

    The first is the GMVAE's too, weighted, where every cluster is N(0, I): z then carries no information, and its term
    is held at the threshold.

    A GMVAE whose clusters start at random settles where two groups share a cluster and another stays unused, and no
    gradient leads out. A mixture can be fitted many times in a second, and the best fit kept by its likelihood.

    With an augmentation, the encoder sees a moved image and the decoder is asked for the image itself. The loss is
    still an upper bound of -log p(y): the posterior is then the mixture of q(x | seen) over the movements, and a
    divergence is convex in it.

    Args:
        encoder: as in `GMVAE`.
        decoder: as in `GMVAE`.
        prior_network: as `dense_mixture_prior` builds it.
        pretraining_steps: int >= 0, steps as a VAE.
        pretraining_weight: float >= 0, weight of the KL term in these steps; below 1 the codes keep more of the images.
        augmentation: `RandomAffine`, or None for signals and for images that must stay as they are.
        **kwargs: `threshold`, `draws`, `likelihood` and `seed` as in `GMVAE`.

    Raises:
        InputError: if the networks do not fit together, or a number is out of its range.

    Reference:
        Jiang et al. 2017 (VaDE), section 3.4, for the start from a mixture; Dilokthanakul et al. 2016.
    """

    part_names = (*GMVAE.part_names, "augmentation")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        prior_network: keras.Model,
        *,
        pretraining_steps: int = 0,
        pretraining_weight: float = 1.0,
        augmentation: RandomAffine | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, prior_network, **kwargs)
        if pretraining_steps != int(pretraining_steps) or pretraining_steps < 0:
            raise InputError(
                f"Expected a whole number of steps >= 0. Received: pretraining_steps={pretraining_steps}. "
                "Use 0 to start from the clusters as they are."
            )
        if not pretraining_weight >= 0:
            raise InputError(
                f"Expected pretraining_weight >= 0. Received: pretraining_weight={pretraining_weight}. "
                "Use 0 to pre-train with no weight on the KL term."
            )
        if augmentation is not None and len(self.image_shape) != 3:
            raise InputError(
                f"Expected images [height, width, channels] to move. Received: shape={self.image_shape}. "
                "Leave the augmentation out."
            )
        self.pretraining_steps = pretraining_steps
        self.pretraining_weight = pretraining_weight
        self.augmentation = augmentation

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool) -> Terms:
        posteriors = self.posteriors(self.seen(images, noise) if training else images, training=training)
        terms = self.held(self.divergences(images, posteriors, noise, training=training))
        if not self.pretraining_steps:
            return terms
        to_prior = tfd.kl_divergence(posteriors[0], self.prior(self.latent_dim))
        as_vae = {
            "reconstruction": terms["reconstruction"],
            "conditional_prior": self.pretraining_weight * to_prior,
            "w_prior": tf.zeros_like(to_prior),
            "z_prior": tf.fill(tf.shape(to_prior), float(self.threshold)),
        }
        early = tf.convert_to_tensor(self.train_draws) < self.pretraining_steps
        return {name: tf.where(early, as_vae[name], terms[name]) for name in terms}

    def seen(self, images: tf.Tensor, noise: Noise) -> tf.Tensor:
        """What the encoder sees of `images` in training, float32 of the same shape."""
        if self.augmentation is None:
            return images
        return self.augmentation(images, noise.normal([tf.shape(images)[0], 6], "augmentation"))

    def start_clusters(self, means: ArrayLike, variances: ArrayLike) -> None:
        """Puts the clusters where a mixture has them: float [clusters, latent_dim] each."""
        place_clusters(self.prior_network, means, variances, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("pretraining_steps", "pretraining_weight")}
        return {**super().get_config(), **own}
