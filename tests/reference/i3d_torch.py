"""I3D in PyTorch, written from the table of its blocks: an independent reference, channels first."""

import torch
from torch import nn
from torch.nn import functional

TABLE = {  # block: inputs, branch 0, branch 1 (1x1x1, 3x3x3), branch 2 (1x1x1, 3x3x3), branch 3
    "3b": (192, 64, (96, 128), (16, 32), 32),
    "3c": (256, 128, (128, 192), (32, 96), 64),
    "4b": (480, 192, (96, 208), (16, 48), 64),
    "4c": (512, 160, (112, 224), (24, 64), 64),
    "4d": (512, 128, (128, 256), (24, 64), 64),
    "4e": (512, 112, (144, 288), (32, 64), 64),
    "4f": (528, 256, (160, 320), (32, 128), 128),
    "5b": (832, 256, (160, 320), (32, 128), 128),
    "5c": (832, 384, (192, 384), (48, 128), 128),
}


def pad_same(clips, windows, strides, value):
    """Pads as TensorFlow does: the larger half behind."""
    pads = []
    for size, window, stride in zip(reversed(clips.shape[2:]), reversed(windows), reversed(strides), strict=True):
        total = max(window - stride, 0) if size % stride == 0 else max(window - size % stride, 0)
        pads += [total // 2, total - total // 2]
    return functional.pad(clips, pads, value=value)


def pool(clips, windows, strides):
    return functional.max_pool3d(pad_same(clips, windows, strides, float("-inf")), windows, strides)


class Unit(nn.Module):
    def __init__(self, inputs, outputs, window, stride=1):
        super().__init__()
        self.windows, self.strides = (window,) * 3, (stride,) * 3
        self.conv = nn.Conv3d(inputs, outputs, window, stride, bias=False)
        self.beta = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("mean", torch.zeros(outputs))
        self.register_buffer("variance", torch.ones(outputs))

    def forward(self, clips):
        maps = self.conv(pad_same(clips, self.windows, self.strides, 0.0))
        return functional.relu(functional.batch_norm(maps, self.mean, self.variance, None, self.beta, eps=1e-3))


class Block(nn.Module):
    def __init__(self, inputs, whole, first, second, pooled):
        super().__init__()
        self.b0 = Unit(inputs, whole, 1)
        self.b1 = nn.Sequential(Unit(inputs, first[0], 1), Unit(first[0], first[1], 3))
        self.b2 = nn.Sequential(Unit(inputs, second[0], 1), Unit(second[0], second[1], 3))
        self.b3 = Unit(inputs, pooled, 1)

    def forward(self, clips):
        low = self.b3(pool(clips, (3, 3, 3), (1, 1, 1)))
        return torch.cat([self.b0(clips), self.b1(clips), self.b2(clips), low], dim=1)


class I3D(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.conv_1a, self.conv_2b, self.conv_2c = Unit(3, 64, 7, 2), Unit(64, 64, 1), Unit(64, 192, 3)
        self.blocks = nn.ModuleDict({name: Block(*sizes) for name, sizes in TABLE.items()})
        self.logits = nn.Conv3d(1024, outputs, 1)

    def stages(self, clips):
        """The output of each stage for clips in [-1, 1], by name."""
        found = {"conv_1a": self.conv_1a(clips)}
        maps = self.conv_2b(pool(found["conv_1a"], (1, 3, 3), (1, 2, 2)))
        maps = found["conv_2c"] = self.conv_2c(maps)
        maps = pool(maps, (1, 3, 3), (1, 2, 2))
        for name, block in self.blocks.items():
            if name == "4b":
                maps = pool(maps, (3, 3, 3), (2, 2, 2))
            if name == "5b":
                maps = pool(maps, (2, 2, 2), (2, 2, 2))
            maps = found[f"mixed_{name}"] = block(maps)
        averaged = functional.avg_pool3d(maps, (2, *maps.shape[3:]), 1)
        found["logits"] = self.logits(averaged).squeeze((3, 4)).mean(2)
        return found


def features(tensors, clips):
    """Features [batch, step, feature] of clips in [-1, 1], from the tensors of a file of pytorch-i3d by name."""

    def unit(name, maps, stride=1):
        kernel = tensors[f"{name}.conv3d.weight"]
        maps = functional.conv3d(pad_same(maps, kernel.shape[2:], (stride,) * 3, 0.0), kernel, stride=stride)
        parts = [tensors[f"{name}.bn.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return functional.relu(functional.batch_norm(maps, *parts, eps=1e-3))

    maps = pool(unit("Conv3d_1a_7x7", clips, stride=2), (1, 3, 3), (1, 2, 2))
    maps = pool(unit("Conv3d_2c_3x3", unit("Conv3d_2b_1x1", maps)), (1, 3, 3), (1, 2, 2))
    for block in TABLE:
        if block in ("4b", "5b"):
            window = 3 if block == "4b" else 2
            maps = pool(maps, (window,) * 3, (2, 2, 2))
        name = f"Mixed_{block}"
        first = unit(f"{name}.b1b", unit(f"{name}.b1a", maps))
        second = unit(f"{name}.b2b", unit(f"{name}.b2a", maps))
        pooled = unit(f"{name}.b3b", pool(maps, (3, 3, 3), (1, 1, 1)))
        maps = torch.cat([unit(f"{name}.b0", maps), first, second, pooled], dim=1)
    return functional.avg_pool3d(maps, (2, *maps.shape[3:]), 1).squeeze((3, 4)).transpose(1, 2)
