"""The training step."""

from collections.abc import Callable

import jax
import optax
from jaxtyping import Array, PRNGKeyArray

from affect_jax.nn.network import Variables
from affect_jax.train.average import update_average
from affect_jax.train.groups import by_module
from affect_jax.train.guard import NORM, NORM_OF
from affect_jax.train.objective import Objective
from affect_jax.train.placement import Placement
from affect_jax.train.state import TrainState
from affect_jax.types import Batch, TaskVariables

Step = Callable[[TrainState, Batch], tuple[TrainState, dict[str, Array]]]


def make_train_step(
    objective: Objective, optimizer: optax.GradientTransformation, root: PRNGKeyArray, average: float = 0.0
) -> Callable[..., tuple[TrainState, dict[str, Array]]]:
    """Makes the training step: loss, gradient, update. It returns the new state and the terms to log.

    `average` is the decay of the running average of the weights, if the state has one. The step takes the variables of
    the objective's teacher as a third argument.
    """
    differentiate = jax.grad(objective.loss, has_aux=True)

    def step(state: TrainState, batch: Batch, teacher: Variables | None = None) -> tuple[TrainState, dict[str, Array]]:
        grads, outcome = differentiate(state.learned, state, batch, root, teacher)
        with jax.numpy_dtype_promotion("standard"):  # Optax multiplies its integer step count by floats
            updates, opt_state = optimizer.update(grads, state.opt_state, state.learned)
        trained, parameters = optax.apply_updates(state.learned, updates)
        variables = Variables(trained, state.variables.frozen, outcome.statistics)
        mean = None if state.average is None else update_average(state.average, variables, average, state.step)
        task = TaskVariables(parameters, outcome.memory)
        after = TrainState(state.step + 1, variables, opt_state, task, mean, state.faults)
        norms = {f"{NORM_OF}{group}": optax.tree.norm(leaves) for group, leaves in by_module(grads).items()}
        return after, {**outcome.terms, NORM: optax.tree.norm(grads), **norms}

    return step


def compile_step(step: Callable, state: TrainState, placement: Placement, teacher: Variables | None = None) -> Step:
    """Jits `step`; the state keeps its placement and is donated.

    The teacher's variables are an argument of the program, so that they are not compiled into it as constants.
    """
    jitted = jax.jit(step, out_shardings=(placement.shardings(state), None), donate_argnums=0)
    if teacher is None:
        return jitted
    return lambda state, batch: jitted(state, batch, teacher)
