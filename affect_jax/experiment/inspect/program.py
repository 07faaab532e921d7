"""The training step of a run with arguments of the right shapes: no data is read, and no weights are drawn."""

import pathlib
from typing import NamedTuple

import jax
import numpy as np

from affect_jax.experiment import task
from affect_jax.experiment.config import claim
from affect_jax.experiment.network import make_network, unmeasured_execution
from affect_jax.experiment.run import Run
from affect_jax.infer.costs import flops
from affect_jax.infer.tuning import set_execution
from affect_jax.nn.network import Network, Variables
from affect_jax.quantities.registry import in_order
from affect_jax.train.objective import Objective, Teacher
from affect_jax.train.state import TrainState
from affect_jax.train.step import compile_step
from affect_jax.types import Batch, Inputs, Label, Labels


class StepForm(NamedTuple):
    """A training step and what it is compiled for: shapes, dtypes and shardings, and a batch.

    The step takes the arrays of the batch as a list: while lowering, JAX fills its arguments with descriptions, which
    the records of a batch refuse.
    """

    function: jax.stages.Wrapped
    state: TrainState
    batch: list[jax.Array]
    teacher: Variables | None

    def compile(self) -> jax.stages.Compiled:
        """Compiles the step for the devices of its mesh; takes up to minutes."""
        return self.function.lower(self.state, self.batch, self.teacher).compile()

    @property
    def flops(self) -> float:
        """Floating-point operations of a step on all devices, as written (see `infer.costs.flops`)."""
        return flops(self.function, self.state, self.batch, self.teacher)


def step_form(run: Run, batch: Batch | None = None) -> StepForm:
    """The step of a run, each convolution by the method that the config names; "auto", which would measure, is direct.

    Without a batch of the host, it is one of zeros. UsageError if the run of the teacher is missing.
    """
    placement = run.placement
    execution = unmeasured_execution(run.options, placement)
    network = run.network.changed(lambda module: set_execution(module, execution))
    state = jax.eval_shape(run.create_state, network.abstract)
    objective = objective_form(run, network)
    teacher, step = objective.teacher_variables, run.make_step(objective)
    arrays, structure = jax.tree.flatten(placement.spread(empty_batch(run) if batch is None else batch))
    return StepForm(
        compile_step(
            lambda state, arrays, teacher: step(state, structure.unflatten(arrays), teacher), state, placement
        ),
        placement.targets(state),
        arrays,
        None if teacher is None else placement.replicated().targets(teacher),
    )


def objective_form(run: Run, network: Network) -> Objective:
    """The objective of a run with uniform class frequencies and, in place of its teacher's variables, their shapes."""
    options, teacher = run.options, None
    if options.teacher:
        other = claim.read_options(pathlib.Path(options.teacher))
        taught = make_network(other)
        teacher = Teacher(task.teacher_predict(options, other, taught, run.placement), taught.abstract)
    fitted, parts = task.fit_task(options, None), options.train.micro_batches
    return Objective(
        network, fitted, teacher, task.penalties(options), micro_batches=parts, gather=run.placement.gather
    )


def empty_batch(run: Run) -> Batch:
    """Zeros for a batch in which every quantity that the network predicts has labels."""
    options, contract = run.options, run.options.contract
    lead = (options.batch_size, options.data.frames) if options.data.frames else (options.batch_size,)
    numbers = lambda *shape: np.zeros((*lead, *shape), np.float32)
    place = np.zeros(lead, np.int32)
    inputs = Inputs(**{contract.takes: numbers(*contract.input_shape)})
    labels = {}
    for each in in_order(contract.predicts):
        labels[each.name] = Label(numbers(*each.label_shape(options.label_set)), numbers())
    return Batch(inputs, Labels(**labels), numbers(), place, place)
