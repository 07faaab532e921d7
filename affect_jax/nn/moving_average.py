"""Moving averages of predictions with fixed weights, over whole clips or, if causal, in chunks as in `nn.recurrent`."""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike
from jaxtyping import Array, Float

EMONET_WEIGHTS = (0.1, 0.1, 0.15, 0.25, 0.4)  # from the oldest frame to the newest
State = tuple[Float[Array, "*batch earlier value"], Float[Array, "earlier"]]


class MovingAverage(nnx.Module):
    """The weighted mean of the predictions of neighboring frames.

    At the ends of a clip, the weights of the frames that exist are rescaled to the full sum.
    weights: from the oldest frame to the newest; the last `after` of them are for future frames.
    zero_start: pads the clip with predictions of 0 before its first frame, as the published program does, which pulls
        the first frames toward neutral.
    after: number of future frames; with 0 the average is causal.
    Source: the default weights are those of the demonstration of Toisoul et al., Nature Machine Intelligence 3, 2021.
    """

    TIME_AXIS = -2

    def __init__(self, weights: tuple[float, ...] = EMONET_WEIGHTS, zero_start: bool = False, after: int = 0):
        present = len(weights) - 1 - after
        if present < 0 or not weights[present] > 0 or min(weights) < 0:
            place = f"the last but {after}" if after else "the last"
            raise ValueError(
                f"weights are {weights}; expected none below 0, and {place}, that of the current frame, above 0"
            )
        self.weights, self.zero_start, self.after = weights, zero_start, after
        self.causal = after == 0

    def __call__(self, predictions: Float[Array, "*batch time value"]) -> Float[Array, "*batch time value"]:
        *batch, _, values = predictions.shape
        earlier, exist = self.start((*batch, values), predictions.dtype)
        later = jnp.zeros((*batch, self.after, values), predictions.dtype)
        padded = jnp.concatenate([earlier, predictions, later], axis=-2)
        inside = jnp.ones(predictions.shape[-2], predictions.dtype)
        return self._average(padded, jnp.concatenate([exist, inside, jnp.zeros(self.after, predictions.dtype)]))

    def start(self, shape: Sequence[int], dtype: DTypeLike = jnp.float32) -> State:
        """The state before the first frame of shape [*batch, value]: earlier predictions, and which of them exist."""
        *batch, values = shape
        earlier = len(self.weights) - 1 - self.after
        return jnp.zeros((*batch, earlier, values), dtype), jnp.full(earlier, float(self.zero_start), dtype)

    def next(
        self, state: State, predictions: Float[Array, "*batch time value"]
    ) -> tuple[State, Float[Array, "*batch time value"]]:
        """The state after these frames, and their averages; ValueError for an average that is not causal."""
        if not self.causal:
            raise ValueError("the average looks at later frames, so it cannot run on a stream; use after=0")
        earlier, earlier_exist = state
        time = predictions.shape[-2]
        padded = jnp.concatenate([earlier, predictions], axis=-2)
        exist = jnp.concatenate([earlier_exist, jnp.ones(time, predictions.dtype)])
        return (padded[..., time:, :], exist[time:]), self._average(padded, exist)

    def _average(
        self, padded: Float[Array, "*batch padded value"], exist: Float[Array, "padded"]
    ) -> Float[Array, "*batch time value"]:
        """Averages the frames whose neighbors are all in `padded`, counting only the neighbors that exist."""
        time = padded.shape[-2] - len(self.weights) + 1
        total = sum(weight * padded[..., tap : tap + time, :] for tap, weight in enumerate(self.weights))
        mass = sum(weight * exist[tap : tap + time] for tap, weight in enumerate(self.weights))
        gain = (sum(self.weights) / mass).reshape(*(1,) * (total.ndim - 2), time, 1)
        return total * gain


def flat_average(frames: int, causal: bool) -> MovingAverage:
    """Returns the mean over `frames` frames: an odd number, centered, or the current frame and those before it."""
    return MovingAverage((1 / frames,) * frames, after=0 if causal else frames // 2)
