"""Parts of a batch give the gradient of the whole batch, that of set losses included."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from affect_jax.nn.network import Network, names
from affect_jax.tasks.affect import Affect
from affect_jax.tasks.recipe import AffectConfig
from affect_jax.train.mesh_config import MeshConfig
from affect_jax.train.micro_batches import check_parts, map_parts, train_in_parts
from affect_jax.train.objective import Objective, Teacher
from affect_jax.train.placement import Placement
from affect_jax.train.state import create_state
from affect_jax.types import Predictions


@pytest.fixture
def float64():
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):  # losses are partly float32
        yield


def wide(tree):
    """The same arrays in float64."""
    cast = lambda leaf: leaf.astype(np.float64) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf
    return jax.tree.map(cast, tree)


def gradients(network, task, batch, parts, placement=None, with_teacher=False, seed=1):
    """Gradients, and all else that a batch results in, with dropout as `seed` draws it."""
    placement = placement or Placement.single()
    first = wide(network.initial(jax.random.key(0)))
    state = placement.put(create_state(network, optax.identity(), first, wide(task.initial())))
    teacher = Teacher(network.predict, wide(network.initial(jax.random.key(7)))) if with_teacher else None
    objective = Objective(network, task, teacher, micro_batches=parts)
    differentiate = jax.jit(jax.grad(objective.loss, has_aux=True))
    grads, outcome = differentiate(
        state.learned, state, placement.spread(wide(batch)), jax.random.key(seed), objective.teacher_variables
    )
    named = {**names(grads[0]), **{name: array for name, array in grads[1].items()}}
    return jax.device_get(named), outcome


def relative(one, other):
    vectors = [np.concatenate([np.ravel(tree[name]) for name in sorted(other)]) for tree in (one, other)]
    return np.linalg.norm(vectors[0] - vectors[1]) / np.linalg.norm(vectors[1])


@pytest.mark.slow
def test_with_fixed_statistics_the_gradient_of_parts_is_that_of_the_batch(full_recipe, float64):
    task, _, batches = full_recipe
    network, batch = Network(PlainAffect, fixed_statistics=".*"), next(batches())
    whole, outcome = gradients(network, task, batch, 1, with_teacher=True)
    for parts in (2, 4):
        grads, same = gradients(network, task, batch, parts, with_teacher=True)
        assert relative(grads, whole) < 1e-9
        for one, other in zip(jax.tree.leaves(same), jax.tree.leaves(outcome), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_the_ccc_is_that_of_the_whole_batch_and_not_the_mean_over_its_parts(batches, float64):
    task, batch = Affect(AffectConfig(mixing="fixed")), next(batches())
    network = Network(PlainAffect, fixed_statistics=".*")
    whole, outcome = gradients(network, task, batch, 1)
    _, same = gradients(network, task, batch, 4)
    np.testing.assert_allclose(same.terms["loss/ccc"], outcome.terms["loss/ccc"], rtol=1e-9)
    means = []
    for part in range(4):
        rows = jax.tree.map(lambda leaf, part=part: leaf[part::4], batch)
        means.append(gradients(network, task, rows, 1))
    assert abs(np.mean([each.terms["loss/ccc"] for _, each in means]) - outcome.terms["loss/ccc"]) > 1e-3
    averaged = {name: np.mean([grads[name] for grads, _ in means], 0) for name in whole}
    assert relative(averaged, whole) > 1e-2


def test_parts_on_eight_devices_give_the_gradient_of_the_batch_on_one(regression, batches, float64):
    network, batch = Network(PlainAffect, fixed_statistics=".*"), next(batches())
    whole, _ = gradients(network, regression, batch, 1)
    spread, _ = gradients(network, regression, batch, 2, Placement.of(MeshConfig()))
    assert relative(spread, whole) < 1e-9


def test_norms_use_the_statistics_of_each_part_and_running_ones_move_once_toward_their_mean(tiny, batches, float64):
    network, images = Network(lambda rngs: tiny(rngs=rngs)), jnp.asarray(wide(next(batches())).inputs.images)
    variables = wide(network.initial(jax.random.key(0)))
    key = jax.random.key(1)
    predictions, statistics = train_in_parts(network, variables, images, key, 4)
    alone = [network.train(variables, images[part::4], key) for part in range(4)]
    for part, (expected, _) in enumerate(alone):
        np.testing.assert_allclose(predictions["valence_arousal"][part::4], expected["valence_arousal"], rtol=1e-9)
    mean = jax.tree.map(lambda *each: sum(each) / 4, *(moved for _, moved in alone))
    for one, other in zip(jax.tree.leaves(statistics), jax.tree.leaves(mean), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    whole, _ = network.train(variables, images, key)
    assert np.abs(predictions["valence_arousal"] - whole["valence_arousal"]).max() > 1e-3


def test_dropout_draws_anew_for_each_part_and_again_the_same_for_its_gradient(tiny, regression, batches, float64):
    network = Network(lambda rngs: tiny(rngs=rngs, dropout=0.5), fixed_statistics=".*")
    variables = wide(network.initial(jax.random.key(0)))
    images = jnp.repeat(jnp.asarray(wide(next(batches())).inputs.images[:1]), 8, 0)
    key = jax.random.key(3)
    predictions, _ = train_in_parts(network, variables, images, key, 4)
    assert len(np.unique(np.round(predictions["valence_arousal"][:, 0], 9))) > 2

    def total(kernel):
        module = network.module(variables)
        module.head.kernel[...] = kernel
        predicted, _ = train_in_parts(network, network.variables(module), images, key, 4)
        return predicted["valence_arousal"].sum()

    kernel = variables.trained["head"]["kernel"][...]
    grads, step = jax.grad(total)(kernel), jnp.zeros_like(kernel).at[1, 0].set(1e-4)
    difference = (total(kernel + step) - total(kernel - step)) / 2e-4
    np.testing.assert_allclose(grads[1, 0], difference, rtol=1e-6, atol=1e-9)


def test_parts_of_any_number_keep_the_order_of_the_batch():
    count = jnp.arange(12.0)
    for parts in (1, 2, 3, 12):
        predict = lambda values: Predictions(emotion=values * 2)
        np.testing.assert_array_equal(map_parts(predict, count, parts)["emotion"], 2 * count)


@pytest.mark.parametrize(
    "batch, parts, devices, message",
    [
        (32, 3, 1, r"batch_size is 32 and train.micro_batches 3; .*: choose a batch_size that is a multiple of 3, or"),
        (12, 1, 8, r"batch_size is 12, which 8 devices cannot share: choose a multiple of 8, or fewer devices"),
        (32, 8, 8, r"the same number of examples on each of 8 devices: .* a multiple of 64, or other micro_batches"),
    ],
)
def test_a_batch_that_does_not_divide_is_refused(batch, parts, devices, message):
    with pytest.raises(ValueError, match=message):
        check_parts(batch, parts, devices)
    check_parts(parts * devices * 2, parts, devices)


class PlainAffect(nnx.Module):
    """A norm, and two heads."""

    def __init__(self, rngs: nnx.Rngs):
        self.conv = nnx.Conv(3, 4, (3, 3), rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.head, self.emotion = nnx.Linear(4, 2, rngs=rngs), nnx.Linear(4, 8, rngs=rngs)

    def __call__(self, images, *, rngs=None):
        features = jnp.tanh(self.norm(self.conv(images))).mean((1, 2))
        return Predictions(valence_arousal=self.head(features), emotion=self.emotion(features))
