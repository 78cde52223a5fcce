"""Shared training code: gradient steps, replica scaling, noise counters, metrics.

A model's own file has its loss (`objective`) and the order of its updates (`train_step`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfvae.errors import InputError
from tfvae.models.micro_batches import accumulated_gradients
from tfvae.models.noise import Noise
from tfvae.models.replicas import global_batch_size, sum_over_replicas

Terms = dict[str, tf.Tensor]
Objective = Callable[..., Terms]
OptimizedVariables = tuple[keras.optimizers.Optimizer, list[Any]]


def images_and_labels(
    data: Any, image_shape: tuple[int, ...] | None = None, *, name: str = "images"
) -> tuple[tf.Tensor, tf.Tensor | None]:
    """Unpacks the batch that Keras passes to a step, and checks its images.

    Args:
        data: (images, labels), (images,) or images.
        image_shape: ints, required shape of an image; None accepts any.
        name: name of the images in error messages.

    Returns:
        float32 [batch, *image_shape] and the labels, unchanged; None if there are none.

    Raises:
        InputError: if the images have no float dtype or another shape.
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
    """Base class of all models: trains on a loss that the subclass gives as named terms for each example.

    loss = mean over the global batch of sum(objective(images, labels, noise=noise, training=True).values())

    A subclass lists its terms in `term_names` and defines `objective`, which returns {name: float32 [batch]} in nats.
    `test_step` evaluates the same `objective`. Override `train_step` for more than one optimizer.

    Args:
        seed: int >= 0, seed of the noise.
        **kwargs: `name` and `dtype` of `keras.Model`.

    Raises:
        InputError: if the seed is negative or not a whole number.
    """

    term_names: Sequence[str] = ()
    image_shape: tuple[int, ...] | None = None
    updates_per_step: int = 1  # of the optimizers together

    def __init__(self, *, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if seed != int(seed) or seed < 0:
            raise InputError(f"Expected a whole seed >= 0. Received: seed={seed}. Use 0, the default.")
        self.seed = seed
        counter = {"shape": (), "dtype": "int64", "trainable": False, "aggregation": "only_first_replica"}
        self.train_draws = self.add_weight(name="train_draws", initializer="zeros", **counter)
        self.test_draws = self.add_weight(name="test_draws", initializer="zeros", **counter)
        self.failed_step = self.add_weight(name="failed_step", initializer=keras.initializers.Constant(-1), **counter)
        self.failed_term = self.add_weight(name="failed_term", initializer=keras.initializers.Constant(-1), **counter)
        self.trackers = [keras.metrics.Mean(name=name) for name in ("loss", *self.term_names)]
        self._compiled_functions: dict[str, Any] = {}

    def objective(self, images: tf.Tensor, labels: tf.Tensor | None, *, noise: Noise, training: bool) -> Terms:
        """The loss of each example: named terms, float32 [batch] each, in nats."""
        raise NotImplementedError(f"{type(self).__name__} must define `objective`.")

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One update of all trainable variables."""
        return self.minimize(self.objective, data, self.trainable_variables, self.optimizer)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The objective on held-out data; every evaluation uses the same noise."""
        images, labels = images_and_labels(data, self.image_shape)
        terms = self.objective(images, labels, noise=self._noise(self.test_draws), training=False)
        self.test_draws.assign_add(1)
        return self.record(terms)

    def predict_step(self, data: Any) -> tf.Tensor:
        images, _ = images_and_labels(data, self.image_shape)
        return self(images, training=False)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """Running means of the loss and its terms, without the loss tracker that Keras adds."""
        return list(self.trackers)

    def optimizers_and_variables(self) -> list[OptimizedVariables]:
        """Each optimizer with the variables that it updates; checkpoints save them all."""
        return [(self.optimizer, self.trainable_variables)]

    def reset_metrics(self) -> None:
        """Keras calls this before each epoch and each evaluation."""
        super().reset_metrics()
        self.test_draws.assign(0)

    def minimize(
        self, objective: Objective, data: Any, variables: Sequence[Any], optimizer: keras.optimizers.Optimizer
    ) -> dict[str, tf.Tensor]:
        """One update of `variables` by `optimizer` on the mean of `objective` over the global batch.

        Args:
            objective: function like `objective` above.
            data: the batch that Keras passes to `train_step`, (images, labels) or images.
            variables: the variables to update.
            optimizer: the optimizer.

        Returns:
            {name: float32 []}, the running means of the epoch.
        """
        return self.record(self.gradient_step(objective, data, [(optimizer, list(variables))]))

    def gradient_step(
        self, objective: Objective, data: Any, optimized: Sequence[OptimizedVariables], *, parts: int = 1
    ) -> Terms:
        """One simultaneous update by several optimizers on one objective, each of its own variables.

        Keras sums gradients over replicas, so each replica divides its sum by the size of the global batch.

        Args:
            objective: function like `objective` above. Where the optimizers minimize different terms, a term must
                have no gradient with respect to the other optimizers' variables.
            data: the batch that Keras passes to `train_step`, (images, labels) or images.
            optimized: each optimizer with its variables.
            parts: int >= 1, number of micro-batches of equal size whose gradients are accumulated, to save memory.
                The gradient is that of the whole batch if the terms of an example depend on no other example and
                the networks have no state.

        Returns:
            The terms of the batch, to pass to `record`.

        Raises:
            InputError: if the batch does not divide into the parts, or several optimizers scale the loss.
        """
        images, labels = images_and_labels(data, self.image_shape)
        noise = self._noise(self.train_draws)
        variables = [variable for _, own in optimized for variable in own]
        scale_loss = _loss_scaling([optimizer for optimizer, _ in optimized])
        batch = global_batch_size(images)

        def gradients_of(images: tf.Tensor, labels: tf.Tensor | None, noise: Noise) -> tuple[Terms, list[tf.Tensor]]:
            with tf.GradientTape() as tape:
                terms = objective(images, labels, noise=noise, training=True)
                loss = scale_loss(tf.add_n([tf.reduce_sum(term) / batch for term in terms.values()]))
            return terms, tape.gradient(loss, variables)

        if parts == 1:
            terms, gradients = gradients_of(images, labels, noise)
        else:
            terms, gradients = accumulated_gradients(
                gradients_of, images, labels, noise, parts=parts, term_names=self.term_names, variables=variables
            )
        for optimizer, own in optimized:
            optimizer.apply(gradients[: len(own)], own)
            gradients = gradients[len(own) :]
        self._record_failure({name: tf.reduce_sum(term) / batch for name, term in terms.items()})
        self.train_draws.assign_add(1)
        return terms

    def record(self, terms: Terms) -> dict[str, tf.Tensor]:
        """Updates the running means of the terms and of `loss`, their sum, and returns all running means."""
        values = {**terms, "loss": tf.add_n(list(terms.values()))}
        for tracker in self.trackers:
            if tracker.name in values:
                tracker.update_state(values[tracker.name])
        return {tracker.name: tracker.result() for tracker in self.trackers}

    def compiled_step(self, step: Callable[..., tf.Tensor]) -> Callable[..., tf.Tensor]:
        """A method of this model compiled by XLA, cached; results are bit-identical from run to run on one machine."""
        name = step.__name__
        if name not in self._compiled_functions:
            self._compiled_functions[name] = tf.function(step, jit_compile=True)
        return self._compiled_functions[name]

    def _noise(self, step: keras.Variable) -> Noise:
        context = tf.distribute.get_replica_context()
        return Noise(self.seed, tf.convert_to_tensor(step), context.replica_id_in_sync_group if context else 0)

    def _record_failure(self, means: Terms) -> None:
        """Stores the first update with a term that is not finite, and the term; a callback stops the run then."""
        finite = tf.math.is_finite(sum_over_replicas(tf.stack(list(means.values()))))
        first = (tf.convert_to_tensor(self.failed_step) < 0) & ~tf.reduce_all(finite)
        places = tf.constant([self.term_names.index(name) for name in means], tf.int64)
        term = tf.gather(places, tf.argmin(tf.cast(finite, tf.int32)))
        self.failed_step.assign(tf.where(first, self.train_draws, self.failed_step))
        self.failed_term.assign(tf.where(first, term, self.failed_term))


def _loss_scaling(optimizers: Sequence[keras.optimizers.Optimizer]) -> Callable[[tf.Tensor], tf.Tensor]:
    """The `scale_loss` of the one optimizer; several optimizers of one loss must not scale it."""
    if len(optimizers) > 1 and any(hasattr(optimizer, "inner_optimizer") for optimizer in optimizers):
        raise InputError(
            "Expected optimizers without loss scaling, since they share one loss. Received: "
            f"{', '.join(optimizer.name for optimizer in optimizers)}. Use the policy mixed_bfloat16."
        )
    return optimizers[0].scale_loss
