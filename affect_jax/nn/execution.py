"""How a network is computed: which convolution by which method, how many images at once. Never what it computes."""

import dataclasses
from typing import NamedTuple

# How the dense 3x3 convolutions are computed, which changes rounding only: directly, by Winograd's method on maps of 16
# pixels and more, or by the one that was measured to be faster on this processor.
EXECUTIONS = ("auto", "direct", "winograd")
SMALLEST_MAP_PX = 16  # on smaller maps Winograd's method has too little to save


class ConvShape(NamedTuple):
    """A 3x3 convolution of the network; whether gradients go through it decides what it costs."""

    training: bool
    height: int
    width: int
    inputs: int
    outputs: int

    @property
    def large(self) -> bool:
        """Whether the map is large enough for Winograd's method."""
        return min(self.height, self.width) >= SMALLEST_MAP_PX


class FactorShape(NamedTuple):
    """A factorized convolution of the network, and what it is given; mappings as pairs, so that it can be a key."""

    training: bool
    batch: int  # signals at once
    signal: tuple[int, ...]  # the axes that the kernel slides along, and the channels
    form: str
    arrays: tuple[tuple[str, tuple[int, ...]], ...]
    linear: bool  # nothing between the factors
    options: tuple[tuple[str, object], ...]  # causal, stride, dilation, padding


@dataclasses.dataclass(frozen=True)
class Execution:
    """One way to compute a network.

    winograd: the convolutions computed by Winograd's method; None: all on large maps.
    at_once: images that go through the network together in evaluation; 0: the whole batch.
    factorized: how factorized convolutions (with batch 0) are computed; others by their form's default.
    """

    winograd: frozenset[ConvShape] | None = frozenset()
    at_once: int = 0
    factorized: tuple[tuple[FactorShape, str], ...] = ()

    def uses_winograd(self, layer: object, shape: ConvShape) -> bool:
        """Whether a layer is to use Winograd's method for maps of this shape."""
        del layer
        return shape.large if self.winograd is None else shape in self.winograd

    def way(self, shape: FactorShape) -> str | None:
        """The execution of a factorized convolution, whatever the batch; None: its form's default."""
        return dict(self.factorized).get(shape._replace(batch=0))


class Survey:
    """An execution that does nothing special, but keeps which layer saw which shape; for `jax.eval_shape`."""

    at_once = 0

    def __init__(self):
        self.seen: list[tuple[object, ConvShape]] = []  # in the order of the calls
        self.factorized: set[FactorShape] = set()

    def uses_winograd(self, layer: object, shape: ConvShape) -> bool:
        """No; but now the shape is known."""
        self.seen.append((layer, shape))
        return False

    def way(self, shape: FactorShape) -> None:
        """The default; but now the shape is known."""
        self.factorized.add(shape)


DIRECT = Execution()


def check_execution(name: str) -> None:
    """ValueError for an execution that there is not."""
    if name not in EXECUTIONS:
        raise ValueError(f"execution is '{name}'; choose one of {', '.join(EXECUTIONS)}")


def execution_named(name: str) -> Execution:
    """The execution that a config asks for; "auto" is direct until measurements replace it."""
    return Execution(winograd=None) if name == "winograd" else DIRECT
