"""A correction of the base network for one person, linear in its pooled features and its output."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from affect_jax.types import ArrayLike


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Adapter:
    """What is added to the outputs of the base network; nothing where all its numbers are 0."""

    weights: Float[ArrayLike, "*person feature output"]
    bias: Float[ArrayLike, "*person output"]
    scale: Float[ArrayLike, "*person output"]  # 0: the output is not scaled

    def apply(
        self, features: Float[ArrayLike, "*frame feature"], output: Float[ArrayLike, "*frame output"]
    ) -> Float[Array, "*frame output"]:
        """output * (1 + scale) + features @ weights + bias, in float32; the output bit for bit if all three are 0."""
        everywhere = lambda numbers: jnp.broadcast_to(jnp.asarray(numbers, jnp.float32), output.shape)
        correction = jnp.matmul(features, self.weights, precision=jax.lax.Precision.HIGHEST)
        correction = correction + output * everywhere(self.scale) + everywhere(self.bias)
        # Not merely adding 0: -0.0 + 0.0 is 0.0, and features that are not finite times 0 are no number.
        unchanged = jnp.all(self.weights == 0) & jnp.all(self.bias == 0) & jnp.all(self.scale == 0)
        return jnp.where(unchanged, output, output + correction)


def no_adapter(features: int, outputs: int = 2) -> Adapter:
    """The adapter of somebody about whom nothing is known: it changes nothing."""
    return Adapter(jnp.zeros((features, outputs)), jnp.zeros(outputs), jnp.zeros(outputs))
