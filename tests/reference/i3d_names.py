"""Files of I3D as three programs write them, made from our arrays by names that were read from their sources."""

import re

import numpy as np

from affect_jax.models.intensity_i3d import IntensityI3DConfig

STEM = {"conv_1a": "Conv3d_1a_7x7", "conv_2b": "Conv3d_2b_1x1", "conv_2c": "Conv3d_2c_3x3"}
TENSORFLOW = {
    "branch_0": "Branch_0/Conv3d_0a_1x1",
    "branch_1/0": "Branch_1/Conv3d_0a_1x1",
    "branch_1/1": "Branch_1/Conv3d_0b_3x3",
    "branch_2/0": "Branch_2/Conv3d_0a_1x1",
    "branch_2/1": "Branch_2/Conv3d_0b_3x3",
    "branch_3": "Branch_3/Conv3d_0b_1x1",
}
PYTORCH = {"branch_0": "b0", "branch_1/0": "b1a", "branch_1/1": "b1b", "branch_2/0": "b2a", "branch_2/1": "b2b"}
PYTORCH |= {"branch_3": "b3b"}
GOOGLENET = {"branch_0": "branch1", "branch_1/0": "branch2.0", "branch_1/1": "branch2.1", "branch_2/0": "branch3.0"}
GOOGLENET |= {"branch_2/1": "branch3.1", "branch_3": "branch4.1"}
GOOGLENET_STEM = {"conv_1a": "conv1", "conv_2b": "conv2", "conv_2c": "conv3"}
GOOGLENET_BLOCKS = {"3b": "3a", "3c": "3b", "4b": "4a", "4c": "4b", "4d": "4c", "4e": "4d", "4f": "4e", "5b": "5a"}
GOOGLENET_BLOCKS |= {"5c": "5b"}


def our_arrays(config: IntensityI3DConfig) -> dict[str, np.ndarray]:
    """Random arrays of the network without its head, by flat name."""
    rng = np.random.default_rng(0)
    arrays = {}

    def unit(path, inputs, outputs, window):
        arrays[f"{path}/kernel"] = rng.uniform(-0.3, 0.3, (window, window, window, inputs, outputs)).astype(np.float32)
        for part, low, high in (("bias", -0.3, 0.3), ("mean", -0.3, 0.3), ("var", 0.5, 1.5)):
            arrays[f"{path}/norm/{part}"] = rng.uniform(low, high, outputs).astype(np.float32)

    first, second, inputs = config.stem
    for path, *sizes in (("conv_1a", 3, first, 7), ("conv_2b", first, second, 1), ("conv_2c", second, inputs, 3)):
        unit(path, *sizes)
    for block, (b0, b1a, b1b, b2a, b2b, b3) in config.blocks.items():
        unit(f"mixed_{block}/branch_0", inputs, b0, 1)
        unit(f"mixed_{block}/branch_1/0", inputs, b1a, 1)
        unit(f"mixed_{block}/branch_1/1", b1a, b1b, 3)
        unit(f"mixed_{block}/branch_2/0", inputs, b2a, 1)
        unit(f"mixed_{block}/branch_2/1", b2a, b2b, 3)
        unit(f"mixed_{block}/branch_3", inputs, b3, 1)
        inputs = b0 + b1b + b2b + b3
    return arrays


def unit_name(path: str, program: str) -> str:
    """The name of a convolution of ours, such as "mixed_4d/branch_2/1"."""
    if path in STEM:
        return GOOGLENET_STEM[path] if program == "googlenet" else STEM[path]
    block, branch = re.fullmatch(r"mixed_(..)/(.+)", path).groups()
    if program == "googlenet":
        return f"inception{GOOGLENET_BLOCKS[block]}.{GOOGLENET[branch]}"
    if program == "pytorch-i3d":
        return f"Mixed_{block}.{PYTORCH[branch]}"
    name = f"Mixed_{block}/{TENSORFLOW[branch]}"
    return "Mixed_5b/Branch_2/Conv3d_0a_3x3" if name == "Mixed_5b/Branch_2/Conv3d_0b_3x3" else name


def feature_width(arrays) -> int:
    """Features that a head sees: the four branches of the last block."""
    ends = ("branch_0", "branch_1/1", "branch_2/1", "branch_3")
    return sum(arrays[f"mixed_5c/{end}/norm/bias"].size for end in ends)


def tensorflow_file(arrays, prefix: str = "RGB/inception_i3d/", classes: int = 6) -> dict[str, np.ndarray]:
    """Variables of kinetics-i3d; the offsets of its norms have five axes."""
    made = {}
    for name, array in arrays.items():
        path, _, leaf = name.removesuffix("/kernel").partition("/norm/")
        unit = prefix + unit_name(path, "kinetics-i3d")
        if not leaf:
            made[f"{unit}/conv_3d/w"] = array
        elif leaf == "bias":
            made[f"{unit}/batch_norm/beta"] = array.reshape(1, 1, 1, 1, -1)
        else:
            made[f"{unit}/batch_norm/moving_{'mean' if leaf == 'mean' else 'variance'}"] = array
    width = feature_width(arrays)
    made[f"{prefix}Logits/Conv3d_0c_1x1/conv_3d/w"] = np.ones((1, 1, 1, width, classes), np.float32)
    return made | {f"{prefix}Logits/Conv3d_0c_1x1/conv_3d/b": np.ones(classes, np.float32)}


def pytorch_file(arrays, scale: float = 1.0, classes: int = 6) -> dict[str, np.ndarray]:
    """State of pytorch-i3d, whose norms all have this scale."""
    made = {}
    for name, array in arrays.items():
        path, _, leaf = name.removesuffix("/kernel").partition("/norm/")
        unit = unit_name(path, "pytorch-i3d")
        if leaf:
            made[f"{unit}.bn.{'bias' if leaf == 'bias' else f'running_{leaf}'}"] = array
        else:
            made[f"{unit}.conv3d.weight"] = np.ascontiguousarray(array.transpose(4, 3, 0, 1, 2))
            made[f"{unit}.bn.weight"] = np.full(array.shape[-1], scale, np.float32)
            made[f"{unit}.bn.num_batches_tracked"] = np.array(7)
    width = feature_width(arrays)
    made["logits.conv3d.weight"] = np.ones((classes, width, 1, 1, 1), np.float32)
    return made | {"logits.conv3d.bias": np.ones(classes, np.float32)}


def googlenet_file(arrays) -> dict[str, np.ndarray]:
    """State of torchvision's GoogLeNet, with the first time step of each kernel and norms of scale 1."""
    made = {}
    for name, array in arrays.items():
        path, _, leaf = name.removesuffix("/kernel").partition("/norm/")
        unit = unit_name(path, "googlenet")
        if leaf:
            made[f"{unit}.bn.{'bias' if leaf == 'bias' else f'running_{leaf}'}"] = array
        else:
            made[f"{unit}.conv.weight"] = np.ascontiguousarray(array[0].transpose(3, 2, 0, 1))
            made[f"{unit}.bn.weight"] = np.ones(array.shape[-1], np.float32)
    extra = {"fc.weight": (9, 64), "fc.bias": (9,), "aux1.conv.conv.weight": (8, 32, 1, 1), "aux2.fc2.bias": (9,)}
    return made | {name: np.ones(shape, np.float32) for name, shape in extra.items()}
