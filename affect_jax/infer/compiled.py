"""Fast prediction: weights are prepared once, and programs are compiled once per image shape."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.nn.network import Network, Variables
from affect_jax.nn.precision import PRECISIONS, check_precision
from affect_jax.nn.prepare import prepare
from affect_jax.ops.image_checks import RGB, check_values
from affect_jax.types import Batch, Predictions

Predict = Callable[[Variables, Batch], Predictions]  # of a host batch


class CompiledNetwork:
    """A network as a function of variables and images; caches the prepared form of the variables it was last given.

    `gather` makes variables that are split over devices whole, inside the program that prepares them.
    """

    def __init__(
        self,
        network: Network,
        precision: str = "float32",
        gather: Callable[[Variables], Variables] = lambda variables: variables,
    ):
        check_precision(precision)
        self._network, self._dtype, self._gather = network, PRECISIONS[precision], gather
        self._programs: dict[tuple, tuple] = {}
        self._last: tuple | None = None  # shape and dtype, variables, and their prepared form

    def __call__(self, variables: Variables, images: Float[Array, "..."]) -> Predictions:
        """Predicts in float32, whatever the internal precision; `images` are whatever input the network takes.

        ValueError if images do not fit the network; their range is looked at in the first batch of each shape.
        """
        kind = (tuple(images.shape), jax.dtypes.canonicalize_dtype(images.dtype))
        if kind not in self._programs:
            if images.ndim > 3 and images.shape[-1] == RGB:  # neither landmarks nor features
                check_values(images)
            self._programs[kind] = self._compile(jax.ShapeDtypeStruct(*kind))
        prepare_weights, predict = self._programs[kind]
        if self._last is None or self._last[0] != kind or self._last[1] is not variables:
            self._last = (kind, variables, prepare_weights(variables))
        return predict(self._last[2], images)

    def _compile(self, images: jax.ShapeDtypeStruct) -> tuple:
        # `predict` calls the function that tracing `prepare_weights` returns beside the weights.
        traced = {}

        def prepare_weights(variables: Variables):
            change = lambda module: prepare(module, images, self._dtype)
            traced["function"], weights = self._network.prepare(self._gather(variables), change)
            return weights

        def predict(weights, images: Array) -> Predictions:
            predictions = traced["function"](weights, images.astype(self._dtype))
            return jax.tree.map(lambda leaf: leaf.astype(jnp.float32), predictions)

        return jax.jit(prepare_weights), jax.jit(predict)
