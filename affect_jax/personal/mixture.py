"""A mixture of heads, one for each source person, on stored features: its parameters and how they are learned.

The sum over experts is that of the trained network `nn.experts`; here its experts start from the base head.
"""

import dataclasses
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from affect_jax.nn.experts import mix
from affect_jax.personal.descent import descend_along, draw_rows
from affect_jax.personal.labeled import Labeled, squared_error
from affect_jax.personal.sources import BaseHead
from affect_jax.types import ArrayLike

NEVER = -1e9  # log-probability of an expert that may not be used: its share is exactly 0, and so is its gradient
EXPERT_RATE = 1e-3
EXPERT_STOPS = (10, 30, 100, 300)
JOINT_RATE, JOINT_BATCH = 1e-3, 128
JOINT_STOPS = (30, 100, 300, 1000)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Mixture:
    """Heads along a first axis, and a linear gate on the features."""

    heads: BaseHead  # [*stack, expert, ...]
    gate_kernel: Float[ArrayLike, "*stack feature expert"]
    gate_bias: Float[ArrayLike, "*stack expert"]

    def __call__(self, features: Float[ArrayLike, "frame feature"]) -> Float[Array, "frame output"]:
        """The outputs: the mean of the experts, weighted by the gate of each frame."""
        return mix(expert_outputs(self.heads, features), jax.nn.softmax(self.gate(features)))

    def gate(self, features: Float[ArrayLike, "frame feature"]) -> Float[Array, "frame expert"]:
        """Logits of the experts."""
        logits = jnp.matmul(features, self.gate_kernel, precision=jax.lax.Precision.HIGHEST)
        return logits + jnp.asarray(self.gate_bias)[None]


def expert_outputs(heads: BaseHead, features: Float[ArrayLike, "frame feature"]) -> Float[Array, "frame expert output"]:
    """The outputs by every expert; `heads` have a leading axis."""
    return jax.vmap(lambda head: head(features), out_axes=-2)(heads)


def uniform_mixture(heads: BaseHead, allowed: Float[ArrayLike, "expert"]) -> Mixture:
    """The mixture whose allowed experts count equally for every frame."""
    bias = jnp.where(jnp.asarray(allowed) > 0, 0.0, NEVER)
    return Mixture(heads, jnp.zeros((heads.inputs, bias.shape[0])), bias)


def learn_experts(head: BaseHead, frames: Labeled, stops: Sequence[int] = EXPERT_STOPS) -> BaseHead:
    """The head fine-tuned on each person alone, after each number of steps: [stop, person, ...]."""

    def learn(own: Labeled) -> BaseHead:
        loss = lambda head, _: squared_error(head(own.features), own)
        return descend_along(loss, head, jnp.float32(EXPERT_RATE), stops)

    return jax.vmap(learn, out_axes=1)(frames)


def learn_jointly(start: Mixture, frames: Labeled, key: PRNGKeyArray, stops: Sequence[int] = JOINT_STOPS) -> Mixture:
    """Gate and experts after learning together from random frames of all persons, after each number of steps.

    Frames of weight 0 are not learned from: weigh down the persons who are left out.
    """
    flat = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), frames)

    def loss(mixture, step):
        rows = draw_rows(key, step, flat.weight.shape[0], JOINT_BATCH)
        batch = jax.tree.map(lambda leaf: leaf[rows], flat)
        return squared_error(mixture(batch.features), batch)

    return descend_along(loss, start, jnp.float32(JOINT_RATE), stops)
