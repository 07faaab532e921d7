"""One factorized kernel shared by several layers."""

import math
from collections.abc import Mapping

from flax import nnx
from jaxtyping import Array

from affect_jax.nn.factor_options import kernel_dimensions
from affect_jax.ops import factors as ops


class JointFactors(nnx.Module):
    """The kernels of several layers of equal shape as one cp kernel with an additional factor "layers" [layer, R].

    The layers share all other factors: the scale of layer i is the common scale times row i of "layers".
    Source: Kossaifi et al., Factorized Higher-Order CNNs, CVPR 2020, and its authors' later code, where one factorized
    kernel parametrizes several layers.
    """

    def __init__(self, layers: int, inputs: int, outputs: int, *, taps: Mapping[str, int], rank: int, rngs: nnx.Rngs):
        sizes = {"layers": layers, **kernel_dimensions(taps, inputs, outputs, "cp")}
        std = (2 / (inputs * math.prod(taps.values()))) ** 0.5
        drawn = ops.draw(rngs.params, "cp", sizes, {"rank": rank}, std)
        self.layers = nnx.Param(drawn.pop("layers"))
        self.factors = nnx.Dict({name: nnx.Param(array) for name, array in drawn.items()})

    def layer(self, number: int) -> dict[str, Array]:
        """Returns the cp kernel of one layer."""
        factors = {name: factor[...] for name, factor in self.factors.items()}
        return {**factors, "scale": factors["scale"] * self.layers[...][number]}
