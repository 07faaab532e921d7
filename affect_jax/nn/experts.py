"""A mixture of experts: heads of two linear layers side by side, and a gate that says how much each one counts."""

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float

GATE_SPREAD = 0.01  # standard deviation of the gate's last kernel: almost equal shares, yet no two experts are alike


@dataclasses.dataclass(frozen=True)
class MixtureConfig:
    """Sizes of a mixture; all of them are ours, because the seed publishes none."""

    count: int = 0  # experts; 0 = no mixture, only for a head, which then predicts by itself
    hidden: int = 128  # units of each expert's first layer
    gate_hidden: int = 0  # units of the gate's first layer; 0 = the gate is linear
    # Experts that take part for each face, with their shares made to sum to 1; 0 = all. With 1, the share is always 1
    # and the values do not depend on the gate's numbers: it then learns from task.gate_weight alone.
    top_k: int = 0

    def __post_init__(self):
        for name, least in (("count", 0), ("hidden", 1), ("gate_hidden", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; expected {least} or more")
        if not 0 <= self.top_k <= self.count:
            raise ValueError(
                f"top_k is {self.top_k} of {self.count} experts; expected 0 (all of them) or a number up to their count"
            )

    @property
    def idle(self) -> dict[str, str]:
        """The options without effect, with the reason."""
        return {} if self.count else dict.fromkeys(("hidden", "gate_hidden", "top_k"), "count is 0: there is no expert")


class Mixture(NamedTuple):
    """The outputs of a mixture and of its parts."""

    values: Float[Array, "*batch output"]
    experts: Float[Array, "*batch expert output"]
    gate: Float[Array, "*batch expert"]  # log-probabilities of all experts, before `top_k`
    shares: Float[Array, "*batch expert"]  # of the experts in the values; they sum to 1


class StackedHeads(nnx.Module):
    """Heads of two linear layers with a ReLU in between, whose weights lie along a first axis and are used by vmap."""

    def __init__(self, count: int, inputs: int, hidden: int, outputs: int, *, rngs: nnx.Rngs):
        kernel = nnx.initializers.lecun_normal(batch_axis=0)
        self.hidden_kernel = nnx.Param(kernel(rngs.params(), (count, inputs, hidden), jnp.float32))
        self.hidden_bias = nnx.Param(jnp.zeros((count, hidden), jnp.float32))
        self.output_kernel = nnx.Param(kernel(rngs.params(), (count, hidden, outputs), jnp.float32))
        self.output_bias = nnx.Param(jnp.zeros((count, outputs), jnp.float32))

    def __call__(self, features: Float[Array, "*batch feature"]) -> Float[Array, "*batch expert output"]:
        """The outputs of every head."""
        weights = (self.hidden_kernel, self.hidden_bias, self.output_kernel, self.output_bias)
        every_head = jax.vmap(two_layer_head, in_axes=(0, 0, 0, 0, None), out_axes=-2)
        return every_head(*(array[...] for array in weights), features)

    def copy_head(self, head: Mapping[str, Float[np.ndarray, "..."]]) -> None:
        """Gives every expert the weights of one head, by the names above; ValueError if it is of another size."""
        for name, array in head.items():
            own = getattr(self, name)
            if own.shape[1:] != array.shape:
                raise ValueError(f"{name} is {array.shape} in the head, but {own.shape[1:]} in each expert")
            own[...] = jnp.broadcast_to(jnp.asarray(array)[None], own.shape)


class Gate(nnx.Module):
    """Probabilities of the experts: a linear map of the features, or two with a ReLU in between, then a softmax."""

    def __init__(self, inputs: int, hidden: int, count: int, *, rngs: nnx.Rngs):
        self.hidden = nnx.Linear(inputs, hidden, rngs=rngs) if hidden else None
        small = nnx.initializers.normal(GATE_SPREAD)
        self.output = nnx.Linear(hidden or inputs, count, kernel_init=small, rngs=rngs)

    def __call__(self, features: Float[Array, "*batch feature"]) -> Float[Array, "*batch expert"]:
        """Log-probabilities, in float32."""
        if self.hidden is not None:
            features = nnx.relu(self.hidden(features))
        return jax.nn.log_softmax(self.output(features).astype(jnp.float32))


class MixtureOfExperts(nnx.Module):
    """Experts and a gate on the same features; the gate may see a context, such as age and culture, in addition.

    Source: Jacobs et al., Adaptive mixtures of local experts, Neural Computation 3(1), 1991; `top_k` after Shazeer et
    al., Outrageously large neural networks, ICLR 2017, without its noise. One expert for each subject: Feffer, Rudovic,
    Picard, A mixture of personalized experts for human affect estimation, MLDM 2018. All sizes are ours.
    """

    def __init__(self, features: int, outputs: int, config: MixtureConfig, context: int = 0, *, rngs: nnx.Rngs):
        self.heads = StackedHeads(config.count, features, config.hidden, outputs, rngs=rngs)
        self.gate = Gate(features + context, config.gate_hidden, config.count, rngs=rngs)
        self.top_k = config.top_k

    def __call__(
        self, features: Float[Array, "*batch feature"], context: Float[Array, "*batch number"] | None = None
    ) -> Mixture:
        """The mean of the experts, weighted by their shares, and its parts."""
        experts = self.heads(features)
        gate = self.gate(features if context is None else jnp.concatenate([features, context], axis=-1))
        shares = keep_largest(gate, self.top_k)
        return Mixture(mix(experts, shares.astype(experts.dtype)), experts, gate, shares)


def two_layer_head(
    hidden_kernel: Float[Array, "feature hidden"],
    hidden_bias: Float[Array, "hidden"],
    output_kernel: Float[Array, "hidden output"],
    output_bias: Float[Array, "output"],
    features: Float[Array, "*batch feature"],
) -> Float[Array, "*batch output"]:
    """One head: linear, ReLU, linear."""
    row = (1,) * (features.ndim - 1) + (-1,)
    hidden = nnx.relu(features @ hidden_kernel + hidden_bias.reshape(row))
    return hidden @ output_kernel + output_bias.reshape(row)


def keep_largest(gate: Float[Array, "*batch expert"], top_k: int) -> Float[Array, "*batch expert"]:
    """The shares of the `top_k` most probable experts (0: all), which sum to 1; the others are exactly 0."""
    if not top_k:
        return jnp.exp(gate)
    _, chosen = jax.lax.top_k(gate, top_k)
    kept = jax.nn.one_hot(chosen, gate.shape[-1]).sum(-2) > 0
    return jax.nn.softmax(jnp.where(kept, gate, -jnp.inf))


def mix(
    experts: Float[Array, "*batch expert output"], shares: Float[Array, "*batch expert"]
) -> Float[Array, "*batch output"]:
    """The mean of the experts weighted by their shares, which sum to 1.

    Computed from their differences to the first, so that experts that agree give exactly what they agree on.
    """
    first = experts[..., :1, :]
    return first[..., 0, :] + (shares[..., None] * (experts - first)).sum(-2)
