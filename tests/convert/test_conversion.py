"""A converted workdir is one that every command takes; what does not fit is refused whole."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import jax
import numpy as np
import pytest
from emonet_crop import emonet_crop
from emonet_names import our_array, our_place
from torch_files import checkpoint, group, mapping, named, text, zip_bytes

from affect_jax.convert.emonet import EmoNetSizes, emonet_sizes, emonet_table
from affect_jax.convert.fan import TrunkSizes, trunk_table
from affect_jax.convert.table import convert, counters
from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.experiment import evaluate, initialize, restore
from affect_jax.experiment.config import claim, options
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.data import evaluation_batches
from affect_jax.experiment.derive.convert import ConversionConfig, convert_run
from affect_jax.experiment.network import make_network
from affect_jax.experiment.refuse import check_trainable
from affect_jax.experiment.run import Run
from affect_jax.experiment.train import train
from affect_jax.nn.network import names
from configs import base

ROOT = pathlib.Path(__file__).parents[2]
TRUNK = TrunkSizes(widths=(4, 8, 12), modules=2, depth=2)
SIZES = EmoNetSizes(TRUNK, emotions=5, attention=True, head_blocks=2)
SETTINGS = ConversionConfig(input_px=32)
TINY, TINY_SETTINGS = TrunkSizes(widths=(4, 4, 4), modules=1, depth=1), ConversionConfig(input_px=8)


def weights(table, seed=0, with_counters=True) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    made = {}
    for name, entry in table.items():
        low, high = (0.5, 1.5) if name.endswith("running_var") else (-0.3, 0.3)
        made[name] = rng.uniform(low, high, entry.shape).astype(np.float32)
    return made | ({name: np.array(3) for name in counters(table)} if with_counters else {})


def stored(folder: pathlib.Path, arrays, name="net.pth") -> pathlib.Path:
    path = folder / name
    path.write_bytes(checkpoint(arrays))
    return path


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """(folder of the file and the workdir, its tensors, what was reported)."""
    folder = tmp_path_factory.mktemp("converted")
    arrays = weights(emonet_table(SIZES))
    file = stored(folder, {f"module.{name}": array for name, array in arrays.items()})
    return folder, arrays, convert_run(file, folder / "run", SETTINGS, base.base())


def test_the_published_sizes_have_682_entries_and_13963410_parameters():
    published = EmoNetSizes(TrunkSizes((64, 128, 256), 2, 4), emotions=8, attention=True, head_blocks=4)
    table = emonet_table(published)
    assert len(table) + len(counters(table)) == 682 and len(counters(table)) == 111
    learned = [entry for name, entry in table.items() if not name.endswith(("running_mean", "running_var"))]
    assert sum(int(np.prod(entry.shape)) for entry in learned) == 13_963_410
    five = emonet_table(dataclasses.replace(published, emotions=5))
    assert five["emo_fc_2.3.weight"].shape == (7, 128) and len(five) == len(table)


@pytest.mark.parametrize("modules", [1, 2, 3, 4])
@pytest.mark.parametrize("attention", [True, False])
def test_the_sizes_are_read_off_the_shapes(modules, attention):
    sizes = EmoNetSizes(TrunkSizes((4, 8, 12), modules, 1 + modules), 3 + modules, attention, head_blocks=modules)
    assert emonet_sizes(weights(emonet_table(sizes)), "file") == sizes


def test_every_array_stands_where_an_independent_map_of_names_puts_it(converted):
    folder, arrays, _ = converted
    found = names(restore.restore_run(folder / "run")[2])
    expected = {}
    for name, array in arrays.items():
        if not name.endswith("num_batches_tracked"):
            place = our_place(name, array.ndim, TRUNK.depth)
            expected[place] = our_array(array, found[place].ndim)
    assert set(expected) == set(found)
    for place, array in expected.items():
        np.testing.assert_array_equal(found[place], array, err_msg=place)


def test_the_source_is_told_with_every_entry_license_crop_and_labels(converted):
    folder, arrays, source = converted
    assert json.loads((folder / "run" / "source.json").read_text()) == json.loads(json.dumps(source))
    assert source["file"] == "net.pth" and len(source["sha256"]) == 64 and source["form"] == "torch zip"
    assert source["entries"] == len(arrays) == source["converted"] + source["not_needed"]["count"]
    assert set(source["not_needed"]["names"]) == {name for name in arrays if name.endswith("num_batches_tracked")}
    assert "BY-NC-ND 4.0" in source["license"]
    assert source["prefix"] == "module." and source["left_out"] == ()
    assert source["crop"] == "landmark_square warp=emonet side_ratio=1.8182 crop_px=32"
    assert source["labels"] == ["neutral", "happy", "sad", "surprise", "anger"]  # index 4 is anger, not fear
    assert not (folder / "run" / "parity.json").exists()  # without a reference nothing is claimed
    assert sorted(path.name for path in folder.iterdir()) == ["net.pth", "run"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """(a converted workdir, the file's tensors) of a network that compiles fast."""
    folder = tmp_path_factory.mktemp("tiny")
    arrays = weights(emonet_table(EmoNetSizes(TINY, emotions=5, attention=False, head_blocks=1)))
    convert_run(stored(folder, arrays), folder / "run", TINY_SETTINGS, base.base())
    return folder / "run", arrays


def test_the_averaged_weights_are_converted_and_the_plain_ones_named(tmp_path, caplog):
    arrays = weights(trunk_table(TINY))
    averaged = {name: array * 2 for name, array in arrays.items()}
    file = stored(tmp_path, {f"model.{n}": a for n, a in arrays.items()} | {f"ema.{n}": a for n, a in averaged.items()})
    with caplog.at_level("INFO"):
        source = convert_run(file, tmp_path / "run", TINY_SETTINGS, base.base())
    assert source["prefix"] == "ema." and source["left_out"] == ("model.",)
    assert "took the averaged weights, under 'ema.', instead of the plain ones, under 'model.'" in caplog.text
    found = names(restore.restore_run(tmp_path / "run")[2])
    np.testing.assert_array_equal(found["trunk/stem/bias"], 2 * arrays["conv1.bias"])


def test_evaluate_takes_it_for_a_trained_run(tiny):
    workdir, _ = tiny
    settings = ["subjects=2", "per_subject=2", "size_px=48"]
    _, summary = evaluate.evaluate_run(workdir, "rendered", "", "test", settings)
    assert summary["conditions"]["label_set"] == "emonet_5" and summary["conditions"]["checkpoint_step"] == 0
    assert summary["conditions"]["crop"] == "landmark_square warp=emonet side_ratio=1.8182 crop_px=8"


@pytest.mark.parametrize("network", ["emonet", "fan"])
def test_its_crops_are_the_published_ones_to_the_gray_level(network, tmp_path):
    emonet = emonet_table(EmoNetSizes(TINY, emotions=5, attention=False, head_blocks=1))
    file = stored(tmp_path, weights(emonet if network == "emonet" else trunk_table(TINY)))
    convert_run(file, tmp_path / "run", TINY_SETTINGS, base.base())
    run = claim.read_options(tmp_path / "run")
    source = rendered(RenderedConfig(split="test", subjects=2, per_subject=3, size_px=48))
    (batch,) = evaluation_batches(dataclasses.replace(run, batch_size=6), source, tmp_path)
    for index, image in enumerate(batch.inputs.images):
        landmarks = source.examples[index].labels["landmarks"].value
        assert np.abs(image.astype(float) - emonet_crop(source.image(index), landmarks, 8)).max() <= 1


def test_the_antialiased_crop_has_a_name_of_its_own(tiny, tmp_path):
    settings = dataclasses.replace(TINY_SETTINGS, warp="antialiased")
    source = convert_run(tiny[0].parent / "net.pth", tmp_path / "run", settings, base.base())
    assert source["crop"] == "landmark_square warp=antialiased side_ratio=1.8182 crop_px=8"
    assert json.loads((tmp_path / "run" / "config.json").read_text())["crop"]["warp"] == "antialiased"


def test_a_run_that_starts_from_it_with_another_crop_says_so(tiny, caplog):
    config = options.as_dict(claim.read_config(tiny[0]))
    initialize.warn_of_another_crop(options.parse(config), tiny[0])
    assert not caplog.records
    config["crop"]["warp"] = "antialiased"
    initialize.warn_of_another_crop(options.parse(config), tiny[0])
    assert "takes the crop 'landmark_square warp=emonet side_ratio=1.8182 crop_px=8', this run" in caplog.text
    assert caplog.messages[0].endswith("; to keep its crop, set crop.warp=emonet")


def test_training_starts_from_it_by_copy_but_not_in_it(tiny, tmp_path, caplog):
    workdir, arrays = tiny
    with pytest.raises(UsageError, match=r"converted from net.pth; to train it further.*initialize.rule=copy"):
        train(claim.read_config(workdir), workdir)
    config = options.as_dict(claim.read_config(workdir))
    config["initialize"] = {"rule": "copy", "workdir": str(workdir)}
    config["crop"]["warp"] = "antialiased"
    run = options.parse(config)
    with pytest.raises(UsageError, match="data.train is empty; name at least one data set"):
        check_trainable(Run(run, workdir))
    found = names(initialize.initial_variables(run, make_network(run), tmp_path))
    assert "to keep its crop, set crop.warp=emonet" in caplog.text
    np.testing.assert_array_equal(found["trunk/modules/0/heatmaps/kernel"], arrays["l0.weight"][:, :, 0, 0].T)


def test_a_second_conversion_changes_nothing_and_another_file_is_refused(converted):
    folder, arrays, _ = converted
    before = (folder / "run" / "source.json").read_bytes()
    again = convert_run(folder / "net.pth", folder / "run", SETTINGS, base.base())
    assert again == json.loads(before) and (folder / "run" / "source.json").read_bytes() == before
    (folder / "other").mkdir()
    other = stored(folder / "other", {**arrays, "conv1.bias": arrays["conv1.bias"] + 1})
    with pytest.raises(UsageError, match="holds the conversion of another file"):
        convert_run(other, folder / "run", SETTINGS, base.base())
    with pytest.raises(UsageError, match="holds a run of another config"):
        convert_run(folder / "net.pth", folder / "run", dataclasses.replace(SETTINGS, input_px=64), base.base())
    other.unlink()
    other.parent.rmdir()


def test_a_trunk_becomes_a_landmark_network(tmp_path):
    arrays = weights(trunk_table(TRUNK), with_counters=False)  # files older than PyTorch 0.4.1 hold no counters
    source = convert_run(stored(tmp_path, arrays), tmp_path / "run", SETTINGS, base.base())
    assert source["network"] == "fan" and source["not_needed"]["count"] == 0 and "BSD-3" in source["license"]
    run, *_ = restore.restore_run(tmp_path / "run")
    assert run.model_name == "landmarks" and run.model.trunk.widths == TRUNK.widths


def test_parity_is_written_where_a_reference_agrees_and_nothing_where_it_does_not(tmp_path):
    file = stored(tmp_path, weights(trunk_table(TINY)))
    seen = {}

    def heatmaps(tensors, images, pooling):
        seen.update(tensors=tensors, images=images, pooling=pooling)
        run = restore.restore_run(tmp_path / "plain")
        return {"landmarks": np.asarray(jax.jit(run[1].predict)(run[2], images)["landmarks"])}

    convert_run(file, tmp_path / "plain", TINY_SETTINGS, base.base())
    convert_run(file, tmp_path / "run", TINY_SETTINGS, base.base(), heatmaps)
    found = json.loads((tmp_path / "run" / "parity.json").read_text())
    assert found["heads"]["landmarks"]["largest_difference"] <= found["tolerance"] == 1e-4
    assert "conv1.weight" in seen["tensors"] and seen["images"].shape == (2, 8, 8, 3) and seen["pooling"] == "max"
    wrong = lambda *given: {"landmarks": heatmaps(*given)["landmarks"] * 1.01}
    with pytest.raises(ValueError, match=r"landmarks differs by .* nothing was written"):
        convert_run(file, tmp_path / "wrong", TINY_SETTINGS, base.base(), wrong)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.pth", "plain", "run"]


FULL = weights(emonet_table(SIZES))
WITHOUT = lambda *left_out: {name: array for name, array in FULL.items() if name not in left_out}
RESNET = {"conv1.weight": np.ones((4, 3, 7, 7), np.float32), "layer1.0.conv1.weight": np.ones((4, 4, 3, 3), np.float32)}
REFUSED = {
    "another architecture": (
        RESNET,
        {},
        "a landmark trunk .FAN.: it lacks 'conv3.conv1.weight'; its 2 entries",
    ),
    "another architecture under a prefix": (
        {f"module.net.{name}": array for name, array in RESNET.items()},
        {},
        r"net.pth \(entries under 'module.net.'\) is not .*: it lacks 'conv3.conv1.weight'; its 2 entries begin",
    ),
    "a tensor missing under a prefix": (
        {f"_orig_mod.{name}": array for name, array in FULL.items() if name != "m0.b1_2.bn1.weight"},
        {},
        r"net.pth \(entries under '_orig_mod.'\) is not a checkpoint of an EmoNet: it lacks m0.b1_2.bn1.weight \(of ",
    ),
    "two networks": (
        {f"{prefix}.{name}": array + place for name, array in FULL.items() for place, prefix in enumerate("ab")},
        {},
        "net.pth holds 2 networks that differ, under 'a.' and 'b.'; save",
    ),
    "a tensor missing": (
        WITHOUT("m0.b1_2.bn1.weight"),
        {},
        r"not a checkpoint of an EmoNet: it lacks m0.b1_2.bn1.weight \(of ",
    ),
    "a tensor left over": (FULL | {"extra.weight": np.ones(1, np.float32)}, {}, "has unexpected entries extra.weight"),
    "a counter of nothing": (
        FULL | {"x.num_batches_tracked": np.array(1)},
        {},
        "entries x.num_batches_tracked",
    ),
    "no norms' statistics": (
        WITHOUT("bn1.running_mean"),
        {},
        r"of an EmoNet: it lacks bn1.running_mean \(of",
    ),
    "another shape": (FULL | {"bn1.bias": np.ones(5, np.float32)}, {}, r"'bn1.bias' has shape \(5,\), expected \(4,\)"),
    "not a number": (FULL | {"bn1.bias": np.full(4, np.nan, np.float32)}, {}, "'bn1.bias' .* not finite numbers"),
    "whole numbers": (FULL | {"bn1.bias": np.ones(4, np.int64)}, {}, "'bn1.bias' .int64. has values"),
    "classes that do not fit": (FULL, {"label_set": "affectnet_8"}, "affectnet_8 has 8 emotions .* predicts 5"),
    "an unknown label set": (FULL, {"label_set": "mine"}, "unknown label set 'mine'; choose one of"),
    "an unusual number of classes": (
        weights(emonet_table(dataclasses.replace(SIZES, emotions=7))),
        {},
        "predicts 7 emotions; the published networks predict 5 or 8. Give --label_set, one of .*affectnet_7",
    ),
    "a size that does not fit": (FULL, {"input_px": 40}, "input_px is 40; with depth 2 it must be a multiple of 16"),
    "attention neither on nor off": (
        FULL | {"conv1x1_input_emo_2.weight": np.ones((12, 50, 1, 1), np.float32)},
        {},
        "takes 50 channels; with 2 hourglasses of width 12, expected 36 with attention or 104 without",
    ),
    "other landmarks": (FULL | {"l0.weight": np.ones((98, 12, 1, 1), np.float32)}, {}, "predicts 98 landmarks"),
    "a trunk taken for an emonet": (weights(trunk_table(TRUNK)), {"network": "emonet"}, "lacks 'conv1x1_input_emo_2"),
    "an emonet taken for a trunk": (
        FULL,
        {"network": "fan"},
        "not a checkpoint of a landmark trunk .*unexpected",
    ),
    "labels of a trunk": (weights(trunk_table(TRUNK)), {"label_set": "emonet_5"}, "predicts no emotions"),
    "too many modules": (FULL | {"m99999999.b1_1.bn1.weight": np.ones(4, np.float32)}, {}, "m99999999"),
}


@pytest.mark.parametrize(
    ("modules", "given", "expected"), [(4, "auto", "mean"), (2, "auto", "max"), (4, "max", "max"), (1, "mean", "mean")]
)
def test_four_hourglasses_take_means_where_nothing_else_is_said(modules, given, expected, tmp_path):
    file = stored(tmp_path, weights(trunk_table(dataclasses.replace(TINY, modules=modules))))
    convert_run(file, tmp_path / "run", dataclasses.replace(TINY_SETTINGS, pooling=given), base.base())
    assert claim.read_config(tmp_path / "run")["model"]["trunk"]["pooling"] == expected


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_and_nothing_written(name, tmp_path):
    arrays, settings, message = REFUSED[name]
    file = stored(tmp_path, arrays)
    with pytest.raises(UsageError, match=message):
        convert_run(file, tmp_path / "run", dataclasses.replace(SETTINGS, **settings), base.base())
    assert [path.name for path in tmp_path.iterdir()] == ["net.pth"]


def test_a_place_that_is_taken_is_refused(tmp_path):
    file = stored(tmp_path, FULL)
    with pytest.raises(UsageError, match=r"--workdir=.*net.pth is a file"):
        convert_run(file, file, SETTINGS, base.base())
    with pytest.raises(UsageError, match="holds other files"):
        convert_run(file, tmp_path, SETTINGS, base.base())
    with pytest.raises(UsageError, match="is a folder; expected a checkpoint"):
        convert_run(tmp_path, tmp_path / "run", SETTINGS, base.base())
    assert [path.name for path in tmp_path.iterdir()] == ["net.pth"]


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    file = stored(tmp_path, FULL)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("affect_jax.experiment.derive.write.Checkpoints.save", full)
    with pytest.raises(OSError, match="No space left"):
        convert_run(file, tmp_path / "run", SETTINGS, base.base())
    assert [path.name for path in tmp_path.iterdir()] == ["net.pth"]


def test_a_table_that_is_left_over_on_our_side_is_named():
    table = emonet_table(SIZES)
    doubled = table | {"other.weight": table["bn1.weight"]}
    arrays = weights(doubled)
    with pytest.raises(ValueError, match="two tensors to the same name"):
        convert(arrays, doubled, "EmoNet", "file")


def test_the_command_refuses_a_malicious_file_with_2_and_runs_nothing(tmp_path):
    witness = tmp_path / "witness"
    attack = named("posix", "system") + group(text(f"touch {witness}")) + b"R"
    (tmp_path / "evil.pth").write_bytes(zip_bytes(mapping({"a": attack}), {}))
    environment = {**os.environ, "HOME": str(tmp_path), "XLA_FLAGS": ""}
    words = [f"--from={tmp_path}/evil.pth", f"--workdir={tmp_path}/run", "--noparity"]
    call = [sys.executable, "-m", "launch.convert", *words]
    done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "'posix.system'" in done.stderr and "Traceback" not in done.stderr
    assert not witness.exists() and not (tmp_path / "run").exists()
