"""The training state."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import optax

from affect_jax.nn.network import Network, Variables
from affect_jax.types import TaskVariables

Learned = tuple[Any, Any]  # trained parameters of the network, and those of the task


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class TrainState:
    """Everything that a training step updates."""

    step: Any  # int32 scalar; Any, because trees of shapes and of shardings have this structure too
    variables: Variables
    opt_state: optax.OptState
    task: TaskVariables = dataclasses.field(default_factory=TaskVariables)
    average: Any = None  # Variables: running average of `variables.moving`; None if not kept
    faults: Any = None  # guard.Faults: steps that were not finite; None if not counted

    @property
    def learned(self) -> Learned:
        """The parameters that are optimized."""
        return self.variables.trained, self.task.parameters

    @property
    def scored(self) -> Variables:
        """The variables that are evaluated and used after training: the averaged ones, if kept."""
        if self.average is None:
            return self.variables
        return Variables(self.average.trained, self.variables.frozen, self.average.statistics)


def create_state(
    network: Network,
    optimizer: optax.GradientTransformation,
    variables: Variables,
    task: TaskVariables | None = None,
    averaged: bool = False,
    faults: Any = None,
) -> TrainState:
    """Makes the state at step 0 from initial variables."""
    task = task or TaskVariables()
    average = jax.tree.map(jnp.copy, variables.moving) if averaged else None  # a copy, since a step donates both
    opt_state = optimizer.init((variables.trained, task.parameters))
    return TrainState(jnp.zeros((), jnp.int32), variables, opt_state, task, average, faults)
