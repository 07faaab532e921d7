"""The training state: all that a step changes."""

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
    """All that a training step changes."""

    step: Any  # int32 scalar; Any, because trees of shapes and of shardings have this form too
    variables: Variables
    opt_state: optax.OptState
    task: TaskVariables = dataclasses.field(default_factory=TaskVariables)
    average: Any = None  # Variables, the running mean of `variables.moving`; None: not kept

    @property
    def learned(self) -> Learned:
        """What the loss is differentiated by and the optimizer moves."""
        return self.variables.trained, self.task.parameters

    @property
    def scored(self) -> Variables:
        """The numbers that are scored, kept as the network's and used later: the averaged ones where there are any."""
        if self.average is None:
            return self.variables
        return Variables(self.average.trained, self.variables.frozen, self.average.statistics)


def create_state(
    network: Network,
    optimizer: optax.GradientTransformation,
    variables: Variables,
    task: TaskVariables | None = None,
    averaged: bool = False,
) -> TrainState:
    """Step 0 from given numbers."""
    task = task or TaskVariables()
    average = jax.tree.map(jnp.copy, variables.moving) if averaged else None  # a step gives away the memory of both
    opt_state = optimizer.init((variables.trained, task.parameters))
    return TrainState(jnp.zeros((), jnp.int32), variables, opt_state, task, average)
