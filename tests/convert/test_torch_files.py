"""Files written by PyTorch itself, and EmoNet's own names, against the reader and the tables."""

import collections
import json

import numpy as np
import pytest

from affect_jax.convert.emonet import emonet_sizes, emonet_table
from affect_jax.convert.fan import trunk_sizes, trunk_table
from affect_jax.convert.table import convert, counters
from affect_jax.convert.weights import read
from affect_jax.experiment.derive.convert import ConversionConfig, convert_run
from configs.base import base

torch = pytest.importorskip("torch")
from emonet_names import our_array, our_place  # noqa: E402
from emonet_torch import EmoNetReference, randomize  # noqa: E402

from launch.torch_reference import outputs  # noqa: E402

pytestmark = pytest.mark.torch
SMALL = {"widths": (4, 8, 12), "modules": 2, "depth": 2, "head_blocks": 2, "emotions": 5}
FORMS = {"zip": {}, "legacy": {"_use_new_zipfile_serialization": False}}
KINDS = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")


def numbers(state) -> dict[str, np.ndarray]:
    return {name: tensor.detach().numpy() for name, tensor in state.items()}


@pytest.mark.parametrize("form", FORMS)
def test_every_kind_of_tensor_comes_back(form, tmp_path):
    whole = torch.arange(24.0).reshape(4, 6)
    state = collections.OrderedDict({kind: torch.tensor([[0, 1], [2, 3]]).to(getattr(torch, kind)) for kind in KINDS})
    state |= {
        "transposed": whole.T,
        "part": whole[1:3, 2:],
        "expanded": whole[0, 3].expand(2, 3),
        "number": whole[3, 5],
    }
    state |= {"channels_last": torch.rand(2, 3, 4, 4).to(memory_format=torch.channels_last), "empty": torch.zeros(0, 3)}
    state["parameter"] = torch.nn.Parameter(torch.ones(3))
    bfloat = torch.tensor([1.0, -0.3, 1e30], dtype=torch.bfloat16)
    torch.save({"state_dict": {**state, "bfloat16": bfloat}, "epoch": 3}, tmp_path / "a.pth", **FORMS[form])
    found = read(tmp_path / "a.pth")
    assert found.form == f"torch {form}"
    expected = {**numbers(state), "bfloat16": bfloat.float().numpy()}
    tensors = found.states["state_dict."]
    assert list(tensors) == list(expected)
    for name, array in expected.items():
        assert tensors[name].dtype == array.dtype, name
        np.testing.assert_array_equal(tensors[name], array, err_msg=name)


@pytest.mark.parametrize("form", FORMS)
def test_a_malicious_file_of_torch_is_refused(form, tmp_path):
    import os

    class Attack:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/witness",)

    torch.save({"state_dict": {"a": torch.ones(2)}, "attack": Attack()}, tmp_path / "evil.pth", **FORMS[form])
    with pytest.raises(ValueError, match="which is not plain data; it was rejected"):
        read(tmp_path / "evil.pth")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "model.pth", **FORMS[form])
    with pytest.raises(ValueError, match=r"names 'torch.nn.modules.linear.Linear'"):
        read(tmp_path / "model.pth")
    assert not (tmp_path / "witness").exists()


def test_a_traced_network_gives_its_tensors(tmp_path):
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).eval()
    with pytest.warns(DeprecationWarning):
        torch.jit.trace(network, torch.rand(1, 3, 8, 8)).save(str(tmp_path / "a.zip"))
    found = read(tmp_path / "a.zip")
    expected = numbers(network.state_dict())
    assert found.form == "torchscript" and set(found.states[""]) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found.states[""][name], array, err_msg=name)


def test_safetensors_of_its_own_library_give_the_same(tmp_path):
    library = pytest.importorskip("safetensors.torch", reason="needs safetensors, to write a file to compare with")
    state = {"a.weight": torch.rand(3, 4), "b": torch.arange(3), "c": torch.rand(2).to(torch.bfloat16)}
    library.save_file(state, tmp_path / "a.safetensors", metadata={"format": "pt"})
    found = read(tmp_path / "a.safetensors").states[""]
    for name, tensor in state.items():
        np.testing.assert_array_equal(found[name], tensor.float().numpy() if name == "c" else tensor.numpy())


@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"emotions": 5},
        {**SMALL, "modules": 1},
        {**SMALL, "modules": 3, "attention": False},
        {**SMALL, "modules": 4, "depth": 4, "head_blocks": 4},
        {**SMALL, "widths": (8, 8, 8)},
    ],
    ids=str,
)
def test_all_entries_are_accounted_for_and_two_maps_of_names_agree(sizes):
    reference = EmoNetReference(**sizes)
    randomize(reference, 0)
    state = numbers(reference.state_dict())
    found = emonet_sizes(state, "file")
    table = emonet_table(found)
    assert set(state) == set(table) | counters(table)
    if not sizes:
        assert len(state) == 682
    converted = convert(state, table, "EmoNet", "file")
    assert converted.entries == len(state) == len(converted.arrays) + len(converted.not_needed)
    for name, entry in table.items():
        assert entry.place == our_place(name, state[name].ndim, found.trunk.depth), name
        expected = our_array(state[name], converted.arrays[entry.place].ndim)
        np.testing.assert_array_equal(converted.arrays[entry.place], expected, err_msg=name)


def test_a_trunk_alone_is_accounted_for():
    state = numbers(EmoNetReference(**SMALL).state_dict())
    trunk = {name: array for name, array in state.items() if not name.startswith(("emo_", "conv1x1"))}
    table = trunk_table(trunk_sizes(trunk, "trunk", "file"))
    assert set(trunk) == set(table) | counters(table)


@pytest.mark.parametrize("sizes", [SMALL, {**SMALL, "attention": False, "modules": 3}, {**SMALL, "widths": (8, 8, 8)}])
def test_the_reference_that_ships_with_the_command_agrees_with_that_of_the_tests(sizes):
    reference = EmoNetReference(**sizes).eval()
    randomize(reference, 0)
    images = np.random.default_rng(0).uniform(0, 1, (2, 32, 32, 3)).astype(np.float32)
    found = outputs(numbers(reference.state_dict()), images)
    with torch.no_grad():
        expected = reference(torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))))
    expected = {"landmarks": expected["heatmaps"], "emotion": expected["emotion_logits"], **expected}
    assert set(found) == {"landmarks", "emotion", "valence_arousal"}
    for name, array in found.items():
        scale = float(expected[name].abs().max())
        np.testing.assert_allclose(array, expected[name].numpy(), rtol=0, atol=1e-5 * scale, err_msg=name)


@pytest.mark.parametrize("pooling", ["max", "mean"])
def test_a_trunk_that_halves_its_maps_by_means_agrees_with_pytorch(pooling, tmp_path):
    reference = EmoNetReference(**SMALL)
    randomize(reference, 0)
    trunk = {n: t for n, t in reference.state_dict().items() if not n.startswith(("emo_", "conv1x1"))}
    torch.save(trunk, tmp_path / "fan.pth")
    convert_run(
        tmp_path / "fan.pth", tmp_path / pooling, ConversionConfig(input_px=32, pooling=pooling), base(), outputs
    )
    head = json.loads((tmp_path / pooling / "parity.json").read_text())["heads"]["landmarks"]
    assert head["largest_difference"] <= 1e-4 * max(1, head["largest_output"])
    images = np.random.default_rng(0).uniform(0, 1, (1, 32, 32, 3)).astype(np.float32)
    ways = [outputs(numbers(trunk), images, way)["landmarks"] for way in ("max", "mean")]
    assert np.abs(ways[0] - ways[1]).max() > 1e-2 * np.abs(ways[0]).max()  # it does matter
