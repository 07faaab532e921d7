"""What the options of a training step cost and save: time, memory, arithmetic, and error of the gradient.

  python -m benchmarks.training_step --config=configs/quickstart.py:static
  python -m benchmarks.training_step --config=configs/affectnet.py:static --config.frozen= --compile_only

Each variant of the config is compiled and run on the same batch of the config's data, in turns. The error is the
relative L2 distance, over all trained parameters, from the gradient in float64 of the whole batch. With --fixed,
norms use their running statistics, so that parts of a batch have its gradient; else each part has its own statistics.
With --compile_only, nothing is read or run: memory and arithmetic are those of the compiled program.
"""

import dataclasses
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from absl import flags
from ml_collections import ConfigDict

from affect_jax.experiment import cli, data
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.inspect.command import NOWHERE
from affect_jax.experiment.inspect.program import StepForm, objective_form, step_form
from affect_jax.experiment.run import Run
from affect_jax.infer.tuning import set_execution
from affect_jax.nn.execution import DIRECT
from affect_jax.train.state import TrainState
from affect_jax.types import Batch
from benchmarks.interleaved import interleaved, markdown
from launch.flags import define_config, require

CONFIG = define_config()
ROUNDS = flags.DEFINE_integer("rounds", 9, "Timed steps of each variant.", 1)
FIXED = flags.DEFINE_bool("fixed", False, "Norms use their running statistics.")
COMPILE_ONLY = flags.DEFINE_bool("compile_only", False, "Do not read data or run steps.")
require("config")

BASELINE = "float32, whole batch, state donated"
MICRO = {"micro_batches": 4}
VARIANTS = {
    BASELINE: {},
    "state not donated": {},
    "precision=bfloat16": {"precision": "bfloat16"},
    "micro_batches=4": MICRO,
    "rematerialize": {"rematerialize": True},
    "rematerialize, micro_batches=4": {"rematerialize": True, **MICRO},
    "all three": {"precision": "bfloat16", "rematerialize": True, **MICRO},
}
# In the first step, the momentum of gradient descent is the gradient.
PLAIN = {"name": "sgd", "schedule": "constant", "warmup_steps": 0, "weight_decay": 0.0, "average": 0.0, "sparsity": 0.0}


def variant(config: ConfigDict, options: dict) -> Run:
    """A run from random weights with these options of `train`."""
    changed = config.copy_and_resolve_references()  # sections too, which ConfigDict(config) would share
    changed.initialize.update(rule="scratch", workdir="")
    changed.optimizer.update(**PLAIN, learning_rate_multipliers=())
    changed.train.update(options)
    if "mixing" in changed.task:
        changed.task.mixing = "fixed"  # the same weights in float64, where random ones would be others
    changed.fixed_statistics = ".*" if FIXED.value else config.fixed_statistics
    return Run(parse(changed), NOWHERE)


class Prepared:
    """The compiled step of a run, and what the compiled program says of itself."""

    def __init__(self, name: str, form: StepForm):
        start = time.process_time()
        keeping = jax.jit(form.function.__wrapped__)  # the same program, with a place of its own for the new state
        wanted = form._replace(function=keeping) if name == "state not donated" else form
        self._batch, self._step = form.batch, wanted.compile()
        self.compilation = time.process_time() - start
        analysis = self._step.memory_analysis()
        self.temporary, self.donated = analysis.temp_size_in_bytes, analysis.alias_size_in_bytes
        self.total = analysis.argument_size_in_bytes + analysis.output_size_in_bytes + self.temporary - self.donated
        self.flops = form.flops
        self._state: TrainState | None = None

    def start(self, state: TrainState) -> None:
        """Takes the first step from a copy of this state."""
        self._state = jax.tree.map(jnp.copy, state)
        self()

    def __call__(self) -> None:
        """Takes a step."""
        self._state, terms = self._step(self._state, self._batch, None)
        jax.block_until_ready((self._state, terms))

    @property
    def gradient(self) -> np.ndarray:
        """That of the first step, after the first step."""
        return flat(self._state.opt_state)


def flat(tree) -> np.ndarray:
    """All arrays in one; scalars, such as counts of steps, are left out."""
    return np.concatenate([np.ravel(leaf).astype(np.float64) for leaf in jax.tree.leaves(tree) if leaf.ndim])


def exact_gradient(run: Run, state: TrainState, batch: Batch) -> np.ndarray:
    """The gradient of the first step in float64."""
    spread = run.placement.spread(batch)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):  # losses are partly float32
        state, spread = jax.tree.map(_wide, (state, spread))
        network = run.network.changed(lambda module: set_execution(module, DIRECT))
        objective = dataclasses.replace(objective_form(run, network), micro_batches=1)
        gradient, _ = jax.jit(jax.grad(objective.loss, has_aux=True))(state.learned, state, spread, run.key, None)
        return flat(jax.device_get(gradient))


def _wide(array: jax.Array) -> jax.Array:
    return array.astype(jnp.float64) if jnp.issubdtype(array.dtype, jnp.floating) else array


def sizes(each: Prepared, base: Prepared) -> list[str]:
    """Memory and arithmetic as cells."""
    ratio = f"{each.temporary / base.temporary:.2f}"
    memory = [f"{each.temporary / 1e6:.1f}", ratio, f"{each.total / 1e6:.1f}", f"{each.donated / 1e6:.2f}"]
    return [*memory, f"{each.flops / 1e9:.2f}", f"{each.compilation:.0f}"]


HEADER = ["variant", "temporary, MB", "ratio", "all, MB", "donated, MB", "GFLOP", "compilation, CPU s"]


def timed(made: dict[str, Prepared]) -> dict[str, list[str]]:
    """Processor and wall time of a step, as ratios to the baseline and seconds."""
    programs: dict[str, Callable] = dict(made)
    times = interleaved(programs, ROUNDS.value)
    cells = {}
    for name, taken in times.items():
        cells[name] = []
        for kind in ("processor", "wall"):
            seconds, base = (np.array(getattr(each, kind)) for each in (taken, times[BASELINE]))
            ratios = np.median(seconds) / np.median(base)
            cells[name].append(f"{ratios:.2f}")
            cells[name].append(f"{np.median(seconds):.3f} [{seconds.min():.3f}, {seconds.max():.3f}]")
    return cells


def main() -> None:
    first = variant(CONFIG.value, {})
    batch = None
    if not COMPILE_ONLY.value:
        batches = data.training_batches(first.options, first.source, NOWHERE)
        batch = next(batches)
        batches.close()
    made: dict[str, Prepared] = {}
    for name, options in VARIANTS.items():
        made[name] = each = Prepared(name, step_form(variant(CONFIG.value, options), batch))
        print(f"{name}: {', '.join(sizes(each, made[BASELINE]))}", flush=True)
    rows = {name: [name, *sizes(each, made[BASELINE])] for name, each in made.items()}
    if batch is None:
        print(markdown("Compiled programs", HEADER, list(rows.values())))
        return
    state = jax.jit(lambda key: first.create_state(first.network.initial(key)))(jax.random.key(0))
    exact = exact_gradient(first, state, batch)
    for name, each in made.items():
        each.start(state)
        rows[name].append(f"{np.linalg.norm(each.gradient - exact) / np.linalg.norm(exact):.1e}")
    for name, cells in timed(made).items():
        rows[name] += cells
    header = [*HEADER, "error of the gradient", "CPU ratio", "CPU s", "wall ratio", "wall s"]
    print(markdown("A training step", header, list(rows.values())))


if __name__ == "__main__":
    cli.run(main)
