"""The options of the affect task: terms against float64, no influence of weight 0 bit for bit, and messages."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from records import make_batch, make_labels, unlabeled_rows, with_nan_labels, with_weights

from affect_jax.tasks.affect import Affect
from affect_jax.tasks.recipe import AffectConfig
from affect_jax.types import Predictions

NAMES = ("neutral", "happy", "sad", "surprise")
FULL = AffectConfig(
    mixing="learned",
    regression="rmse",
    ccc_memory=2,
    label_smoothing=0.1,
    class_weights=(1.0, 2.0, 0.5, 3.0),
    teacher="W",
    teacher_temperature=2.0,
)


def example(seed=0, rows=12):
    """Predictions, a teacher's and a batch in which some rows lack a label and the last is padding."""
    rng = np.random.default_rng(seed)
    place = np.arange(rows)
    label = np.float32(rng.uniform(-1, 1, (rows, 2)))
    nothing = np.zeros(rows, np.float32)
    labels = make_labels(
        label,
        np.float32(place % 3 > 0),
        np.float32(rng.dirichlet(np.ones(4), rows)),
        np.float32(place % 4 > 0),
        np.zeros((rows, 68, 2), np.float32),
        nothing,
    )
    batch = make_batch(np.zeros((rows, 4, 4, 3), np.float32), labels, np.float32(place < rows - 1), place)
    student = Predictions(
        valence_arousal=np.float32(0.5 * label + rng.normal(0, 0.3, label.shape)),
        emotion=np.float32(rng.normal(size=(rows, 4))),
    )
    teacher = Predictions(emotion=np.float32(rng.normal(size=(rows, 4))))
    return jax.tree.map(jnp.asarray, (student, teacher, batch))


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def test_terms_of_every_option_equal_float64():
    task = Affect(FULL).with_class_weights(np.ones(4), NAMES)
    (first, teacher_predictions, batch), (second, _, other) = example(0), example(1)
    carried = task.initial()
    _, memory = task.terms(first, batch, carried.memory, teacher_predictions)
    terms, memory = task.terms(second, other, memory, teacher_predictions)
    assert terms.keys() == {"loss/emotion", "loss/teacher", "loss/rmse", "loss/pcc", "loss/ccc"}

    known = np.asarray(other.labels["emotion"].weight * other.weight) > 0
    label = np.float64(other.labels["emotion"].value)[known]
    entropy = -((0.9 * label + 0.1 / 4) * log_softmax(np.float64(second["emotion"])[known])).sum(-1)
    weight = label @ [1, 2, 0.5, 3]
    np.testing.assert_allclose(terms["loss/emotion"], (entropy * weight).sum() / weight.sum(), rtol=1e-5)

    seen = np.asarray(other.weight) > 0  # what a teacher says needs no label
    mine, theirs = (log_softmax(np.float64(p["emotion"])[seen] / 2) for p in (second, teacher_predictions))
    divergence = 4 * (np.exp(theirs) * (theirs - mine)).sum(-1)
    np.testing.assert_allclose(terms["loss/teacher"], divergence.mean(), rtol=1e-5)

    rated = [np.asarray(b.labels["valence_arousal"].weight * b.weight) > 0 for b in (batch, other)]
    values = [np.float64(p["valence_arousal"])[kept] for p, kept in zip((first, second), rated, strict=True)]
    labels = [
        np.float64(b.labels["valence_arousal"].value)[kept] for b, kept in zip((batch, other), rated, strict=True)
    ]
    error = np.sqrt(((values[1] - labels[1]) ** 2).mean(0)).mean()
    np.testing.assert_allclose(terms["loss/rmse"], error, rtol=1e-5)
    predicted, label = np.concatenate(values), np.concatenate(labels)  # both batches, the first out of the memory
    covariance = ((predicted - predicted.mean(0)) * (label - label.mean(0))).mean(0)
    gap = (predicted.mean(0) - label.mean(0)) ** 2
    np.testing.assert_allclose(
        terms["loss/ccc"], 1 - (2 * covariance / (predicted.var(0) + label.var(0) + gap)).mean(), rtol=1e-5
    )
    np.testing.assert_allclose(terms["loss/pcc"], 1 - (covariance / predicted.std(0) / label.std(0)).mean(), rtol=1e-5)
    np.testing.assert_array_equal(memory.weight, [rated[1].sum(), rated[0].sum()])

    total = task.combine(terms, carried.parameters, jax.random.key(0))
    regression = sum(float(terms[f"loss/{name}"]) for name in ("rmse", "pcc", "ccc"))
    expected = float(terms["loss/emotion"]) + 0.3 * float(terms["loss/teacher"]) + regression / 3 + 1.5 * np.log(1.5)
    np.testing.assert_allclose(total, expected, rtol=1e-5)


def test_what_has_no_weight_changes_neither_loss_nor_gradients_nor_memory_bit_for_bit():
    task = Affect(FULL).with_class_weights(np.ones(4), NAMES)
    student, teacher_predictions, batch = example()
    carried = task.initial()

    def loss(values, logits, parameters, batch, teacher_predictions):
        terms, memory = task.terms(
            Predictions(valence_arousal=values, emotion=logits), batch, carried.memory, teacher_predictions
        )
        return task.combine(terms, parameters, jax.random.key(0)), memory

    unrated, padding = unlabeled_rows(batch, "valence_arousal"), batch.weight[:, None] == 0
    broken = with_nan_labels(batch, "valence_arousal", "emotion")
    wild = Predictions(
        valence_arousal=jnp.where(unrated, jnp.inf, student["valence_arousal"]),
        emotion=jnp.where(padding, jnp.nan, student["emotion"]),
    )
    nonsense = Predictions(emotion=jnp.where(padding, jnp.nan, teacher_predictions["emotion"]))
    run = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True))
    clean = run(student["valence_arousal"], student["emotion"], carried.parameters, batch, teacher_predictions)
    dirty = run(wild["valence_arousal"], wild["emotion"], carried.parameters, broken, nonsense)
    for one, other in zip(jax.tree.leaves(clean), jax.tree.leaves(dirty), strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.isfinite(one).all()


def test_a_batch_without_a_rating_leaves_learned_variances_and_memory_as_they_are():
    task = Affect(FULL)
    student, teacher_predictions, batch = example()
    labels = with_weights(batch.labels, valence_arousal=jnp.zeros(12))
    carried = task.initial()

    def loss(values, parameters):
        terms, memory = task.terms(
            student.replace(valence_arousal=values),
            dataclasses.replace(batch, labels=labels),
            carried.memory,
            teacher_predictions,
        )
        return task.combine(terms, parameters, None), memory

    (of_values, of_parameters), memory = jax.grad(loss, (0, 1), has_aux=True)(
        student["valence_arousal"], carried.parameters
    )
    assert not of_values.any() and not any(of_parameters.values())
    for one, other in zip(jax.tree.leaves(memory), jax.tree.leaves(carried.memory), strict=True):
        np.testing.assert_array_equal(one, other)


def test_class_weights_follow_the_frequencies_and_name_what_is_absent():
    counts = np.array([8.0, 4.0, 2.0, 2.0])
    inverse = Affect(AffectConfig(class_weight_rule="inverse")).with_class_weights(counts, NAMES).class_weights
    np.testing.assert_allclose(inverse, [0.5, 1, 2, 2])
    with pytest.raises(ValueError, match="'inverse_sqrt', but the training data has no examples of happy, surprise;"):
        Affect(AffectConfig(class_weight_rule="inverse_sqrt")).with_class_weights(np.array([1.0, 0, 1, 0]), NAMES)
    with pytest.raises(ValueError, match="has 2 entries; the label set has 4 emotions: neutral, happy, sad"):
        Affect(AffectConfig(class_weights=(1.0, 2.0))).with_class_weights(counts, NAMES)
    assert Affect(AffectConfig()).with_class_weights(counts, NAMES) == Affect(AffectConfig())


def test_class_weights_and_a_rule_for_them_exclude_each_other():
    with pytest.raises(ValueError, match=r"class_weights is \(1.0, 2.0\) and .*rule 'inverse'; set one of the two"):
        AffectConfig(class_weights=(1.0, 2.0), class_weight_rule="inverse")


@pytest.mark.parametrize(
    "field, value, message",
    [
        ("regression", "mae", "task.regression is 'mae'; choose one of mse, rmse"),
        ("ccc_memory", -1, "task.ccc_memory is -1; it must not be negative"),
        ("label_smoothing", 1.0, "task.label_smoothing is 1.0; it must be at least 0 and below 1"),
        (
            "class_weight_rule",
            "inverted",
            "task.class_weight_rule is 'inverted'; choose inverse, inverse_sqrt or ''",
        ),
        ("class_weights", (1.0, -2.0), r"task.class_weights is \(1.0, -2.0\); expected \(\) or one number"),
        ("class_weights", (0.0, 0.0), r"task.class_weights is \(0.0, 0.0\); expected"),
        ("teacher_temperature", 0.0, "task.teacher_temperature is 0.0; it must be above 0"),
        ("teacher_weight", -0.1, "task.teacher_weight is -0.1; it must not be negative"),
    ],
)
def test_a_wrong_option_is_refused_by_name(field, value, message):
    with pytest.raises(ValueError, match=message):
        AffectConfig(**{field: value})
