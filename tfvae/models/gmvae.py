"""Gaussian mixture VAE (Dilokthanakul et al., 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike
from tensorflow_probability import distributions as tfd

from tfvae import distributions
from tfvae.errors import InputError
from tfvae.losses.threshold import above_threshold
from tfvae.models.autoencoder import StochasticAutoencoder
from tfvae.models.base import Terms
from tfvae.models.inference import float_array, in_batches, inference_batch_size
from tfvae.models.noise import Noise
from tfvae.models.replicas import mean_over_batch


@keras.saving.register_keras_serializable("tfvae")
class GMVAE(StochasticAutoencoder):
    """VAE with a Gaussian mixture prior p(x | w), whose means and variances are a network's function of a latent w.

    w ~ N(0, I),  z ~ uniform over K clusters,  x ~ N(means(w)[z], diag(variances(w)[z])),  y ~ p(y | decoder(x))

    loss = mean(-log p(y | x)                                          reconstruction
                + sum over k of p(k | x, w) * KL(q(x | y) || p(x | w, k))     conditional_prior
                + KL(q(w | y) || N(0, I))                                      w_prior
                + max(threshold, KL(p(z | x, w) || uniform)))                  z_prior

    The expectations over q(x | y) and q(w | y) are Monte Carlo estimates from `num_samples` samples; p(z | x, w) is
    exact. The maximum is of the global batch mean: below the threshold the z_prior term has no gradient, so clusters
    can form before p(z | x, w) is regularized toward uniform.

    In the notation of the paper: `codes` are x, `images` are y, and w is called the style here. One encoder returns
    both posteriors; `joined_encoders` makes one of two separate networks.

    Args:
        encoder: functional network, float [batch, *image_shape] -> float [batch, 2 * latent_dim + 2 * style_dim]:
            means and log-variances of q(x | y), then means and log-variances of q(w | y).
        decoder: functional network, float [batch, latent_dim] -> float [batch, *image_shape], the likelihood's
            parameters.
        prior_network: functional network, float [batch, style_dim] -> float [batch, clusters, 2 * latent_dim], means
            and log-variances of p(x | w, z), such as `dense_mixture_prior` builds.
        threshold: float >= 0, lambda, in nats; 0 for no threshold. The term is at most log(clusters).
        num_samples: int >= 1, samples of x and w for each image and update.
        **kwargs: `likelihood` and `seed` as in `VAE`.

    Raises:
        InputError: if the networks' shapes do not match, there are fewer than 2 clusters, or an argument is out of its
            range.

    Reference:
        Dilokthanakul et al. 2016, eq. 2 to 6 and section 3.3.2; report 2, section 3. As there, the conditional prior
        term takes the expectations over z and x separately, which bounds the exact term from above.
    """

    term_names: Sequence[str] = ("reconstruction", "conditional_prior", "w_prior", "z_prior")
    elbo_term_names = term_names
    part_names = (*StochasticAutoencoder.part_names, "prior_network")

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        prior_network: keras.Model,
        *,
        threshold: float = 0.5,
        num_samples: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.prior_network = prior_network
        self.style_dim = int(prior_network.input_shape[-1])
        self.clusters = _clusters(prior_network, self.latent_dim)
        _check_heads(encoder, self.latent_dim, self.style_dim)
        if not threshold >= 0:
            raise InputError(f"Expected threshold >= 0. Received: threshold={threshold}. Use 0 for no threshold.")
        if num_samples != int(num_samples) or num_samples < 1:
            raise InputError(
                f"Expected a whole num_samples >= 1. Received: num_samples={num_samples}. Use 1, as the paper."
            )
        self.threshold = threshold
        self.num_samples = num_samples

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool) -> Terms:
        posteriors = self.posteriors(images, training=training)
        return self.apply_threshold(self.divergences(images, posteriors, noise, training=training))

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        return self.minimize(self.objective, data, self.trainable_variables, self.optimizer)

    def apply_threshold(self, terms: Terms) -> Terms:
        """The terms with max(threshold, mean of z_prior) over the global batch."""
        z_prior = terms["z_prior"]
        return {**terms, "z_prior": above_threshold(z_prior, mean_over_batch(z_prior), threshold=self.threshold)}

    def divergences(
        self, images: tf.Tensor, posteriors: tuple[tfd.Distribution, tfd.Distribution], noise: Noise, *, training: bool
    ) -> Terms:
        """The terms of the negative ELBO, float32 [batch] each, in nats: the loss without the threshold.

        Args:
            images: float32 [batch, *image_shape].
            posteriors: q(x | y) and q(w | y), from `posteriors`.
            noise: source of the samples.
            training: the `training` argument of the networks.
        """
        codes, styles = (
            self.draw_samples(posterior, noise, name)
            for posterior, name in zip(posteriors, ("codes", "styles"), strict=True)
        )
        return self.divergences_at(images, posteriors, codes, styles, training=training)

    def divergences_at(
        self,
        images: tf.Tensor,
        posteriors: tuple[tfd.Distribution, tfd.Distribution],
        codes: tf.Tensor,
        styles: tf.Tensor,
        *,
        training: bool,
    ) -> Terms:
        """`divergences` at given x and w: float32 [draws, batch, latent_dim] and [draws, batch, style_dim]."""
        posterior, style_posterior = posteriors
        mixture = self.mixture(styles, training=training)
        clusters = mixture.posterior_marginal(codes)
        to_clusters = tfd.kl_divergence(posterior[..., tf.newaxis], mixture.components_distribution)
        conditional = tf.reduce_sum(clusters.probs_parameter() * to_clusters, axis=-1)
        information = tfd.kl_divergence(clusters, mixture.mixture_distribution)
        return {
            "reconstruction": tf.reduce_mean(self.negative_log_likelihood(images, codes, training=training), axis=0),
            "conditional_prior": tf.reduce_mean(conditional, axis=0),
            "w_prior": tfd.kl_divergence(style_posterior, self.prior(self.style_dim)),
            "z_prior": tf.reduce_mean(information, axis=0),
        }

    @property
    def noise_dim(self) -> int:
        return self.latent_dim + self.style_dim

    def elbo_terms(self, images: tf.Tensor, noise: tf.Tensor) -> Terms:
        """`divergences` at the x and w that `noise`, float32 [batch, noise_dim], picks from the posteriors."""
        posteriors = self.posteriors(images)
        codes, styles = (values[tf.newaxis] for values in self._picked(posteriors, noise))
        return self.divergences_at(images, posteriors, codes, styles, training=False)

    def log_weights(self, images: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Log importance weights, float32 [batch]; the mean of their exponentials over draws estimates p(y).

        log weight = log p(y | x) + log(mean over z of p(x | w, z)) + log p(w) - log q(x | y) - log q(w | y)

        Args:
            images: float32 [batch, *image_shape].
            noise: float32 [batch, noise_dim], standard normal, that picks x and w from their posteriors.
        """
        posterior, style_posterior = posteriors = self.posteriors(images)
        codes, styles = self._picked(posteriors, noise)
        likelihood = self.likelihood(self.decoder(codes, training=False))
        prior = self.mixture(styles).log_prob(codes) + self.prior(self.style_dim).log_prob(styles)
        return likelihood.log_prob(images) + prior - posterior.log_prob(codes) - style_posterior.log_prob(styles)

    def posteriors(self, images: tf.Tensor, *, training: bool = False) -> tuple[tfd.Distribution, tfd.Distribution]:
        """q(x | y) and q(w | y): batch shape [batch], event shapes [latent_dim] and [style_dim], in the graph."""
        return self._split(self.encoder(images, training=training))

    def posterior(self, images: tf.Tensor, *, training: bool = False) -> tfd.Distribution:
        """q(x | y): batch shape [batch], event shape [latent_dim], in the graph."""
        return self.posteriors(images, training=training)[0]

    def draw_samples(self, posterior: tfd.Distribution, noise: Noise, name: str) -> tf.Tensor:
        """Reparameterized samples, mean + scale * noise, float32 [num_samples, batch, dimensions]."""
        mean = posterior.mean()
        shape = tf.concat([[self.num_samples], tf.shape(mean)], axis=0)
        return mean + posterior.stddev() * noise.normal(shape, name)

    def mixture(self, styles: tf.Tensor, *, training: bool = False) -> tfd.MixtureSameFamily:
        """p(x | w): batch shape [...], event shape [latent_dim], one component a cluster; in the graph.

        Args:
            styles: float32 [..., style_dim].
        """
        flat = self.prior_network(tf.reshape(styles, [-1, self.style_dim]), training=training)
        shape = tf.concat([tf.shape(styles)[:-1], [self.clusters, 2 * self.latent_dim]], axis=0)
        parameters = tf.ensure_shape(tf.reshape(flat, shape), [*styles.shape[:-1], self.clusters, 2 * self.latent_dim])
        return distributions.gaussian_mixture(parameters)

    def negative_log_likelihood(self, images: tf.Tensor, codes: tf.Tensor, *, training: bool) -> tf.Tensor:
        """-log p(y | x), float32 [num_samples, batch], for codes float32 [num_samples, batch, latent_dim]."""
        likelihood = self.likelihood(self.decoder(tf.reshape(codes, [-1, self.latent_dim]), training=training))
        num_samples = tf.shape(codes)[0]
        tiled = tf.tile(images, [num_samples, *[1] * len(self.image_shape)])
        return -tf.reshape(likelihood.log_prob(tiled), [num_samples, -1])

    def cluster(
        self, images: Any, *, num_samples: int = 10, seed: int = 0, batch_size: int | None = None
    ) -> np.ndarray:
        """Cluster probabilities of each image: the mean of p(z | x, w) over samples from the posteriors.

        Args:
            images: float [count, *image_shape] in the value range of the training images.
            num_samples: int >= 1, samples of x and w for each image.
            seed: int >= 0, of the samples.
            batch_size: int >= 1; None for `inference_batch_size`.

        Returns:
            float32 [count, clusters], rows sum to 1.

        Raises:
            InputError: if the images have another shape or no float dtype, or `num_samples` is below 1.

        Reference:
            Dilokthanakul et al. 2016, section 4.2.
        """
        images = float_array(images, self.image_shape, "images")
        if num_samples < 1:
            raise InputError(f"Expected num_samples >= 1. Received: num_samples={num_samples}. Use 1 or more.")
        batch_size = inference_batch_size(self.image_shape) if batch_size is None else batch_size
        parameters = in_batches(self.compiled_step(self.parameters_step), images, batch_size=batch_size)
        generator = np.random.default_rng(seed)
        total = np.zeros((len(images), self.clusters), np.float64)
        for _ in range(num_samples):
            noise = generator.standard_normal((len(images), self.latent_dim + self.style_dim), np.float32)
            total += in_batches(self.compiled_step(self.cluster_step), parameters, noise, batch_size=batch_size)
        return (total / num_samples).astype(np.float32)

    def parameters_step(self, images: tf.Tensor) -> tf.Tensor:
        """float32 [batch, *image_shape] -> float32 [batch, 2 * latent_dim + 2 * style_dim], in the graph."""
        return tf.cast(self.encoder(images, training=False), tf.float32)

    def cluster_step(self, parameters: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """p(z | x, w), float32 [batch, clusters], for x and w = mean + scale * noise; in the graph."""
        noises = tf.split(noise, [self.latent_dim, self.style_dim], axis=-1)
        pairs = zip(self._split(parameters), noises, strict=True)
        codes, styles = (posterior.mean() + posterior.stddev() * standard for posterior, standard in pairs)
        return self.mixture(styles).posterior_marginal(codes).probs_parameter()

    def sample(
        self,
        count: int,
        *,
        cluster: int | None = None,
        w: ArrayLike | None = None,
        seed: int = 0,
        batch_size: int | None = None,
    ) -> np.ndarray:
        """Samples images from the prior; a seed gives the same standardized codes in every cluster.

        Args:
            count: int >= 1, number of images.
            cluster: int in [0, clusters), the cluster of all images; None for a random one each.
            w: float [count, style_dim] or [style_dim], w of each image or of all; None for samples of N(0, I).
            seed: int >= 0, of the codes.
            batch_size: int >= 1; None for `inference_batch_size`.

        Returns:
            float32 [count, *image_shape].

        Raises:
            InputError: if `count` is below 1, there is no such cluster, or `w` has another shape.
        """
        codes, _ = self.sample_codes(count, cluster=cluster, w=w, seed=seed)
        return self.decode(codes, batch_size=batch_size)

    def sample_codes(
        self, count: int, *, cluster: int | None = None, w: ArrayLike | None = None, seed: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Codes from the prior, float32 [count, latent_dim], and their clusters, int64 [count]; as in `sample`."""
        if count != int(count) or count < 1:
            raise InputError(f"Expected a whole count >= 1. Received: count={count}. Ask for one sample or more.")
        if cluster is not None and (cluster != int(cluster) or not 0 <= cluster < self.clusters):
            raise InputError(
                f"Expected a cluster in 0 .. {self.clusters - 1}. Received: cluster={cluster}. "
                "Use one of these, or None for a random one each."
            )
        generator = np.random.default_rng(seed)
        noise = generator.standard_normal((count, self.latent_dim), np.float32)
        styles = generator.standard_normal((count, self.style_dim), np.float32)
        chosen = generator.integers(self.clusters, size=count) if cluster is None else np.full(count, cluster)
        if w is not None:
            given = np.asarray(w, np.float32)
            if given.shape not in ((self.style_dim,), (count, self.style_dim)):
                raise InputError(
                    f"Expected w as float [{count}, {self.style_dim}] or [{self.style_dim}]. "
                    f"Received: shape={given.shape}. Use None for random ones."
                )
            styles = np.broadcast_to(given, styles.shape)
        parts = (styles, noise, np.eye(self.clusters, dtype=np.float32)[chosen])
        return in_batches(
            self.compiled_step(self.codes_step), *parts, batch_size=inference_batch_size(self.image_shape)
        ), chosen.astype(np.int64)

    def codes_step(self, styles: tf.Tensor, noise: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
        """mean + scale * noise of the chosen clusters (one-hot float32 [batch, clusters]), in the graph."""
        components = self.mixture(styles).components_distribution
        codes = components.mean() + components.stddev() * noise[:, tf.newaxis]
        return tf.reduce_sum(chosen[..., tf.newaxis] * codes, axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "threshold": self.threshold, "num_samples": self.num_samples}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        """As Keras calls it; `draws` is the name of `num_samples` in older files."""
        config = {"num_samples" if name == "draws" else name: value for name, value in config.items()}
        return super().from_config(config, custom_objects)

    def _check_encoder(self) -> None:
        """Checked by the constructor, which knows `style_dim` from the prior network."""

    def _picked(self, posteriors: tuple[tfd.Distribution, tfd.Distribution], noise: tf.Tensor) -> list[tf.Tensor]:
        """x and w, float32 [batch, latent_dim] and [batch, style_dim]: mean + scale * noise."""
        picks = tf.split(noise, [self.latent_dim, self.style_dim], axis=-1)
        return [q.mean() + q.stddev() * pick for q, pick in zip(posteriors, picks, strict=True)]

    def _split(self, parameters: tf.Tensor) -> tuple[tfd.Distribution, tfd.Distribution]:
        codes, styles = tf.split(parameters, [2 * self.latent_dim, 2 * self.style_dim], axis=-1)
        return distributions.diagonal_normal(codes), distributions.diagonal_normal(styles)


def _clusters(prior_network: keras.Model, latent_dim: int) -> int:
    shape = prior_network.output_shape
    if len(shape) != 3 or shape[-1] != 2 * latent_dim or shape[1] is None or shape[1] < 2:
        raise InputError(
            f"Expected a prior network with the output [batch, clusters, 2 * {latent_dim}], 2 clusters or more. "
            f"Received: prior_network.output_shape={shape}. Build it with `dense_mixture_prior`."
        )
    return int(shape[1])


def _check_heads(encoder: keras.Model, latent_dim: int, style_dim: int) -> None:
    if encoder.output_shape[-1] != 2 * latent_dim + 2 * style_dim:
        raise InputError(
            f"Expected an encoder with 2 * {latent_dim} + 2 * {style_dim} outputs for codes of {latent_dim} and styles "
            f"of {style_dim} dimensions. Received: encoder.output_shape={encoder.output_shape}. Change its last layer."
        )
