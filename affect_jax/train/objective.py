"""The training objective: combines network, task, teacher and penalties into a loss and logged terms."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import jax
from jaxtyping import Array, PRNGKeyArray

from affect_jax.nn.network import Network, Variables
from affect_jax.train.micro_batches import map_parts, train_in_parts
from affect_jax.train.state import Learned, TrainState
from affect_jax.train.streams import stream
from affect_jax.types import Batch, Predictions, TaskVariables


@runtime_checkable
class Task(Protocol):
    """The only part that knows about labels and loss terms."""

    def initial(self) -> TaskVariables:
        """The variables of the task before the first step."""
        ...

    def terms(
        self, predictions: Predictions, batch: Batch, memory: Any, teacher_predictions: Predictions | None
    ) -> tuple[dict[str, Array], Any]:
        """Named loss terms of a batch, and the memory after it; the teacher's predictions are for the same batch."""
        ...

    def combine(self, terms: dict[str, Array], parameters: Any, key: PRNGKeyArray | None) -> Array:
        """Combines the terms into one loss; without a key, with a fixed mixture instead of a random one."""
        ...


@dataclasses.dataclass(frozen=True)
class Teacher:
    """A trained network for distillation; it does not change."""

    predict: Callable[[Variables, Array], Predictions]
    variables: Variables


@dataclasses.dataclass(frozen=True)
class Penalty:
    """A term that depends only on the variables and is added to the loss of the task."""

    name: str  # as logged
    weight: float
    function: Callable[[Variables], Array]  # a scalar


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Outcome:
    """The results of a batch besides its gradient."""

    statistics: Any  # nnx.State: running statistics of the network after the batch
    memory: Any  # of the task
    terms: dict[str, Array]  # as logged


@dataclasses.dataclass(frozen=True)
class Objective:
    """The loss of a run. To extend it, add a field here rather than a parameter of the step."""

    network: Network
    task: Task
    teacher: Teacher | None = None
    penalties: tuple[Penalty, ...] = ()
    micro_batches: int = 1  # parts of a batch that go through the network one after another
    gather: Callable[[Variables], Variables] = lambda variables: variables  # see `Placement.gather`

    @property
    def teacher_variables(self) -> Variables | None:
        """Arrays that `loss` needs besides the state; passed as an argument so that they do not become constants."""
        return None if self.teacher is None else self.teacher.variables

    def loss(
        self, learned: Learned, state: TrainState, batch: Batch, root: PRNGKeyArray, teacher_variables: Variables | None
    ) -> tuple[Array, Outcome]:
        """The loss of a batch, and its other results.

        Args:
            learned: parameters of the network and of the task, which the loss is differentiated with respect to.
            state: the state before the step; its own learned parameters are ignored.
            batch: the examples.
            root: the root key of the run, from which a separate key is derived for each purpose and step.
            teacher_variables: those of `teacher`, passed in so that they remain an argument of the compiled program.
        """
        trained, parameters = learned
        variables = self.gather(Variables(trained, state.variables.frozen, state.variables.statistics))
        teacher_predictions = self._predict_teacher(teacher_variables, batch)
        dropout_key = stream(root, "dropout", state.step)
        predictions, statistics = train_in_parts(
            self.network, variables, batch.inputs.only, dropout_key, self.micro_batches
        )
        terms, memory = self.task.terms(predictions, batch, state.task.memory, teacher_predictions)
        total = self.task.combine(terms, parameters, stream(root, "shake", state.step))
        penalties = {penalty.name: penalty.weight * penalty.function(variables) for penalty in self.penalties}
        for value in penalties.values():
            total = total + value
        return total, Outcome(statistics, memory, {"loss": total, **terms, **penalties, **parameters})

    def _predict_teacher(self, variables: Variables | None, batch: Batch) -> Predictions | None:
        if self.teacher is None:
            return None
        predict = functools.partial(self.teacher.predict, variables)
        return map_parts(predict, batch.inputs.only, self.micro_batches)
