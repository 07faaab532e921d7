"""The options of the affect task that only clips can serve: terms against float64, what is refused."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from records import make_batch, make_labels, with_values, with_weights

from affect_jax.tasks.affect import Affect
from affect_jax.tasks.recipe import AffectConfig
from affect_jax.train.mesh_config import MeshConfig
from affect_jax.train.placement import Placement
from affect_jax.types import Predictions


def batch_of(shape, seed=0):
    """Predictions, and a batch in which every fifth frame lacks a label; of clips the second lacks all but three."""
    rng = np.random.default_rng(seed)
    label = np.float32(rng.uniform(-1, 1, (*shape, 2)))
    weight = np.float32(np.arange(np.prod(shape)).reshape(shape) % 5 > 0)
    if len(shape) > 1:
        weight[1, 3:] = 0
    nothing, ones = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    labels = make_labels(label, weight, np.zeros((*shape, 4), np.float32), nothing, np.zeros((*shape, 68, 2)), nothing)
    batch = make_batch(np.zeros((*shape, 4, 4, 3), np.float32), labels, ones, np.arange(np.prod(shape)).reshape(shape))
    predicted = Predictions(valence_arousal=np.float32(0.5 * label + rng.normal(0.1, 0.2, label.shape)))
    return jax.tree.map(jnp.asarray, (predicted, batch))


def one_minus_ccc(predictions, batch, where):
    kept = np.asarray(batch.labels["valence_arousal"].weight)[where] > 0
    predicted, label = (
        np.float64(values)[where][kept]
        for values in (predictions["valence_arousal"], batch.labels["valence_arousal"].value)
    )
    covariance = ((predicted - predicted.mean(0)) * (label - label.mean(0))).mean(0)
    gap = (predicted.mean(0) - label.mean(0)) ** 2
    return 1 - (2 * covariance / (predicted.var(0) + label.var(0) + gap)).mean()


@pytest.mark.parametrize("over", ["batch", "clip", "both"])
def test_ccc_over_batch_clips_or_both_equals_float64(over):
    predictions, batch = batch_of((4, 8))
    whole = one_minus_ccc(predictions, batch, np.s_[:])
    each = np.mean([one_minus_ccc(predictions, batch, clip) for clip in (0, 2, 3)])
    expected = {"batch": whole, "clip": each, "both": (whole + each) / 2}[over]
    terms, _ = jax.jit(Affect(AffectConfig(ccc_over=over)).terms)(predictions, batch)
    np.testing.assert_allclose(terms["loss/ccc"], expected, rtol=1e-5)
    assert abs(whole - each) > 0.01  # the options differ at all


def test_smoothness_is_weighed_outside_the_mixture():
    predictions, batch = batch_of((4, 8))
    task, plain = Affect(AffectConfig(smoothness_weight=3.0)), Affect(AffectConfig())
    terms, _ = task.terms(predictions, batch)
    weight = np.asarray(batch.labels["valence_arousal"].weight)
    steps = (np.diff(np.float64(predictions["valence_arousal"]), axis=1) ** 2).mean(-1)
    both = weight[:, 1:] * weight[:, :-1]
    np.testing.assert_allclose(terms["loss/smoothness"], (steps * both).sum() / both.sum(), rtol=1e-5)
    without = {name: value for name, value in terms.items() if name != "loss/smoothness"}
    difference = task.combine(terms, {}, None) - plain.combine(without, {}, None)
    np.testing.assert_allclose(difference, 3 * terms["loss/smoothness"], rtol=1e-4)
    assert "loss/smoothness" not in plain.terms(predictions, batch)[0]


def test_only_the_part_over_the_batch_remembers():
    (first, one), (second, other) = batch_of((4, 8), 0), batch_of((4, 8), 1)
    found = {}
    for over in ("batch", "both"):
        task = Affect(AffectConfig(ccc_over=over, ccc_memory=2))
        _, memory = task.terms(first, one, task.initial().memory)
        terms, memory = task.terms(second, other, memory)
        found[over] = float(terms["loss/ccc"])
        np.testing.assert_array_equal(memory.weight, [other.labels["valence_arousal"].weight.sum(), 21])
    each = Affect(AffectConfig(ccc_over="clip")).terms(second, other)[0]["loss/ccc"]
    np.testing.assert_allclose(found["both"], (found["batch"] + each) / 2, rtol=1e-5)


EVERYTHING = AffectConfig(ccc_over="both", ccc_memory=2, smoothness_weight=3.0)


def test_what_an_unlabeled_frame_holds_changes_nothing_bit_for_bit():
    predictions, batch = batch_of((4, 8))
    task = Affect(EVERYTHING)

    def loss(values, batch):
        terms, memory = task.terms(Predictions(valence_arousal=values), batch, task.initial().memory)
        return task.combine(terms, {}, None), memory

    run = jax.jit(jax.value_and_grad(loss, has_aux=True))
    unlabeled = batch.labels["valence_arousal"].weight[..., None] == 0
    labels = with_values(
        batch.labels, valence_arousal=jnp.where(unlabeled, jnp.nan, batch.labels["valence_arousal"].value)
    )
    clean = run(predictions["valence_arousal"], batch)
    dirty = run(
        jnp.where(unlabeled, jnp.inf, predictions["valence_arousal"]), dataclasses.replace(batch, labels=labels)
    )
    for one, other in zip(jax.tree.leaves(clean), jax.tree.leaves(dirty), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.asarray(clean[1])[np.asarray(unlabeled)[..., 0]].any() and np.asarray(clean[1]).any()


def test_clips_spread_over_eight_devices_have_the_terms_of_one():
    predictions, batch = batch_of((8, 6))
    run = jax.jit(lambda predictions, batch: Affect(EVERYTHING).terms(predictions, batch)[0])
    alone = run(predictions, batch)
    apart = run(*Placement.of(MeshConfig()).spread(jax.device_get((predictions, batch))))
    for name, value in alone.items():
        np.testing.assert_allclose(apart[name], value, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("over, left", [("clip", 0.0), ("both", None)])
def test_where_no_clip_has_enough_labels_there_is_no_gradient_from_clips_and_nothing_is_nan(over, left):
    predictions, batch = batch_of((4, 8))
    weight = batch.labels["valence_arousal"].weight.at[:, 2:].set(0)
    batch = dataclasses.replace(batch, labels=with_weights(batch.labels, valence_arousal=weight))
    loss = lambda values, over: Affect(AffectConfig(ccc_over=over)).terms(Predictions(valence_arousal=values), batch)[
        0
    ]["loss/ccc"]
    slope = jax.jit(jax.value_and_grad(loss), static_argnums=1)
    value, gradient = slope(predictions["valence_arousal"], over)
    alone, of_batch = slope(predictions["valence_arousal"], "batch")
    if left is not None:
        alone, of_batch = left, jnp.zeros_like(gradient)
    np.testing.assert_allclose(value, alone, rtol=1e-6)
    np.testing.assert_allclose(gradient, of_batch, rtol=1e-6)


@pytest.mark.parametrize("shape", [(24,), (8, 3)])
def test_photographs_and_clips_that_are_too_short_are_refused(shape):
    predictions, batch = batch_of(shape)
    message = r"task.ccc_over 'clip' needs clips, \[batch, time\] with 4 frames or more, but the labels have shape"
    with pytest.raises(ValueError, match=message):
        Affect(AffectConfig(ccc_over="clip")).terms(predictions, batch)


def test_smoothness_of_photographs_is_refused():
    with pytest.raises(ValueError, match="task.smoothness_weight 2 needs clips, .* with 2 frames or more"):
        Affect(AffectConfig(smoothness_weight=2.0)).terms(*batch_of((24,)))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"ccc_over": "video"}, "task.ccc_over is 'video'; choose one of batch, both, clip"),
        ({"smoothness_weight": -1.0}, "task.smoothness_weight is -1.0; it must not be negative"),
        ({"ccc_over": "clip", "ccc_memory": 2}, "task.ccc_memory is 2 but task.ccc_over is 'clip'"),
    ],
)
def test_wrong_options_are_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        AffectConfig(**options)
