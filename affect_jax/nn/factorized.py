"""A convolution whose kernel is a sum of products of vectors."""

import functools
from collections.abc import Mapping

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from affect_jax.nn.conv import Convolution
from affect_jax.ops.factors import convolve, factor_std


class FactorizedConv(nnx.Module):
    """1x1 to `rank` channels, one depthwise convolution per axis, a scale, 1x1 to the outputs, and a bias if asked.

    `taps` names the axes and their (odd) kernel sizes: {"height": 3, "width": 3}, or with "time" before them. The
    layer is linear: it equals a dense convolution with the kernel of `ops.factors.reconstruct`, "same", stride 1. Axes
    before the named ones are batch. `causal` pads the past only, on the time axis only.
    Source: Kossaifi et al., Factorized Higher-Order CNNs, CVPR 2020, without the activation that the paper puts after
    the first 1x1, because only then the layer is a convolution.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        taps: Mapping[str, int],
        rank: int,
        use_bias: bool = False,
        causal: bool = False,
        rngs: nnx.Rngs,
    ):
        fan_in = inputs
        for count in taps.values():
            fan_in *= count
        sizes = {"inputs": inputs, **taps, "outputs": outputs}
        normal = nnx.initializers.normal(factor_std((2 / fan_in) ** 0.5, rank, len(sizes)))
        factors = {name: nnx.Param(normal(rngs.params(), (size, rank))) for name, size in sizes.items()}
        self.factors = nnx.Dict(factors, scale=nnx.Param(jnp.ones(rank)))
        self.bias = nnx.Param(jnp.zeros(outputs)) if use_bias else None
        self.causal = causal

    def __call__(self, signal: Float[Array, "*axes input"]) -> Float[Array, "*axes output"]:
        result = convolve(signal, {name: factor[...] for name, factor in self.factors.items()}, self.causal)
        return result if self.bias is None else result + jnp.broadcast_to(self.bias[...], result.shape)


def factorized(taps: Mapping[str, int], rank: int, causal: bool = False) -> Convolution:
    """A factory of bias-free factorised convolutions, to hand to a block."""
    return functools.partial(FactorizedConv, taps=dict(taps), rank=rank, causal=causal)
