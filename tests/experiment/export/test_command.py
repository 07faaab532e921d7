import json
import pathlib

import numpy as np
import pytest
from symbolic import unchecked_annotations

from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.export import command, onnx_environment, parity, web
from affect_jax.experiment.export.command import export_run
from affect_jax.infer.export.stablehlo import ExportedNetwork


@pytest.fixture(scope="module")
def exported(causal_folder, tmp_path_factory):
    output = tmp_path_factory.mktemp("exported")
    with unchecked_annotations():
        export_run(causal_folder, output, ["stablehlo", "safetensors"])
    return output


def test_export_json_says_what_another_program_has_to_know(exported):
    content = json.loads((exported / "export.json").read_text())
    assert content["network"] == "small@7" and content["model"] == "clip"
    assert content["labels"][:3] == ["neutral", "happy", "sad"] and len(content["labels"]) == 8
    images = content["input"]
    assert (images["name"], images["shape"], images["color"], images["range"]) == (
        "images",
        ["batch", 1, 32, 32, 3],
        "RGB",
        [0, 1],
    )
    assert images["crop"]["px"] == 32 and images["crop"]["side_ratio"] == pytest.approx(200 / 110)
    assert "averaging where it shrinks" in images["crop"]["rule"]
    outputs = {each["name"]: (each["shape"], len(each["columns"])) for each in content["outputs"]}
    assert outputs == {"valence_arousal": (["batch", 1, 2], 2), "emotion": (["batch", 1, 8], 8)}
    pool = [each for each in content["state"] if "time_features" in each["input"]]
    assert [(each["shape"], each["dtype"], each["start"]) for each in pool] == [
        (["batch", 2, 8], "float32", 0.0),
        ([], "bool", 0.0),
    ]
    assert all(each["output"] == each["input"].replace("state/", "next/") for each in content["state"])
    assert content["frames"]["per_call"] == 1 and "state that the frame before returned" in content["frames"]["order"]
    files = content["files"]
    assert list(files) == ["weights.safetensors", "config.json", "network.stablehlo"]
    assert files["network.stablehlo"]["platforms"] == ["cpu", "cuda", "tpu"]
    assert files["network.stablehlo"]["expires"] > "2026-12"
    assert 0 <= files["network.stablehlo"]["parity"]["emotion"] < 1e-5
    assert sorted(path.name for path in exported.iterdir()) == sorted([*files, "export.json"])


def test_the_folder_opens_as_a_program(exported):
    values, state = ExportedNetwork.load(exported)(np.full((2, 1, 32, 32, 3), 0.5, np.float32))
    assert values["emotion"].shape == (2, 1, 8) and len(state) == 5
    np.testing.assert_allclose(np.asarray(values["emotion"]).sum(-1), 1, rtol=1e-6)


def test_another_network_does_not_replace_it_and_the_same_one_keeps_its_other_files(
    exported, causal_folder, static_folder
):
    before = json.loads((exported / "export.json").read_text())["files"]
    export_run(causal_folder, exported, ["safetensors"])
    assert json.loads((exported / "export.json").read_text())["files"] == before
    with pytest.raises(
        UsageError, match="holds an export of small@7 with another model; this is small@7: choose anoth"
    ):
        export_run(static_folder, exported, ["safetensors"])


WRONG = {
    "unknown": (["onx"], "--format=onx; choose from safetensors, stablehlo, onnx, web"),
    "none": ([], "--format is empty; choose from safetensors"),
    "a page for clips": (["web"], "holds a clip network; --format=web is a page for one picture"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_formats_are_refused_before_anything_is_written(case, causal_folder, tmp_path):
    formats, message = WRONG[case]
    with pytest.raises(UsageError, match=message):
        export_run(causal_folder, tmp_path / "out", formats)
    assert not (tmp_path / "out").exists()


def test_a_workdir_is_no_output(static_folder, tmp_path):
    with pytest.raises(UsageError, match=f"--output={static_folder} is a workdir; choose a new or an empty folder"):
        export_run(static_folder, static_folder, ["safetensors"])


def test_a_program_that_predicts_otherwise_is_not_written(static_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(parity, "TOLERANCE", -1.0)
    with unchecked_annotations():
        with pytest.raises(
            ValueError, match="network.stablehlo does not predict what the network does: valence_arousal"
        ):
            export_run(static_folder, tmp_path / "out", ["safetensors", "stablehlo"])
    assert not list((tmp_path / "out").iterdir())


def test_a_failed_conversion_says_what_the_other_process_said_and_leaves_nothing(static_folder, tmp_path, monkeypatch):
    (tmp_path / "python").write_text("#!/bin/sh\necho first >&2\necho 'no rule for cumsum' >&2\nexit 3\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr(onnx_environment, "python", lambda: tmp_path / "python")
    message = r"jax2onnx could not convert this network \(exit code 3\): first / no rule for cumsum"
    with pytest.raises(ValueError, match=message):
        export_run(static_folder, tmp_path / "out", ["onnx"])
    assert not list((tmp_path / "out").iterdir())


def test_a_difference_that_is_no_number_is_not_small():
    one = {"emotion": np.zeros((1, 1, 8))}
    with pytest.raises(ValueError, match="emotion differs by nan, and at most 0.0001 is allowed"):
        parity.require_equal("x", one, {"emotion": one["emotion"] + np.nan})
    assert parity.require_equal("x", one, {"emotion": one["emotion"] + 1e-5}) == {"emotion": pytest.approx(1e-5)}


def test_every_format_is_in_the_help_of_the_command():
    text = (pathlib.Path(__file__).parents[3] / "launch" / "export.py").read_text()
    assert "safetensors, stablehlo, onnx, web; or several" in text
    assert tuple(command.FORMATS) == ("safetensors", "stablehlo", "onnx", "web")


def test_a_page_that_is_too_large_is_refused(static_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(web.onnx_web, "files", dict)
    monkeypatch.setattr(web, "render", lambda *_: bytes(web.MOST_BYTES + 1))
    monkeypatch.setattr(web.onnx, "write", lambda source, folder: (folder / web.ONE_FACE).write_bytes(b"x"))
    with pytest.raises(UsageError, match="--format=web: the page would have 15.0 MB; pages of at most 15 MB are writt"):
        export_run(static_folder, tmp_path / "out", ["web"])
    assert not list((tmp_path / "out").iterdir())
    monkeypatch.setattr(web, "MOST_BYTES", 1000)
    with pytest.raises(
        UsageError, match="--format=web: the weights of .*small alone have 0.0 MB; pages of at most 0 MB"
    ):
        export_run(static_folder, tmp_path / "other", ["web"])
    assert not (tmp_path / "other").exists()
