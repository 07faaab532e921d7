"""Adapting to many persons at once."""

import functools
from collections.abc import Callable
from typing import Any

import jax
from jaxtyping import PRNGKeyArray

from affect_jax.personal.given import Given
from affect_jax.personal.method import Method


def adapt_together(method: Method, prior: Any, persons: Given, key: PRNGKeyArray) -> Any:
    """What holds for each of several persons, all in one compiled call; each gets the same key.

    The result is that of one person after another to float32 rounding. A number of persons or frames that was not seen
    before is compiled, which takes seconds: pad with `given.stacked`.
    """
    return _compiled(method, together=True)(prior, persons, key)


def adapt_alone(method: Method, prior: Any, given: Given, key: PRNGKeyArray) -> Any:
    """What holds for one person, in a compiled call."""
    return _compiled(method, together=False)(prior, given, key)


@functools.lru_cache(maxsize=64)
def _compiled(method: Method, together: bool) -> Callable[[Any, Given, PRNGKeyArray], Any]:
    return jax.jit(jax.vmap(method.adapt, in_axes=(None, 0, None)) if together else method.adapt)
