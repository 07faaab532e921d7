"""How a network is executed: the method of each convolution and the images per pass. Never changes what it computes."""

import dataclasses
from typing import NamedTuple

# Methods for dense 3x3 convolutions, which differ in rounding only: direct, Winograd's on maps of at least 16 pixels,
# or the one that was measured to be faster on this processor.
EXECUTIONS = ("auto", "direct", "winograd")
UNDIVIDED = (1, 1)
SMALLEST_MAP_PX = 16  # on smaller maps Winograd's method saves too little


class ConvShape(NamedTuple):
    """Shape of a 3x3 convolution, without the batch."""

    training: bool  # whether gradients flow through it, which changes its cost
    height: int
    width: int
    inputs: int
    outputs: int

    @property
    def large(self) -> bool:
        """Whether the map is large enough for Winograd's method to pay off."""
        return min(self.height, self.width) >= SMALLEST_MAP_PX


class FactorShape(NamedTuple):
    """Shapes of a factorized convolution and its input; mappings are stored as pairs so that it is hashable."""

    training: bool
    batch: int
    signal: tuple[int, ...]  # the axes that the kernel slides along, and the channels
    form: str
    arrays: tuple[tuple[str, tuple[int, ...]], ...]
    linear: bool  # no norm or activation between the factors
    options: tuple[tuple[str, object], ...]  # causal, stride, dilation, padding


@dataclasses.dataclass(frozen=True)
class Execution:
    """Execution plan of a network.

    winograd: the convolutions computed by Winograd's method; None: all of those on large maps.
    at_once: images per forward pass in evaluation; 0: the whole batch.
    factorized: execution of each factorized convolution (its shape with batch 0); others use their form's default.
    split: parts that the batch and the time axis of clips are divided into, each part on a device of its own.
    """

    winograd: frozenset[ConvShape] | None = frozenset()
    at_once: int = 0
    factorized: tuple[tuple[FactorShape, str], ...] = ()
    split: tuple[int, int] = UNDIVIDED

    def uses_winograd(self, layer: object, shape: ConvShape) -> bool:
        """Whether a layer uses Winograd's method for maps of this shape."""
        del layer
        return shape.large if self.winograd is None else shape in self.winograd

    def factor_execution(self, shape: FactorShape) -> str | None:
        """The execution of a factorized convolution, whatever the batch; None: its form's default."""
        if self.split != UNDIVIDED and shape.form == "cp":
            return "plain"
        return dict(self.factorized).get(shape._replace(batch=0))


class Survey:
    """Stands in for an `Execution` under `jax.eval_shape` and records the shapes that each layer is called with."""

    at_once = 0
    split = UNDIVIDED

    def __init__(self):
        self.convolutions: list[tuple[object, ConvShape]] = []  # in the order of the calls
        self.factorized: set[FactorShape] = set()

    def uses_winograd(self, layer: object, shape: ConvShape) -> bool:
        """Records the shape; False."""
        self.convolutions.append((layer, shape))
        return False

    def factor_execution(self, shape: FactorShape) -> None:
        """Records the shape; None, for the default."""
        self.factorized.add(shape)


DIRECT = Execution()


def check_execution(name: str) -> None:
    """Raises ValueError for an unknown execution."""
    if name not in EXECUTIONS:
        raise ValueError(f"execution is '{name}'; choose one of {', '.join(EXECUTIONS)}")


def execution_named(name: str) -> Execution:
    """Returns the execution that a config names; "auto" starts as direct and is replaced once it has been measured."""
    return Execution(winograd=None) if name == "winograd" else DIRECT
