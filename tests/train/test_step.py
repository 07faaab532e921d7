"""Eight devices train as one does."""

import jax
import numpy as np
import optax
import pytest
from jax.sharding import PartitionSpec as P

from affect_jax.nn.network import Network, names
from affect_jax.train.sharding import data_mesh, shardings, spread
from affect_jax.train.state import create_state
from affect_jax.train.step import compiled, make_train_step
from affect_jax.train.streams import stream


def losses_and_arrays(devices, tiny, task, batches, average=0.0, taught=False):
    mesh, network, optimizer = data_mesh(devices), Network(lambda rngs: tiny(rngs=rngs)), optax.sgd(0.1)
    first = network.initial(jax.random.key(0))
    state = create_state(network, optimizer, first, task.initial(), average > 0)
    state = jax.device_put(state, shardings(state, mesh))
    teach, teacher = (network.predict, network.initial(jax.random.key(7))) if taught else (None, None)
    made = make_train_step(network, task, optimizer, jax.random.key(1), average, teach)
    step = compiled(made, state, mesh, teacher=jax.device_put(teacher, shardings(teacher, mesh)))
    data, losses = batches(), []
    for _ in range(4):
        state, terms = step(state, spread(next(data), mesh))
        losses.append(float(terms["loss"]))
    extra = {f"{number:03d}": leaf for number, leaf in enumerate(jax.tree.leaves((state.task, state.average)))}
    return losses, {**names(state.variables), **extra}


def test_eight_devices_give_the_losses_and_weights_of_one(tiny, regression, batches):
    one, weights = losses_and_arrays(jax.devices()[:1], tiny, regression, batches)
    eight, spread_weights = losses_and_arrays(jax.devices(), tiny, regression, batches)
    assert len(jax.devices()) == 8
    np.testing.assert_allclose(eight, one, rtol=1e-5)
    for name, array in weights.items():
        np.testing.assert_allclose(spread_weights[name], array, rtol=1e-4, atol=1e-6, err_msg=name)


def test_eight_devices_remember_mix_average_and_are_taught_as_one(full_recipe):
    task, network, batches = full_recipe
    one, arrays = losses_and_arrays(jax.devices()[:1], network, task, batches, 0.9, taught=True)
    eight, spread_arrays = losses_and_arrays(jax.devices(), network, task, batches, 0.9, taught=True)
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
        mesh, optimizer = data_mesh(jax.devices()[:1]), optax.adam(1e-2)
        state = create_state(network, optimizer, network.initial(jax.random.key(0)), task.initial(), True)
        state = jax.device_put(state, shardings(state, mesh))
        teacher, data = network.initial(jax.random.key(teacher_key)), batches()
        before = jax.device_get(names(teacher))
        teacher = jax.device_put(teacher, shardings(teacher, mesh))
        made = make_train_step(network, task, optimizer, jax.random.key(1), 0.9, teach)
        step = compiled(made, state, mesh, teacher=teacher)
        for _ in range(3):
            state, terms = step(state, spread(next(data), mesh))
        for name, array in names(teacher).items():
            np.testing.assert_array_equal(np.asarray(array), before[name], err_msg=name)
        return float(terms["loss/teacher"])

    first = gone(7)
    assert len(traces) == 1
    assert gone(8) != first


def test_a_batch_that_does_not_divide_is_refused_and_an_unmatched_path_named(batches):
    mesh = data_mesh()
    with pytest.raises(ValueError, match="a batch of 12 does not divide over 8 devices; change config.batch_size"):
        spread(next(batches(12)), mesh)
    with pytest.raises(ValueError, match="no sharding rule matches parameter 'kernel'"):
        shardings({"kernel": np.zeros(3)}, mesh, rules=((r"bias", P()),))


def test_streams_differ_by_name_and_step_and_nothing_else():
    root = jax.random.key(0)
    bits = lambda name, step: tuple(jax.random.key_data(stream(root, name, step)).tolist())
    assert bits("shake", 3) == bits("shake", 3)
    assert len({bits(name, step) for name in ("shake", "dropout") for step in range(50)}) == 100
