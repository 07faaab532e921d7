"""Every network by name."""

from flax import nnx

from affect_jax.models.emonet import EmoNet, EmoNetConfig
from affect_jax.models.fan import FANConfig, LandmarkNetwork
from affect_jax.models.temporal import ClipNetwork, ClipNetworkConfig

MODELS: dict[str, tuple[type[nnx.Module], type]] = {
    "landmarks": (LandmarkNetwork, FANConfig),
    "emonet": (EmoNet, EmoNetConfig),
    "clip": (ClipNetwork, ClipNetworkConfig),
}
