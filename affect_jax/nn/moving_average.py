"""The moving average that the published program takes of its predictions, whole or in pieces as in `nn.recurrent`."""

from collections.abc import Sequence

import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike
from jaxtyping import Array, Float

EMONET_WEIGHTS = (0.1, 0.1, 0.15, 0.25, 0.4)  # from the oldest frame to the newest


class MovingAverage(nnx.Module):
    """The weighted mean of the last predictions; causal.

    `zero_start`: before the first frame there are predictions of 0, as in the published program, which draws the first
    frames towards neutral. Without it the weights of the frames that exist are brought to their full sum.
    Source: temporal smoothing of the demonstration of Toisoul et al., Nature Machine Intelligence 3, 2021.
    """

    TIME_AXIS = -2
    causal = True

    def __init__(self, weights: tuple[float, ...] = EMONET_WEIGHTS, zero_start: bool = False):
        if not weights or not weights[-1] > 0 or min(weights) < 0:
            raise ValueError(f"weights are {weights}; expected numbers from 0, the last, of the present, above 0")
        self.weights, self.zero_start = weights, zero_start  # from the oldest frame to the newest

    def __call__(self, predictions: Float[Array, "*batch time value"]) -> Float[Array, "*batch time value"]:
        *batch, _, values = predictions.shape
        return self.next(self.start((*batch, values), predictions.dtype), predictions)[1]

    def start(
        self, shape: Sequence[int], dtype: DTypeLike = jnp.float32
    ) -> tuple[Float[Array, "*batch earlier value"], Float[Array, "earlier"]]:
        """The state before the first frame of shape [*batch, value]: earlier predictions, and which of them exist."""
        *batch, values = shape
        earlier = len(self.weights) - 1
        return jnp.zeros((*batch, earlier, values), dtype), jnp.full(earlier, float(self.zero_start), dtype)

    def next(
        self,
        state: tuple[Float[Array, "*batch earlier value"], Float[Array, "earlier"]],
        predictions: Float[Array, "*batch time value"],
    ) -> tuple[tuple[Float[Array, "*batch earlier value"], Float[Array, "earlier"]], Float[Array, "*batch time value"]]:
        """The state after these frames, and their averages."""
        time = predictions.shape[-2]
        longer = jnp.concatenate([state[0], predictions], axis=-2)
        exist = jnp.concatenate([state[1], jnp.ones(time, predictions.dtype)])
        total = sum(weight * longer[..., tap : tap + time, :] for tap, weight in enumerate(self.weights))
        mass = sum(weight * exist[tap : tap + time] for tap, weight in enumerate(self.weights))
        gain = (sum(self.weights) / mass).reshape(*(1,) * (total.ndim - 2), time, 1)
        return (longer[..., time:, :], exist[time:]), total * gain
