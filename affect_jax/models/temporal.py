"""The clip network: the static network whose factorised head has grown a time axis."""

import dataclasses

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.models.emonet import EmoNet, EmoNetConfig, affect_head, head_inputs
from affect_jax.models.fan import FAN
from affect_jax.nn.factorized import FactorizedConv, factorized
from affect_jax.nn.frames import TemporalPool, per_frame
from affect_jax.ops.factors import inflate
from affect_jax.types import Predictions


class InflationError(ValueError):
    """The clip network does not repeat the static network's outputs."""


@dataclasses.dataclass(frozen=True)
class ClipNetworkConfig(EmoNetConfig):
    """The static network's sizes, and the time axis of the head's convolutions.

    head_rank: as in the static network, but at least 1; the paper's ranks are not known, the default is ours.
    time_kernel: frames that each convolution sees; odd unless causal. The head chains 3 * head_blocks of them.
    time_pool: frames of the learned average after spatial pooling; odd unless causal, 1 = none (as published).
    causal: whether a frame's output may depend on earlier frames only.
    """

    head_rank: int = 64
    time_kernel: int = 3
    time_pool: int = 9
    causal: bool = False

    def __post_init__(self):
        super().__post_init__()
        if self.head_rank < 1:
            raise ValueError(
                "head_rank is 0; a clip network needs a factorised head: train the static network with head_rank > 0"
            )
        for name in ("time_kernel", "time_pool"):
            frames = getattr(self, name)
            if frames < 1 or (frames % 2 == 0 and not self.causal):
                raise ValueError(f"{name} is {frames}; expected an odd number of frames, or any with causal=True")

    @property
    def receptive_field(self) -> int:
        """Frames that one output depends on, its own among them."""
        return self.time_pool + (self.time_kernel - 1) * 3 * self.head_blocks


class ClipNetwork(nnx.Module):
    """Clips to valence, arousal and emotion of every frame: a trunk per frame, a head that also looks along time.

    Heatmaps are not returned: for a clip they would be most of the memory.
    Source: Kossaifi et al., Factorized Higher-Order CNNs with an application to spatio-temporal emotion estimation,
    CVPR 2020.
    """

    def __init__(self, config: ClipNetworkConfig, *, rngs: nnx.Rngs):
        self.config = config
        self.trunk = FAN(config, rngs=rngs)
        taps = {"time": config.time_kernel, "height": 3, "width": 3}
        pool = TemporalPool(config.head_channels, config.time_pool, config.causal) if config.time_pool > 1 else None
        self.head = affect_head(config, factorized(taps, config.head_rank, config.causal), pool, rngs=rngs)

    def __call__(
        self, clips: Float[Array, "batch time height width 3"], *, rngs: nnx.Rngs | None = None
    ) -> Predictions:
        """Linear outputs [batch, time, ..] for frames in [0, 1]; `rngs` feeds the dropout in training."""
        seen = per_frame(lambda images: head_inputs(self.trunk(images), self.config), clips)
        emotion_logits, valence_arousal = self.head(*seen, rngs=rngs)
        return Predictions(valence_arousal, emotion_logits)


def from_static(static: EmoNet, config: ClipNetworkConfig) -> ClipNetwork:
    """The clip network that gives the static network's output on every frame: same weights, time factors of one frame.

    ValueError where the static network's sizes are not those of `config`, or its head is not factorised.
    """
    if not static.config.head_rank:
        raise ValueError(
            "the static network has a dense head (head_rank 0), which has no factors to inflate: "
            "train it with head_rank > 0"
        )
    for field in dataclasses.fields(EmoNetConfig):
        ours, theirs = getattr(config, field.name), getattr(static.config, field.name)
        if ours != theirs and field.name not in ("dropout", "execution"):
            raise ValueError(
                f"{field.name} is {ours} for the clip network but {theirs} in the static one; they must agree"
            )
    clip = ClipNetwork(config, rngs=nnx.Rngs(params=0))
    nnx.update(clip, nnx.state(nnx.clone(static)))
    for _, layer in nnx.iter_modules(clip):
        if isinstance(layer, FactorizedConv):
            factors = {name: factor[...] for name, factor in layer.factors.items() if name != "time"}
            layer.factors["time"][...] = inflate(factors, config.time_kernel, config.causal)["time"]
    return clip


def certificate(
    static: EmoNet, clip: ClipNetwork, *, seed: int, frames: int = 16, tolerance: float = 1e-5
) -> dict[str, object]:
    """Largest difference between the two networks on a random clip, both in evaluation mode; a plain dict for JSON.

    Every frame counts, those at the ends of the clip too. InflationError above `tolerance`.
    """
    size = static.config.input_px
    images = jax.random.uniform(jax.random.key(seed), (1, frames, size, size, 3))
    apart = evaluated(static, images[0])
    together = evaluated(clip, images)
    differences = {}
    for name in ("valence_arousal", "emotion_logits"):
        expected, found = np.asarray(getattr(apart, name)), np.asarray(getattr(together, name))[0]
        differences[name] = float(np.abs(expected - found).max())
    largest = float(np.max(list(differences.values())))
    if not largest <= tolerance:
        raise InflationError(
            f"the inflated network differs from the static one by {largest:.3g} on a random clip of {frames} frames "
            f"(seed {seed}); at most {tolerance:g} is allowed. Inflate again from the static network's checkpoint"
        )
    return {
        "largest_difference": largest,
        "tolerance": tolerance,
        "frames": frames,
        "seed": seed,
        "dtype": str(images.dtype),
        "differences": differences,
    }


def evaluated(model: nnx.Module, images: Float[Array, "*batch height width 3"]) -> Predictions:
    """The predictions of a copy of the model in evaluation mode."""
    model = nnx.clone(model)
    model.eval()
    graphdef, state = nnx.split(model)
    return jax.jit(lambda state, images: nnx.merge(graphdef, state)(images))(state, images)
