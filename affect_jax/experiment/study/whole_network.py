"""Fine-tuning of a whole network on the images of one person, which methods on stored features are compared with."""

import dataclasses
import pathlib
import re
from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int, Shaped

from affect_jax.experiment import restore
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.network import make_builder, make_predict, tune
from affect_jax.experiment.task import fit_task
from affect_jax.nn.network import Network, Variables, names
from affect_jax.personal.outputs import adapted_quantities, answer, count_outputs
from affect_jax.train.objective import Objective
from affect_jax.train.optimizer import OptimizerConfig, make_optimizer
from affect_jax.train.placement import Placement
from affect_jax.train.state import create_state
from affect_jax.train.step import compile_step, make_train_step
from affect_jax.types import ArrayLike, Batch

EVERYTHING = ".*"
PREDICTED = 32  # faces or clips at once
OURS = OptimizerConfig(learning_rate=1e-3)


@dataclasses.dataclass(frozen=True)
class Tuning:
    """How a network is fine-tuned.

    The defaults are ours, and not chosen on source people, which would take a training for each of them.
    """

    optimizer: OptimizerConfig = OURS
    batch: int = 32
    stops: tuple[int, ...] = (60,)  # numbers of steps after which the network is scored, ascending
    layers: str = EVERYTHING  # regular expression for whole paths of the parameters that learn

    def __post_init__(self):
        if not self.stops or min(self.stops) < 0 or list(self.stops) != sorted(set(self.stops)):
            raise ValueError(f"numbers of steps {self.stops}: expected different ones in ascending order, 0 or more")
        try:
            re.compile(self.layers)
        except re.error as error:
            raise ValueError(f"layers '{self.layers}': {error}") from error


BY_LABELS = Tuning()


def adaptive_learning(stops: Sequence[int], learning_rate: float, layers: str) -> Tuning:
    """Stochastic gradient descent with momentum 0.9 on three clips, or images, at each iteration.

    Source: Ouyang et al. (emotion intensity from video); theirs has a learning rate of 1e-4 and adapts all layers.
    """
    optimizer = OptimizerConfig(name="sgd", learning_rate=learning_rate, schedule="constant")
    return Tuning(optimizer, 3, tuple(stops), layers)


class WholeNetwork:
    """A trained network whose parameters are fine-tuned for one person after another by one compiled step.

    The loss is that of the network's own training, on what is adapted alone; running statistics stay. ValueError if no
    parameter matches the layers.
    """

    def __init__(self, workdir: pathlib.Path, tuning: Tuning = BY_LABELS):
        self.run, restored, self.variables, _ = restore.restore_run(workdir)
        contract = self.run.contract
        self.quantities = adapted_quantities(contract.predicts)
        if contract.takes != "images" or (self.run.data.frames and not contract.newest) or not self.quantities:
            raise UsageError(
                f"{workdir} holds no network of still images; give the workdir of a static network, or of one that "
                "rates the newest frame of a clip"
            )
        self.tuning, self.placement = tuning, Placement.single()
        network = Network(make_builder(self.run), frozen=self._frozen(workdir), fixed_statistics=".*")
        self.variables = network.variables(restored.module(self.variables))
        self.network = tune(network, self.run, self.placement, training=True)
        self.predict = make_predict(self.network, self.placement)
        self.optimizer = make_optimizer(tuning.optimizer, max(tuning.stops))
        self.task = fit_task(self.run, None)
        self.key = jax.random.key(0)
        step = make_train_step(Objective(self.network, self.task), self.optimizer, self.key)
        self.step = compile_step(step, self._start(), self.placement)

    def _frozen(self, workdir: pathlib.Path) -> str:
        """The pattern of all parameters but those that learn; UsageError if nothing learns."""
        layers = self.tuning.layers
        if layers == EVERYTHING:
            return ""
        paths = sorted(names(self.variables))
        learning = [path for path in paths if re.fullmatch(layers, path)]
        if not learning:
            shown = ", ".join(paths[:3] + paths[-3:])
            raise UsageError(f"--trained={layers} matches no parameter of {workdir}; paths look like {shown}")
        return "" if len(learning) == len(paths) else rf"(?!(?:{layers})\Z).*"

    def _start(self):
        variables = jax.tree.map(jnp.copy, self.variables)  # a copy, because a step donates its state
        return create_state(self.network, self.optimizer, variables, self.task.initial())

    def fine_tune(self, labeled: Batch, seed: int) -> Iterator[tuple[int, Variables]]:
        """The number of steps and the variables after each of the stops, of random batches of the given faces.

        The variables are valid until the next ones are asked for.
        """
        state, rng = self._start(), np.random.default_rng((seed, len(labeled.weight)))
        labels = {name: dataclasses.replace(label, weight=0 * label.weight) for name, label in labeled.labels.items()}
        labels |= {name: labeled.labels[name] for name in self.quantities}
        labeled = dataclasses.replace(labeled, labels=labeled.labels.replace(**labels))
        done = 0
        for stop in self.tuning.stops:
            for _ in range(stop - done):
                rows = rng.integers(len(labeled.weight), size=self.tuning.batch)
                state, _ = self.step(state, self.placement.spread(take_rows(labeled, rows)))
            done = stop
            yield stop, state.variables

    def predict_faces(self, variables: Variables, faces: Batch) -> Float[np.ndarray, "face output"]:
        """What is adapted (see `personal.outputs`), in the order of `quantities`."""
        parts = []
        for start in range(0, len(faces.weight), PREDICTED):
            rows = np.arange(start, start + PREDICTED).clip(max=len(faces.weight) - 1)
            predicted = self.predict(variables, take_rows(faces, rows))
            parts.append(np.concatenate([newest(faces, predicted[name]) for name in self.quantities], -1))
        raw = np.concatenate(parts)[: len(faces.weight)]
        return np.asarray(answer(raw, raw.shape[-1] // count_outputs(self.quantities)))


def take_rows(batch: Batch, rows: Int[np.ndarray, "row"]) -> Batch:
    """Some faces of a batch, or clips."""
    return jax.tree.map(lambda leaf: leaf[rows], batch)


def newest(faces: Batch, values: Shaped[ArrayLike, "face *rest"]) -> Shaped[np.ndarray, "face *other"]:
    """The values of the faces, or of the newest frames of clips."""
    return np.asarray(values)[:, -1] if faces.weight.ndim > 1 else np.asarray(values)
