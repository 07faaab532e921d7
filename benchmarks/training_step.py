"""What the options of a training step cost and save: processor time, temporary memory, and error of the gradient.

  python -m benchmarks.training_step --config=configs/quickstart.py:static

Each variant of the config is compiled and run on the same batch of the config's data, in turns. The error is the
relative L2 distance, over all trained parameters, from the gradient in float32 of the whole batch. With --fixed,
norms use their running statistics, so that parts of a batch have its gradient; else each part has its own statistics.
"""

import time
from collections.abc import Callable

import jax
import numpy as np
from absl import flags
from ml_collections import ConfigDict

from affect_jax.experiment import cli, data
from affect_jax.experiment.config.options import parse
from affect_jax.experiment.inspect.command import NOWHERE
from affect_jax.experiment.inspect.program import step_form
from affect_jax.experiment.run import Run
from launch.flags import define_config, require

CONFIG = define_config()
ROUNDS = flags.DEFINE_integer("rounds", 5, "Timed steps of each variant.", 1)
FIXED = flags.DEFINE_bool("fixed", False, "Norms use their running statistics.")
require("config")

VARIANTS = {
    "float32": {},
    "bfloat16": {"precision": "bfloat16"},
    "2 micro-batches": {"micro_batches": 2},
    "4 micro-batches": {"micro_batches": 4},
    "rematerialized blocks": {"rematerialize": True},
    "4 micro-batches, rematerialized": {"micro_batches": 4, "rematerialize": True},
}
# In the first step, the momentum of gradient descent is the gradient.
PLAIN = {"name": "sgd", "schedule": "constant", "warmup_steps": 0, "weight_decay": 0.0, "average": 0.0, "sparsity": 0.0}


def variant(config: ConfigDict, options: dict) -> Run:
    """A run from random weights with these options of `train`."""
    changed = ConfigDict(config)
    changed.initialize.update(rule="scratch", workdir="")
    changed.optimizer.update(**PLAIN, learning_rate_multipliers=())
    changed.train.update(options)
    changed.fixed_statistics = ".*" if FIXED.value else config.fixed_statistics
    return Run(parse(changed), NOWHERE)


def prepare(run: Run, batch) -> tuple[Callable[[], float], float, np.ndarray, float]:
    """A function that takes a step and returns its processor seconds; temporary bytes; the gradient; donated bytes."""
    compiled = step_form(run).compile()
    create = jax.jit(lambda key: run.create_state(run.network.initial(key)))
    state = create(jax.random.key(0))
    spread = run.placement.spread(batch)
    held = [compiled(state, spread, None)[0]]
    gradient = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(held[0].opt_state) if leaf.ndim])

    def step() -> float:
        start = time.process_time()
        held[0], terms = compiled(held[0], spread, None)
        jax.block_until_ready(terms)
        return time.process_time() - start

    analysis = compiled.memory_analysis()
    return step, analysis.temp_size_in_bytes, gradient, analysis.alias_size_in_bytes


def main() -> None:
    first = variant(CONFIG.value, {})
    batches = data.training_batches(first.options, first.source, NOWHERE)
    batch = next(batches)
    batches.close()
    made = {}
    for name, options in VARIANTS.items():
        start = time.process_time()
        made[name] = prepare(variant(CONFIG.value, options), batch)
        print(f"{name}: compiled in {time.process_time() - start:.0f} s of processor time", flush=True)
    times = {name: [] for name in made}
    for _ in range(ROUNDS.value):
        for name, (step, *_) in made.items():
            times[name].append(step())
    exact = made["float32"][2]
    print("| variant | processor s a step, median [range] | temporary MB | donated MB | error of the gradient |")
    print("|---|--:|--:|--:|--:|")
    for name, (_, temporary, gradient, donated) in made.items():
        error = np.linalg.norm(gradient - exact) / np.linalg.norm(exact)
        low, high, middle = min(times[name]), max(times[name]), float(np.median(times[name]))
        sizes = f"{temporary / 1e6:.1f} | {donated / 1e6:.2f}"
        print(f"| {name} | {middle:.2f} [{low:.2f}, {high:.2f}] | {sizes} | {error:.1e} |")


if __name__ == "__main__":
    cli.run(main)
