"""The parts of a training run, each built once, on first use."""

import functools
import pathlib
from collections.abc import Callable

import jax
import optax

from affect_jax.data.evaluation_batches import EvaluationBatches
from affect_jax.data.source import Concatenated
from affect_jax.data.training_rows import Share
from affect_jax.experiment import data, network, task
from affect_jax.experiment.config.options import Options
from affect_jax.infer.compiled import CompiledNetwork
from affect_jax.nn.network import Network, Variables
from affect_jax.train.guard import Faults, leave_out_faults
from affect_jax.train.objective import Objective
from affect_jax.train.optimizer import make_optimizer
from affect_jax.train.placement import Placement
from affect_jax.train.state import TrainState, create_state
from affect_jax.train.step import make_train_step
from affect_jax.types import Source


class Run:
    """The parts of a training run in `workdir`; `refuse` checks the same objects that training uses."""

    def __init__(self, options: Options, workdir: pathlib.Path):
        self.options = options
        self.workdir = workdir

    @property
    def share(self) -> Share:
        """The share of this process in each batch."""
        return Share(jax.process_index(), jax.process_count())

    @functools.cached_property
    def placement(self) -> Placement:
        """The mesh and its sharding rules; ValueError if they do not fit the devices."""
        return Placement.of(self.options.mesh)

    @functools.cached_property
    def network(self) -> Network:
        """The network; ValueError if it cannot be built from these options."""
        return network.make_network(self.options)

    @functools.cached_property
    def tuned_network(self) -> Network:
        """The same network with its fastest execution on this machine; the first access may run measurements."""
        return network.tune(self.network, self.options, self.placement, self.workdir, training=True)

    @functools.cached_property
    def source(self) -> Concatenated:
        """The training data; raises what the readers raise."""
        return data.open_training_source(self.options, self.workdir, self.share)

    @functools.cached_property
    def evaluation_sources(self) -> dict[str, Source]:
        """The data sets evaluated during training, by name."""
        skipped_csv = data.skipped_file(self.workdir, self.share)
        storage = data.Storage.of(self.options)
        open_source = lambda part: data.open_source(part, self.options.label_set, storage, skipped_csv)
        return {name: open_source(part) for name, part in self.options.evaluations.items()}

    @functools.cached_property
    def evaluation_batches(self) -> dict[str, EvaluationBatches]:
        """The batches of each evaluation, which can be iterated repeatedly."""
        sources = self.evaluation_sources
        batches = lambda source: data.evaluation_batches(self.options, source, self.workdir, self.share)
        return {name: batches(source) for name, source in sources.items()}

    @functools.cached_property
    def objective(self) -> Objective:
        """Everything that enters the loss: tuned network, task fitted to the training data, teacher and penalties."""
        return Objective(
            self.tuned_network,
            task.fit_task(self.options, self.source),
            task.restore_teacher(self.options, self.placement),
            task.penalties(self.options),
            micro_batches=self.options.train.micro_batches,
            gather=self.placement.gather,
        )

    @functools.cached_property
    def optimizer(self) -> optax.GradientTransformation:
        """The update rule, with its schedule over the length of the run."""
        return make_optimizer(self.options.optimizer, self.options.train.steps)

    def create_state(self, variables: Variables) -> TrainState:
        """The state at step 0 with these weights."""
        averaged, on_nan = self.options.optimizer.average > 0, self.options.train.on_nan
        initial = self.options.task.initial()
        return create_state(self.network, self.optimizer, variables, initial, averaged, Faults.initial(on_nan))

    def make_step(self, objective: Objective) -> Callable:
        """The training step, with what `train.on_nan` adds to it; not compiled yet."""
        made = make_train_step(objective, self.optimizer, self.key, self.options.optimizer.average)
        return leave_out_faults(made) if self.options.train.on_nan == "skip" else made

    @functools.cached_property
    def predict(self) -> CompiledNetwork:
        """Compiled prediction for inputs on the mesh."""
        return CompiledNetwork(self.tuned_network)

    @property
    def key(self) -> jax.Array:
        """The root key of all random streams of training; child 0 of the seed draws the initial weights."""
        return jax.random.fold_in(jax.random.key(self.options.seed), 1)
