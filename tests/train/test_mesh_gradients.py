"""Gradients in float64 on every combination of mesh axes equal those on one device, parameter by parameter."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from records import make_batch, make_labels

from affect_jax.infer.collectives import collectives
from affect_jax.infer.tuning import set_execution
from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.nn.execution import Execution
from affect_jax.nn.network import Network, names
from affect_jax.tasks.affect import Affect
from affect_jax.tasks.recipe import AffectConfig
from affect_jax.train.mesh_config import MeshConfig
from affect_jax.train.objective import Objective
from affect_jax.train.placement import Placement
from affect_jax.train.state import TrainState

PX, WIDTHS, RANK = 8, (4, 8, 8), 4
CLIPS, FRAMES = 16, 16
BATCH = 256
AT_MOST = 1e-6
# Whether LLVM optimizes the loops changes nothing in what the devices exchange, and halves the time.
QUICK = {"xla_backend_optimization_level": 0}
LARGEST_PARAMETER = 7 * 7 * 3 * WIDTHS[0] * 8  # bytes of the kernel of the stem
STATIC_MESHES = (MeshConfig(2, 1, 1), MeshConfig(1, 4, 1), MeshConfig(2, 2, 1))
CLIP_MESHES = (
    MeshConfig(4, 1, 1),
    MeshConfig(1, 4, 1),
    MeshConfig(2, 2, 1),
    MeshConfig(1, 1, 4),
    MeshConfig(2, 1, 2),
    MeshConfig(1, 2, 2),
    MeshConfig(2, 2, 2),
)


def name_of(config):
    return f"data {config.data}, fsdp {config.fsdp}, time {config.time}"


def build(kind):
    trunk, head = TrunkConfig(PX, WIDTHS, modules=1, depth=1), HeadConfig(blocks=1, rank=RANK, dropout=0.5)
    if kind == "static":
        return lambda rngs: EmoNet(EmoNetConfig(trunk, head, execution="direct"), rngs=rngs)
    return lambda rngs: ClipNetwork(ClipNetworkConfig(trunk, head, execution="direct"), rngs=rngs)


def batch_of(kind):
    """Random faces, with unlabeled ones among them, unevenly spread over the devices."""
    rng = np.random.default_rng(0)
    shape = (BATCH,) if kind == "static" else (CLIPS, FRAMES)
    known = np.float64(rng.random(shape) < np.linspace(0.3, 1, shape[0]).reshape(-1, *[1] * (len(shape) - 1)))
    emotion = np.eye(8)[rng.integers(0, 8, shape)]
    affect = rng.uniform(-1, 1, (*shape, 2))
    labels = make_labels(affect, known, emotion, known, np.zeros((*shape, 68, 2)), np.zeros(shape))
    return make_batch(rng.random((*shape, PX, PX, 3)), labels, np.ones(shape), np.zeros(shape, np.int32))


@functools.cache
def state_of(kind):
    """Random variables, so that no gradient is zero by symmetry, and a task with parameters and a memory."""
    network, rng = Network(build(kind)), np.random.default_rng(1)
    over = "batch" if kind == "static" else "both"
    task = Affect(AffectConfig(mixing="learned", regression="rmse", ccc_memory=2, ccc_over=over))
    disturb = lambda leaf: np.float64(leaf) + rng.uniform(0, 0.1, leaf.shape)
    variables = jax.tree.map(disturb, network.initial(jax.random.key(0)))
    return network, task, TrainState(jnp.int32(3), variables, None, jax.tree.map(np.float64, task.initial()))


def differentiate(kind, config):
    """Gradients, statistics, memory and terms of a batch on a mesh, by name, and the exchanges of the program."""
    network, task, state = state_of(kind)
    placement = Placement.of(config, jax.devices()[: config.data * config.fsdp * config.time])
    execution = Execution(split=placement.split)
    network = network.changed(lambda module: set_execution(module, execution))
    objective = Objective(network, task, gather=placement.gather)

    def loss(learned, state, leaves):
        batch = jax.tree.unflatten(structure, leaves)  # lowering describes arguments by what is no array
        return objective.loss(learned, state, batch, jax.random.key(2), None)

    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        state, (leaves, structure) = placement.put(state), jax.tree.flatten(placement.spread(batch_of(kind)))
        shardings = placement.shardings(state)
        split = [place for place in jax.tree.leaves(shardings.variables) if not place.is_fully_replicated]
        assert bool(split) == (config.fsdp > 1)
        gradient = jax.jit(jax.grad(loss, has_aux=True), out_shardings=(shardings.learned, None))
        compiled = gradient.lower(state.learned, state, leaves).compile(compiler_options=QUICK)
        (trained, parameters), outcome = compiled(state.learned, state, leaves)
    arrays = {f"gradient/{name}": array for name, array in names(trained).items()}
    rest = {"gradient": parameters, "memory": outcome.memory, "terms": outcome.terms}
    arrays |= names(outcome.statistics)
    for path, leaf in jax.tree_util.tree_leaves_with_path(rest):
        arrays[jax.tree_util.keystr(path)] = leaf
    return jax.device_get(arrays), compiled


@functools.cache
def on_one_device(kind):
    return differentiate(kind, MeshConfig(1, 1, 1))


def errors(found, expected):
    """Relative L2 of each array; those that are zero but for rounding are compared with the largest."""
    floor = 1e-9 * max(np.linalg.norm(array) for array in expected.values())
    return {
        name: np.linalg.norm(found[name] - array) / max(np.linalg.norm(array), floor)
        for name, array in expected.items()
    }


def check(kind, config, work):
    """Compares a mesh with one device; returns what its devices exchange.

    Besides the gradients, memory of a device is compared with its share, and its operations with `work` times that.
    """
    expected, alone = on_one_device(kind)
    found, compiled = differentiate(kind, config)
    wrong = errors(found, expected)
    name = max(wrong, key=wrong.get)
    assert found.keys() == expected.keys() and all(array.dtype == np.float64 for array in found.values())
    assert wrong[name] <= AT_MOST, f"{name} is wrong by {wrong[name]:.1e} on {config}"
    devices = config.data * config.fsdp * config.time
    assert temporary_bytes(compiled) <= 1.25 / devices * temporary_bytes(alone)
    assert compiled.cost_analysis()["flops"] <= work / devices * alone.cost_analysis()["flops"]
    return collectives(compiled)


def temporary_bytes(compiled):
    return compiled.memory_analysis().temp_size_in_bytes


def largest(exchanged, *kinds):
    return max((each.bytes for each in exchanged if each.kind in kinds), default=0)


@pytest.mark.slow
@pytest.mark.parametrize("config", STATIC_MESHES, ids=name_of)
def test_gradients_of_a_static_network_are_those_of_one_device(config):
    exchanged = check("static", config, work=1.05)
    gathered = largest(exchanged, "all-gather", "all-to-all", "collective-permute")
    assert gathered <= (1000 if config.fsdp == 1 else LARGEST_PARAMETER)


@pytest.mark.slow
@pytest.mark.parametrize("config", CLIP_MESHES, ids=name_of)
def test_gradients_of_a_clip_network_are_those_of_one_device(config):
    # Halos, and work that each device repeats, count for more in so small a network.
    exchanged = check("clip", config, work=1.3)
    gathered = largest(exchanged, "all-gather", "all-to-all")
    if config.time == 1:
        assert gathered <= (1000 if config.fsdp == 1 else LARGEST_PARAMETER)
        assert not largest(exchanged, "collective-permute")
    else:
        # The frames next to a part are passed on. Maps stay where they are; what changes its place is the features that
        # are left after pooling over space, padded by four frames at both ends, and the predicted numbers.
        devices = config.data * config.fsdp * config.time
        pooled = CLIPS * (FRAMES + 8) * WIDTHS[2] * 8 // devices
        assert gathered <= max(pooled, LARGEST_PARAMETER if config.fsdp > 1 else 0)
        assert 0 < largest(exchanged, "collective-permute") <= pooled
