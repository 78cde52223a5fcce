"""Base class of models with a discriminator: two optimizers, both saved and restored."""

from __future__ import annotations

from typing import Any

import keras

from tfvae.errors import InputError
from tfvae.models.base import OptimizedVariables
from tfvae.models.latent_variable import LatentVariableModel


class AdversarialModel(LatentVariableModel):
    """A model whose discriminator has its own optimizer, `discriminator_optimizer`; `optimizer` updates the rest.

    A subclass sets `discriminator`, which may be None, and the name of the other optimizer in `compile`,
    `optimizer_name`.
    """

    discriminator: keras.Model | None
    discriminator_optimizer: keras.optimizers.Optimizer | None = None
    optimizer_name = "optimizer"

    def compile(self, optimizer: Any = "adam", discriminator_optimizer: Any = "adam", **options: Any) -> None:
        """Sets both optimizers and builds them, since Keras does not restore the state of an unbuilt optimizer.

        Args:
            optimizer: a Keras optimizer or its name.
            discriminator_optimizer: a Keras optimizer or its name; unused without a discriminator.
            **options: `jit_compile`, `steps_per_execution` and `run_eagerly` of `keras.Model.compile`.

        Raises:
            InputError: if both are the same object.
        """
        if optimizer is discriminator_optimizer and not isinstance(optimizer, str):
            raise InputError(
                f"Expected two optimizers. Received: {optimizer.name} for both networks. Create one for each."
            )
        super().compile(optimizer=optimizer, **options)
        if self.discriminator is not None:
            self.discriminator_optimizer = keras.optimizers.get(discriminator_optimizer)
        for each, variables in self.optimizers_and_variables():
            each.build(variables)

    def get_compile_config(self) -> dict[str, Any]:
        optimizers = {self.optimizer_name: self.optimizer, "discriminator_optimizer": self.discriminator_optimizer}
        made = {name: keras.optimizers.serialize(value) for name, value in optimizers.items() if value is not None}
        return {**made, "jit_compile": self.jit_compile}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        optimizers = {
            name: keras.optimizers.deserialize(value) for name, value in config.items() if isinstance(value, dict)
        }
        self.compile(**{**config, **optimizers})

    def optimizers_and_variables(self) -> list[OptimizedVariables]:
        if self.discriminator is None:
            return [(self.optimizer, self.trainable_variables)]
        discriminator = self.discriminator.trainable_variables
        ids = {id(variable) for variable in discriminator}
        others = [variable for variable in self.trainable_variables if id(variable) not in ids]
        return [(self.optimizer, others), (self.discriminator_optimizer, discriminator)]


def check_gives_logits(discriminator: keras.Model) -> None:
    """Checks that a discriminator does not end in a sigmoid, which the losses apply.

    Raises:
        InputError: if it does.
    """
    if getattr(discriminator.layers[-1], "activation", None) is keras.activations.sigmoid:
        raise InputError(
            "Expected a discriminator that returns logits. Received: one that ends in a sigmoid. Remove the sigmoid: "
            "the losses apply it."
        )
