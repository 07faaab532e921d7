"""The tensors of a PyTorch EmoNet: those of the landmark trunk and those of the affect head.

Source: names, shapes and order of the published network (Toisoul et al., Nature Machine Intelligence 3, 2021); the
released checkpoints, with two hourglasses, have 682 entries, of which 111 are counters of the norms.
"""

import dataclasses

from affect_jax.convert.fan import LANDMARKS, TrunkSizes, block, highest, size, trunk_sizes, trunk_table
from affect_jax.convert.table import Entry, convolution, linear, norm
from affect_jax.convert.tensors import Tensors

WHAT = "an EmoNet"
REDUCE, BLOCKS, LAYERS = "conv1x1_input_emo_2", "emo_net_2", "emo_fc_2"


@dataclasses.dataclass(frozen=True)
class EmoNetSizes:
    """Sizes of an EmoNet, inferred from the shapes of its tensors."""

    trunk: TrunkSizes
    emotions: int
    attention: bool
    head_blocks: int


def is_emonet(tensors: Tensors) -> bool:
    """Whether a file contains an affect head in addition to a trunk."""
    return any(name.startswith((REDUCE, BLOCKS, LAYERS)) for name in tensors)


def emonet_sizes(tensors: Tensors, where: str) -> EmoNetSizes:
    """Infers the sizes of the EmoNet in a file; ValueError if it does not contain one."""
    trunk = trunk_sizes(tensors, WHAT, where)
    inputs = size(tensors, f"{REDUCE}.weight", 1, WHAT, where)
    joined = (trunk.modules + 1) * trunk.widths[-1]
    if inputs not in (joined, joined + LANDMARKS):
        raise ValueError(
            f"{where}: '{REDUCE}.weight' takes {inputs} channels; with {trunk.modules} hourglasses of width "
            f"{trunk.widths[-1]}, expected {joined} with attention or {joined + LANDMARKS} without"
        )
    outputs = size(tensors, f"{LAYERS}.3.weight", 0, WHAT, where)
    if outputs < 4:
        raise ValueError(
            f"{where}: {outputs} outputs; expected two or more emotions, followed by the two axes of the circumplex"
        )
    # Every second module is a pooling layer and has no tensors.
    head_blocks = highest(tensors, rf"{BLOCKS}\.(\d+)\.", where) // 2 + 1
    return EmoNetSizes(trunk, outputs - 2, inputs == joined, head_blocks)


def emonet_table(sizes: EmoNetSizes) -> dict[str, Entry]:
    """Returns the conversion table of an EmoNet: every entry except the counters of its norms."""
    width = sizes.trunk.widths[-1]
    inputs = (sizes.trunk.modules + 1) * width + (0 if sizes.attention else LANDMARKS)
    table = trunk_table(sizes.trunk) | convolution(REDUCE, "head/reduce", inputs, width, 1)
    for index in range(sizes.head_blocks):
        table |= block(f"{BLOCKS}.{2 * index}", f"head/blocks/{index}", width, width)
    table |= linear(f"{LAYERS}.0", "head/hidden", width, width // 2)
    table |= norm(f"{LAYERS}.1", "head/hidden_norm", width // 2)
    return table | linear(f"{LAYERS}.3", "head/output", width // 2, sizes.emotions + 2)
