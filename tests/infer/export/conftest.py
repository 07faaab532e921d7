"""Small networks with weights of no initialization, as programs."""

import jax
import jax.numpy as jnp
import pytest
from flax import nnx
from shaken import shaken

from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.models.time_layers import ClipTimeConfig

TRUNK = TrunkConfig(input_px=32, widths=(4, 4, 8), depth=1, modules=1)
HEAD = HeadConfig(blocks=1, rank=4)


@pytest.fixture(scope="session")
def static_network():
    return shaken(EmoNet(EmoNetConfig(TRUNK, HEAD, emotions=3, execution="direct"), rngs=nnx.Rngs(0)))


@pytest.fixture(scope="session")
def make_clip_network():
    def make(**time):
        config = ClipNetworkConfig(TRUNK, HEAD, ClipTimeConfig(**time), emotions=3)
        return shaken(ClipNetwork(config, rngs=nnx.Rngs(0)))

    return make


@pytest.fixture(scope="session")
def report():
    """How the two quantities are reported, written down once more."""
    return {"valence_arousal": lambda raw: jnp.clip(raw, -1, 1), "emotion": jax.nn.softmax}
