"""A cp convolution in PyTorch, written from the published formula, to hold ours against; channels first."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

CONVOLUTIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


def as_parameter(array) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(np.array(array)))


class FactorizedReference(nn.Module):
    """1x1 to the rank, one grouped convolution an axis (or one along all), scale, 1x1; "same", stride 1, odd taps."""

    def __init__(self, factors: dict, axes: tuple[str, ...], merged: bool = False):
        super().__init__()
        self.axes, self.merged = axes, merged
        self.inputs, self.outputs, self.scale = (as_parameter(factors[n]) for n in ("inputs", "outputs", "scale"))
        self.taps = nn.ParameterList([as_parameter(factors[name]) for name in axes])

    def forward(self, signal):
        count, rank = len(self.axes), len(self.scale)
        convolve, ones = CONVOLUTIONS[count], (1,) * count
        mixed = convolve(signal, self.inputs.T.reshape(rank, -1, *ones))
        kernels = [taps.T.reshape(rank, 1, *ones[:i], -1, *ones[i + 1 :]) for i, taps in enumerate(self.taps)]
        if self.merged:
            product = kernels[0]
            for kernel in kernels[1:]:
                product = product * kernel
            kernels = [product]
        for kernel in kernels:
            padding = [size // 2 for size in kernel.shape[2:]]
            mixed = convolve(mixed, kernel, padding=padding, groups=rank)
        return convolve(mixed, (self.outputs * self.scale).reshape(-1, rank, *ones))


class DenseReference(nn.Module):
    """A convolution with a kernel [taps.., input, output], "same", stride 1, odd taps."""

    def __init__(self, kernel):
        super().__init__()
        self.kernel = as_parameter(np.moveaxis(np.asarray(kernel), (-1, -2), (0, 1)))

    def forward(self, signal):
        sizes = self.kernel.shape[2:]
        return CONVOLUTIONS[len(sizes)](signal, self.kernel, padding=[size // 2 for size in sizes])
