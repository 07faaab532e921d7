"""What the options of a training step cost and save: processor time, temporary memory, and error of the gradient.

  python -m benchmarks.training_step --config=configs/quickstart.py:static

Each variant of the config is compiled and run on the same batch of the config's data, in turns. The error is the
relative L2 distance, over all trained parameters, from the gradient in float32 of the whole batch. With --fixed,
norms use their running statistics, so that parts of a batch have its gradient; else each part has its own statistics.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
from absl import flags
from ml_collections import ConfigDict

from affect_jax.experiment import cli, data
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.inspect.command import NOWHERE
from affect_jax.experiment.inspect.program import step_form
from affect_jax.experiment.run import Run
from affect_jax.train.state import TrainState
from affect_jax.types import Batch
from launch.flags import define_config, require

CONFIG = define_config()
ROUNDS = flags.DEFINE_integer("rounds", 5, "Timed steps of each variant.", 1)
FIXED = flags.DEFINE_bool("fixed", False, "Norms use their running statistics.")
require("config")

VARIANTS = {
    "float32": {},
    "bfloat16": {"precision": "bfloat16"},
    "4 micro-batches": {"micro_batches": 4},
    "rematerialized blocks": {"rematerialize": True},
}
# In the first step, the momentum of gradient descent is the gradient.
PLAIN = {"name": "sgd", "schedule": "constant", "warmup_steps": 0, "weight_decay": 0.0, "average": 0.0, "sparsity": 0.0}


def variant(config: ConfigDict, options: dict) -> Run:
    """A run from random weights with these options of `train`."""
    changed = config.copy_and_resolve_references()  # sections too, which ConfigDict(config) would share
    changed.initialize.update(rule="scratch", workdir="")
    changed.optimizer.update(**PLAIN, learning_rate_multipliers=())
    changed.train.update(options)
    changed.fixed_statistics = ".*" if FIXED.value else config.fixed_statistics
    return Run(parse(changed), NOWHERE)


class Prepared:
    """The compiled step of a run, its memory, and the gradient of its first step."""

    def __init__(self, run: Run, state: TrainState, batch: Batch):
        start, form = time.process_time(), step_form(run, batch)
        self._batch, self._step = form.batch, form.compile()
        self.compilation = time.process_time() - start
        analysis = self._step.memory_analysis()
        self.temporary, self.donated = analysis.temp_size_in_bytes, analysis.alias_size_in_bytes
        self._state = jax.tree.map(jnp.copy, state)
        self()
        moments = [np.ravel(leaf) for leaf in jax.tree.leaves(self._state.opt_state) if leaf.ndim]
        self.gradient = np.concatenate(moments)

    def __call__(self) -> float:
        """Takes a step; returns its processor seconds."""
        start = time.process_time()
        self._state, terms = self._step(self._state, self._batch, None)
        jax.block_until_ready(terms)
        return time.process_time() - start


def main() -> None:
    first = variant(CONFIG.value, {})
    batches = data.training_batches(first.options, first.source, NOWHERE)
    batch = next(batches)
    batches.close()
    state = jax.jit(lambda key: first.create_state(first.network.initial(key)))(jax.random.key(0))
    made: dict[str, Prepared] = {}
    for name, options in VARIANTS.items():
        made[name] = each = Prepared(variant(CONFIG.value, options), state, batch)
        exact = made["float32"].gradient
        error = np.linalg.norm(each.gradient - exact) / np.linalg.norm(exact)
        print(
            f"{name}: {each.temporary / 1e6:.1f} MB temporary, {each.donated / 1e6:.2f} MB donated, gradient off by "
            f"{error:.1e}, compiled in {each.compilation:.0f} s of processor time",
            flush=True,
        )
    times = {name: [] for name in made}
    for _ in range(ROUNDS.value):
        for name, step in made.items():
            times[name].append(step())
    for name, taken in times.items():
        middle, low, high = float(np.median(taken)), min(taken), max(taken)
        print(f"{name}: {middle:.2f} s of processor time a step [{low:.2f}, {high:.2f}]")


if __name__ == "__main__":
    cli.run(main)
