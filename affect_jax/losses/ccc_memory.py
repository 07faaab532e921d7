"""A memory of earlier batches for set statistics, since a correlation estimated from one small batch is mostly noise.

The memory holds moments rather than rows. The correlations of a union depend only on them; storing predictions would
give the same values but need an array that grows with the batch size and is spread across devices.
"""

import jax
import jax.numpy as jnp
from jax.lax import stop_gradient

from affect_jax.losses.continuous import SetMoments
from affect_jax.losses.reduce import total_or_one


def empty_memory(batches: int) -> SetMoments:
    """Returns a memory for the given number of batches, with weight 0 everywhere."""
    zeros = lambda *shape: jnp.zeros(
        (batches, *shape), jnp.float32
    )  # separate arrays, because a step donates its buffers
    return SetMoments(zeros(), zeros(2, 2), zeros(2, 2), zeros(2))


def remember(memory: SetMoments, present: SetMoments) -> SetMoments:
    """Returns the memory with the current batch added and the oldest dropped; unchanged if the batch has no labels."""
    known = present.weight > 0
    push = lambda old, new: jnp.where(known, jnp.concatenate([stop_gradient(new)[None], old[:-1]]), old)
    return jax.tree.map(push, memory, present)


def union(memory: SetMoments, present: SetMoments) -> SetMoments:
    """Moments of the current batch and the memory; gradients flow only through the current batch.

    A row has a smaller share in the union than in its batch, which would shrink its gradient. The gradient is therefore
    scaled by the weight of the union over that of the batch, so that its mean over the batches of an epoch is the
    gradient of the whole set. Remembered predictions were made with the parameters of their own step.
    """
    total = present.weight + memory.weight.sum()
    gain = stop_gradient(total / total_or_one(present.weight))
    # Scales the gradient and leaves the value as it is.
    amplify = lambda values: stop_gradient(values) + gain * (values - stop_gradient(values))
    amplified = SetMoments(
        present.weight, amplify(present.mean), amplify(present.variance), amplify(present.covariance)
    )
    return pool(jax.tree.map(lambda new, old: jnp.concatenate([new[None], old]), amplified, memory))


def pool(parts: SetMoments) -> SetMoments:
    """Merges stacked moments: the scatter within the parts plus the scatter between their means."""
    share = parts.weight / total_or_one(parts.weight)
    mean = (share[:, None, None] * parts.mean).sum(0)
    offset = parts.mean - mean[None]
    variance = (share[:, None, None] * (parts.variance + offset**2)).sum(0)
    covariance = (share[:, None] * (parts.covariance + offset[:, 0] * offset[:, 1])).sum(0)
    return SetMoments(parts.weight.sum(), mean, variance, covariance)
