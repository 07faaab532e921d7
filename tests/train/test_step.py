"""Training on eight devices gives the same result as on one."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from affect_jax.nn.conv import batch_norm
from affect_jax.nn.network import Network, names
from affect_jax.tasks.affect import Affect
from affect_jax.tasks.recipe import AffectConfig
from affect_jax.train.mesh_config import MeshConfig
from affect_jax.train.objective import Objective, Teacher
from affect_jax.train.placement import Placement
from affect_jax.train.state import create_state
from affect_jax.train.step import compile_step, make_train_step
from affect_jax.train.streams import stream
from affect_jax.types import Predictions


def losses_and_arrays(placement, tiny, task, batches, average=0.0, with_teacher=False):
    network, optimizer = Network(lambda rngs: tiny(rngs=rngs)), optax.sgd(0.1)
    first = network.initial(jax.random.key(0))
    state = placement.put(create_state(network, optimizer, first, task.initial(), average > 0))
    teacher = Teacher(network.predict, placement.put(network.initial(jax.random.key(7)))) if with_teacher else None
    objective = Objective(network, task, teacher)
    made = make_train_step(objective, optimizer, jax.random.key(1), average)
    step = compile_step(made, state, placement, objective.teacher_variables)
    data, losses = batches(), []
    for _ in range(4):
        state, terms = step(state, placement.spread(next(data)))
        losses.append(float(terms["loss"]))
    extra = {f"{number:03d}": leaf for number, leaf in enumerate(jax.tree.leaves((state.task, state.average)))}
    return losses, {**names(state.variables), **extra}


def test_eight_devices_give_the_losses_and_weights_of_one(tiny, regression, batches):
    one, weights = losses_and_arrays(Placement.single(), tiny, regression, batches)
    eight, spread_weights = losses_and_arrays(Placement.of(MeshConfig()), tiny, regression, batches)
    assert len(jax.devices()) == 8
    np.testing.assert_allclose(eight, one, rtol=1e-5)
    for name, array in weights.items():
        np.testing.assert_allclose(spread_weights[name], array, rtol=1e-4, atol=1e-6, err_msg=name)


def test_memory_mixing_averaging_and_distillation_are_the_same_on_eight_devices_as_on_one(full_recipe):
    task, network, batches = full_recipe
    one, arrays = losses_and_arrays(Placement.single(), network, task, batches, 0.9, with_teacher=True)
    eight, spread_arrays = losses_and_arrays(Placement.of(MeshConfig()), network, task, batches, 0.9, with_teacher=True)
    np.testing.assert_allclose(eight, one, rtol=1e-5)
    for name, array in arrays.items():
        np.testing.assert_allclose(spread_arrays[name], array, rtol=1e-4, atol=1e-6, err_msg=name)


def test_steps_are_compiled_once_whatever_is_carried_and_the_teacher_is_an_argument(full_recipe):
    task, tiny, batches = full_recipe
    network, traces = Network(lambda rngs: tiny(rngs=rngs)), []

    def teach(variables, images):
        traces.append(images.shape)
        return network.predict(variables, images)

    def gone(teacher_key):
        placement, optimizer = Placement.single(), optax.adam(1e-2)
        state = create_state(network, optimizer, network.initial(jax.random.key(0)), task.initial(), True)
        state = placement.put(state)
        teacher, data = network.initial(jax.random.key(teacher_key)), batches()
        before = jax.device_get(names(teacher))
        objective = Objective(network, task, Teacher(teach, placement.put(teacher)))
        made = make_train_step(objective, optimizer, jax.random.key(1), 0.9)
        step = compile_step(made, state, placement, objective.teacher_variables)
        for _ in range(3):
            state, terms = step(state, placement.spread(next(data)))
        for name, array in names(objective.teacher_variables).items():
            np.testing.assert_array_equal(np.asarray(array), before[name], err_msg=name)
        return float(terms["loss/teacher"])

    first = gone(7)
    assert len(traces) == 1
    assert gone(8) != first


class Normed(nnx.Module):
    """A convolution and a head, with a norm as the models have it."""

    def __init__(self, rngs):
        self.conv, self.norm = nnx.Conv(3, 8, (3, 3), rngs=rngs), batch_norm(8, rngs=rngs)
        self.head = nnx.Linear(8, 2, rngs=rngs)

    def __call__(self, images, *, rngs=None):
        return Predictions(valence_arousal=self.head(nnx.relu(self.norm(self.conv(images))).mean((1, 2))))


@pytest.mark.slow
def test_in_bfloat16_the_state_stays_float32_and_the_network_learns_as_much(batches):
    scores = {}
    for precision in ("float32", "bfloat16"):
        network, optimizer = Network(Normed, precision=precision), optax.adam(3e-2)
        task, data, losses = Affect(AffectConfig(mixing="fixed", ccc_memory=4)), batches(64), []
        state = create_state(network, optimizer, network.initial(jax.random.key(0)), task.initial(), True)
        dtypes = jax.tree.map(lambda leaf: leaf.dtype, state)
        step = jax.jit(make_train_step(Objective(network, task), optimizer, jax.random.key(1), 0.9))
        for _ in range(60):
            state, terms = step(state, jax.tree.map(jnp.asarray, next(data)))
            losses.append(float(terms["loss"]))
        assert jax.tree.map(lambda leaf: leaf.dtype, state) == dtypes
        assert all(leaf.dtype in (jnp.float32, jnp.int32) for leaf in jax.tree.leaves(state))
        assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
        scores[precision] = 1 - np.mean(losses[-5:]), 1 - float(terms["loss/ccc"])
    np.testing.assert_allclose(scores["bfloat16"], scores["float32"], atol=0.03)
    assert scores["bfloat16"] != scores["float32"]


def test_streams_differ_by_name_and_step_and_nothing_else():
    root = jax.random.key(0)
    bits = lambda name, step: tuple(jax.random.key_data(stream(root, name, step)).tolist())
    assert bits("shake", 3) == bits("shake", 3)
    assert len({bits(name, step) for name in ("shake", "dropout") for step in range(50)}) == 100
