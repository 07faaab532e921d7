"""EmoNet and its trunk in PyTorch, run directly from a checkpoint's own tensors: the reference for parity.json.

It uses only the names in the file, so agreement verifies names, layouts and the network at once. Written from the
published description (Toisoul et al., 2021; Bulat and Tzimiropoulos, 2017).
"""

import re
from collections.abc import Mapping

import numpy as np
import torch
from torch.nn import functional as F


class Checkpoint:
    """The tensors of a file, and the layers that they form, by name."""

    def __init__(self, tensors: Mapping[str, np.ndarray], pooling: str):
        self.pool = {"max": F.max_pool2d, "mean": F.avg_pool2d}[pooling]
        self.tensors = {name: torch.from_numpy(np.asarray(tensor)) for name, tensor in tensors.items()}

    def conv(self, name, maps, stride=1):
        kernel = self.tensors[f"{name}.weight"].float()
        bias = self.tensors.get(f"{name}.bias")
        return F.conv2d(maps, kernel, None if bias is None else bias.float(), stride, kernel.shape[-1] // 2)

    def norm_relu(self, name, maps):
        part = lambda kind: self.tensors[f"{name}.{kind}"].float()
        return F.relu(
            F.batch_norm(maps, part("running_mean"), part("running_var"), part("weight"), part("bias"), eps=1e-5)
        )

    def linear(self, name, rows):
        return F.linear(rows, self.tensors[f"{name}.weight"].float(), self.tensors[f"{name}.bias"].float())

    def block(self, name, maps):
        branches = []
        signal = maps
        for index in (1, 2, 3):
            signal = self.conv(f"{name}.conv{index}", self.norm_relu(f"{name}.bn{index}", signal))
            branches.append(signal)
        if f"{name}.downsample.2.weight" in self.tensors:
            maps = self.conv(f"{name}.downsample.2", self.norm_relu(f"{name}.downsample.0", maps))
        return torch.cat(branches, 1) + maps

    def hourglass(self, name, maps, level):
        low = self.block(f"{name}.b2_{level}", self.pool(maps, 2))
        inner = f"{name}.b2_plus_1"
        low = self.hourglass(name, low, level - 1) if level > 1 else self.block(inner, low)
        low = self.block(f"{name}.b3_{level}", low)
        return self.block(f"{name}.b1_{level}", maps) + F.interpolate(low, scale_factor=2, mode="nearest")

    def count(self, pattern):
        return len({found[1] for name in self.tensors if (found := re.match(pattern, name))})

    def trunk(self, images):
        """Features before the hourglasses, features of each hourglass, and heatmaps of each hourglass."""
        stem = self.norm_relu("bn1", self.conv("conv1", images, stride=2))
        features = self.block("conv4", self.block("conv3", self.pool(self.block("conv2", stem), 2)))
        maps = features
        hourglasses, heatmaps = [], []
        depth = self.count(r"m0\.b1_(\d+)\.")
        for index in range(self.count(r"m(\d+)\.")):
            part = self.block(f"top_m_{index}", self.hourglass(f"m{index}", maps, depth))
            part = self.norm_relu(f"bn_end{index}", self.conv(f"conv_last{index}", part))
            heatmaps.append(self.conv(f"l{index}", part))
            if f"bl{index}.weight" in self.tensors:
                part = self.conv(f"bl{index}", part)
                maps = maps + part + self.conv(f"al{index}", heatmaps[-1])
            hourglasses.append(part)
        return features, torch.cat(hourglasses, 1), heatmaps


@torch.no_grad()
def outputs(tensors: Mapping[str, np.ndarray], images: np.ndarray, pooling: str = "max") -> dict[str, np.ndarray]:
    """Outputs by our names, for images [batch, height, width, 3] in [0, 1]."""
    net = Checkpoint(tensors, pooling)
    features, hourglasses, heatmaps = net.trunk(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))))
    found = {"landmarks": torch.stack([maps.permute(0, 2, 3, 1) for maps in heatmaps], 1)}
    if "conv1x1_input_emo_2.weight" in net.tensors:
        channels = net.tensors["conv1x1_input_emo_2.weight"].shape[1]
        attention = channels == features.shape[1] + hourglasses.shape[1]
        mask = heatmaps[-1].sum(1, keepdim=True)
        parts = [features, hourglasses * mask] if attention else [features, hourglasses, heatmaps[-1]]
        maps = net.conv("conv1x1_input_emo_2", torch.cat(parts, 1))
        for index in range(net.count(r"emo_net_2\.(\d+)\.")):
            maps = F.max_pool2d(net.block(f"emo_net_2.{2 * index}", maps), 2)
        hidden = net.norm_relu("emo_fc_2.1", net.linear("emo_fc_2.0", maps.mean((2, 3))))
        result = net.linear("emo_fc_2.3", hidden)
        found |= {"emotion": result[:, :-2], "valence_arousal": result[:, -2:]}
    return {name: tensor.numpy() for name, tensor in found.items()}
