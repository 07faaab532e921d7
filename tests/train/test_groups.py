"""Learning rates of groups: updates scale exactly, weight decay included, and invalid entries are rejected."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from affect_jax.nn.network import Network, names
from affect_jax.train.checkpoint import Checkpoints
from affect_jax.train.groups import factors, parse_multipliers
from affect_jax.train.objective import Objective
from affect_jax.train.optimizer import OptimizerConfig, make_optimizer
from affect_jax.train.placement import Placement
from affect_jax.train.state import create_state
from affect_jax.train.step import make_train_step

PARAMS = {"trunk": {"kernel": jnp.full((2, 2), 2.0)}, "head": {"kernel": jnp.full((2, 2), 2.0), "bias": jnp.ones(2)}}


def moved(optimizer, grads, steps=3):
    params, state = PARAMS, optimizer.init(PARAMS)
    for _ in range(steps):
        with jax.numpy_dtype_promotion("standard"):
            updates, state = optimizer.update(grads, state, params)
        yield updates
        params = optax.apply_updates(params, updates)


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_a_tenth_of_the_rate_moves_a_tenth_as_far(name):
    options = {"name": name, "learning_rate": 0.5, "schedule": "constant", "weight_decay": 0.0}
    optimizer = make_optimizer(
        OptimizerConfig(**options, learning_rate_multipliers=(("trunk/.*", 0.1), (".*/bias", 3.0))), 10
    )
    plain = make_optimizer(OptimizerConfig(**options), 10)
    grads = jax.tree.map(lambda leaf: 0.25 * leaf, PARAMS)
    for update, reference in zip(moved(optimizer, grads), moved(plain, grads), strict=True):
        np.testing.assert_array_equal(update["trunk"]["kernel"], np.float32(0.1) * reference["trunk"]["kernel"])
        np.testing.assert_array_equal(update["head"]["kernel"], reference["head"]["kernel"])
        np.testing.assert_array_equal(update["head"]["bias"], 3 * reference["head"]["bias"])


def test_decay_is_scaled_with_the_rate():
    config = OptimizerConfig(
        learning_rate=0.5, schedule="constant", weight_decay=0.2, learning_rate_multipliers=(("trunk/.*", 0.1),)
    )
    update = next(moved(make_optimizer(config, 10), jax.tree.map(jnp.zeros_like, PARAMS)))
    np.testing.assert_allclose(update["head"]["kernel"], -0.5 * 0.2 * 2, rtol=1e-6)
    np.testing.assert_allclose(update["trunk"]["kernel"], -0.1 * 0.5 * 0.2 * 2, rtol=1e-6)


def test_the_first_pattern_that_matches_counts_and_may_hold_commas():
    found = factors(
        ((r".*/kerne[l]{1,2}", 0.5), ("head/(?=b).*", 20.0), ("trunk/.*|head/.*s", 7.0)),
        {**PARAMS, "trunk": {"bias": 1.0}},
    )
    assert found == {"trunk": {"bias": 7.0}, "head": {"kernel": 0.5, "bias": 20.0}}
    assert parse_multipliers(()) == []


@pytest.mark.parametrize(
    "rates, message",
    [
        (("trunk/.*", 0.1), r"'trunk/\.\*' is not a pair of a pattern and a factor; expected pairs as in \(\("),
        ((("trunk/.*", "0.1"),), r"\('trunk/\.\*', '0\.1'\) is not a pair"),
        ((("trunk/.*", -1),), r"the factor of 'trunk/\.\*' is -1; it must be a number above 0"),
        (
            (("trunk/.*", 0),),
            r"the factor of 'trunk/\.\*' is 0, which freezes what it matches; use the option `frozen`",
        ),
        ((("trunk/.*", float("nan")),), r"the factor of 'trunk/\.\*' is nan"),
        ((("trunk/(", 1),), r"'trunk/\(' is not a regular expression"),
    ],
)
def test_an_invalid_entry_is_rejected(rates, message):
    with pytest.raises(ValueError, match=f"optimizer.learning_rate_multipliers: {message}"):
        OptimizerConfig(learning_rate_multipliers=rates)


@pytest.mark.parametrize("rates, unused", [((("trnk/.*", 2),), "trnk/.*"), (((".*", 2), ("head/.*", 3)), "head/.*")])
def test_a_pattern_that_applies_to_nothing_is_rejected_before_the_first_step(rates, unused):
    optimizer = make_optimizer(OptimizerConfig(learning_rate_multipliers=rates), 10)
    with pytest.raises(ValueError) as refused:
        optimizer.init(PARAMS)
    assert f"'{unused}' matches no trained parameter" in str(refused.value)
    assert "paths look like ['head/bias', 'head/kernel', 'trunk/kernel']" in str(refused.value)


def test_groups_of_a_run_follow_its_paths_and_its_optimizer_state_is_restored(tiny, regression, batches, tmp_path):
    network = Network(lambda rngs: tiny(rngs=rngs))
    options = {"learning_rate": 0.1, "schedule": "constant", "weight_decay": 0.1}
    runs = []
    for rates in ((), (("trunk/.*", 0.1), ("head/bias", 2.0))):
        optimizer = make_optimizer(OptimizerConfig(**options, learning_rate_multipliers=rates), 10)
        state = create_state(network, optimizer, network.initial(jax.random.key(0)))
        step = jax.jit(make_train_step(Objective(network, regression), optimizer, jax.random.key(1)))
        stream = batches()
        first, _ = step(state, next(stream))
        before, after = names(state.variables.trained), names(first.variables.trained)
        runs.append({name: np.asarray(after[name]) - before[name] for name in before})
    for name, plain in runs[0].items():
        factor = 0.1 if name.startswith("trunk/") else 2 if name == "head/bias" else 1
        np.testing.assert_allclose(runs[1][name], factor * plain, rtol=1e-3, atol=1e-7, err_msg=name)

    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(first, stream.get_state())
    checkpoints.close()
    again, _ = Checkpoints(tmp_path).restore(jax.eval_shape(lambda: first), Placement.single())
    assert jax.tree.structure(again.opt_state) == jax.tree.structure(first.opt_state)
    batch = next(stream)
    for one, other in zip(jax.tree.leaves(step(first, batch)), jax.tree.leaves(step(again, batch)), strict=True):
        np.testing.assert_array_equal(one, other)
