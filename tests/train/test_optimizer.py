"""Schedules at hand-worked points, updates against PyTorch, decay of kernels only, the average of the weights."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from affect_jax.nn.network import Variables
from affect_jax.train.average import update_average
from affect_jax.train.optimizer import OptimizerConfig, make_optimizer, schedule


def test_schedules_at_hand_worked_points():
    cosine = schedule(OptimizerConfig(learning_rate=0.1, warmup_steps=10), 110)
    np.testing.assert_allclose(
        [cosine(0), cosine(5), cosine(10), cosine(60), cosine(110)], [0, 0.05, 0.1, 0.05, 0], atol=1e-8
    )
    steps = schedule(OptimizerConfig(learning_rate=0.1, schedule="steps"), 100)
    np.testing.assert_allclose([steps(29), steps(31), steps(61), steps(91)], [0.1, 0.01, 0.001, 0.0001], rtol=1e-5)
    early = schedule(OptimizerConfig(learning_rate=0.1, schedule="steps", drops=(0.2, 0.25)), 100)
    np.testing.assert_allclose([early(19), early(21), early(26), early(99)], [0.1, 0.01, 0.001, 0.001], rtol=1e-5)


@pytest.mark.parametrize("drops", [(0.5, 0.5), (0.0,), (0.6, 0.3), (0.5, 1.0)])
def test_shares_of_the_run_increase(drops):
    with pytest.raises(ValueError, match="optimizer.drops is .*; expected increasing shares of the run between 0 and"):
        OptimizerConfig(drops=drops)


def test_decay_touches_kernels_and_no_vector():
    params = {"kernel": jnp.ones((2, 2)), "bias": jnp.ones(2)}
    optimizer = make_optimizer(OptimizerConfig(learning_rate=0.1, weight_decay=0.5, schedule="constant"), 10)
    zeros = {"kernel": jnp.zeros((2, 2)), "bias": jnp.zeros(2)}
    with jax.numpy_dtype_promotion("standard"):
        updates, _ = optimizer.update(zeros, optimizer.init(params), params)
    after = optax.apply_updates(params, updates)
    np.testing.assert_allclose(after["kernel"], 1 - 0.1 * 0.5)
    np.testing.assert_array_equal(after["bias"], 1)


def test_the_first_step_of_sgd_is_the_gradient_times_the_learning_rate():
    params, grads = {"w": jnp.zeros((1, 2))}, {"w": jnp.array([[3.0, 4.0]])}
    optimizer = make_optimizer(OptimizerConfig(name="sgd", learning_rate=0.2, schedule="constant"), 10)
    updates, _ = optimizer.update(grads, optimizer.init(params), params)
    np.testing.assert_allclose(updates["w"], [[-0.6, -0.8]], rtol=1e-5)


def trajectory(config, kernels, steps=6):
    """A kernel after each step of a run whose gradient is 2 x kernel - 1."""
    params, found = {"kernel": jnp.asarray(kernels)}, []
    optimizer = make_optimizer(config, steps)
    state = optimizer.init(params)
    for _ in range(steps):
        with jax.numpy_dtype_promotion("standard"):
            updates, state = optimizer.update({"kernel": 2 * params["kernel"] - 1}, state, params)
        params = optax.apply_updates(params, updates)
        found.append(np.asarray(params["kernel"]))
    return np.stack(found)


@pytest.mark.torch
@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_updates_with_decay_equal_pytorch(name):
    torch = pytest.importorskip("torch")
    start = np.float32([[0.3, -1.2], [2.0, 0.7]])
    config = OptimizerConfig(name=name, learning_rate=0.05, weight_decay=0.1, schedule="constant")
    kernel = torch.nn.Parameter(torch.tensor(start))
    options = {"lr": 0.05, "weight_decay": 0.1}
    rule = (
        torch.optim.AdamW([kernel], **options)
        if name == "adamw"
        else torch.optim.SGD([kernel], momentum=0.9, **options)
    )
    expected = []
    for _ in range(6):
        kernel.grad = 2 * kernel.detach() - 1
        rule.step()
        expected.append(kernel.detach().numpy().copy())
    np.testing.assert_allclose(trajectory(config, start), expected, rtol=1e-5, atol=1e-6)


def test_the_steps_schedule_falls_where_emonets_does():
    rates = schedule(OptimizerConfig(learning_rate=1e-3, schedule="steps"), 50)  # one step an epoch
    found = [float(rates(epoch)) for epoch in range(50)]
    expected = [1e-3 * 0.1 ** sum(epoch >= at for at in (15, 30, 45)) for epoch in range(50)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_warm_up_is_linear_and_the_schedule_starts_after_it():
    rates = schedule(OptimizerConfig(learning_rate=0.2, schedule="steps", warmup_steps=10), 110)
    np.testing.assert_allclose([rates(0), rates(5), rates(10), rates(39)], [0, 0.1, 0.2, 0.2], rtol=1e-6)
    np.testing.assert_allclose([rates(40), rates(70), rates(100)], [0.02, 0.002, 0.0002], rtol=1e-5)


def test_the_running_mean_equals_its_closed_form():
    numbers = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    state = lambda values: Variables(nnx.State({"w": jnp.asarray(values)}), nnx.State({}), nnx.State({}))
    mean, expected = state(numbers[0]), np.float64(numbers[0])
    for step, values in enumerate(numbers):
        mean = update_average(mean, state(values), 0.7, jnp.int32(step))
        decay = min(0.7, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * values
        if step in (0, 39):
            np.testing.assert_allclose(mean.trained["w"], expected, rtol=1e-5)
    still = update_average(mean, mean, 0.7, jnp.int32(40))
    np.testing.assert_array_equal(still.trained["w"], mean.trained["w"])


@pytest.mark.parametrize(
    "field, value", [("average", 1.0), ("name", "adam"), ("schedule", "linear"), ("learning_rate", 0.0)]
)
def test_a_wrong_option_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=f"optimizer.{field} is"):
        OptimizerConfig(**{field: value})


@pytest.mark.parametrize(("name", "value"), [("warmup_steps", -1), ("weight_decay", -1.0), ("sparsity", -1.0)])
def test_what_must_not_be_negative(name, value):
    with pytest.raises(ValueError, match=f"optimizer.{name} is {value}; it must not be negative"):
        OptimizerConfig(**{name: value})
