"""Losses for the gate of a mixture of experts."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from affect_jax.losses.reduce import blank, total_or_one, weighted_mean


def load_balance(
    gate: Float[Array, "*batch expert"], shares: Float[Array, "*batch expert"], weight: Float[Array, "*batch"]
) -> Float[Array, ""]:
    """Number of experts times the sum over them of mean share times mean probability; 1 if all are used alike.

    `gate` holds log-probabilities, `shares` what each expert counts in the values. With top_k = 1, shares are 0 or 1,
    and this is the loss of the Switch Transformer; no gradient flows through the shares, as there. 0 if no weight is
    positive.
    Source: Fedus, Zoph, Shazeer, Switch Transformers, JMLR 23, 2022, eq. 4; the idea: Shazeer et al., Outrageously
    large neural networks, ICLR 2017.
    """
    count = gate.shape[-1]
    part = (weight / total_or_one(weight)).reshape(-1, 1)
    used = (part * jax.lax.stop_gradient(blank(shares, weight)).reshape(-1, count)).sum(0)
    probability = (part * jnp.exp(blank(gate, weight)).reshape(-1, count)).sum(0)
    return count * (used * probability).sum()


def gate_entropy(
    gate: Float[Array, "*batch expert"], subject: Int[Array, "*batch"], weight: Float[Array, "*batch"]
) -> Float[Array, ""]:
    """Cross-entropy of a gate's log-probabilities with the subject of each frame; 0 without any.

    Frames of unknown subjects, -1, do not count.
    """
    known = jnp.where(subject >= 0, weight, 0)
    entropy = -(blank(gate, known) * jax.nn.one_hot(subject, gate.shape[-1])).sum(-1)
    return weighted_mean(entropy, known)
