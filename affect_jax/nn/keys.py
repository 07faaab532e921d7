"""The sequence of keys from which a network's parameters are drawn."""

import itertools

import jax
from flax import nnx
from jaxtyping import PRNGKeyArray


class ParameterKeys(nnx.Rngs):
    """The same keys as `nnx.Rngs(params=key)`, bit for bit, for parameters only and counted in Python.

    Flax keeps its counter in an array. While tracing, each lookup of its sharding searches all equations for its
    origin, which took three quarters of the time needed to build a network (docs/decisions/training.md).
    """

    def __init__(self, key: PRNGKeyArray):
        self.params = _Counted(key)


class _Counted:
    def __init__(self, key: PRNGKeyArray):
        self._key, self._count = key, itertools.count()

    def __call__(self) -> PRNGKeyArray:
        return jax.random.fold_in(self._key, next(self._count))
