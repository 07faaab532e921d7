"""Freezing in all three senses, and names that account for every array."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from affect_jax.nn.network import Network, names, with_names
from affect_jax.train.objective import Objective
from affect_jax.train.state import create_state
from affect_jax.train.step import make_train_step


def trained(network, task, batches, optimizer, steps=3):
    state = create_state(network, optimizer, network.initial(jax.random.key(0)))
    step = jax.jit(make_train_step(Objective(network, task), optimizer, jax.random.key(1)))
    before, stream = state, batches()
    for _ in range(steps):
        state, _ = step(state, next(stream))
    return names(before.variables), names(state.variables)


def test_a_frozen_trunk_keeps_weights_and_statistics_under_weight_decay(tiny, regression, batches):
    network = Network(lambda rngs: tiny(rngs=rngs), frozen="trunk/.*")
    before, after = trained(network, regression, batches, optax.adamw(1e-2, weight_decay=0.5))
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    assert {name for name in before if name.startswith("trunk/")}.isdisjoint(moved)
    assert {"head/kernel", "norm/mean", "norm/var"} <= moved


def test_nothing_frozen_moves_everything(tiny, regression, batches):
    before, after = trained(Network(lambda rngs: tiny(rngs=rngs)), regression, batches, optax.sgd(0.1))
    still = {name for name in before if np.array_equal(before[name], after[name])}
    assert still <= {"trunk/layers/0/bias"}  # a bias before BatchNorm has no gradient but rounding


@pytest.mark.parametrize("frozen", ["trunk/.*", "(?!norm/|head/).*"])
def test_a_frozen_trunk_is_in_evaluation_mode_while_the_head_trains(tiny, frozen):
    network = Network(lambda rngs: tiny(rngs=rngs, dropout=0.5), frozen=frozen)
    variables = network.initial(jax.random.key(0))
    images = jax.random.uniform(jax.random.key(2), (8, 6, 6, 3))
    _, statistics = network.train(variables, images, jax.random.key(3))
    np.testing.assert_array_equal(statistics["trunk"]["layers"][1]["mean"].get_value(), 0)
    assert np.abs(statistics["norm"]["mean"].get_value()).max() > 0
    one = network.train(variables, images, jax.random.key(3))[0]["valence_arousal"]
    other = network.train(variables, images, jax.random.key(4))[0]["valence_arousal"]
    assert not np.array_equal(one, other)  # dropout is drawn from the key that is passed
    np.testing.assert_array_equal(
        network.predict(variables, images)["valence_arousal"], network.predict(variables, images)["valence_arousal"]
    )


def test_fixed_statistics_stay_bit_for_bit_while_scale_and_offset_are_trained(tiny, regression, batches):
    network = Network(lambda rngs: tiny(rngs=rngs), fixed_statistics="norm")
    before, after = trained(network, regression, batches, optax.sgd(0.1))
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    assert {"norm/mean", "norm/var"}.isdisjoint(moved)
    assert {"norm/scale", "norm/bias", "trunk/layers/1/mean", "trunk/layers/1/var", "head/kernel"} <= moved


def test_fixed_statistics_are_used_and_leave_dropout_on(tiny):
    network = Network(lambda rngs: tiny(rngs=rngs, dropout=0.5), fixed_statistics=".*")
    plain = Network(lambda rngs: tiny(rngs=rngs), fixed_statistics="norm|trunk/.*")
    variables, key = network.initial(jax.random.key(0)), jax.random.key(3)
    images = jax.random.uniform(jax.random.key(2), (8, 6, 6, 3))
    same = plain.train(variables, images, key)[0]["valence_arousal"]
    np.testing.assert_allclose(same, plain.predict(variables, images)["valence_arousal"], rtol=1e-6)
    assert not np.allclose(network.train(variables, images, key)[0]["valence_arousal"], same)


def test_a_pattern_that_freezes_nothing_or_everything_is_refused(tiny):
    with pytest.raises(ValueError, match="fixed_statistics='nrm' matches no layer .* look like .'norm', 'trunk/lay"):
        Network(lambda rngs: tiny(rngs=rngs), fixed_statistics="nrm")
    with pytest.raises(ValueError, match=r"frozen='trunk/\(' is not a valid regular expression"):
        Network(lambda rngs: tiny(rngs=rngs), frozen="trunk/(")
    with pytest.raises(ValueError, match="frozen='trnk/.*' matches no parameter; paths look like"):
        Network(lambda rngs: tiny(rngs=rngs), frozen="trnk/.*")
    with pytest.raises(ValueError, match="matches every parameter"):
        Network(lambda rngs: tiny(rngs=rngs), frozen=".*")


def test_names_go_there_and_back_and_every_mismatch_is_named(tiny):
    variables = Network(lambda rngs: tiny(rngs=rngs)).initial(jax.random.key(0))
    arrays = names(variables)
    same = with_names(variables, {name: array + 1 for name, array in arrays.items()})
    np.testing.assert_array_equal(names(same)["head/kernel"], arrays["head/kernel"] + 1)
    lacking = {name: array for name, array in arrays.items() if name != "head/bias"}
    with pytest.raises(ValueError, match=r"lacks \['head/bias'\] \(1 arrays in all\)"):
        with_names(variables, lacking)
    with pytest.raises(ValueError, match=r"holds \['extra'\] .* which the network lacks"):
        with_names(variables, {**arrays, "extra": jnp.zeros(1)})
    with pytest.raises(ValueError, match=r"'head/bias' has shape \(3,\) in the checkpoint, \(2,\) in the network"):
        with_names(variables, {**arrays, "head/bias": jnp.zeros(3)})
