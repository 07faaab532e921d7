"""The environment of jax2onnx, with a pip made here instead of a network."""

import pathlib
import subprocess

import pytest

from affect_jax.experiment.export import onnx_environment


def install(folder: pathlib.Path, packages) -> None:
    site = folder / "lib" / "python3.11" / "site-packages"
    for name, version in packages:
        info = site / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """Records the commands; the installation takes what `result` says."""
    required = tmp_path / "required.txt"
    required.write_text("# a comment\njax2onnx==0.17.1\ndm_pix==0.4.5\n")
    commands, result = [], {"code": 0, "error": ""}

    def run(command, **_):
        commands.append(command)
        if "pip" in command and result["code"] == 0:
            install(onnx_environment.place(), [("jax2onnx", "0.17.1"), ("dm-pix", "0.4.5")])
        return subprocess.CompletedProcess(command, result["code"] if "pip" in command else 0, "", result["error"])

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache folder"))
    monkeypatch.setattr(onnx_environment, "REQUIREMENTS", required)
    monkeypatch.setattr(subprocess, "run", run)
    return commands, result


def test_it_is_made_once(pip):
    commands, _ = pip
    first, second = onnx_environment.python(), onnx_environment.python()
    assert first == second == onnx_environment.place() / "bin" / "python"
    assert [command[1:3] for command in commands] == [["-m", "venv"], ["-m", "pip"]]
    assert commands[1][0] == str(first) and "--no-deps" in commands[1]


def test_an_environment_with_another_version_is_made_again(pip):
    commands, _ = pip
    install(onnx_environment.place(), [("jax2onnx", "0.16.0"), ("dm-pix", "0.4.5")])
    assert onnx_environment.missing(onnx_environment.place()) == ["jax2onnx==0.17.1"]
    onnx_environment.python()
    assert len(commands) == 2 and not onnx_environment.missing(onnx_environment.place())


def test_without_a_network_the_message_has_the_lines_that_make_it(pip):
    _, result = pip
    result |= {"code": 1, "error": "WARNING: retrying\nERROR: No matching distribution found for jax2onnx==0.17.1\n"}
    with pytest.raises(FileNotFoundError) as caught:
        onnx_environment.python()
    message, place = str(caught.value), onnx_environment.place()
    assert "could not be made (ERROR: No matching distribution found for jax2onnx==0.17.1)" in message
    assert f"-m venv {place} && {place}/bin/python -m pip install --no-deps -r" in message


def test_the_real_list_pins_every_package():
    lines = onnx_environment.REQUIREMENTS.read_text().splitlines()[1:]
    assert all("==" in line for line in lines)
    assert {line.partition("==")[0] for line in lines} >= {"jax2onnx", "onnxruntime", "jax", "flax", "jaxtyping"}
