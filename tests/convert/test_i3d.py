"""Files of I3D: names and layouts of three programs, scales folded, images' kernels inflated, nothing unaccounted."""

import io
import json

import i3d_names
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from torch_files import checkpoint

from affect_jax.convert.fold import fold_scales, inflate_kernels
from affect_jax.convert.i3d import GOOGLENET, PYTORCH, TENSORFLOW, convert_i3d, find_program, i3d_table
from affect_jax.convert.weights import read
from affect_jax.experiment import initialize, restore
from affect_jax.experiment.config import claim, options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.derive.convert import ConversionConfig, convert_run
from affect_jax.experiment.network import make_network
from affect_jax.models.intensity_i3d import IntensityI3D, IntensityI3DConfig
from affect_jax.nn.network import names, with_names
from configs.base import base

SMALL = IntensityI3DConfig(width=0.0625, input_px=32)
SETTINGS = ConversionConfig(input_px=32)
OURS = i3d_names.our_arrays(SMALL)


def npz(arrays) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def assert_same(found, expected):
    assert set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.mark.parametrize(
    ("program", "file"),
    [(TENSORFLOW, i3d_names.tensorflow_file(OURS, prefix="")), (PYTORCH, i3d_names.pytorch_file(OURS))],
    ids=["kinetics-i3d", "pytorch-i3d"],
)
def test_every_array_stands_where_an_independent_map_of_names_puts_it(program, file):
    assert find_program({"": file}) is program
    found = convert_i3d(program, file, SMALL.stem, SMALL.blocks, "file")
    assert_same(found.arrays, OURS)
    assert len(found.left_out) == 2 and all("ogits" in name for name in found.left_out)
    assert found.entries == len(file)


def test_kernels_of_images_are_repeated_over_time_and_divided_by_its_length():
    file = i3d_names.googlenet_file(OURS)
    assert find_program({"": file}) is GOOGLENET
    found = convert_i3d(GOOGLENET, file, SMALL.stem, SMALL.blocks, "file")
    expected = {}
    for name, array in OURS.items():
        expected[name] = np.stack([array[0] / len(array)] * len(array)) if name.endswith("/kernel") else array
    assert set(found.arrays) == set(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(found.arrays[name], array, rtol=1e-6, err_msg=name)
    assert found.left_out == ("aux1.conv.conv.weight", "aux2.fc2.bias", "fc.bias", "fc.weight")
    assert found.notes["folded"]["range"] == [1.0, 1.0] and "mean rule" in found.notes["inflated"]


@pytest.mark.parametrize(("program", "entries"), [(TENSORFLOW, 228), (PYTORCH, 285), (GOOGLENET, 285)])
def test_the_published_network_has_57_convolutions_and_its_parameters(program, entries):
    config = IntensityI3DConfig()
    table = i3d_table(program, config.stem, config.blocks)
    assert len(table) == entries
    learned = [entry.shape for entry in table.values() if entry.place.endswith(("/kernel", "/norm/bias"))]
    count = sum(int(np.prod(shape)) for shape in learned)
    # Of images: 7x7 instead of 7x7x7 in the first convolution, and so on.
    assert len(learned) == 114 and (program is GOOGLENET or count == 12_291_259 - 11 * 1025)


def test_the_slip_in_the_published_names_is_followed():
    table = i3d_table(TENSORFLOW, SMALL.stem, SMALL.blocks)
    assert table["Mixed_5b/Branch_2/Conv3d_0a_3x3/conv_3d/w"].place == "mixed_5b/branch_2/1/kernel"
    assert "Mixed_5b/Branch_2/Conv3d_0b_3x3/conv_3d/w" not in table


def test_a_folded_scale_leaves_the_output_of_the_norm_unchanged():
    rng = np.random.default_rng(1)
    kernel, pixels = rng.normal(size=(1, 1, 1, 3, 4)), rng.normal(size=(5, 3))
    scale, bias, mean = rng.normal(size=(3, 4))
    var = rng.uniform(0.5, 2, 4)
    arrays = {"a/kernel": kernel, "a/norm/scale": scale, "a/norm/bias": bias, "a/norm/mean": mean, "a/norm/var": var}
    found, notes = fold_scales(arrays)
    assert "a/norm/scale" not in found and notes["folded"]["count"] == 1
    assert notes["folded"]["range"] == [scale.min(), scale.max()] and scale.min() < 0
    deviation = np.sqrt(var + 1e-3)
    expected = scale * (pixels @ kernel[0, 0, 0] - mean) / deviation + bias
    folded = (pixels @ found["a/kernel"][0, 0, 0] - found["a/norm/mean"]) / deviation + found["a/norm/bias"]
    np.testing.assert_allclose(folded, expected, rtol=1e-12)


def test_inflation_keeps_what_is_not_a_kernel_of_images():
    arrays = {"a/kernel": np.ones((2, 2, 1, 1), np.float32), "b/kernel": np.ones((3, 4)), "a/norm/bias": np.ones(1)}
    found = inflate_kernels(arrays)
    np.testing.assert_array_equal(found["a/kernel"], np.full((2, 2, 2, 1, 1), 0.5))
    assert found["b/kernel"] is arrays["b/kernel"] and found["a/norm/bias"] is arrays["a/norm/bias"]


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """(workdir, what was reported) of a file of pytorch-i3d with scales of 2."""
    folder = tmp_path_factory.mktemp("i3d")
    (folder / "rgb.pt").write_bytes(checkpoint(i3d_names.pytorch_file(OURS, scale=2)))
    return folder / "run", convert_run(folder / "rgb.pt", folder / "run", SETTINGS, base())


def test_a_workdir_holds_the_features_and_new_heads(converted):
    workdir, source = converted
    run, _, variables, step = restore.restore_run(workdir)
    assert run.model_name == "intensity_i3d" and run.model == SMALL and step == 0 and run.crop.warp == "antialiased"
    found = names(variables)
    np.testing.assert_array_equal(found["mixed_4d/branch_2/1/kernel"], 2 * OURS["mixed_4d/branch_2/1/kernel"])
    np.testing.assert_array_equal(found["mixed_4d/branch_2/1/norm/mean"], 2 * OURS["mixed_4d/branch_2/1/norm/mean"])
    np.testing.assert_array_equal(found["conv_1a/norm/var"], OURS["conv_1a/norm/var"])
    assert found["logits/kernel"].shape == (64, 11) and float(np.abs(found["logits/kernel"]).max()) > 0.01
    assert json.loads((workdir / "source.json").read_text()) == json.loads(json.dumps(source))


def test_the_source_accounts_for_every_entry(converted):
    _, source = converted
    assert source["network"] == "i3d" and source["program"] == "pytorch-i3d" and "Apache-2.0" in source["license"]
    assert source["entries"] == 6 * 57 + 2 and source["converted"] == 5 * 57 and source["not_needed"]["count"] == 57
    assert source["head"]["names"] == ("logits.conv3d.bias", "logits.conv3d.weight")
    assert source["drawn"] == ["logits/bias", "logits/kernel"]
    assert source["folded"]["count"] == 57 and source["folded"]["range"] == [2.0, 2.0]


def test_a_run_that_starts_from_it_draws_heads_of_its_own(converted):
    workdir, _ = converted
    config = options.as_dict(claim.read_config(workdir))
    config["initialize"] = {"rule": "copy", "workdir": str(workdir)}
    config["model"] |= {"form": "ordinal", "emotions_rated": ["happy", "sad"]}
    run = options.parse(config)
    found = names(initialize.initial_variables(run, make_network(run), workdir))
    assert found["logits/kernel"].shape == (64, 20)
    np.testing.assert_array_equal(found["conv_2c/norm/bias"], OURS["conv_2c/norm/bias"])


def test_a_tensorflow_checkpoint_saved_as_npz_gives_the_same(tmp_path):
    file = tmp_path / "rgb_imagenet.npz"
    file.write_bytes(npz(i3d_names.tensorflow_file(OURS) | {"global_step": np.array(5)}))
    source = convert_run(file, tmp_path / "run", SETTINGS, base())
    assert source["form"] == "npz" and source["program"] == "kinetics-i3d" and "folded" not in source
    assert source["prefix"] == "RGB/inception_i3d/" and source["left_out"] == ("global_step",)
    found = names(restore.restore_run(tmp_path / "run")[2])
    for name, array in OURS.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


FULL = i3d_names.pytorch_file(OURS)
FLOW = {"Conv3d_1a_7x7.conv3d.weight": FULL["Conv3d_1a_7x7.conv3d.weight"][:, :2]}
OTHERS = {name: array + 1 for name, array in OURS.items()}
BOTH = i3d_names.tensorflow_file(OURS) | i3d_names.tensorflow_file(OTHERS, "Flow/inception_i3d/")
REFUSED = {
    "optical flow": (FULL | FLOW, {}, "takes 2 channels, expected 3; it is the network of optical flow: convert the"),
    "a tensor missing": (
        {name: array for name, array in FULL.items() if name != "Mixed_4c.b2a.bn.bias"},
        {},
        "is not a checkpoint of the network of pytorch-i3d: it lacks Mixed_4c.b2a.bn.bias",
    ),
    "a tensor left over": (FULL | {"extra.weight": np.ones(2)}, {}, "unexpected entries extra.weight"),
    "another shape": (
        FULL | {"Mixed_3b.b0.bn.bias": np.ones(7, np.float32)},
        {},
        r"'Mixed_3b.b0.bn.bias' has shape \(7,\), expected \(4,\)",
    ),
    "another width": (
        FULL | {"Conv3d_1a_7x7.conv3d.weight": np.ones((640, 3, 7, 7, 7), np.float32)},
        {},
        "width is 10.0; expected a factor above 0",
    ),
    "both streams": (BOTH, {}, "holds 2 networks that differ, under 'RGB/inception_i3d/' and 'Flow/inception_i3d/'"),
    "labels": (FULL, {"label_set": "emonet_5"}, "--label_set=emonet_5: I3D has no emotions to name"),
    "pooling": (FULL, {"pooling": "max"}, "--pooling=max: only landmark trunks leave it open"),
    "a size": (FULL, {"input_px": 100}, "input_px is 100; expected a multiple of 32"),
    "another network": ({"a": np.ones(3)}, {"network": "i3d"}, "names are those of none of kinetics-i3d, pytorch-i3d"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_and_nothing_written(name, tmp_path):
    arrays, changes, message = REFUSED[name]
    file = tmp_path / "net.npz"
    file.write_bytes(npz(arrays))
    with pytest.raises(UsageError, match=message):
        convert_run(file, tmp_path / "run", ConversionConfig(**{"input_px": 32, **changes}), base())
    assert [path.name for path in tmp_path.iterdir()] == ["net.npz"]


def test_arrays_of_objects_and_damaged_archives_are_refused(tmp_path):
    file = tmp_path / "net.npz"
    file.write_bytes(npz({"fine": np.ones(2), "evil": np.array([{}], dtype=object)}))
    with pytest.raises(ValueError, match=r"net.npz, array 'evil': Object arrays cannot be loaded"):
        read(file)
    data = bytearray(npz({"a": np.arange(1000.0)}))
    data[4000:4008] = b"damaged!"
    file.write_bytes(data)
    with pytest.raises(ValueError, match=r"net.npz: a damaged or incomplete archive .*CRC"):
        read(file)
    out = io.BytesIO()
    np.savez_compressed(out, zeros=np.zeros(2**23))
    file.write_bytes(out.getvalue())
    with pytest.raises(ValueError, match="unpacks to 67108992 bytes, too many for its own size"):
        read(file)


@pytest.mark.torch
def test_a_converted_network_computes_what_pytorch_computes_from_the_file():
    torch = pytest.importorskip("torch")
    from i3d_torch import features

    file = i3d_names.pytorch_file(OURS, scale=1.5)
    arrays = convert_i3d(PYTORCH, file, SMALL.stem, SMALL.blocks, "file").arrays
    network = IntensityI3D(SMALL, rngs=nnx.Rngs(0))
    filled = names(nnx.state(network, (nnx.Param, nnx.BatchStat))) | {n: jnp.asarray(a) for n, a in arrays.items()}
    nnx.update(network, with_names(nnx.state(network, (nnx.Param, nnx.BatchStat)), filled))
    network.eval()
    clips = np.random.default_rng(2).uniform(0, 1, (1, 16, 32, 32, 3)).astype(np.float32)
    tensors = {name: torch.from_numpy(array) for name, array in file.items()}
    expected = features(tensors, torch.from_numpy(2 * clips.transpose(0, 4, 1, 2, 3) - 1))
    largest = float(expected.abs().max())
    np.testing.assert_allclose(network.features(jnp.asarray(clips)), expected, atol=1e-4 * largest)
    assert largest > 0.01
