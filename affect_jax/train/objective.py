"""What is minimized: network, task, teacher and penalties together, as a loss and the terms that are logged."""

import dataclasses
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import jax
from jaxtyping import Array, PRNGKeyArray

from affect_jax.nn.network import Network, Variables
from affect_jax.train.state import Learned, TrainState
from affect_jax.train.streams import stream
from affect_jax.types import Batch, Predictions, TaskVariables


@runtime_checkable
class Task(Protocol):
    """The only part that knows labels, loss terms and scores."""

    def initial(self) -> TaskVariables:
        """What the task carries before the first step."""
        ...

    def terms(
        self, predictions: Predictions, batch: Batch, memory: Any, teacher_predictions: Predictions | None
    ) -> tuple[dict[str, Array], Any]:
        """Named loss terms of a batch, and the memory after it; a teacher's predictions are of the same images."""
        ...

    def combine(self, terms: dict[str, Array], parameters: Any, key: PRNGKeyArray | None) -> Array:
        """One loss out of the terms; without a key a fixed mixture instead of a random one."""
        ...


@dataclasses.dataclass(frozen=True)
class Teacher:
    """A trained network that is learned from and does not change."""

    predict: Callable[[Variables, Array], Predictions]
    variables: Variables


@dataclasses.dataclass(frozen=True)
class Penalty:
    """A term of the variables alone that is added to the loss of the task."""

    name: str  # as it is logged
    weight: float
    function: Callable[[Variables], Array]  # a scalar


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a batch leaves besides its gradient."""

    statistics: Any  # nnx.State: running statistics of the network after the batch
    memory: Any  # of the task
    terms: dict[str, Array]  # as they are logged


@dataclasses.dataclass(frozen=True)
class Objective:
    """The loss of a run. A new idea is one more entry here, and no parameter of the step."""

    network: Network
    task: Task
    teacher: Teacher | None = None
    penalties: tuple[Penalty, ...] = ()

    @property
    def teacher_variables(self) -> Variables | None:
        """Arrays that `loss` needs besides the state: an argument of the program, into which constants are compiled."""
        return None if self.teacher is None else self.teacher.variables

    def loss(
        self, learned: Learned, state: TrainState, batch: Batch, root: PRNGKeyArray, teacher_variables: Variables | None
    ) -> tuple[Array, Outcome]:
        """The loss of a batch, and what the batch leaves.

        Args:
            learned: parameters of the network and of the task, by which the loss is differentiated.
            state: all else that a step starts from; its learned parameters are not looked at.
            batch: the examples.
            root: the key of the run, from which each use at each step gets its own.
            teacher_variables: those of `teacher`, handed in so that they stay an argument of the compiled program.
        """
        trained, parameters = learned
        variables = Variables(trained, state.variables.frozen, state.variables.statistics)
        teacher_predictions = self._teach(teacher_variables, batch)
        dropout_key = stream(root, "dropout", state.step)
        predictions, statistics = self.network.train(variables, batch.inputs.only, dropout_key)
        terms, memory = self.task.terms(predictions, batch, state.task.memory, teacher_predictions)
        total = self.task.combine(terms, parameters, stream(root, "shake", state.step))
        penalties = {penalty.name: penalty.weight * penalty.function(variables) for penalty in self.penalties}
        for value in penalties.values():
            total = total + value
        return total, Outcome(statistics, memory, {"loss": total, **terms, **penalties, **parameters})

    def _teach(self, variables: Variables | None, batch: Batch) -> Predictions | None:
        return None if self.teacher is None else self.teacher.predict(variables, batch.inputs.only)
