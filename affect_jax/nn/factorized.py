"""Convolutions whose kernel is made of small arrays."""

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
from affect_jax.ops import factors as ops
from affect_jax.ops.factors.forms import AXES, DENSE_AXES
from affect_jax.ops.sliding import Number, Padding, windows

BETWEEN = ("linear", "norm_relu")


class FactorizedConv(nnx.Module):
    """A convolution along the axes that `taps` names, {"height": 3, "width": 3}, or with "time" before them.

    Axes before the named ones are batch. `causal` looks at the past only, on the time axis only; with padding "same"
    an even number of taps has its middle right of the center. stride, dilation, padding: a number, or one for each
    axis by name, see `ops.sliding.windows`.
    form and rank: see `ops.factor_forms` and `ops.factor_rank`; a dense kernel has rank 0.
    execution: see `ops.factor_convolution.convolve`; None: the network's choice, or the first that the form has.
    between: "linear": the layer equals a dense convolution with the kernel of `ops.factor_forms.reconstruct`.
        "norm_relu": BatchNorm and ReLU after the first 1x1, as published. Only the linear layer equals a dense kernel.
    dropout: of the components of a cp kernel in training, drawn anew for each call from the stream "dropout" of `rngs`.
    Source: Kossaifi et al., Factorized Higher-Order CNNs, CVPR 2020; the first values are ours: He's variance for the
    kernel that the arrays make.
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
        windows(taps, causal, stride, dilation, padding)  # raises where they make none
        _check(form, ops.execution_of(form, execution), between, dropout)
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
        self.stride, self.dilation, self.padding = _fixed(stride), _fixed(dilation), _fixed(padding)
        self.computed_by = execution
        self.execution = DIRECT  # of the network, which chooses where this layer's own is None
        self.deterministic = False  # set by eval(): nothing is dropped

    def __call__(
        self, signal: Float[Array, "*axes input"], *, rngs: nnx.Rngs | None = None
    ) -> Float[Array, "*out output"]:
        factors = self.arrays()
        if self.dropout and not self.deterministic:
            if rngs is None:
                raise ValueError("the layer drops components in training; call it with rngs=nnx.Rngs(dropout=key)")
            factors = ops.dropped(factors, self.dropout, rngs.dropout())
        way = self.computed_by or self.execution.way(self._shape(signal))
        sliding = self._sliding() | {"execution": way, "between": self._between()}
        return self._biased(ops.convolve(signal, factors, self.causal, **sliding))

    def next(
        self, past: Float[Array, "*held"], signal: Float[Array, "*axes input"]
    ) -> tuple[Float[Array, "*held"], Float[Array, "*out output"]]:
        """The past of the frames to come, and the outputs for these frames; causal layers, in evaluation mode."""
        past, result = ops.convolve_next(past, signal, self.arrays(), between=self._between(), **self._sliding())
        return past, self._biased(result)

    def start(self, shape: Sequence[int], dtype: DTypeLike = jnp.float32) -> Float[Array, "*held"]:
        """The past of a stream that begins, for frames of this shape; ValueError for a layer that is not causal."""
        if not self.causal:
            raise ValueError("the layer looks ahead (causal is False), so it cannot follow a stream")
        clip = (*shape[: self.TIME_AXIS + 1], 1, *shape[self.TIME_AXIS + 1 :])
        return ops.empty_past(clip, self.arrays(), **self._sliding(), dtype=dtype)

    def arrays(self) -> dict[str, Array]:
        """The arrays of the kernel, by name."""
        return {name: factor[...] for name, factor in self.factors.items()}

    @property
    def TIME_AXIS(self) -> int:
        """The axis of a signal that is time, counted from the end."""
        return -1 - len(ops.kernel_axes(self.arrays()))

    @property
    def frames(self) -> int:
        """Taps of the time axis; 1: the layer does not look along time."""
        return ops.kernel_sizes(self.arrays()).get("time", 1)

    def pruned(self, threshold: float = 0.0) -> "FactorizedConv":
        """A smaller layer without the components whose scale over normalized columns is up to `threshold`.

        At 0 its outputs are the same. Where a norm follows the first 1x1, its scale and bias count instead of that: see
        `ops.factors.through_norm`. ValueError for a kernel that is not cp.
        """
        kept = ops.kept_components(self._sized(), threshold)
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

    def components(self) -> Float[Array, "rank"]:
        """The size of each component of a cp kernel: its absolute scale over normalized columns; see `pruned`."""
        return jnp.abs(ops.normalized(self._sized())["scale"])

    def _sized(self) -> dict[str, Array]:
        """The arrays whose columns tell how much a component counts."""
        if self.norm is None:
            return self.arrays()
        return ops.through_norm(self.arrays(), self.norm.scale[...], self.norm.bias[...])

    def _between(self):
        return None if self.norm is None else lambda mixed: nnx.relu(self.norm(mixed))

    def _sliding(self) -> dict:
        kinds = {"stride": self.stride, "dilation": self.dilation, "padding": self.padding}
        return {kind: as_given(value) for kind, value in kinds.items()} | {"execution": self.computed_by}

    def _shape(self, signal: Array) -> FactorShape:
        arrays = tuple(sorted((name, array.shape) for name, array in self.arrays().items()))
        slid = 1 + len(ops.kernel_axes(self.arrays()))
        seen = (math.prod(signal.shape[:-slid]), signal.shape[-slid:])
        kinds = tuple((kind, getattr(self, kind)) for kind in ("causal", "stride", "dilation", "padding"))
        return FactorShape(not self.deterministic, *seen, self.form, arrays, self.norm is None, kinds)

    def _biased(self, result: Array) -> Array:
        return result if self.bias is None else result + jnp.broadcast_to(self.bias[...], result.shape)


def factorized(taps: Mapping[str, int], rank: ops.Rank, causal: bool = False, **options) -> Convolution:
    """A factory of bias-free factorized convolutions, to hand to a block."""
    return functools.partial(FactorizedConv, taps=dict(taps), rank=rank, causal=causal, **options)


def kernel_dimensions(taps: Mapping[str, int], inputs: int, outputs: int, form: str) -> dict[str, int]:
    """The sizes of a kernel's dimensions in order; ValueError for a form or axes that there are not."""
    if form not in ops.FORMS:
        raise ValueError(f"form is '{form}'; choose one of {', '.join(ops.FORMS)}")
    axes = tuple(name for name in AXES if name in taps)
    if len(axes) != len(taps) or not axes or min(taps.values()) < 1:
        raise ValueError(f"taps are {dict(taps)}; expected 1 or more for one to four of {', '.join(AXES)}")
    if form == "dense" and DENSE_AXES[len(axes)] != axes:
        offered = "; ".join(", ".join(names) for names in DENSE_AXES.values())
        raise ValueError(f"taps are {dict(taps)}; a dense kernel slides along one of: {offered}")
    return {**{name: taps[name] for name in axes}, "inputs": inputs, "outputs": outputs}


def _check(form: str, execution: str, between: str, dropout: float) -> None:
    """ValueError for options that do not go together."""
    if between not in BETWEEN:
        raise ValueError(f"between is '{between}'; choose one of {', '.join(BETWEEN)}")
    if between == "norm_relu" and execution == "reconstructed":
        raise ValueError(
            "between is 'norm_relu', which equals no dense kernel, and execution 'reconstructed' convolves with one; "
            "choose another execution or form, or between 'linear'"
        )
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout is {dropout}; expected a probability from 0 to below 1")
    if dropout and form != "cp":
        raise ValueError(f"dropout is {dropout}, but only a cp kernel has components to drop; the form is '{form}'")


def _fixed(value):
    """A mapping as pairs, so that the layer can be compared and hashed."""
    return tuple(value.items()) if isinstance(value, Mapping) else value


def as_given(value):
    """A stride, dilation or padding of a layer: a mapping again where it is kept as pairs; (1, 1) is one padding."""
    pairs = isinstance(value, tuple) and all(isinstance(pair, tuple) for pair in value)
    return dict(value) if pairs else value
