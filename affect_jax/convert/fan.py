"""The tensors of a PyTorch landmark trunk (FAN), in face-alignment's 2DFAN checkpoints and inside EmoNet's.

Names and shapes are those of the published networks (Bulat and Tzimiropoulos, ICCV 2017; Toisoul et al., 2021), which
agree. The networks differ in pooling, however: EmoNet and the two-module trunks of its authors use 2x2 max pooling,
face-alignment's four-module networks 2x2 average pooling. The checkpoint does not record which.
"""

import dataclasses
import re

from affect_jax.convert.table import Entry, convolution, norm
from affect_jax.convert.tensors import Tensors

LANDMARKS = 68
WHAT = "a landmark trunk (FAN)"
# Names by which a trunk is recognized in a file, see `copies.py`: one of each part, whatever its sizes.
ANCHORS = (
    "conv1.weight",
    "conv2.conv1.weight",
    "conv3.conv1.weight",
    "conv4.conv1.weight",
    "m0.b1_1.conv1.weight",
    "top_m_0.conv1.weight",
    "conv_last0.weight",
    "l0.weight",
)


@dataclasses.dataclass(frozen=True)
class TrunkSizes:
    """Sizes of a trunk, inferred from the shapes of its tensors."""

    widths: tuple[int, int, int]
    modules: int
    depth: int


def size(tensors: Tensors, name: str, axis: int, what: str, where: str) -> int:
    """Returns the length of one axis of a required tensor; ValueError if the file lacks it."""
    if name not in tensors or tensors[name].ndim <= axis:
        first = ", ".join(sorted(tensors)[:3])
        raise ValueError(
            f"{where} is not a checkpoint of {what}: it lacks '{name}'; its {len(tensors)} entries begin with {first}"
        )
    return tensors[name].shape[axis]


def highest(tensors: Tensors, pattern: str, where: str) -> int:
    """Returns the largest index in names that match `pattern` at their start, or -1."""
    indices = {}
    for name in tensors:
        if match := re.match(pattern, name):
            indices[name] = match[1]
    if strange := [name for name, index in indices.items() if len(index) > 2]:
        raise ValueError(f"{where}: the index in '{strange[0]}' is too large for a network of this kind")
    return max(map(int, indices.values()), default=-1)


def trunk_sizes(tensors: Tensors, what: str, where: str) -> TrunkSizes:
    """Infers the sizes of the trunk in a file; ValueError if it does not contain one."""
    stem = size(tensors, "conv1.weight", 0, what, where)
    middle = 2 * size(tensors, "conv3.conv1.weight", 0, what, where)
    width = 2 * size(tensors, "conv4.conv1.weight", 0, what, where)
    size(tensors, "m0.b1_1.conv1.weight", 0, what, where)
    if (landmarks := size(tensors, "l0.weight", 0, what, where)) != LANDMARKS:
        raise ValueError(f"{where}: the trunk predicts {landmarks} landmarks, expected {LANDMARKS}")
    modules = highest(tensors, r"m(\d+)\.b", where) + 1
    depth = highest(tensors, r"m0\.b1_(\d+)\.", where)
    return TrunkSizes((stem, middle, width), modules, depth)


def block(name: str, path: str, inputs: int, outputs: int) -> dict[str, Entry]:
    """Entries of a residual block, which has a shortcut if its width changes."""
    widths = (inputs, outputs // 2, outputs // 4, outputs // 4)
    table: dict[str, Entry] = {}
    for index in range(3):
        table |= norm(f"{name}.bn{index + 1}", f"{path}/norms/{index}", widths[index])
        conv_path = f"{path}/convs/{index}"
        table |= convolution(f"{name}.conv{index + 1}", conv_path, widths[index], widths[index + 1], 3, bias=False)
    if inputs != outputs:
        table |= norm(f"{name}.downsample.0", f"{path}/shortcut/norm", inputs)
        table |= convolution(f"{name}.downsample.2", f"{path}/shortcut/project", inputs, outputs, 1, bias=False)
    return table


def trunk_table(sizes: TrunkSizes) -> dict[str, Entry]:
    """Returns the conversion table of a trunk: every entry except the counters of its norms."""
    stem, middle, width = sizes.widths
    table = convolution("conv1", "trunk/stem", 3, stem, 7) | norm("bn1", "trunk/stem_norm", stem)
    table |= block("conv2", "trunk/block_half", stem, middle)
    table |= block("conv3", "trunk/block_middle", middle, middle)
    table |= block("conv4", "trunk/block_wide", middle, width)
    for index in range(sizes.modules):
        path = f"trunk/modules/{index}"
        table |= _hourglass(f"m{index}", f"{path}/hourglass", width, sizes.depth)
        table |= block(f"top_m_{index}", f"{path}/block", width, width)
        table |= convolution(f"conv_last{index}", f"{path}/project", width, width, 1)
        table |= norm(f"bn_end{index}", f"{path}/norm", width)
        table |= convolution(f"l{index}", f"{path}/heatmaps", width, LANDMARKS, 1)
        if index < sizes.modules - 1:
            table |= convolution(f"bl{index}", f"{path}/hand_on_features", width, width, 1)
            table |= convolution(f"al{index}", f"{path}/hand_on_heatmaps", LANDMARKS, width, 1)
    return table


def _hourglass(name: str, path: str, width: int, depth: int) -> dict[str, Entry]:
    """Entries of an hourglass. PyTorch's levels are numbered, `depth` being the outermost; ours are nested."""
    table: dict[str, Entry] = {}
    for level in range(depth, 0, -1):
        for theirs, ours in (("b1", "skip"), ("b2", "enter"), ("b3", "leave")):
            table |= block(f"{name}.{theirs}_{level}", f"{path}/{ours}", width, width)
        path += "/inner"
    return table | block(f"{name}.b2_plus_1", path, width, width)
