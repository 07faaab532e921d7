"""The keys from which a network's parameters are drawn, one after the other."""

import itertools

import jax
from flax import nnx
from jaxtyping import PRNGKeyArray


class ParameterKeys(nnx.Rngs):
    """The keys of `nnx.Rngs(params=key)`, bit for bit, but for parameters only and counted in Python.

    Flax counts in an array; within a trace each step of it becomes an equation that is searched for its origin, which
    takes three quarters of the time that building a network takes (BUILD_NOTES.md).
    """

    def __init__(self, key: PRNGKeyArray):
        self.params = _Counted(key)


class _Counted:
    def __init__(self, key: PRNGKeyArray):
        self._key, self._count = key, itertools.count()

    def __call__(self) -> PRNGKeyArray:
        return jax.random.fold_in(self._key, next(self._count))
