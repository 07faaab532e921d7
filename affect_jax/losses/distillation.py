"""Knowledge distillation from a teacher network."""

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
    """T^2 KL(teacher || student) of each example in nats, with logits divided by T; 0 where the weight is 0.

    T is the temperature. The gradient equals that of the cross-entropy with the teacher's probabilities, and the factor
    T^2 keeps its magnitude independent of T.
    Source: Hinton, Vinyals and Dean, 2015, arXiv 1503.02531, section 2.
    """
    logits = (blank(student, weight), blank(jax.lax.stop_gradient(teacher), weight))
    student_log, teacher_log = (jax.nn.log_softmax(values.astype(jnp.float32) / temperature) for values in logits)
    return temperature**2 * (jnp.exp(teacher_log) * (teacher_log - student_log)).sum(-1)
