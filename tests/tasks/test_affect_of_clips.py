"""The affect task of clips: every labeled frame counts."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from records import make_batch, make_labels, with_values

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


def one_minus_ccc(predictions, batch):
    kept = np.asarray(batch.labels["valence_arousal"].weight) > 0
    predicted, label = (
        np.float64(values)[kept] for values in (predictions["valence_arousal"], batch.labels["valence_arousal"].value)
    )
    covariance = ((predicted - predicted.mean(0)) * (label - label.mean(0))).mean(0)
    gap = (predicted.mean(0) - label.mean(0)) ** 2
    return 1 - (2 * covariance / (predicted.var(0) + label.var(0) + gap)).mean()


def test_ccc_over_the_frames_of_all_clips_equals_float64():
    predictions, batch = batch_of((4, 8))
    terms, _ = jax.jit(Affect(AffectConfig()).terms)(predictions, batch)
    np.testing.assert_allclose(terms["loss/ccc"], one_minus_ccc(predictions, batch), rtol=1e-5)


REMEMBERING = AffectConfig(ccc_memory=2)


def test_what_an_unlabeled_frame_holds_changes_nothing_bit_for_bit():
    predictions, batch = batch_of((4, 8))
    task = Affect(REMEMBERING)

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
    run = jax.jit(lambda predictions, batch: Affect(REMEMBERING).terms(predictions, batch)[0])
    alone = run(predictions, batch)
    apart = run(*Placement.of(MeshConfig()).spread(jax.device_get((predictions, batch))))
    for name, value in alone.items():
        np.testing.assert_allclose(apart[name], value, rtol=1e-5, err_msg=name)
