"""Prediction as fast as this machine allows: numbers prepared once, programs compiled once for each shape of images."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.nn.network import Network, Variables
from affect_jax.nn.prepare import prepare
from affect_jax.types import Batch, Predictions

PRECISIONS = {"float32": jnp.float32, "bfloat16": jnp.bfloat16}

Predict = Callable[[Variables, Batch], Predictions]  # of a host batch


class Ready:
    """A network as a function of numbers and images; it keeps the prepared form of the numbers it was last given."""

    def __init__(self, network: Network, precision: str = "float32"):
        if precision not in PRECISIONS:
            raise ValueError(f"precision is '{precision}'; choose one of {', '.join(PRECISIONS)}")
        self._network, self._dtype = network, PRECISIONS[precision]
        self._programs: dict[tuple, tuple] = {}
        self._last: tuple | None = None  # shape of the images, their numbers, and these prepared

    def __call__(self, variables: Variables, images: Float[Array, "..."]) -> Predictions:
        """Predictions in float32 for images, or what else the network takes, whatever the precision inside."""
        shape = tuple(images.shape)
        if shape not in self._programs:
            self._programs[shape] = self._compiled(shape)
        prepared, predict = self._programs[shape]
        if self._last is None or self._last[0] != shape or self._last[1] is not variables:
            self._last = (shape, variables, prepared(variables))
        return predict(self._last[2], images)

    def _compiled(self, shape: tuple[int, ...]) -> tuple:
        images, made = jax.ShapeDtypeStruct(shape, jnp.float32), {}

        def prepared(variables: Variables):
            made["function"], numbers = self._network.prepared(
                variables, lambda module: prepare(module, images, self._dtype)
            )
            return numbers

        def predict(numbers, images: Array) -> Predictions:
            predictions = made["function"](numbers, images.astype(self._dtype))
            return jax.tree.map(lambda leaf: leaf.astype(jnp.float32), predictions)

        return jax.jit(prepared), jax.jit(predict)
