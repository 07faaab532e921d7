"""The clip network in PyTorch: EmoNet frame by frame, its head's 3x3 convolutions replaced by ones that see time."""

import numpy as np
import torch
from emonet_names import flat_state, our_module, our_place
from emonet_torch import Block, EmoNetReference
from factorized_torch import DenseReference, FactorizedReference
from torch import nn

AXES = ("time", "height", "width")


class OverFrames(nn.Module):
    """A convolution over time, height and width of what stands as [batch x frames, channel, height, width]."""

    def __init__(self, layer: nn.Module, frames: int):
        super().__init__()
        self.layer, self.frames = layer, frames

    def forward(self, maps):
        clips = maps.permute(0, 2, 3, 1).unflatten(0, (-1, self.frames)).permute(0, 4, 1, 2, 3)
        return self.layer(clips).permute(0, 2, 3, 4, 1).flatten(0, 1).permute(0, 3, 1, 2)


def clip_reference(ours, kernels: dict, frames: int, config, dense: bool) -> nn.Module:
    """The network with the numbers of our clip network `ours`; `dense`: with the kernels that the factors make.

    kernels: of each of our factorized layers by path, its dense kernel.
    """
    trunk, head = config.trunk, config.head
    sizes = (config.emotions, trunk.widths, trunk.modules, trunk.depth, head.blocks)
    model = EmoNetReference(*sizes, attention=head.attention)
    state = {path: np.asarray(leaf.get_value()) for path, leaf in flat_state(ours).items() if _is_number(path)}
    for name, module in list(model.emo_net_2.named_children()):
        for convolution in ("conv1", "conv2", "conv3") if isinstance(module, Block) else ():
            path = our_module(f"emo_net_2.{name}.{convolution}", trunk.depth)
            factors = {kind: state.pop(f"{path}/factors/{kind}") for kind in ("inputs", "outputs", "scale", *AXES)}
            layer = DenseReference(kernels[path]) if dense else FactorizedReference(factors, AXES)
            setattr(module, convolution, OverFrames(layer, frames))
    for name, tensor in model.state_dict().items():
        if ".layer." not in name and not name.endswith("num_batches_tracked"):
            array = state.pop(our_place(name, tensor.ndim, trunk.depth))
            with torch.no_grad():
                tensor.copy_(torch.from_numpy(_theirs(array, tensor.ndim).copy()))
    assert not state, sorted(state)[:5]
    return model


def _is_number(path: str) -> bool:
    return "rngs" not in path and "dropout" not in path


def _theirs(array: np.ndarray, ndim: int) -> np.ndarray:
    """Our layout to PyTorch's: [h, w, in, out] to [out, in, h, w], [in, out] to that or to [out, in]."""
    if array.ndim == 4:
        return array.transpose(3, 2, 0, 1)
    if array.ndim == 2:
        return array.T if ndim == 2 else array.T[:, :, None, None]
    return array
