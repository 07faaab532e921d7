"""The tensors of I3D for RGB clips, and of the network of images that it was inflated from.

Three programs are known: kinetics-i3d (TensorFlow), pytorch-i3d, and torchvision's GoogLeNet, which is Inception v1
with 3x3 kernels instead of 5x5, as in I3D, and whose kernels become clips' by the mean rule. The head, which rates the
actions or objects that a file was trained on, is left out.
Source: names and shapes of google-deepmind/kinetics-i3d, piergiaj/pytorch-i3d and torchvision's googlenet.py; Carreira
and Zisserman, Quo vadis, action recognition?, CVPR 2017.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from affect_jax.convert.copies import ends_with
from affect_jax.convert.fan import size
from affect_jax.convert.fold import fold_scales, inflate_kernels
from affect_jax.convert.table import Converted, Entry, convert, norm
from affect_jax.convert.tensors import Tensors

STEM = {"conv_1a": 7, "conv_2b": 1, "conv_2c": 3}  # our name and the window of each convolution before the blocks
BRANCHES = ("branch_0", "branch_1/0", "branch_1/1", "branch_2/0", "branch_2/1", "branch_3")
COLORS = 3
INPUT_PX = 224  # of the published networks


@dataclasses.dataclass(frozen=True)
class Program:
    """How a program names and stores the convolutions of the network, each with its norm."""

    name: str  # for messages and source.json
    stem: tuple[str, str, str]
    blocks: Mapping[str, str]  # prefix of each block, by our name, such as "3b"
    branches: tuple[str, ...]  # of the convolutions in a block, in the order of BRANCHES
    kernel: str  # ending of the kernel's name
    head: tuple[str, ...]  # prefixes of what is left out
    license: str
    renamed: Mapping[str, str] = dataclasses.field(default_factory=dict)  # exceptions to these names

    def units(
        self, stem: Sequence[int], blocks: Mapping[str, Sequence[int]]
    ) -> Iterator[tuple[str, str, int, int, int]]:
        """For each convolution its name, our path, inputs, outputs and window; the widths are those of the model."""
        inputs = COLORS
        for name, (path, window), outputs in zip(self.stem, STEM.items(), stem, strict=True):
            yield name, path, inputs, outputs, window
            inputs = outputs
        for block, (whole, first_low, first, second_low, second, pooled) in blocks.items():
            sizes = [(inputs, whole, 1), (inputs, first_low, 1), (first_low, first, 3), (inputs, second_low, 1)]
            sizes += [(second_low, second, 3), (inputs, pooled, 1)]
            for branch, path, shape in zip(self.branches, BRANCHES, sizes, strict=True):
                name = self.blocks[block] + branch
                yield self.renamed.get(name, name), f"mixed_{block}/{path}", *shape
            inputs = whole + first + second + pooled

    @property
    def what(self) -> str:
        """What a file holds, for messages."""
        return f"the network of {self.name}"

    @property
    def anchors(self) -> tuple[str, ...]:
        """Names by which the network is recognized in a file, see `copies.py`."""
        names = [*self.stem, *(prefix + self.branches[2] for prefix in self.blocks.values())]
        return tuple(name + self.kernel for name in names)


_BLOCKS = ("3b", "3c", "4b", "4c", "4d", "4e", "4f", "5b", "5c")
_STEM = ("Conv3d_1a_7x7", "Conv3d_2b_1x1", "Conv3d_2c_3x3")
TENSORFLOW = Program(
    "kinetics-i3d",
    _STEM,
    {block: f"Mixed_{block}/" for block in _BLOCKS},
    tuple(f"Branch_{place}" for place in ("0/Conv3d_0a_1x1", "1/Conv3d_0a_1x1", "1/Conv3d_0b_3x3"))
    + tuple(f"Branch_{place}" for place in ("2/Conv3d_0a_1x1", "2/Conv3d_0b_3x3", "3/Conv3d_0b_1x1")),
    "/conv_3d/w",
    ("Logits/",),
    "Apache-2.0 (google-deepmind/kinetics-i3d)",
    # A slip in the published program, and therefore in its checkpoints.
    {"Mixed_5b/Branch_2/Conv3d_0b_3x3": "Mixed_5b/Branch_2/Conv3d_0a_3x3"},
)
PYTORCH = Program(
    "pytorch-i3d",
    _STEM,
    {block: f"Mixed_{block}." for block in _BLOCKS},
    ("b0", "b1a", "b1b", "b2a", "b2b", "b3b"),
    ".conv3d.weight",
    ("logits.",),
    "Apache-2.0 (piergiaj/pytorch-i3d)",
)
GOOGLENET = Program(
    "googlenet",
    ("conv1", "conv2", "conv3"),
    {block: f"inception{block[0]}{chr(ord(block[1]) - 1)}." for block in _BLOCKS},  # 3b is called 3a, and so on
    ("branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1"),
    ".conv.weight",
    ("fc.", "aux1.", "aux2."),
    "BSD-3-Clause (torchvision's GoogLeNet, trained on ImageNet)",
)
PROGRAMS = (TENSORFLOW, PYTORCH, GOOGLENET)


def find_program(states: Mapping[str, Tensors]) -> Program | None:
    """The program whose names a file has, or at least half of those by which they are recognized."""
    names = [name for tensors in states.values() for name in tensors]
    for program in PROGRAMS:
        found = [anchor for anchor in program.anchors if any(ends_with(name, anchor) for name in names)]
        if 2 * len(found) >= len(program.anchors):
            return program
    return None


def stem_width(program: Program, tensors: Tensors, where: str) -> int:
    """Outputs of the first convolution, 64 as published; ValueError if it is missing or is not one of RGB frames."""
    name = program.stem[0] + program.kernel
    inputs_axis, outputs_axis = (3, 4) if program is TENSORFLOW else (1, 0)
    outputs, inputs = (size(tensors, name, axis, program.what, where) for axis in (outputs_axis, inputs_axis))
    if inputs != COLORS:
        kind = "; it is the network of optical flow: convert the one of RGB frames" if inputs == 2 else ""
        raise ValueError(f"{where}: '{name}' takes {inputs} channels, expected {COLORS}{kind}")
    return outputs


def i3d_table(program: Program, stem: Sequence[int], blocks: Mapping[str, Sequence[int]]) -> dict[str, Entry]:
    """Returns the conversion table: every entry of the network except its head and the counters of its norms."""
    table: dict[str, Entry] = {}
    for name, path, inputs, outputs, window in program.units(stem, blocks):
        place, key = f"{path}/kernel", name + program.kernel
        if program is TENSORFLOW:
            table[key] = Entry(place, "as it is", (window, window, window, inputs, outputs))
            for theirs, ours in (("beta", "bias"), ("moving_mean", "mean"), ("moving_variance", "var")):
                table[f"{name}/batch_norm/{theirs}"] = Entry(f"{path}/norm/{ours}", "channels", (outputs,))
        elif program is PYTORCH:
            table[key] = Entry(place, "3-D convolution", (outputs, inputs, window, window, window))
        else:
            table[key] = Entry(place, "convolution", (outputs, inputs, window, window))
        if program is not TENSORFLOW:
            table |= norm(f"{name}.bn", f"{path}/norm", outputs)
    return table


def convert_i3d(
    program: Program, tensors: Tensors, stem: Sequence[int], blocks: Mapping[str, Sequence[int]], where: str
) -> Converted:
    """Converts a network without its head, its norms' scales folded into the kernels; ValueError as in `convert`."""
    found = convert(tensors, i3d_table(program, stem, blocks), program.what, where, program.head)
    arrays, notes = fold_scales(found.arrays)
    if program is GOOGLENET:
        arrays = inflate_kernels(arrays)
        notes["inflated"] = "by the mean rule: each kernel repeated over time and divided by its length"
    return dataclasses.replace(found, arrays=arrays, notes=notes)
