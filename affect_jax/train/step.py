"""The training step and the evaluation step, short enough to read aloud."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import jax
import optax
from jax.sharding import Mesh
from jaxtyping import Array, PRNGKeyArray

from affect_jax.train.sharding import REPLICATED, Rules, shardings
from affect_jax.train.state import Network, TrainState, Variables
from affect_jax.train.streams import stream
from affect_jax.types import Batch, Predictions


@runtime_checkable
class Task(Protocol):
    """The only part that knows labels, loss terms and scores."""

    def terms(self, predictions: Predictions, batch: Batch) -> dict[str, Array]:
        """Named loss terms of a batch."""
        ...

    def combine(self, terms: dict[str, Array], key: PRNGKeyArray | None) -> Array:
        """One loss out of the terms; without a key the fixed mixture of evaluation."""
        ...


Step = Callable[[TrainState, Batch], tuple[TrainState, dict[str, Array]]]


def make_train_step(network: Network, task: Task, optimiser: optax.GradientTransformation, root: PRNGKeyArray) -> Step:
    """One step: keys, forward, terms, gradient, update; the terms come back as they will be logged."""

    def loss(trained, variables: Variables, batch: Batch, step: Array):
        variables = Variables(trained, variables.frozen, variables.statistics)
        predictions, statistics = network.train(variables, batch.images, stream(root, "dropout", step))
        terms = task.terms(predictions, batch)
        total = task.combine(terms, stream(root, "shake", step))
        return total, (statistics, {"loss": total, **terms})

    def step(state: TrainState, batch: Batch) -> tuple[TrainState, dict[str, Array]]:
        before = state.variables
        grads, (statistics, terms) = jax.grad(loss, has_aux=True)(before.trained, before, batch, state.step)
        with jax.numpy_dtype_promotion("standard"):  # Optax multiplies its integer step count with floats
            updates, opt_state = optimiser.update(grads, state.opt_state, before.trained)
        after = Variables(optax.apply_updates(before.trained, updates), before.frozen, statistics)
        return TrainState(state.step + 1, after, opt_state), {**terms, "gradient_norm": optax.tree.norm(grads)}

    return step


def compiled(step: Step, state: TrainState, mesh: Mesh, rules: Rules = REPLICATED) -> Step:
    """`step` under jit: the state keeps its placement and gives its memory away."""
    return jax.jit(step, out_shardings=(shardings(state, mesh, rules), None), donate_argnums=0)
