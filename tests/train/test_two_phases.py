"""A clip network trained in two phases: the time factors alone, then everything at its own learning rates."""

import jax
import numpy as np
import pytest
from records import make_batch, make_labels

from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.models.time_layers import ClipTimeConfig
from affect_jax.nn.network import Network, names
from affect_jax.tasks.affect import Affect
from affect_jax.tasks.recipe import AffectConfig
from affect_jax.train.objective import Objective
from affect_jax.train.optimizer import OptimizerConfig, make_optimizer
from affect_jax.train.state import create_state
from affect_jax.train.step import make_train_step

TRUNK = TrunkConfig(input_px=32, widths=(4, 8, 8), modules=1, depth=2)
TASK = Affect(AffectConfig(ccc_over="both", smoothness_weight=1.0))
TIME_ALONE = "(?!.*time).*"  # as configs/quickstart.py:clip has it


@pytest.fixture(scope="module")
def clips():
    rng = np.random.default_rng(0)
    ones = np.ones((4, 6), np.float32)
    emotion = np.eye(8, dtype=np.float32)[rng.integers(0, 8, (4, 6))]
    affect = np.float32(rng.uniform(-1, 1, (4, 6, 2)))
    labels = make_labels(affect, ones, emotion, ones, np.zeros((4, 6, 68, 2), np.float32), 0 * ones)
    return make_batch(rng.random((4, 6, 32, 32, 3), np.float32), labels, ones, np.arange(24).reshape(4, 6))


def moved(clips, options, steps=2, **patterns):
    """How far each array of the network goes in some steps."""
    config = ClipNetworkConfig(TRUNK, HeadConfig(blocks=1, rank=4), ClipTimeConfig(pool=3))
    network = Network(lambda rngs: ClipNetwork(config, rngs=rngs), **patterns)
    optimizer = make_optimizer(OptimizerConfig(learning_rate=1e-2, schedule="constant", **options), 10)
    state = create_state(network, optimizer, network.initial(jax.random.key(0)), TASK.initial())
    step = jax.jit(make_train_step(Objective(network, TASK), optimizer, jax.random.key(1)))
    before = names(state.variables)
    for _ in range(steps):
        state, _ = step(state, clips)
    return {name: np.abs(np.asarray(value) - before[name]).max() for name, value in names(state.variables).items()}


def test_in_the_first_phase_only_what_looks_along_time_moves(clips):
    far = moved(clips, {"weight_decay": 0.1}, frozen=TIME_ALONE)
    assert all(distance == 0 for name, distance in far.items() if "time" not in name)
    assert sum("time" in name for name in far) == 4 and all(far[name] > 0 for name in far if "time" in name)


def test_in_the_second_phase_each_group_goes_its_own_way_and_statistics_stay(clips):
    rates = {"learning_rate_multipliers": (("head/output/.*", 0.1), (".*time.*", 3.0))}
    far = moved(clips, rates, steps=1, frozen="trunk/.*", fixed_statistics=".*")
    for name, distance in far.items():
        if name.startswith("trunk/") or name.endswith(("/mean", "/var")):
            assert distance == 0, name
            continue
        factor = 0.1 if name.startswith("head/output/") else 3 if "time" in name else 1
        # the first step of AdamW is the rate for every number whose gradient is not next to nothing
        np.testing.assert_allclose(distance, factor * 1e-2, rtol=1e-3, err_msg=name)
