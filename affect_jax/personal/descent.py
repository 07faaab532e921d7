"""Gradient descent on few frames: every step on all of them, or on random ones of many persons."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from affect_jax.types import ArrayLike

Loss = Callable[[Any, Int[Array, ""]], Float[Array, ""]]  # of the parameters and the number of the step
Rule = Callable[[Float[ArrayLike, ""]], optax.GradientTransformation]  # of the learning rate


def descend(
    loss: Loss, start: Any, learning_rate: Float[ArrayLike, ""], steps: Int[ArrayLike, ""], rule: Rule = optax.adam
) -> Any:
    """Parameters after `steps` of a rule, Adam by default; the number of steps need not be known when compiling.

    From the number of the step, which the loss also takes, a random batch may be drawn.
    """
    optimizer = rule(learning_rate)
    step = _step(loss, optimizer)
    return jax.lax.fori_loop(0, steps, step, (start, optimizer.init(start)))[0]


def descend_along(
    loss: Loss, start: Any, learning_rate: Float[ArrayLike, ""], stops: Sequence[int], rule: Rule = optax.adam
) -> Any:
    """Parameters after each of the numbers of steps in ascending `stops`, along a new first axis."""
    optimizer = rule(learning_rate)
    step = _step(loss, optimizer)

    def go_on(carry, between):
        carry = jax.lax.fori_loop(between[0], between[1], step, carry)
        return carry, carry[0]

    # One loop within another, not a loop for each stop: the step is compiled once.
    between = jnp.stack([jnp.int32((0, *stops[:-1])), jnp.int32(stops)], axis=1)
    return jax.lax.scan(go_on, (start, optimizer.init(start)), between)[1]


def _step(loss, optimizer):
    def step(number, carry):
        parameters, state = carry
        gradient = jax.grad(loss)(parameters, number)
        with jax.numpy_dtype_promotion("standard"):  # Optax multiplies its integer step count by floats
            updates, state = optimizer.update(gradient, state, parameters)
        return optax.apply_updates(parameters, updates), state

    return step


def draw_rows(key: PRNGKeyArray, step: Int[ArrayLike, ""] | int, rows: int, batch: int) -> Int[Array, "batch"]:
    """Row numbers of a random batch, drawn with replacement; another one at each step."""
    return jax.random.randint(jax.random.fold_in(key, step), (batch,), 0, rows)
