"""The mechanics that every model shares: noise, gradients, the division between replicas, running means.

What a model minimizes stands in its own file (`objective`), and so does who moves in which order (`train_step`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfvae.errors import InputError
from tfvae.models.micro_batches import in_parts
from tfvae.models.noise import Noise
from tfvae.models.replicas import global_batch_size, sum_over_replicas

Terms = dict[str, tf.Tensor]
Objective = Callable[..., Terms]
Player = tuple[keras.optimizers.Optimizer, list[Any]]


def images_and_labels(
    data: Any, image_shape: tuple[int, ...] | None = None, *, name: str = "images"
) -> tuple[tf.Tensor, tf.Tensor | None]:
    """The float32 images and the labels (or None) of what Keras hands to a step.

    Args:
        data: (images, labels), (images,) or images.
        image_shape: ints, shape that an image must have; None leaves it open.
        name: what the messages call the images.

    Returns:
        float32 [batch, *image_shape] and the labels as they came.

    Raises:
        InputError: if the images are of no float type or of another shape.
    """
    images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    if not images.dtype.is_floating:
        raise InputError(
            f"Expected {name} of a float type in the model's value range. Received: dtype={images.dtype.name}. "
            "Divide uint8 pixels by 255, or feed `tfvae.data.pipeline.training_batches(data, ...)`."
        )
    if image_shape is not None and (images.shape.rank is None or tuple(images.shape[1:]) != image_shape):
        raise InputError(
            f"Expected {name} as float [batch, {', '.join(map(str, image_shape))}]. Received: shape={images.shape}. "
            f"Reshape them, or build the networks for such {name}."
        )
    return tf.cast(images, tf.float32), labels


class GenerativeModel(keras.Model):
    """A Keras model whose subclass states its terms, its objective and its order of play.

    loss = mean over the global batch of sum(objective(images, labels, noise=noise, training=True).values())

    A subclass names its terms in `term_names` and gives `objective`, which returns {name: float32 [batch]} in nats,
    to be minimized. `test_step` reuses it, so validation has no second equation.

    Args:
        seed: int >= 0, seed of the noise that the model draws.
        **kwargs: `name` and `dtype` of `keras.Model`.
    """

    term_names: Sequence[str] = ()
    image_shape: tuple[int, ...] | None = None
    draws_per_step: int = 1  # how often a training step descends, each time with noise of its own

    def __init__(self, *, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if seed != int(seed) or seed < 0:
            raise InputError(f"Expected a whole seed >= 0. Received: seed={seed}. Use 0 if any will do.")
        self.seed = seed
        counter = {"shape": (), "dtype": "int64", "trainable": False, "aggregation": "only_first_replica"}
        self.train_draws = self.add_weight(name="train_draws", initializer="zeros", **counter)
        self.test_draws = self.add_weight(name="test_draws", initializer="zeros", **counter)
        self.failed_step = self.add_weight(name="failed_step", initializer=keras.initializers.Constant(-1), **counter)
        self.failed_term = self.add_weight(name="failed_term", initializer=keras.initializers.Constant(-1), **counter)
        self.trackers = [keras.metrics.Mean(name=name) for name in ("loss", *self.term_names)]
        self._compiled_functions: dict[str, Any] = {}

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool) -> Terms:
        """The equation: named terms, float32 [batch] each, in nats, to be minimized."""
        raise NotImplementedError(f"{type(self).__name__} must define `objective`.")

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Every variable follows the one objective; a model with several players overrides this."""
        return self.minimize(self.objective, data, self.trainable_variables, self.optimizer)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The objective on held-out data, with noise that repeats from one evaluation to the next."""
        images, labels = images_and_labels(data, self.image_shape)
        terms = self.objective(images, labels, noise=self._noise(self.test_draws), training=False)
        self.test_draws.assign_add(1)
        return self.record(terms)

    def predict_step(self, data: Any) -> tf.Tensor:
        images, _ = images_and_labels(data, self.image_shape)
        return self(images, training=False)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The running means of the loss and its terms; Keras would put its own mean of a loss before them."""
        return list(self.trackers)

    def players(self) -> list[Player]:
        """Each optimizer with the variables that it moves; checkpoints keep them all."""
        return [(self.optimizer, self.trainable_variables)]

    def reset_metrics(self) -> None:
        """Keras calls this before each epoch and each evaluation."""
        super().reset_metrics()
        self.test_draws.assign(0)

    def minimize(
        self, objective: Objective, data: Any, variables: Sequence[Any], optimizer: keras.optimizers.Optimizer
    ) -> dict[str, tf.Tensor]:
        """One step of `optimizer` on `variables` down the mean of `objective` over the global batch.

        Keras sums gradients over replicas, so each replica divides its sum by the size of the global batch.

        Args:
            objective: as `objective` above.
            data: what `fit` hands to a step, (images, labels) or images.
            variables: the variables that may move.
            optimizer: the optimizer that moves them.

        Returns:
            {name: float32 []}, the running means of the epoch.
        """
        return self.record(self.descend(objective, data, variables, optimizer))

    def descend(
        self, objective: Objective, data: Any, variables: Sequence[Any], optimizer: keras.optimizers.Optimizer
    ) -> Terms:
        """The step of `minimize`, whose terms a model of several players records together once all have moved."""
        return self.descend_together(objective, data, [(optimizer, list(variables))])

    def descend_together(self, objective: Objective, data: Any, players: Sequence[Player], *, parts: int = 1) -> Terms:
        """One step of every player at once, each down the part of one objective that its own variables move.

        Args:
            objective: as `objective` above; what one player minimizes must give the others no gradient.
            data: what `fit` hands to a step, (images, labels) or images.
            players: each optimizer with its variables.
            parts: int >= 1, how many parts of equal size the batch goes through the networks in, one after the other.
                Memory shrinks with it, and gradients stay those of the whole batch, as long as a term of one example
                needs no other example and the networks have no state.

        Returns:
            The terms of the batch.

        Raises:
            InputError: if the batch does not divide into the parts, or several players' losses are scaled.
        """
        images, labels = images_and_labels(data, self.image_shape)
        noise = self._noise(self.train_draws)
        variables = [variable for _, own in players for variable in own]
        scale_loss = _one_scale([optimizer for optimizer, _ in players])
        batch = global_batch_size(images)

        def slopes(images: tf.Tensor, labels: tf.Tensor | None, noise: Noise) -> tuple[Terms, list[tf.Tensor]]:
            with tf.GradientTape() as tape:
                terms = objective(images, labels, noise=noise, training=True)
                loss = scale_loss(tf.add_n([tf.reduce_sum(term) / batch for term in terms.values()]))
            return terms, tape.gradient(loss, variables)

        whole = slopes if parts == 1 else functools.partial(in_parts, slopes, self.term_names, variables, parts)
        terms, gradients = whole(images, labels, noise)
        for optimizer, own in players:
            optimizer.apply(gradients[: len(own)], own)
            gradients = gradients[len(own) :]
        self._note_failure({name: tf.reduce_sum(term) / batch for name, term in terms.items()})
        self.train_draws.assign_add(1)
        return terms

    def record(self, terms: Terms) -> dict[str, tf.Tensor]:
        """Adds the terms to their running means and returns those, with their sum under `loss`."""
        values = {**terms, "loss": tf.add_n(list(terms.values()))}
        for tracker in self.trackers:
            if tracker.name in values:
                tracker.update_state(values[tracker.name])
        return {tracker.name: tracker.result() for tracker in self.trackers}

    def compiled_step(self, step: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
        """A method of this model compiled by XLA, once; XLA repeats its results bit for bit on one machine."""
        name = step.__name__
        if name not in self._compiled_functions:
            self._compiled_functions[name] = tf.function(step, jit_compile=True)
        return self._compiled_functions[name]

    def _noise(self, draws: keras.Variable) -> Noise:
        context = tf.distribute.get_replica_context()
        return Noise(self.seed, tf.convert_to_tensor(draws), context.replica_id_in_sync_group if context else 0)

    def _note_failure(self, share: Terms) -> None:
        """Keeps the first draw at which a term was not finite, and which; a callback stops the run on it."""
        finite = tf.math.is_finite(sum_over_replicas(tf.stack(list(share.values()))))
        first = (tf.convert_to_tensor(self.failed_step) < 0) & ~tf.reduce_all(finite)
        places = tf.constant([self.term_names.index(name) for name in share], tf.int64)
        term = tf.gather(places, tf.argmin(tf.cast(finite, tf.int32)))
        self.failed_step.assign(tf.where(first, self.train_draws, self.failed_step))
        self.failed_term.assign(tf.where(first, term, self.failed_term))


def _one_scale(optimizers: Sequence[keras.optimizers.Optimizer]) -> Callable[[tf.Tensor], tf.Tensor]:
    """How the loss that all optimizers share is scaled against float16's underflow: as one optimizer wants it."""
    if len(optimizers) > 1 and any(hasattr(optimizer, "inner_optimizer") for optimizer in optimizers):
        raise InputError(
            "Expected optimizers that do not scale the loss, which several players share. Received: "
            f"{', '.join(optimizer.name for optimizer in optimizers)}. Use the policy mixed_bfloat16."
        )
    return optimizers[0].scale_loss
