"""Where each tensor of the PyTorch reference stands in our networks."""

import re

import jax.numpy as jnp
import numpy as np
from flax import nnx

BLOCK = {"bn1": "norms/0", "bn2": "norms/1", "bn3": "norms/2", "conv1": "convs/0", "conv2": "convs/1"}
BLOCK |= {"conv3": "convs/2", "downsample.0": "shortcut/norm", "downsample.2": "shortcut/project"}
LEAVES = {"running_mean": "mean", "running_var": "var", "bias": "bias"}
TOP = [
    (r"conv1", "trunk/stem"),
    (r"bn1", "trunk/stem_norm"),
    (r"conv2\.(.+)", "trunk/block_half/<block>"),
    (r"conv3\.(.+)", "trunk/block_middle/<block>"),
    (r"conv4\.(.+)", "trunk/block_wide/<block>"),
    (r"m(\d)\.(b\d_(?:plus_)?\d)\.(.+)", "trunk/modules/{0}/hourglass/<level>/<block>"),
    (r"top_m_(\d)\.(.+)", "trunk/modules/{0}/block/<block>"),
    (r"conv_last(\d)", "trunk/modules/{0}/project"),
    (r"bn_end(\d)", "trunk/modules/{0}/norm"),
    (r"l(\d)", "trunk/modules/{0}/heatmaps"),
    (r"bl(\d)", "trunk/modules/{0}/hand_on_features"),
    (r"al(\d)", "trunk/modules/{0}/hand_on_heatmaps"),
    (r"conv1x1_input_emo_2", "head/reduce"),
    (r"emo_net_2\.(\d+)\.(.+)", "head/blocks/<half>/<block>"),
    (r"emo_fc_2\.0", "head/hidden"),
    (r"emo_fc_2\.1", "head/hidden_norm"),
    (r"emo_fc_2\.3", "head/output"),
]


def level(name: str, depth: int) -> str:
    """Path inside an hourglass: level `depth` is the outermost."""
    if name == "b2_plus_1":
        return "inner/" * depth
    part, number = name.split("_")
    return "inner/" * (depth - int(number)) + {"b1": "skip", "b2": "enter", "b3": "leave"}[part] + "/"


def our_module(name: str, depth: int) -> str:
    for pattern, path in TOP:
        if match := re.fullmatch(pattern, name):
            groups = match.groups()
            path = path.format(*groups).replace("<block>", BLOCK[groups[-1]] if "<block>" in path else "")
            if "<level>" in path:
                path = path.replace("<level>/", level(groups[1], depth))
            return path.replace("<half>", str(int(groups[0]) // 2) if "<half>" in path else "")
    raise KeyError(f"no rule for '{name}'")


def our_place(name: str, ndim: int, depth: int) -> str:
    module, leaf = name.rsplit(".", 1)
    return our_module(module, depth) + "/" + LEAVES.get(leaf, "scale" if ndim == 1 else "kernel")


def our_array(tensor: np.ndarray, ndim_ours: int) -> np.ndarray:
    """Torch layout to ours: [out, in, h, w] to [h, w, in, out], or to [in, out] for a 1x1."""
    if tensor.ndim == 4:
        tensor = tensor.transpose(2, 3, 1, 0)
        return tensor if ndim_ours == 4 else tensor[0, 0]
    return tensor.T if tensor.ndim == 2 else tensor


def flat_state(model: nnx.Module) -> dict[str, nnx.Variable]:
    return {"/".join(map(str, path)): leaf for path, leaf in nnx.to_flat_state(nnx.state(model))}


def take_weights(model: nnx.Module, state_dict: dict, depth: int) -> None:
    """Copies a PyTorch state dict into the model; every tensor on both sides is used exactly once."""
    ours = flat_state(model)
    for name, tensor in state_dict.items():
        if name.endswith("num_batches_tracked"):
            continue
        variable = ours.pop(our_place(name, tensor.ndim, depth))
        wanted = variable.get_value()  # an array, or its shape alone
        array = our_array(tensor.detach().numpy(), wanted.ndim)
        assert array.shape == wanted.shape, name
        variable.set_value(jnp.asarray(np.ascontiguousarray(array)))
    assert not ours, sorted(ours)[:5]
