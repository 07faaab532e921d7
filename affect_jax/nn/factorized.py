"""Convolution layers with factorized kernels."""

import functools
import math
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike
from jaxtyping import Array, Float

from affect_jax.nn.conv import Convolution, batch_norm
from affect_jax.nn.execution import DIRECT, FactorShape
from affect_jax.nn.factor_options import check_options, from_pairs, kernel_dimensions, to_pairs
from affect_jax.ops import factors as ops
from affect_jax.ops.sliding import Number, Padding, windows


class FactorizedConv(nnx.Module):
    """A convolution whose kernel is factorized; axes before those it slides along are batch.

    Source: Kossaifi et al., Factorized Higher-Order CNNs, CVPR 2020. The initialization is ours: the reconstructed
    kernel has He's variance.

    Args:
        inputs: channels.
        outputs: channels.
        taps: axes to slide along and taps along each, such as {"height": 3, "width": 3}, with "time" first if present.
        rank: see `ops.factors.resolve_rank`; a dense kernel has rank 0.
        form: see `ops.factors.forms`.
        use_bias: whether to add a bias to the outputs.
        causal: whether to look at the past only, along time.
        stride: one for all axes, or by name; see `ops.sliding.windows`.
        dilation: likewise.
        padding: likewise; with "same", the middle of an even number of taps is the one right of the center.
        execution: see `ops.factors.convolve`; None: as the network's execution plan says, or the form's default.
        between: "linear": the layer equals a dense convolution with the reconstructed kernel. "norm_relu": BatchNorm
            and ReLU follow the first 1x1, as published; no dense kernel is equivalent.
        dropout: probability of dropping each component of a cp kernel in training, drawn at each call from the stream
            "dropout" of `rngs`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        taps: Mapping[str, int],
        rank: ops.Rank = 0,
        form: str = "cp",
        use_bias: bool = False,
        causal: bool = False,
        stride: Number = 1,
        dilation: Number = 1,
        padding: Padding = "same",
        execution: str | None = None,
        between: str = "linear",
        dropout: float = 0.0,
        rngs: nnx.Rngs,
    ):
        sizes = kernel_dimensions(taps, inputs, outputs, form)
        ranks = ops.resolve_rank(form, sizes, rank)
        # Raises for an invalid stride, dilation or padding.
        windows(taps, causal, stride, dilation, padding)
        check_options(form, ops.resolve_execution(form, execution), between, dropout)
        field = math.prod(taps.values())
        if between == "linear":
            drawn = ops.draw(rngs.params, form, sizes, ranks, (2 / (inputs * field)) ** 0.5)
        else:
            first = ops.array_shapes(form, sizes, ranks)["inputs"][1]
            drawn = ops.draw(rngs.params, form, sizes, ranks, (2 / (first * field)) ** 0.5, inputs**-0.5)
        self.factors = nnx.Dict({name: nnx.Param(array) for name, array in drawn.items()})
        self.bias = nnx.Param(jnp.zeros(outputs)) if use_bias else None
        self.norm = batch_norm(drawn["inputs"].shape[1], rngs=rngs) if between == "norm_relu" else None
        self.inputs, self.outputs, self.form, self.between = inputs, outputs, form, between
        self.rank, self.causal, self.dropout = tuple(ranks.items()), causal, dropout
        self.stride, self.dilation, self.padding = to_pairs(stride), to_pairs(dilation), to_pairs(padding)
        self.own_execution = execution
        self.execution = DIRECT  # the network's execution plan, used if the layer's own is None
        self.deterministic = False  # set by eval(), after which nothing is dropped

    def __call__(
        self, signal: Float[Array, "*axes input"], *, rngs: nnx.Rngs | None = None
    ) -> Float[Array, "*out output"]:
        factors = self.arrays()
        if self.dropout and not self.deterministic:
            if rngs is None:
                raise ValueError("the layer drops components in training; call it with rngs=nnx.Rngs(dropout=key)")
            factors = ops.drop_components(factors, self.dropout, rngs.dropout())
        execution = self.own_execution or self.execution.factor_execution(self._shape(signal))
        options = self._options() | {"execution": execution, "between": self._between()}
        return self._add_bias(ops.convolve(signal, factors, self.causal, **options))

    def next(
        self, past: Float[Array, "*held"], signal: Float[Array, "*axes input"]
    ) -> tuple[Float[Array, "*held"], Float[Array, "*out output"]]:
        """Returns the new past and the outputs of these frames; for causal layers in evaluation mode."""
        past, result = ops.convolve_next(past, signal, self.arrays(), between=self._between(), **self._options())
        return past, self._add_bias(result)

    def start(self, shape: Sequence[int], dtype: DTypeLike = jnp.float32) -> Float[Array, "*held"]:
        """Returns the past at the start of a stream of frames of this shape; ValueError if the layer is not causal."""
        if not self.causal:
            raise ValueError("the layer looks ahead (causal is False), so it cannot run on a stream")
        clip = (*shape[: self.TIME_AXIS + 1], 1, *shape[self.TIME_AXIS + 1 :])
        return ops.empty_past(clip, self.arrays(), **self._options(), dtype=dtype)

    def arrays(self) -> dict[str, Array]:
        """The arrays of the kernel, by name."""
        return {name: factor[...] for name, factor in self.factors.items()}

    @property
    def TIME_AXIS(self) -> int:
        """The time axis of a signal, counted from the end."""
        return -1 - len(ops.kernel_axes(self.arrays()))

    @property
    def frames(self) -> int:
        """Number of taps along time; 1 if the layer does not mix frames."""
        return ops.kernel_sizes(self.arrays()).get("time", 1)

    def prune(self, threshold: float = 0.0) -> "FactorizedConv":
        """Returns a smaller layer without the components of size up to `threshold`; at 0 the outputs are the same.

        Sizes are those of `component_sizes`. ValueError if the kernel is not cp.
        """
        kept = ops.select_components(self._sizing_arrays(), threshold)
        smaller = nnx.clone(self)
        for name, array in self.arrays().items():
            smaller.factors[name] = nnx.Param(array[..., kept])
        if smaller.norm is not None:
            norm = batch_norm(len(kept), rngs=nnx.Rngs(0))
            nnx.update(norm, jax.tree.map(lambda array: array[kept], nnx.state(self.norm)))
            norm.use_running_average = self.norm.use_running_average
            smaller.norm = norm
        smaller.rank = (("rank", len(kept)),)
        return smaller

    def component_sizes(self) -> Float[Array, "rank"]:
        """Size of each component of a cp kernel: its absolute scale after normalizing the columns.

        If a norm follows the first 1x1, its scale and bias count instead of the 1x1; see `ops.factors.substitute_norm`.
        """
        return jnp.abs(ops.normalize(self._sizing_arrays())["scale"])

    def _sizing_arrays(self) -> dict[str, Array]:
        """The arrays whose columns determine the size of each component."""
        if self.norm is None:
            return self.arrays()
        return ops.substitute_norm(self.arrays(), self.norm.scale[...], self.norm.bias[...])

    def _between(self):
        return None if self.norm is None else lambda mixed: nnx.relu(self.norm(mixed))

    def _options(self) -> dict:
        options = {"stride": self.stride, "dilation": self.dilation, "padding": self.padding}
        return {name: from_pairs(value) for name, value in options.items()} | {"execution": self.own_execution}

    def _shape(self, signal: Array) -> FactorShape:
        arrays = self.arrays()
        trailing = 1 + len(ops.kernel_axes(arrays))
        return FactorShape(
            training=not self.deterministic,
            batch=math.prod(signal.shape[:-trailing]),
            signal=signal.shape[-trailing:],
            form=self.form,
            arrays=tuple(sorted((name, array.shape) for name, array in arrays.items())),
            linear=self.norm is None,
            options=tuple((name, getattr(self, name)) for name in ("causal", "stride", "dilation", "padding")),
        )

    def _add_bias(self, result: Array) -> Array:
        return result if self.bias is None else result + jnp.broadcast_to(self.bias[...], result.shape)


def factorized(taps: Mapping[str, int], rank: ops.Rank, causal: bool = False, **options) -> Convolution:
    """Returns a factory of factorized convolutions without bias, to pass to a block."""
    return functools.partial(FactorizedConv, taps=dict(taps), rank=rank, causal=causal, **options)
