"""The Gaussian mixture VAE: codes from one of K clusters, whose shape a style decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    """VAE whose prior is a mixture of K Gaussians, with means and variances that a network makes of a style w.

    w ~ N(0, I),  z ~ uniform over K clusters,  x ~ N(means(w)[z], diag(variances(w)[z])),  y ~ p(y | decoder(x))

    loss = mean(-log p(y | x)                                          reconstruction
                + sum over k of p(k | x, w) * KL(q(x | y) || p(x | w, k))     conditional_prior
                + KL(q(w | y) || N(0, I))                                      w_prior
                + max(threshold, KL(p(z | x, w) || uniform)))                  z_prior

    with x and w drawn from q(x | y) and q(w | y), `draws` times, and p(z | x, w) exact. The maximum is taken with the
    mean of the global batch: below the threshold the z_prior term has no gradient, so that clusters may form before
    anything pushes p(z | x, w) toward uniform.

    Our `codes` are the x of the paper, and `images` its y. One encoder gives both posteriors, because their trunk is
    most of its cost; two towers of their own fit in as one functional graph with its outputs concatenated.

    Args:
        encoder: functional network, float [batch, *image_shape] -> float [batch, 2 * latent_dim + 2 * style_dim]:
            means and log-variances of q(x | y), then means and log-variances of q(w | y).
        decoder: functional network, float [batch, latent_dim] -> float [batch, *image_shape], the likelihood's
            parameters.
        prior_network: functional network, float [batch, style_dim] -> float [batch, clusters, 2 * latent_dim], means
            and log-variances of p(x | w, z), such as `dense_mixture_prior` builds.
        threshold: float >= 0, lambda, in nats; 0 switches the trick off, log(clusters) is the most that the term can
            reach.
        draws: int >= 1, samples of x and w for each image and step.
        **kwargs: `likelihood` and `seed` as in `VAE`.

    Raises:
        InputError: if the networks do not fit together, there are fewer than 2 clusters, or a number is out of its
            range.

    Reference:
        Dilokthanakul et al. 2016, eq. 2 to 6 and section 3.3.2; report 2, section 3. The conditional prior term is
        theirs: it takes p(z | x, w) and the divergence of q(x | y) apart, and so is no less than the exact one.
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
        draws: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(encoder, decoder, **kwargs)
        self.prior_network = prior_network
        self.style_dim = int(prior_network.input_shape[-1])
        self.clusters = _clusters(prior_network, self.latent_dim)
        _check_heads(encoder, self.latent_dim, self.style_dim)
        if not threshold >= 0:
            raise InputError(f"Expected threshold >= 0. Received: threshold={threshold}. Use 0 to leave it out.")
        if draws != int(draws) or draws < 1:
            raise InputError(f"Expected a whole number of draws >= 1. Received: draws={draws}. Use 1, as the paper.")
        self.threshold = threshold
        self.draws = draws

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool) -> Terms:
        return self.held(self.divergences(images, self.posteriors(images, training=training), noise, training=training))

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        return self.minimize(self.objective, data, self.trainable_variables, self.optimizer)

    def held(self, terms: Terms) -> Terms:
        """The terms with z_prior held at the threshold."""
        information = terms["z_prior"]
        held = above_threshold(information, mean_over_batch(information), threshold=self.threshold)
        return {**terms, "z_prior": held}

    def divergences(
        self, images: tf.Tensor, posteriors: tuple[tfd.Distribution, tfd.Distribution], noise: Noise, *, training: bool
    ) -> Terms:
        """The terms of the negative evidence lower bound, float32 [batch] in nats: the loss's without the threshold.

        Args:
            images: float32 [batch, *image_shape].
            posteriors: q(x | y) and q(w | y), as `posteriors` gives them.
            noise: where the draws come from.
            training: whether networks with two modes are training.
        """
        codes, styles = (
            self.draw_many(posterior, noise, name)
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
            "reconstruction": tf.reduce_mean(self.surprise(images, codes, training=training), axis=0),
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

    def draw_many(self, posterior: tfd.Distribution, noise: Noise, name: str) -> tf.Tensor:
        """float32 [draws, batch, dimensions]: mean + scale * noise, through which gradients flow."""
        mean = posterior.mean()
        shape = tf.concat([[self.draws], tf.shape(mean)], axis=0)
        return mean + posterior.stddev() * noise.normal(shape, name)

    def mixture(self, styles: tf.Tensor, *, training: bool = False) -> tfd.MixtureSameFamily:
        """p(x | w): batch shape [...], event shape [latent_dim], in the graph; components are the clusters.

        Args:
            styles: float32 [..., style_dim].
        """
        flat = self.prior_network(tf.reshape(styles, [-1, self.style_dim]), training=training)
        shape = tf.concat([tf.shape(styles)[:-1], [self.clusters, 2 * self.latent_dim]], axis=0)
        parameters = tf.ensure_shape(tf.reshape(flat, shape), [*styles.shape[:-1], self.clusters, 2 * self.latent_dim])
        return distributions.gaussian_mixture(parameters)

    def surprise(self, images: tf.Tensor, codes: tf.Tensor, *, training: bool) -> tf.Tensor:
        """-log p(y | x), float32 [draws, batch], of codes float32 [draws, batch, latent_dim]."""
        likelihood = self.likelihood(self.decoder(tf.reshape(codes, [-1, self.latent_dim]), training=training))
        draws = tf.shape(codes)[0]
        tiled = tf.tile(images, [draws, *[1] * len(self.image_shape)])
        return -tf.reshape(likelihood.log_prob(tiled), [draws, -1])

    def cluster(self, images: Any, *, draws: int = 10, seed: int = 0, batch_size: int | None = None) -> np.ndarray:
        """Probability of each cluster for each image: the mean of p(z | x, w) over draws from the posteriors.

        Args:
            images: float [count, *image_shape] in the value range that the model was trained on.
            draws: int >= 1, of x and w for each image.
            seed: int >= 0, of the draws.
            batch_size: int >= 1, images at a time; None for `inference_batch_size`.

        Returns:
            float32 [count, clusters], rows sum to 1.

        Raises:
            InputError: if the shape of an image is another, or `draws` is below 1.

        Reference:
            Dilokthanakul et al. 2016, section 4.2.
        """
        images = float_array(images, self.image_shape, "images")
        if draws < 1:
            raise InputError(f"Expected at least 1 draw an image. Received: draws={draws}. Ask for one or more.")
        batch_size = inference_batch_size(self.image_shape) if batch_size is None else batch_size
        parameters = in_batches(self.compiled_step(self.parameters_step), images, batch_size=batch_size)
        generator = np.random.default_rng(seed)
        total = np.zeros((len(images), self.clusters), np.float64)
        for _ in range(draws):
            noise = generator.standard_normal((len(images), self.latent_dim + self.style_dim), np.float32)
            total += in_batches(self.compiled_step(self.cluster_step), parameters, noise, batch_size=batch_size)
        return (total / draws).astype(np.float32)

    def parameters_step(self, images: tf.Tensor) -> tf.Tensor:
        """float32 [batch, *image_shape] -> float32 [batch, 2 * latent_dim + 2 * style_dim], in the graph."""
        return tf.cast(self.encoder(images, training=False), tf.float32)

    def cluster_step(self, parameters: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """p(z | x, w), float32 [batch, clusters], for the x and w that `noise` picks from the posteriors."""
        picks = tf.split(noise, [self.latent_dim, self.style_dim], axis=-1)
        pairs = zip(self._split(parameters), picks, strict=True)
        codes, styles = (posterior.mean() + posterior.stddev() * pick for posterior, pick in pairs)
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
        """Images decoded from codes of the prior; the same seed takes the same noise to every cluster.

        Args:
            count: int >= 1, number of images.
            cluster: int in [0, clusters), the cluster of all of them; None draws one for each.
            w: float [count, style_dim] or [style_dim], the style of each or of all; None draws them.
            seed: int >= 0, the same seed gives the same images.
            batch_size: int >= 1, images at a time; None for `inference_batch_size`.

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
        """Codes of the prior, float32 [count, latent_dim], and their clusters, int64 [count]; as in `sample`."""
        if count != int(count) or count < 1:
            raise InputError(f"Expected a whole count >= 1. Received: count={count}. Ask for one sample or more.")
        if cluster is not None and (cluster != int(cluster) or not 0 <= cluster < self.clusters):
            raise InputError(
                f"Expected a cluster in 0 .. {self.clusters - 1}. Received: cluster={cluster}. "
                "Name one of these, or leave it out to draw one for each sample."
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
                    f"Received: shape={given.shape}. Leave it out to have it drawn."
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
        return {**super().get_config(), "threshold": self.threshold, "draws": self.draws}

    def _check_encoder(self) -> None:
        """Checked once the prior network is there to say how many dimensions a style has."""

    def _picked(self, posteriors: tuple[tfd.Distribution, tfd.Distribution], noise: tf.Tensor) -> list[tf.Tensor]:
        """x and w, float32 [batch, latent_dim] and [batch, style_dim]: mean + scale * noise."""
        picks = tf.split(noise, [self.latent_dim, self.style_dim], axis=-1)
        return [q.mean() + q.stddev() * pick for q, pick in zip(posteriors, picks, strict=True)]

    def _split(self, parameters: tf.Tensor) -> tuple[tfd.Distribution, tfd.Distribution]:
        of_codes, of_styles = tf.split(parameters, [2 * self.latent_dim, 2 * self.style_dim], axis=-1)
        return distributions.diagonal_normal(of_codes), distributions.diagonal_normal(of_styles)


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
