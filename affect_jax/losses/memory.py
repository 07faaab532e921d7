"""Earlier batches in the statistics of a set: a small batch tells less of a correlation than it gets wrong.

Moments are kept, not rows. The correlations of a union depend on nothing else, so keeping the predictions would give
the same numbers at the price of an array that grows with the batch and lies spread over devices.
"""

import jax
import jax.numpy as jnp
from jax.lax import stop_gradient

from affect_jax.losses.continuous import SetMoments
from affect_jax.losses.reduce import total_or_one


def forget(batches: int) -> SetMoments:
    """A memory of so many batches that holds none yet: weight 0."""
    zeros = lambda *shape: jnp.zeros((batches, *shape), jnp.float32)  # an array each: a step gives away its memory
    return SetMoments(zeros(), zeros(2, 2), zeros(2, 2), zeros(2))


def remember(memory: SetMoments, present: SetMoments) -> SetMoments:
    """The memory with the present batch first and the oldest dropped; as it was if the batch has no label."""
    known = present.weight > 0
    push = lambda old, new: jnp.where(known, jnp.concatenate([stop_gradient(new)[None], old[:-1]]), old)
    return jax.tree.map(push, memory, present)


def union(memory: SetMoments, present: SetMoments) -> SetMoments:
    """Moments of the present batch and all that is remembered; only the present one has a gradient.

    The share of a row in a union is smaller than in its batch, and so would be its gradient: it is multiplied by the
    weight of the union over that of the batch. The mean over an epoch's batches is then the gradient of the whole set.
    What is remembered was predicted by the network as it was then.
    """
    total = present.weight + memory.weight.sum()
    gain = stop_gradient(total / total_or_one(present.weight))
    louder = lambda values: stop_gradient(values) + gain * (values - stop_gradient(values))  # same value
    loud = SetMoments(present.weight, *(louder(v) for v in (present.mean, present.variance, present.covariance)))
    return pooled(jax.tree.map(lambda new, old: jnp.concatenate([new[None], old]), loud, memory))


def pooled(parts: SetMoments) -> SetMoments:
    """Moments of all the pairs of stacked moments: those within the parts and those between their means."""
    share = parts.weight / total_or_one(parts.weight)
    mean = (share[:, None, None] * parts.mean).sum(0)
    offset = parts.mean - mean[None]
    variance = (share[:, None, None] * (parts.variance + offset**2)).sum(0)
    covariance = (share[:, None] * (parts.covariance + offset[:, 0] * offset[:, 1])).sum(0)
    return SetMoments(parts.weight.sum(), mean, variance, covariance)
