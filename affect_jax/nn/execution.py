"""How a network is computed: which convolution by which method, how many images at once. Never what it computes."""

import dataclasses
from typing import NamedTuple

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


@dataclasses.dataclass(frozen=True)
class Execution:
    """One way to compute a network.

    winograd: the convolutions computed by Winograd's method; None: all on large maps.
    at_once: images that go through the network together in evaluation; 0: the whole batch.
    """

    winograd: frozenset[ConvShape] | None = frozenset()
    at_once: int = 0

    def uses_winograd(self, layer: object, shape: ConvShape) -> bool:
        """Whether a layer is to use Winograd's method for maps of this shape."""
        del layer
        return shape.large if self.winograd is None else shape in self.winograd


class Survey:
    """An execution that does nothing special, but keeps which layer saw which shape; for `jax.eval_shape`."""

    at_once = 0

    def __init__(self):
        self.seen: list[tuple[object, ConvShape]] = []  # in the order of the calls

    def uses_winograd(self, layer: object, shape: ConvShape) -> bool:
        """No; but now the shape is known."""
        self.seen.append((layer, shape))
        return False


DIRECT = Execution()


def execution_named(name: str) -> Execution:
    """The execution that a config asks for; "auto" is direct until measurements replace it."""
    return Execution(winograd=None) if name == "winograd" else DIRECT
