"""The network in a checkpoint is found under any keys and prefix; what else the file holds is named."""

import numpy as np
import pytest
from torch_files import mapping, state_dict, tensor, zip_bytes

from affect_jax.convert.copies import choose
from affect_jax.convert.fan import ANCHORS, TrunkSizes, trunk_table
from affect_jax.convert.weights import read

NETWORK = {
    name: np.full(entry.shape, place, np.float32)
    for place, (name, entry) in enumerate(trunk_table(TrunkSizes((4, 4, 4), modules=1, depth=1)).items())
}
AVERAGED = {name: array + 0.5 for name, array in NETWORK.items()}
COUNT = {"n_averaged": np.array(3)}


def under(prefix: str, arrays=NETWORK) -> dict[str, np.ndarray]:
    return {prefix + name: array for name, array in arrays.items()}


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


WRAPPED = (
    *("", "_orig_mod.", "module.", "model.", "ema.", "ema_model.", "net.", "backbone.emonet."),
    *("module._orig_mod.", "_orig_mod.module.", "model._orig_mod.", "module.model.", "_orig_mod.module.model.net."),
)


@pytest.mark.parametrize("prefix", WRAPPED)
@pytest.mark.parametrize("keys", ["", "state_dict.", "checkpoint.model."])
def test_a_network_is_found_under_any_prefix_and_keys(prefix, keys):
    chosen = choose({keys: under(prefix)}, ANCHORS, "net.pth")
    assert_same(chosen.tensors, NETWORK)
    assert (chosen.copy.prefix, chosen.left_out, chosen.note) == (keys + prefix, (), "")


@pytest.mark.parametrize("wrapper", ["_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"])
def test_wrappers_of_single_parts_are_taken_off(wrapper):
    part = lambda name: name.replace("conv2.", f"conv2.{wrapper}.").replace("m0.b1_1.", f"m0.{wrapper}.b1_1.")
    compiled = {f"model.{part(name)}": array for name, array in NETWORK.items()}
    assert set(compiled) != set(under("model."))
    assert_same(choose({"": compiled}, ANCHORS, "net.pth").tensors, NETWORK)


def test_swa_weights_are_read_without_their_counter():
    for arrays in (COUNT | under("module."), under("swa_model.module.") | {"swa_model.n_averaged": np.array(3)}):
        chosen = choose({"": arrays}, ANCHORS, "net.pth")
        assert_same(chosen.tensors, NETWORK)
        assert chosen.left_out in (("n_averaged",), ("swa_model.n_averaged",))
    assert_same(choose({"": NETWORK | COUNT}, ANCHORS, "net.pth").tensors, NETWORK)


BOTH = {
    "one dict": ({"": under("model.") | under("model_ema.module.", AVERAGED)}, "model_ema.module.", "model."),
    "plain names and an average": ({"": NETWORK | under("ema.", AVERAGED)}, "ema.", ""),
    "two keys": ({"state_dict.": NETWORK, "state_dict_ema.": AVERAGED}, "state_dict_ema.", "state_dict."),
    "keys and prefixes": ({"ema.": under("module.", AVERAGED), "model.": under("module.")}, "ema.module.", "model."),
    "a counter": ({"best.": COUNT | under("module.", AVERAGED), "net.": NETWORK}, "best.module.", "net."),
    "ema_pytorch": (
        {"": under("online_model.") | under("ema_model.", AVERAGED) | {"initted": np.array([True])}},
        *("ema_model.", "online_model."),
    ),
}


@pytest.mark.parametrize("name", BOTH)
def test_averaged_weights_are_taken_and_the_plain_ones_named(name):
    states, taken, other = BOTH[name]
    chosen = choose(states, ANCHORS, "net.pth")
    assert_same(chosen.tensors, AVERAGED)
    assert chosen.copy.prefix == taken and any(entry.startswith(other) for entry in chosen.left_out)
    assert chosen.note.startswith(f"took the averaged weights, under '{taken}', instead of the plain ones, under ")
    assert f"'{other}" in chosen.note or "no prefix" in chosen.note


def test_an_average_without_the_statistics_of_the_norms_is_not_taken():
    parameters = {name: array for name, array in AVERAGED.items() if "running" not in name}
    chosen = choose({"model.": NETWORK, "ema.": parameters}, ANCHORS, "net.pth")
    assert_same(chosen.tensors, NETWORK)
    lacking = len(NETWORK) - len(parameters)
    assert chosen.note == (
        f"took the plain weights, under 'model.'; the averaged ones, under 'ema.', lack {lacking} of their entries, "
        "such as bn1.running_mean"
    )


def test_two_networks_that_differ_are_refused_by_their_prefixes_and_equal_ones_are_one():
    both = under("student.") | under("teacher.", AVERAGED)
    with pytest.raises(
        ValueError, match=r"net.pth holds 2 networks that differ, under 'student.' and 'teacher.'; save"
    ):
        choose({"": both}, ANCHORS, "net.pth")
    assert_same(choose({"": under("net.") | under("compiled._orig_mod.")}, ANCHORS, "net.pth").tensors, NETWORK)


def test_entries_beside_the_network_are_named_unless_they_are_counters():
    beside = under("model.") | {"steps": np.array(7), "criterion.weight": np.ones(8, np.float32)}
    with pytest.raises(
        ValueError, match=r"under 'model.', stand entries .* of it: criterion.weight \(1 in all\); save"
    ):
        choose({"": beside}, ANCHORS, "net.pth")
    del beside["criterion.weight"]
    chosen = choose({"": beside, "criterion.": {"weight": np.ones(8)}}, ANCHORS, "net.pth")
    assert_same(chosen.tensors, NETWORK)
    assert chosen.left_out == ("steps", "criterion.")


def test_another_network_keeps_its_names_after_their_common_prefix():
    chosen = choose(
        {"a.": {"x": np.ones(1)}, "b.": {"net.fc.weight": np.ones(1), "net.bn.bias": np.ones(1)}}, ANCHORS, ""
    )
    assert chosen.copy.prefix == "b.net." and set(chosen.tensors) == {"fc.weight", "bn.bias"}


def test_the_state_dict_of_a_trainer_is_found_beside_its_other_tensors(tmp_path):
    body, storages = state_dict(under("module."))
    noise = np.arange(5, dtype=np.uint8)
    data = {"epoch": b"K\x05", "rng": tensor("rng", noise), "checkpoint": mapping({"model": body}), "config": b"N"}
    raw = {key: array.tobytes() for key, array in storages.items()}
    path = tmp_path / "net.pth"
    path.write_bytes(zip_bytes(mapping(data), {**raw, "rng": noise.tobytes()}))
    chosen = choose(read(path).states, ANCHORS, str(path))
    assert_same(chosen.tensors, NETWORK)
    assert chosen.copy.prefix == "checkpoint.model.module." and chosen.left_out == ("rng",)
