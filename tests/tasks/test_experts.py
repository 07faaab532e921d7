"""The task of experts: each expert is moved by its own subject alone; the mixture, by the terms of the affect task."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.losses.experts import load_balance
from affect_jax.models.experts import Experts as ExpertsNetwork
from affect_jax.models.experts import ExpertsConfig as NetworkConfig
from affect_jax.nn.experts import MixtureConfig
from affect_jax.nn.network import Network, Variables
from affect_jax.tasks.affect import Affect
from affect_jax.tasks.experts import Experts, ExpertsConfig
from affect_jax.tasks.recipe import AffectConfig
from affect_jax.types import Batch, Inputs, Label, Labels, Predictions

COUNT, FEATURES, ROWS = 3, 4, 12
OWN, JOINT = ExpertsConfig(stage="experts", mixing="fixed"), ExpertsConfig(mixing="fixed")


def make_batch(subject=None, weight=None) -> Batch:
    rng = np.random.default_rng(0)
    subject = np.arange(ROWS) % COUNT if subject is None else np.asarray(subject)
    weight = np.ones(ROWS, np.float32) if weight is None else np.float32(weight)
    features = rng.normal(size=(ROWS, FEATURES)).astype(np.float32)
    label = Label(rng.uniform(-1, 1, (ROWS, 2)).astype(np.float32), weight)
    batch = Batch(Inputs(features=features), Labels(valence_arousal=label), np.ones(ROWS, np.float32), subject, subject)
    return jax.tree.map(jnp.asarray, batch)


def replace_rows(batch: Batch, rows: np.ndarray, value: float) -> Batch:
    """Other features and labels in some rows."""
    change = lambda array: jnp.where(jnp.asarray(rows)[:, None], jnp.float32(value), array)
    label = batch.labels["valence_arousal"]
    labels = Labels(valence_arousal=Label(change(label.value), label.weight))
    return Batch(Inputs(features=change(batch.inputs.features)), labels, batch.weight, batch.index, batch.subject)


@pytest.fixture(scope="module")
def network() -> Network:
    config = NetworkConfig(FEATURES, mixture=MixtureConfig(COUNT, 5))
    return Network(lambda rngs: ExpertsNetwork(config, rngs=rngs))


@pytest.fixture(scope="module")
def gradient(network):
    """The gradient of the loss with respect to the parameters, by name, as a function of task options and batch."""
    variables = network.initial(jax.random.key(0))

    def loss(trained, batch, task):
        predictions, _ = network.train(Variables(trained, *_rest(variables)), batch.inputs.only, jax.random.key(1))
        terms, _ = task.terms(predictions, batch)
        return task.combine(terms, {}, None)

    compiled = jax.jit(jax.grad(loss), static_argnums=2)

    def by_name(config: ExpertsConfig, batch: Batch) -> dict[str, np.ndarray]:
        flat = nnx.to_flat_state(compiled(variables.trained, batch, Experts(config)))
        return {"/".join(map(str, path)): np.asarray(leaf[...]) for path, leaf in flat}

    return by_name


def _rest(variables: Variables) -> tuple:
    return variables.frozen, variables.statistics


def test_no_expert_is_moved_by_frames_of_other_subjects(gradient):
    batch = make_batch()
    others = replace_rows(batch, np.asarray(batch.subject) != 1, 0.7)
    before, after = gradient(OWN, batch), gradient(OWN, others)
    for name in (name for name in before if "/heads/" in name):
        np.testing.assert_array_equal(before[name][1], after[name][1], err_msg=name)
        assert np.abs(before[name][1]).max() > 0
        assert np.abs(before[name][0] - after[name][0]).max() > 1e-4, name
    assert all(not before[name].any() for name in before if "/gate/" in name)


def test_an_expert_without_frames_has_no_gradient_and_does_not_count(gradient):
    only = gradient(OWN, make_batch(subject=np.full(ROWS, 2)))
    both = gradient(OWN, make_batch(subject=np.where(np.arange(ROWS) % 2, 2, -1)))
    for found in (only, both):
        for name in (name for name in found if "/heads/" in name):
            assert not found[name][:2].any() and found[name][2].any(), name


def test_terms_of_an_expert_are_those_of_the_affect_task_on_its_frames(network):
    """The oracle: the affect task on the rows of each subject, with that expert's values, and the mean over experts."""
    batch = make_batch(weight=[1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1])
    predictions = network.predict(network.initial(jax.random.key(0)), batch.inputs.only)
    found, _ = Experts(OWN).terms(predictions, batch)
    affect, each = Affect(AffectConfig()), []
    for k in range(COUNT):
        rows = np.flatnonzero(np.asarray(batch.subject) == k)
        part = jax.tree.map(lambda array, rows=rows: array[rows], batch)
        each.append(affect.terms(Predictions(valence_arousal=predictions["experts"][rows, k]), part)[0])
    assert set(found) == set(each[0])
    for name, value in found.items():
        np.testing.assert_allclose(value, np.mean([terms[name] for terms in each]), rtol=1e-5, atol=1e-6, err_msg=name)


def test_the_joint_stage_learns_the_mixture_as_the_affect_task_does_and_balances_the_experts(network):
    batch = make_batch()
    predictions = network.predict(network.initial(jax.random.key(0)), batch.inputs.only)
    found, _ = Experts(JOINT).terms(predictions, batch)
    affect, _ = Affect(AffectConfig()).terms(Predictions(valence_arousal=predictions["valence_arousal"]), batch)
    balance = load_balance(predictions["gate"], predictions["shares"], batch.weight)
    assert found == {**affect, "loss/load_balance": balance}
    total = Experts(JOINT).combine(found, {}, None)
    expected = np.mean([affect[name] for name in ("loss/mse", "loss/pcc", "loss/ccc")]) + 0.01 * balance
    np.testing.assert_allclose(total, expected, rtol=1e-6)
    shaken = Experts(ExpertsConfig()).combine(found, {}, jax.random.key(0))
    assert abs(float(shaken - total)) > 1e-4


def test_the_joint_stage_moves_every_expert_and_the_gate(gradient):
    found = gradient(JOINT, make_batch())
    for name, slope in found.items():
        parts = slope if "/heads/" in name else slope[None]
        assert all(part.any() for part in parts), name


def test_the_gate_can_learn_whose_face_it_is(gradient):
    config = ExpertsConfig(stage="experts", mixing="fixed", gate_weight=0.5)
    slopes = gradient(config, make_batch())
    batch = make_batch()
    gate = np.full((ROWS, COUNT), 1 / COUNT) - np.eye(COUNT)[np.asarray(batch.subject)]  # of a gate that is even
    expected = 0.5 * np.asarray(batch.inputs.features).T @ gate / ROWS
    np.testing.assert_allclose(slopes["mixture/gate/output/kernel"], expected, atol=0.01)
    np.testing.assert_array_equal(
        gradient(OWN, batch)["mixture/heads/output_bias"], slopes["mixture/heads/output_bias"]
    )


def test_frames_without_weight_may_hold_anything(gradient):
    weight = np.ones(ROWS, np.float32)
    weight[3:6] = 0
    config = ExpertsConfig(mixing="fixed", gate_weight=1.0)
    for each in (OWN, config):
        batch = make_batch(weight=weight)
        batch = Batch(batch.inputs, batch.labels, jnp.asarray(weight), batch.index, batch.subject)
        broken = replace_rows(batch, weight == 0, 1e6)
        before, after = gradient(each, batch), gradient(each, broken)
        for name, slope in before.items():
            np.testing.assert_array_equal(slope, after[name], err_msg=name)


def test_no_labels_are_no_loss():
    batch = make_batch(weight=np.zeros(ROWS))
    predictions = Predictions(valence_arousal=jnp.ones((ROWS, 2)), experts=jnp.ones((ROWS, COUNT, 2)))
    terms, _ = Experts(OWN).terms(predictions, batch)
    assert terms and not any(terms.values())
    assert Experts(OWN).combine(terms, {}, None) == 0


def test_what_belongs_together_is_said():
    assert ExpertsConfig(stage="experts").one_per_subject and ExpertsConfig(gate_weight=0.1).one_per_subject
    assert not ExpertsConfig().one_per_subject
    assert "task.stage is experts" in OWN.idle((), {"valence_arousal"})["load_balance"]
    assert JOINT.idle((), {"valence_arousal"}) == {} and "mixing" in JOINT.idle((), set())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stage": "apart"}, "task.stage is 'apart'; choose one of experts, joint"),
        ({"mixing": "learned"}, "task.mixing is 'learned'; choose one of shake, fixed"),
        ({"load_balance": -1.0}, "task.load_balance is -1.0; it must not be negative"),
        ({"gate_weight": -0.5}, "task.gate_weight is -0.5; it must not be negative"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ExpertsConfig(**options)


def test_a_network_without_experts_is_refused():
    with pytest.raises(ValueError, match="task 'experts' trains a network of experts; take model 'experts'"):
        Experts(JOINT).require(("valence_arousal",), 0, 0)
    Experts(JOINT).require(("valence_arousal",), 0, 3)
