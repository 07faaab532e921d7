"""The training step and the evaluation step, short enough to read aloud."""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import jax
import optax
from jax.sharding import Mesh
from jaxtyping import Array, PRNGKeyArray

from affect_jax.nn.network import Network, Variables
from affect_jax.train.average import advanced
from affect_jax.train.sharding import REPLICATED, Rules, shardings
from affect_jax.train.sparsity import evenness
from affect_jax.train.state import TrainState
from affect_jax.train.streams import stream
from affect_jax.types import Batch, Predictions, TaskVariables


@runtime_checkable
class Task(Protocol):
    """The only part that knows labels, loss terms and scores."""

    def initial(self) -> TaskVariables:
        """What the task carries before the first step."""
        ...

    def terms(
        self, predictions: Predictions, batch: Batch, memory: Any, taught: Predictions | None
    ) -> tuple[dict[str, Array], Any]:
        """Named loss terms of a batch, and the memory after it; `taught` is what a teacher says of the same images."""
        ...

    def combine(self, terms: dict[str, Array], parameters: Any, key: PRNGKeyArray | None) -> Array:
        """One loss out of the terms; without a key a fixed mixture instead of a random one."""
        ...


Step = Callable[[TrainState, Batch], tuple[TrainState, dict[str, Array]]]
Teach = Callable[[Variables, Array], Predictions]


def make_train_step(
    network: Network,
    task: Task,
    optimizer: optax.GradientTransformation,
    root: PRNGKeyArray,
    average: float = 0.0,
    teach: Teach | None = None,
    sparsity: float = 0.0,
) -> Callable[..., tuple[TrainState, dict[str, Array]]]:
    """One step: keys, forward, terms, gradient, update; the terms come back as they will be logged.

    `average` is the decay of the running mean of the weights, where the state keeps one. The step takes the numbers of
    the teacher, for which `teach` predicts, as a third argument. `sparsity` is the weight of `sparsity.evenness`.
    """

    def loss(learned: tuple, state: TrainState, batch: Batch, taught: Predictions | None):
        trained, parameters = learned
        variables = Variables(trained, state.variables.frozen, state.variables.statistics)
        predictions, statistics = network.train(variables, batch.inputs.only, stream(root, "dropout", state.step))
        terms, memory = task.terms(predictions, batch, state.task.memory, taught)
        total = task.combine(terms, parameters, stream(root, "shake", state.step))
        if sparsity:
            terms = {**terms, "loss/sparsity": sparsity * evenness(variables)}
            total = total + terms["loss/sparsity"]
        return total, (statistics, memory, {"loss": total, **terms, **parameters})

    def step(state: TrainState, batch: Batch, teacher: Variables | None = None) -> tuple[TrainState, dict[str, Array]]:
        taught = None if teach is None else teach(teacher, batch.inputs.only)
        learned = (state.variables.trained, state.task.parameters)
        grads, (statistics, memory, terms) = jax.grad(loss, has_aux=True)(learned, state, batch, taught)
        with jax.numpy_dtype_promotion("standard"):  # Optax multiplies its integer step count with floats
            updates, opt_state = optimizer.update(grads, state.opt_state, learned)
        trained, parameters = optax.apply_updates(learned, updates)
        variables = Variables(trained, state.variables.frozen, statistics)
        mean = None if state.average is None else advanced(state.average, variables, average, state.step)
        after = TrainState(state.step + 1, variables, opt_state, TaskVariables(parameters, memory), mean)
        return after, {**terms, "gradient_norm": optax.tree.norm(grads)}

    return step


def compiled(
    step: Callable, state: TrainState, mesh: Mesh, rules: Rules = REPLICATED, teacher: Variables | None = None
) -> Step:
    """`step` under jit: the state keeps its placement and gives its memory away.

    The teacher's numbers are an argument of the program: as constants they would be compiled into it.
    """
    jitted = jax.jit(step, out_shardings=(shardings(state, mesh, rules), None), donate_argnums=0)
    return jitted if teacher is None else lambda state, batch: jitted(state, batch, teacher)
