"""EmoNet in PyTorch, written from the published description alone, to hold the JAX networks against.

Sizes are arguments; the defaults are the published ones. Names of sub-modules are those of the published checkpoints,
so that `state_dict()` has their 682 entries.
"""

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Pre-activation, three chained 3x3 convolutions, joined, plus the input or its projection."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        half, quarter = outputs // 2, outputs // 4
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, half, 3, padding=1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(half), nn.Conv2d(half, quarter, 3, padding=1, bias=False)
        self.bn3, self.conv3 = nn.BatchNorm2d(quarter), nn.Conv2d(quarter, quarter, 3, padding=1, bias=False)
        self.downsample = None
        if inputs != outputs:
            self.downsample = nn.Sequential(
                nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False)
            )

    def forward(self, x):
        first = self.conv1(F.relu(self.bn1(x)))
        second = self.conv2(F.relu(self.bn2(first)))
        third = self.conv3(F.relu(self.bn3(second)))
        shortcut = x if self.downsample is None else self.downsample(x)
        return torch.cat([first, second, third], 1) + shortcut


class Hourglass(nn.Module):
    def __init__(self, depth: int, width: int):
        super().__init__()
        self.depth = depth
        self.levels: dict[int, torch.Tensor] = {}  # outputs of the last forward, `depth` is the outermost
        for level in range(1, depth + 1):
            for name in ("b1", "b2", "b3"):
                self.add_module(f"{name}_{level}", Block(width, width))
        self.b2_plus_1 = Block(width, width)

    def _level(self, level, x):
        part = lambda name: getattr(self, f"{name}_{level}")
        low = part("b2")(F.max_pool2d(x, 2))
        low = self._level(level - 1, low) if level > 1 else self.b2_plus_1(low)
        self.levels[level] = part("b1")(x) + F.interpolate(part("b3")(low), scale_factor=2, mode="nearest")
        return self.levels[level]

    def forward(self, x):
        return self._level(self.depth, x)


class EmoNetReference(nn.Module):
    def __init__(self, emotions=8, widths=(64, 128, 256), modules=2, depth=4, head_blocks=4, attention=True):
        super().__init__()
        stem, middle, width = widths
        self.modules_count, self.attention = modules, attention
        self.seen: dict[str, torch.Tensor] = {}  # what the last forward saw between its modules
        self.conv1, self.bn1 = nn.Conv2d(3, stem, 7, stride=2, padding=3), nn.BatchNorm2d(stem)
        self.conv2, self.conv3, self.conv4 = Block(stem, middle), Block(middle, middle), Block(middle, width)
        for i in range(modules):
            self.add_module(f"m{i}", Hourglass(depth, width))
            self.add_module(f"top_m_{i}", Block(width, width))
            self.add_module(f"conv_last{i}", nn.Conv2d(width, width, 1))
            self.add_module(f"bn_end{i}", nn.BatchNorm2d(width))
            self.add_module(f"l{i}", nn.Conv2d(width, 68, 1))
            if i < modules - 1:
                self.add_module(f"bl{i}", nn.Conv2d(width, width, 1))
                self.add_module(f"al{i}", nn.Conv2d(68, width, 1))
        inputs = (modules + 1) * width + (0 if attention else 68)
        self.conv1x1_input_emo_2 = nn.Conv2d(inputs, width, 1)
        blocks = [part for _ in range(head_blocks) for part in (Block(width, width), nn.MaxPool2d(2))]
        self.emo_net_2 = nn.Sequential(*blocks)
        self.emo_fc_2 = nn.Sequential(
            nn.Linear(width, width // 2), nn.BatchNorm1d(width // 2), nn.ReLU(), nn.Linear(width // 2, emotions + 2)
        )

    def forward(self, images):
        x = F.max_pool2d(self.conv2(F.relu(self.bn1(self.conv1(images)))), 2)
        x = self.conv4(self.conv3(x))
        previous, features, heatmaps = x, [], []
        for i in range(self.modules_count):
            part = lambda name, i=i: getattr(self, f"{name}{i}")
            ll = F.relu(part("bn_end")(part("conv_last")(part("top_m_")(part("m")(previous)))))
            heatmaps.append(part("l")(ll))
            if i < self.modules_count - 1:
                ll = part("bl")(ll)
                previous = previous + ll + part("al")(heatmaps[-1])
            features.append(ll)
            self.seen |= {f"features {i}": ll, f"heatmaps {i}": heatmaps[-1], f"handed on {i}": previous}
        features = torch.cat(features, 1)
        if self.attention:
            seen = torch.cat([x, features * heatmaps[-1].sum(1, keepdim=True)], 1)
        else:
            seen = torch.cat([x, features, heatmaps[-1]], 1)
        maps = self.emo_net_2(self.conv1x1_input_emo_2(seen))
        # Published: an average over 4x4, which fits 256 px alone. For other sizes the mean of the whole map, which is
        # the same at 256 px and ours to choose elsewhere.
        pooled = F.avg_pool2d(maps, 4)[:, :, 0, 0] if maps.shape[-2:] == (4, 4) else maps.mean((2, 3))
        self.seen |= {"joined": seen, "pooled": pooled}
        outputs = self.emo_fc_2(pooled)
        return {
            "valence_arousal": outputs[:, -2:],
            "emotion_logits": outputs[:, :-2],
            "heatmaps": torch.stack([maps.permute(0, 2, 3, 1) for maps in heatmaps], 1),
        }


def randomize(model: nn.Module, seed: int) -> None:
    """Weights of sensible size and batch statistics that are far from 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                fan_in = module.weight[0].numel()
                module.weight.normal_(0, fan_in**-0.5, generator=generator)
                if module.bias is not None:
                    module.bias.normal_(0, 0.1, generator=generator)
            elif isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
                module.weight.uniform_(0.5, 1.0, generator=generator)
                module.bias.normal_(0, 0.1, generator=generator)
                module.running_mean.normal_(0, 0.3, generator=generator)
                module.running_var.uniform_(0.5, 2.0, generator=generator)


def calibrate(model: nn.Module, input_px: int, seed: int) -> None:
    """Batch statistics near those of noise pictures, as training leaves them, and small heatmaps: outputs of size 1.

    Without, each block adds to the size of its input, and an absolute tolerance says little.
    """
    generator = torch.Generator().manual_seed(seed)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.split(".")[0][0] == "l":  # heatmaps
                parameter *= 0.1
        for norm in norms:
            norm.momentum = 1.0
        model.train()
        model(torch.rand(3, 3, input_px, input_px, generator=generator))
        for norm in norms:
            norm.momentum = 0.1
            noise = torch.randn(norm.running_mean.shape, generator=generator)
            norm.running_mean += 0.3 * noise * norm.running_var.sqrt()
            norm.running_var *= torch.empty_like(norm.running_var).uniform_(0.5, 2.0, generator=generator)
