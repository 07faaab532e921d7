"""Learning from another network's predictions."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.losses.reduce import blank


def soft_target_divergence(
    student: Float[Array, "*batch emotion"],
    teacher: Float[Array, "*batch emotion"],
    weight: Float[Array, "*batch"],
    temperature: float,
) -> Float[Array, "*batch"]:
    """T^2 KL(teacher || student) of each example in nats, of logits over the temperature T; 0 where the weight is 0.

    The teacher is the reference, as in all distillation by soft targets: its gradient is that of a cross-entropy to
    the teacher's probabilities, and T^2 keeps that gradient's size when T changes.
    Source: Hinton, Vinyals and Dean, 2015, arXiv 1503.02531, section 2.
    """
    logits = (blank(student, weight), blank(jax.lax.stop_gradient(teacher), weight))
    mine, theirs = (jax.nn.log_softmax(values.astype(jnp.float32) / temperature) for values in logits)
    return temperature**2 * (jnp.exp(theirs) * (theirs - mine)).sum(-1)
