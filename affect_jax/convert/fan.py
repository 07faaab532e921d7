"""The landmark trunk (FAN) as PyTorch names it: in face-alignment's 2DFAN files and inside EmoNet's.

Names and shapes are those of the published networks (Bulat and Tzimiropoulos, ICCV 2017; Toisoul et al., 2021), which
share them. What they do not share is the way maps are halved: EmoNet and the two-module trunks of its authors take the
maximum of 2x2 squares, face-alignment's four-module networks their mean. A file does not say which.
"""

import dataclasses
import re
from collections.abc import Mapping

import numpy as np
from jaxtyping import Shaped

from affect_jax.convert.table import Entry, convolution, norm

Tensors = Mapping[str, Shaped[np.ndarray, "..."]]
LANDMARKS = 68
WHAT = "landmark trunk (FAN)"


@dataclasses.dataclass(frozen=True)
class TrunkSizes:
    """Sizes of a trunk, as its shapes show them."""

    widths: tuple[int, int, int]
    modules: int
    depth: int


def size(tensors: Tensors, name: str, axis: int, what: str, where: str) -> int:
    """Length of one axis of a tensor that such a network must have."""
    if name not in tensors or tensors[name].ndim <= axis:
        held = ", ".join(sorted(tensors)[:3])
        raise ValueError(f"{where} is no {what}: it lacks '{name}'; its {len(tensors)} entries begin with {held}")
    return tensors[name].shape[axis]


def highest(tensors: Tensors, pattern: str, where: str) -> int:
    """The largest number in the names that begin like `pattern`, or -1."""
    numbers = {name: found[1] for name in tensors if (found := re.match(pattern, name))}
    if strange := [name for name, number in numbers.items() if len(number) > 2]:
        raise ValueError(f"{where}: '{strange[0]}' counts further than any network of this kind")
    return max(map(int, numbers.values()), default=-1)


def trunk_sizes(tensors: Tensors, what: str, where: str) -> TrunkSizes:
    """Sizes of the trunk in a file; ValueError where it holds none."""
    stem = size(tensors, "conv1.weight", 0, what, where)
    middle = 2 * size(tensors, "conv3.conv1.weight", 0, what, where)
    width = 2 * size(tensors, "conv4.conv1.weight", 0, what, where)
    size(tensors, "m0.b1_1.conv1.weight", 0, what, where)
    if (landmarks := size(tensors, "l0.weight", 0, what, where)) != LANDMARKS:
        raise ValueError(f"{where}: the trunk predicts {landmarks} landmarks; networks here have {LANDMARKS}")
    modules, depth = highest(tensors, r"m(\d+)\.b", where) + 1, highest(tensors, r"m0\.b1_(\d+)\.", where)
    return TrunkSizes((stem, middle, width), modules, depth)


def block(name: str, place: str, inputs: int, outputs: int) -> dict[str, Entry]:
    """A residual block; where its width changes it has a shortcut."""
    widths = (inputs, outputs // 2, outputs // 4, outputs // 4)
    made: dict[str, Entry] = {}
    for index in range(3):
        made |= norm(f"{name}.bn{index + 1}", f"{place}/norms/{index}", widths[index])
        convs = f"{place}/convs/{index}"
        made |= convolution(f"{name}.conv{index + 1}", convs, widths[index], widths[index + 1], 3, bias=False)
    if inputs != outputs:
        made |= norm(f"{name}.downsample.0", f"{place}/shortcut/norm", inputs)
        made |= convolution(f"{name}.downsample.2", f"{place}/shortcut/project", inputs, outputs, 1, bias=False)
    return made


def trunk_table(sizes: TrunkSizes) -> dict[str, Entry]:
    """Every entry of a trunk, without the counters of its norms."""
    stem, middle, width = sizes.widths
    made = convolution("conv1", "trunk/stem", 3, stem, 7) | norm("bn1", "trunk/stem_norm", stem)
    made |= block("conv2", "trunk/block_half", stem, middle)
    made |= block("conv3", "trunk/block_middle", middle, middle)
    made |= block("conv4", "trunk/block_wide", middle, width)
    for index in range(sizes.modules):
        place = f"trunk/modules/{index}"
        made |= _hourglass(f"m{index}", f"{place}/hourglass", width, sizes.depth)
        made |= block(f"top_m_{index}", f"{place}/block", width, width)
        made |= convolution(f"conv_last{index}", f"{place}/project", width, width, 1)
        made |= norm(f"bn_end{index}", f"{place}/norm", width)
        made |= convolution(f"l{index}", f"{place}/heatmaps", width, LANDMARKS, 1)
        if index < sizes.modules - 1:
            made |= convolution(f"bl{index}", f"{place}/hand_on_features", width, width, 1)
            made |= convolution(f"al{index}", f"{place}/hand_on_heatmaps", LANDMARKS, width, 1)
    return made


def _hourglass(name: str, place: str, width: int, depth: int) -> dict[str, Entry]:
    """Their level `depth` is the outermost; ours is nested."""
    made: dict[str, Entry] = {}
    for level in range(depth, 0, -1):
        for theirs, ours in (("b1", "skip"), ("b2", "enter"), ("b3", "leave")):
            made |= block(f"{name}.{theirs}_{level}", f"{place}/{ours}", width, width)
        place += "/inner"
    return made | block(f"{name}.b2_plus_1", place, width, width)
