"""Dropout of components of factorized kernels in whole networks: in training steps, by the key, and never after."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from records import make_batch, make_labels

from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.models.registry import MODELS
from affect_jax.models.time_layers import ClipTimeConfig
from affect_jax.nn.network import Network
from affect_jax.train.objective import Objective
from affect_jax.train.state import create_state
from affect_jax.train.step import make_train_step
from affect_jax.types import Batch

TRUNK = TrunkConfig(input_px=16, widths=(4, 4, 8), modules=1, depth=1)
HEAD = HeadConfig(blocks=1, rank=6)
NETWORKS = {
    "static": ("emonet", {}),
    "clip": ("clip", {"time": ClipTimeConfig(pool=1)}),
    "clip, channelwise": ("clip", {"time": ClipTimeConfig(pool=1, form="channelwise")}),
}


def batch_of(name: str) -> Batch:
    shape = (2, 3) if name == "clip" else (4,)
    rng, ones = np.random.default_rng(0), np.ones(shape, np.float32)
    affect, nothing = np.float32(rng.uniform(-1, 1, (*shape, 2))), np.zeros((*shape, 3), np.float32)
    labels = make_labels(affect, ones, nothing, 0 * ones, np.zeros((*shape, 68, 2), np.float32), 0 * ones)
    images = rng.random((*shape, 16, 16, 3), np.float32)
    return jax.tree.map(
        jnp.asarray, make_batch(images, labels, ones, np.arange(ones.size, dtype=np.int32).reshape(shape))
    )


@pytest.mark.parametrize("case", NETWORKS)
def test_the_loss_of_a_step_depends_on_the_key_and_what_is_predicted_on_nothing(case, regression):
    name, extra = NETWORKS[case]
    module, cls = MODELS[name]
    config = lambda share: cls(TRUNK, dataclasses.replace(HEAD, component_dropout=share), emotions=3, **extra)
    made = {
        share: Network(
            lambda rngs, share=share: module(config(share), rngs=rngs),
            frozen="trunk/.*",  # a gradient through it takes most of the compilation
        )
        for share in (0.5, 0.0)
    }
    batch, variables = batch_of(name), made[0.5].initial(jax.random.key(0))
    state = create_state(made[0.5], optax.sgd(0.1), variables)

    @jax.jit
    def loss(root):
        return make_train_step(Objective(made[0.5], regression), optax.sgd(0.1), root)(state, batch)[1]["loss"]

    losses = [float(loss(jax.random.key(seed))) for seed in (1, 1, 2, 3, 4)]
    assert losses[0] == losses[1] and len(set(losses)) > 2
    dropping, whole = (jax.jit(network.predict)(variables, batch.inputs.images) for network in made.values())
    np.testing.assert_array_equal(dropping["valence_arousal"], whole["valence_arousal"])


def test_where_the_head_is_frozen_nothing_is_dropped():
    module, cls = MODELS["emonet"]
    config = cls(TRUNK, dataclasses.replace(HEAD, component_dropout=0.5), emotions=3)
    network = Network(lambda rngs: module(config, rngs=rngs), frozen="head/.*")
    variables, images = network.initial(jax.random.key(0)), batch_of("static").inputs.images
    train = jax.jit(lambda key: network.train(variables, images, key)[0]["valence_arousal"])
    np.testing.assert_array_equal(train(jax.random.key(1)), train(jax.random.key(2)))
