"""The parts of the loss: the task's terms, penalties on the variables, and a teacher whose variables are passed in."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from affect_jax.nn.network import Network, names
from affect_jax.train.objective import Objective, Penalty, Teacher
from affect_jax.train.state import create_state
from affect_jax.train.step import make_train_step


def squares(name):
    """Half the sum of squares of one parameter, whose gradient is the parameter itself."""
    return lambda variables: 0.5 * jnp.square(names(variables)[name]).sum()


def step_of(objective, data, teacher=None):
    """The state before and after one step of gradient descent at 0.1, and what it logs."""
    optimizer = optax.sgd(0.1)
    variables = objective.network.initial(jax.random.key(0))
    before = create_state(objective.network, optimizer, variables, objective.task.initial())
    after, terms = jax.jit(make_train_step(objective, optimizer, jax.random.key(1)))(before, data, teacher)
    return before, after, terms


def test_penalties_are_added_by_their_weight_and_logged_by_their_name(tiny, regression, batches):
    network, data = Network(lambda rngs: tiny(rngs=rngs)), next(batches())
    head = Penalty("loss/head", 0.25, squares("head/kernel"))
    trunk = Penalty("loss/trunk", 2.0, squares("trunk/layers/0/kernel"))
    _, plain, without = step_of(Objective(network, regression), data)
    before, pressed, terms = step_of(Objective(network, regression, penalties=(head, trunk)), data)
    kernels = names(before.variables)
    expected = {
        "loss/head": 0.25 * 0.5 * np.square(np.float64(kernels["head/kernel"])).sum(),
        "loss/trunk": 2.0 * 0.5 * np.square(np.float64(kernels["trunk/layers/0/kernel"])).sum(),
    }
    assert set(terms) == {*without, *expected}
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-5)
    np.testing.assert_allclose(terms["loss"], without["loss"] + sum(expected.values()), rtol=1e-5)
    for name, weight in (("head/kernel", 0.25), ("trunk/layers/0/kernel", 2.0), ("head/bias", 0.0)):
        moved = names(pressed.variables)[name] - names(plain.variables)[name]
        np.testing.assert_allclose(moved, -0.1 * weight * kernels[name], rtol=1e-4, atol=1e-6, err_msg=name)


def test_a_penalty_of_frozen_parameters_is_logged_and_moves_nothing(tiny, regression, batches):
    network, data = Network(lambda rngs: tiny(rngs=rngs), frozen="trunk/.*"), next(batches())
    penalty = Penalty("loss/trunk", 2.0, squares("trunk/layers/0/kernel"))
    _, plain, _ = step_of(Objective(network, regression), data)
    _, pressed, terms = step_of(Objective(network, regression, penalties=(penalty,)), data)
    assert float(terms["loss/trunk"]) > 0
    for name, array in names(plain.variables).items():
        np.testing.assert_array_equal(names(pressed.variables)[name], array, err_msg=name)


def test_the_teacher_predicts_with_the_variables_that_are_handed_in(full_recipe):
    task, tiny, batches = full_recipe
    network, data = Network(lambda rngs: tiny(rngs=rngs)), next(batches())
    first, second = (network.initial(jax.random.key(seed)) for seed in (7, 8))
    objective = Objective(network, task, Teacher(network.predict, first))
    assert objective.teacher_variables is first and Objective(network, task).teacher_variables is None
    losses = [float(step_of(objective, data, teacher)[2]["loss/teacher"]) for teacher in (first, second)]
    assert losses[0] != losses[1]
