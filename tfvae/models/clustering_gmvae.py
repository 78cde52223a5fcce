"""GMVAE pre-trained as a VAE, its clusters initialized from a fitted mixture."""

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
from tfvae.networks.mixture_prior import initialize_clusters


@keras.saving.register_keras_serializable("tfvae")
class ClusteringGMVAE(GMVAE):
    """GMVAE trained in two stages: first as a VAE, then with clusters initialized from a mixture fitted to its codes.

    loss = mean(-log p(y | x) + pretraining_weight * KL(q(x | y') || N(0, I)) + threshold)    for pretraining_steps
    loss = the loss of `GMVAE` with q(x | y') and q(w | y')                                   afterwards
    y'   = augmentation(y) in training, y otherwise

    With weight 1, the first loss is that of a GMVAE whose clusters are all N(0, I): z carries no information, and its
    term equals the threshold.

    From random clusters, a GMVAE often converges to a local optimum in which two groups share a cluster and another
    cluster is unused. A mixture fit is cheap, so the best of many by likelihood can be taken.

    With an augmentation, the encoder gets the transformed image and the decoder reconstructs the original. The loss
    remains an upper bound of -log p(y): the posterior is the mixture of q(x | y') over the transformations, and the KL
    divergence is convex.

    Args:
        encoder: as in `GMVAE`.
        decoder: as in `GMVAE`.
        prior_network: a `dense_mixture_prior`.
        pretraining_steps: int >= 0, updates in the first stage.
        pretraining_weight: float >= 0, weight of the KL term in the first stage.
        augmentation: a `RandomAffine`, or None.
        **kwargs: `threshold`, `num_samples`, `likelihood` and `seed` as in `GMVAE`.

    Raises:
        InputError: if the networks' shapes do not match, or an argument is out of its range.

    Reference:
        Jiang et al. 2017 (VaDE), section 3.4, for the initialization from a mixture; Dilokthanakul et al. 2016.
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
                f"Expected whole pretraining_steps >= 0. Received: pretraining_steps={pretraining_steps}. "
                "Use 0 for no pre-training."
            )
        if not pretraining_weight >= 0:
            raise InputError(
                f"Expected pretraining_weight >= 0. Received: pretraining_weight={pretraining_weight}. "
                "Use 0 for no KL term in pre-training."
            )
        if augmentation is not None and len(self.image_shape) != 3:
            raise InputError(
                f"Expected images [height, width, channels] to augment. Received: shape={self.image_shape}. "
                "Use augmentation=None."
            )
        self.pretraining_steps = pretraining_steps
        self.pretraining_weight = pretraining_weight
        self.augmentation = augmentation

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool) -> Terms:
        posteriors = self.posteriors(self.augmented(images, noise) if training else images, training=training)
        terms = self.apply_threshold(self.divergences(images, posteriors, noise, training=training))
        if not self.pretraining_steps:
            return terms
        kl = tfd.kl_divergence(posteriors[0], self.prior(self.latent_dim))
        as_vae = {
            "reconstruction": terms["reconstruction"],
            "conditional_prior": self.pretraining_weight * kl,
            "w_prior": tf.zeros_like(kl),
            "z_prior": tf.fill(tf.shape(kl), float(self.threshold)),
        }
        pretraining = tf.convert_to_tensor(self.train_draws) < self.pretraining_steps
        return {name: tf.where(pretraining, as_vae[name], terms[name]) for name in terms}

    def augmented(self, images: tf.Tensor, noise: Noise) -> tf.Tensor:
        """The encoder's input in training, float32 of the same shape."""
        if self.augmentation is None:
            return images
        return self.augmentation(images, noise.normal([tf.shape(images)[0], 6], "augmentation"))

    def initialize_clusters(self, means: ArrayLike, variances: ArrayLike) -> None:
        """Initializes the clusters from a mixture's means and variances, float [clusters, latent_dim] each."""
        initialize_clusters(self.prior_network, means, variances, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("pretraining_steps", "pretraining_weight")}
        return {**super().get_config(), **own}
