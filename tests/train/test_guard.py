"""Steps that are not finite are left out as if their batch had not been there, and described."""

import dataclasses

import jax
import numpy as np
import optax
import pytest

from affect_jax.nn.network import Network, Variables
from affect_jax.train.average import update_average
from affect_jax.train.groups import by_module
from affect_jax.train.guard import Faults, describe_fault, leave_out_faults, means_to_log
from affect_jax.train.mesh_config import MeshConfig
from affect_jax.train.objective import Objective
from affect_jax.train.placement import Placement
from affect_jax.train.state import TrainState, create_state
from affect_jax.train.step import compile_step, make_train_step
from affect_jax.types import TaskVariables

ROOT = jax.random.key(1)


def arrays(state):
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(state)}


def assert_same(one, other):
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for name, array in arrays(one).items():
        np.testing.assert_array_equal(arrays(other)[name], array, err_msg=name)


def assert_equal_up_to_rounding(one, other):
    """Two programs may round differently; without Adam, whose first steps depend on the sign of gradients near zero."""
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for name, array in arrays(one).items():
        np.testing.assert_allclose(arrays(other)[name], array, rtol=1e-5, atol=1e-7, err_msg=name)


def create(network, optimizer, task, average, on_nan="stop"):
    initial = network.initial(jax.random.key(0))
    return create_state(network, optimizer, initial, task.initial(), average > 0, Faults.initial(on_nan))


def test_a_step_left_out_is_as_if_its_batch_had_not_been_there(full_recipe):
    """Statistics, moments, average, memory and learned mixture included; the images themselves are not finite."""
    task, tiny, batches = full_recipe
    task = dataclasses.replace(task, config=dataclasses.replace(task.config, teacher=""))
    network, optimizer = Network(lambda rngs: tiny(rngs=rngs)), optax.sgd(0.1, momentum=0.9)
    plain = make_train_step(Objective(network, task), optimizer, ROOT, 0.9)
    guarded, plain = jax.jit(leave_out_faults(plain)), jax.jit(plain)
    state, reference = create(network, optimizer, task, 0.9, "skip"), create(network, optimizer, task, 0.9)
    data, seen = batches(), []
    for number in range(5):
        batch = next(data)
        if number in (1, 2):
            batch.inputs.only[:] = np.inf
        else:
            reference, _ = plain(dataclasses.replace(reference, step=np.int32(number)), batch)
        state, terms = guarded(state, batch)
        seen.append((int(terms["skipped_in_a_row"]), int(terms["skipped_updates"])))
    assert seen == [(0, 0), (1, 1), (2, 2), (0, 2), (0, 2)]
    assert_equal_up_to_rounding(dataclasses.replace(state, faults=None), reference)


def test_parameters_and_moments_are_those_of_optax_apply_if_finite(tiny, regression, batches):
    network, inner = Network(lambda rngs: tiny(rngs=rngs)), optax.sgd(0.1, momentum=0.9)
    outer = optax.apply_if_finite(inner, max_consecutive_errors=9)
    objective = Objective(network, regression)
    guarded = jax.jit(leave_out_faults(make_train_step(objective, inner, ROOT)))
    plain = jax.jit(make_train_step(objective, outer, ROOT))
    state, reference = create(network, inner, regression, 0.0, "skip"), create(network, outer, regression, 0.0)
    data = batches()
    for number in range(4):
        batch = next(data)
        if number == 1:
            batch.labels["valence_arousal"].value[:] = np.nan
        (state, _), (reference, _) = guarded(state, batch), plain(reference, batch)
    assert int(reference.opt_state.total_notfinite) == int(state.faults.skipped) == 1
    assert_equal_up_to_rounding(state.variables.trained, reference.variables.trained)
    assert_equal_up_to_rounding(state.opt_state, reference.opt_state.inner_state)


def test_a_run_that_stops_at_faults_has_the_bits_of_one_that_does_not_look_for_them(full_recipe):
    """The reference is the step as it was before gradients were looked at by group, on eight devices."""
    task, tiny, batches = full_recipe
    task = dataclasses.replace(task, config=dataclasses.replace(task.config, teacher=""))
    network, optimizer, placement = Network(lambda rngs: tiny(rngs=rngs)), optax.adamw(1e-2), Placement.of(MeshConfig())
    objective = Objective(network, task)

    def before(state, batch):
        grads, outcome = jax.grad(objective.loss, has_aux=True)(state.learned, state, batch, ROOT, None)
        with jax.numpy_dtype_promotion("standard"):
            updates, opt_state = optimizer.update(grads, state.opt_state, state.learned)
        trained, parameters = optax.apply_updates(state.learned, updates)
        variables = Variables(trained, state.variables.frozen, outcome.statistics)
        mean = update_average(state.average, variables, 0.9, state.step)
        after = TrainState(state.step + 1, variables, opt_state, TaskVariables(parameters, outcome.memory), mean)
        return after, {**outcome.terms, "gradient_norm": optax.tree.norm(grads)}

    results = []
    for made in (before, make_train_step(objective, optimizer, ROOT, 0.9)):
        state, data, logged = placement.put(create(network, optimizer, task, 0.9)), batches(), []
        step = compile_step(made, state, placement)
        for _ in range(4):
            state, terms = step(state, placement.spread(next(data)))
            logged.append(means_to_log([jax.device_get(terms)]))
        results.append((state, logged))
    assert results[0][1] == results[1][1]
    assert_same(results[0][0], results[1][0])


def test_groups_have_all_gradients_once_and_squares_that_add_up(full_recipe):
    task, tiny, _ = full_recipe
    network = Network(lambda rngs: tiny(rngs=rngs))
    state = create(network, optax.sgd(0.1), task, 0.0)
    groups = by_module(state.learned)
    assert set(groups) == {"trunk/layers", "norm/scale", "norm/bias", *HEADS, "the task"}
    assert sum(map(len, groups.values())) == len(jax.tree.leaves(state.learned))
    squares = sum(float(optax.tree.norm(leaves)) ** 2 for leaves in groups.values())
    np.testing.assert_allclose(squares, float(optax.tree.norm(state.learned)) ** 2, rtol=1e-6)
    assert len(groups["the task"]) == len(state.task.parameters)


HEADS = ("head/kernel", "head/bias", "emotion/kernel", "emotion/bias")
GROUPS = {f"gradient_norm/{name}": 1.0 for name in ("a", "b", "c", "d", "e")}


@pytest.mark.parametrize(
    "bad, text",
    [
        ((), ""),
        (("loss/mse",), "loss/mse is not finite"),
        (("loss", "loss/mse"), "loss and loss/mse are not finite"),
        (("gradient_norm",), "gradient_norm is not finite"),
        (("gradient_norm", "gradient_norm/b"), "the gradients of b are not finite"),
        (
            ("loss", "loss/mse", "gradient_norm", *GROUPS),
            "loss, loss/mse and the gradients of a, b, c and 2 more groups are not finite",
        ),
    ],
)
def test_a_fault_names_terms_and_groups(bad, text):
    terms = {"loss": 1.0, "loss/mse": 1.0, "gradient_norm": 1.0, **GROUPS}
    assert describe_fault(terms | dict.fromkeys(bad, np.float32(np.inf))) == text
    assert describe_fault(terms | dict.fromkeys(bad, np.float32(np.nan))) == text


def test_means_are_those_of_finite_steps_and_say_how_many_were_left_out():
    fetched = [
        {"loss": np.float32(value), "gradient_norm/a": 1.0, "skipped_updates": count, "skipped_in_a_row": 0}
        for value, count in ((1.0, 4), (np.nan, 5), (4.0, 5))
    ]
    assert means_to_log(fetched) == {"loss": 2.5, "skipped_updates": 5}
    assert means_to_log(fetched[1:2]) == {"skipped_updates": 5}
    assert means_to_log([{"loss": np.float32(3.0)}]) == {"loss": 3.0}
