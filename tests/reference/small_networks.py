"""Networks of a few thousand parameters with weights of no initialization."""

import functools

from flax import nnx
from shaken import shaken

from affect_jax.models.clip import ClipNetwork, ClipNetworkConfig
from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import TrunkConfig
from affect_jax.models.head import HeadConfig
from affect_jax.models.time_layers import ClipTimeConfig
from affect_jax.nn.network import Network

TRUNK = TrunkConfig(32, (4, 4, 8), depth=1, modules=1)
HEAD = HeadConfig(blocks=1, rank=4)
NETWORKS = {
    "static": (EmoNet, EmoNetConfig(TRUNK, HEAD)),
    "clip": (ClipNetwork, ClipNetworkConfig(TRUNK, HEAD, ClipTimeConfig(pool=3))),
    "causal": (ClipNetwork, ClipNetworkConfig(TRUNK, HEAD, ClipTimeConfig(causal=True, pool=3))),
}


@functools.cache
def made(name):
    """A network, its variables and its contract."""
    module, config = NETWORKS[name]
    network = Network(lambda rngs: module(config, rngs=rngs))
    return network, network.variables(shaken(module(config, rngs=nnx.Rngs(0)))), config.contract
