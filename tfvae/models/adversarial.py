"""What the models with a discriminator share: an optimizer for it beside the other, both saved and restored."""

from __future__ import annotations

from typing import Any

import keras

from tfvae.errors import InputError
from tfvae.models.base import Player
from tfvae.models.latent_variable import LatentVariableModel


class AdversarialModel(LatentVariableModel):
    """A model in which `discriminator_optimizer` moves the discriminator, and `optimizer` everything else.

    A subclass sets `discriminator`, or None where it plays alone, and calls its first optimizer `optimizer_name`.
    """

    discriminator: keras.Model | None
    discriminator_optimizer: keras.optimizers.Optimizer | None = None
    optimizer_name = "optimizer"

    def compile(self, optimizer: Any = "adam", discriminator_optimizer: Any = "adam", **options: Any) -> None:
        """Gives each player its optimizer, built on its own variables: an unbuilt one is skipped when a file is read.

        Args:
            optimizer: a Keras optimizer or its name.
            discriminator_optimizer: another one, or a name; it is not looked at where there is no discriminator.
            **options: `jit_compile`, `steps_per_execution` and `run_eagerly` of `keras.Model.compile`.

        Raises:
            InputError: if both are one object.
        """
        if optimizer is discriminator_optimizer and not isinstance(optimizer, str):
            raise InputError(f"Expected an optimizer for each player. Received: {optimizer.name} for both. Make two.")
        super().compile(optimizer=optimizer, **options)
        if self.discriminator is not None:
            self.discriminator_optimizer = keras.optimizers.get(discriminator_optimizer)
        for player, variables in self.players():
            player.build(variables)

    def get_compile_config(self) -> dict[str, Any]:
        optimizers = {self.optimizer_name: self.optimizer, "discriminator_optimizer": self.discriminator_optimizer}
        made = {name: keras.optimizers.serialize(value) for name, value in optimizers.items() if value is not None}
        return {**made, "jit_compile": self.jit_compile}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        optimizers = {
            name: keras.optimizers.deserialize(value) for name, value in config.items() if isinstance(value, dict)
        }
        self.compile(**{**config, **optimizers})

    def players(self) -> list[Player]:
        if self.discriminator is None:
            return [(self.optimizer, self.trainable_variables)]
        theirs = self.discriminator.trainable_variables
        identities = {id(variable) for variable in theirs}
        others = [variable for variable in self.trainable_variables if id(variable) not in identities]
        return [(self.optimizer, others), (self.discriminator_optimizer, theirs)]


def check_gives_logits(discriminator: keras.Model) -> None:
    """Refuses a discriminator that ends in a sigmoid.

    Raises:
        InputError: if it does; the losses hold the sigmoid.
    """
    if getattr(discriminator.layers[-1], "activation", None) is keras.activations.sigmoid:
        raise InputError(
            "Expected a discriminator that gives logits. Received: one that ends in a sigmoid. Leave it out: the "
            "losses hold it."
        )
