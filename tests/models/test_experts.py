"""The experts network: what it shows to its gate alone, what it offers, and that it can start as copies of a head."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.experts import Experts, ExpertsConfig, start_from_head
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.features import affect_layers, with_features
from affect_jax.models.head import HeadConfig
from affect_jax.nn.experts import MixtureConfig
from affect_jax.nn.network import Network

CONFIG = ExpertsConfig(features=5, context=2, mixture=MixtureConfig(count=3, hidden=4))


def network_of(config: ExpertsConfig) -> Network:
    return Network(lambda rngs: Experts(config, rngs=rngs))


def draw(rows: int, width: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(0).normal(size=(rows, width)), jnp.float32)


def test_only_the_gate_sees_the_context():
    network = network_of(CONFIG)
    variables = network.initial(jax.random.key(0))
    features = draw(6, 7)
    other = features.at[:, 5:].set(3.0)
    before, after = network.predict(variables, features), network.predict(variables, other)
    np.testing.assert_array_equal(before["experts"], after["experts"])
    assert float(jnp.abs(before["gate"] - after["gate"]).max()) > 1e-3
    moved = (np.asarray(after["shares"])[..., None] * np.asarray(after["experts"])).sum(1)
    np.testing.assert_allclose(after["valence_arousal"], moved, rtol=1e-5, atol=1e-6)


def test_it_offers_its_features_without_the_context():
    network = network_of(CONFIG)
    variables, features = network.initial(jax.random.key(0)), draw(6, 7)
    found = with_features(network).predict(variables, features)
    np.testing.assert_array_equal(found["features"], features[:, :5])
    plain = network.predict(variables, features)
    assert "features" not in plain and CONFIG.contract.features == 5
    np.testing.assert_array_equal(plain["valence_arousal"], found["valence_arousal"])


def test_layers_of_one_expert_are_those_of_a_head_and_several_have_none():
    network = network_of(ExpertsConfig(features=5, mixture=MixtureConfig(count=1, hidden=4)))
    variables, features = network.initial(jax.random.key(0)), draw(6, 5)
    layers = affect_layers(network, variables)
    hidden = np.maximum(np.float64(features) @ layers["hidden_kernel"] + layers["hidden_bias"], 0)
    expected = hidden @ layers["output_kernel"] + layers["output_bias"]
    found = network.predict(variables, features)
    np.testing.assert_allclose(found["valence_arousal"], expected, rtol=1e-5, atol=1e-6)
    several = network_of(CONFIG)
    assert affect_layers(several, several.initial(jax.random.key(0))) is None


@pytest.mark.slow
def test_experts_that_start_from_a_head_predict_what_its_network_does():
    """The base sees images, the experts its features: equal up to rounding, and the experts to each other exactly."""
    trunk = TrunkConfig(input_px=32, widths=(4, 8, 12), modules=1, depth=1)
    config = EmoNetConfig(trunk=trunk, head=HeadConfig(blocks=1), execution="direct", emotions=3)
    base = Network(lambda rngs: EmoNet(config, rngs=rngs))
    module = base.module(base.initial(jax.random.key(0)))
    moved = lambda leaf: leaf + jnp.asarray(np.random.default_rng(1).uniform(0.1, 0.5, leaf.shape), jnp.float32)
    nnx.update(module.head, jax.tree.map(moved, nnx.state(module.head, nnx.BatchStat)))
    variables = base.variables(module)
    images = jnp.asarray(np.random.default_rng(2).uniform(size=(4, 32, 32, 3)), jnp.float32)
    expected = with_features(base).predict(variables, images)
    experts = network_of(ExpertsConfig(features=12, mixture=MixtureConfig(count=3, hidden=6, top_k=2)))
    layers = affect_layers(base, variables)
    started = start_from_head(experts, experts.initial(jax.random.key(1)), layers)
    found = experts.predict(started, expected["features"])
    np.testing.assert_allclose(found["valence_arousal"], expected["valence_arousal"], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found["experts"][:, 0], found["experts"][:, 2])
    np.testing.assert_array_equal(found["valence_arousal"], found["experts"][:, 0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": 0}, "features is 0; expected 1 or more"),
        ({"context": -1}, "context is -1; expected 0 or more"),
        ({"mixture": MixtureConfig()}, "mixture.count is 0; expected the number of experts, 1 or more"),
    ],
)
def test_impossible_sizes_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ExpertsConfig(**options)


def test_features_of_another_width_are_refused():
    network = network_of(CONFIG)
    with pytest.raises(
        ValueError, match=r"each face has 5 numbers, but model.features is 5 and model.context 2: expected 7, as many"
    ):
        network.predict(network.initial(jax.random.key(0)), draw(6, 5))
