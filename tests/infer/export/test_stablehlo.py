import datetime
import json
from importlib.metadata import version

import jax
import numpy as np
import pytest
from flax import nnx
from jax import export
from symbolic import unchecked_annotations

from affect_jax.files.checksum import sha256
from affect_jax.infer.export.program import Program, stream_program, window_program
from affect_jax.infer.export.stablehlo import FILE, PLATFORMS, SIDECAR, ExportedNetwork, serialize

TODAY, EXPIRES = datetime.date(2026, 11, 30), datetime.date(2026, 12, 17)


def write(folder, program: Program, **facts):
    """A folder as launch.export writes it."""
    folder.mkdir(exist_ok=True)
    with unchecked_annotations():
        (folder / FILE).write_bytes(serialize(program))
    states = [
        {"input": port.name, "shape": port.shape, "dtype": port.dtype, "start": program.start[port.name]}
        for port in program.inputs[1:]
    ]
    names = [{"name": port.name} for port in program.outputs[: len(program.outputs) - len(states)]]
    entry = {"jaxlib": version("jaxlib"), "expires": str(EXPIRES), "sha256": sha256(folder / FILE), **facts}
    given = {"shape": program.inputs[0].shape, "crop": {"px": 32}}
    sidecar = {"input": given, "state": states, "outputs": names, "files": {FILE: entry}}
    (folder / SIDECAR).write_text(json.dumps(sidecar))
    return folder


def images(*shape):
    return np.random.default_rng(1).uniform(size=shape).astype(np.float32)


def live(network, given, report):
    """The network itself, without the changes that make it faster."""
    graphdef, state = nnx.split(network)
    raw = jax.jit(lambda state, given: nnx.merge(graphdef, state)(given))(state, given)
    return {name: np.asarray(convert(raw[name])) for name, convert in report.items()}


@pytest.fixture(scope="module")
def static_folder(static_network, report, tmp_path_factory):
    return write(tmp_path_factory.mktemp("static"), window_program(static_network, 32, 0, report))


def test_a_static_network_predicts_the_same_for_any_number_of_faces(static_folder, static_network, report):
    loaded = ExportedNetwork.load(static_folder, TODAY)
    for faces in (1, 3):
        given = images(faces, 32, 32, 3)
        values, state = loaded(given)
        assert state == []
        for name, wanted in live(static_network, given, report).items():
            np.testing.assert_allclose(values[name], wanted, atol=1e-5)


def test_images_that_do_not_fit_are_refused_with_the_mistake(static_folder):
    loaded = ExportedNetwork.load(static_folder, TODAY)
    with pytest.raises(ValueError, match="the images are uint8; expected RGB in .0, 1. as floating-point numbers"):
        loaded(np.zeros((1, 32, 32, 3), np.uint8))
    with pytest.raises(ValueError, match=r"shape \(1, 16, 16, 3\); expected \[batch, 32, 32, 3\]"):
        loaded(images(1, 16, 16, 3))


def test_the_file_is_for_processors_gpus_and_tpus(static_folder):
    exported = export.deserialize(bytearray((static_folder / FILE).read_bytes()))
    assert exported.platforms == PLATFORMS == ("cpu", "cuda", "tpu")
    assert [str(size) for size in exported.in_avals[0].shape] == ["batch", "32", "32", "3"]


CAUSAL = {
    "factors, a pool, and an average that starts with ones": {"pool": 4, "output_average": "zero_start"},
    "recurrent": {"form": "2plus1", "pool": 1, "recurrent": "gru"},
}


@pytest.mark.parametrize("layers", [next(iter(CAUSAL)), pytest.param("recurrent", marks=pytest.mark.slow)])
def test_a_causal_network_continues_from_its_state(layers, make_clip_network, report, tmp_path):
    network = make_clip_network(causal=True, **CAUSAL[layers])
    program = stream_program(network, 32, report)
    loaded, clip = ExportedNetwork.load(write(tmp_path, program), TODAY), images(2, 7, 32, 32, 3)
    if "ones" in layers:
        assert set(program.start.values()) == {0.0, 1.0}
    state, found = None, []
    for frame in range(7):
        values, state = loaded(clip[:, frame : frame + 1], state)
        found.append(values)
    for name, wanted in live(network, clip, report).items():
        np.testing.assert_allclose(np.concatenate([each[name] for each in found], 1), wanted, atol=1e-5)


@pytest.mark.slow
def test_a_clip_network_takes_whole_windows(make_clip_network, report, tmp_path):
    network = make_clip_network(pool=3)
    loaded = ExportedNetwork.load(write(tmp_path, window_program(network, 32, 5, report)), TODAY)
    clip = images(2, 5, 32, 32, 3)
    values, _ = loaded(clip)
    for name, wanted in live(network, clip, report).items():
        np.testing.assert_allclose(values[name], wanted, atol=1e-5)


def test_a_network_that_looks_ahead_is_no_stream(make_clip_network, report):
    with pytest.raises(ValueError, match="looks at future frames"):
        stream_program(make_clip_network(pool=3), 32, report)


def altered(folder, tmp_path, **facts):
    sidecar = json.loads((folder / SIDECAR).read_text())
    sidecar["files"][FILE] |= facts
    (tmp_path / FILE).write_bytes((folder / FILE).read_bytes())
    (tmp_path / SIDECAR).write_text(json.dumps(sidecar))
    return tmp_path


def test_an_expired_file_opens_with_the_jaxlib_that_wrote_it_only(static_folder, tmp_path):
    ExportedNetwork.load(static_folder, EXPIRES)
    other = altered(static_folder, tmp_path, jaxlib="0.10.1")
    ExportedNetwork.load(other, EXPIRES - datetime.timedelta(days=1))
    expected = (
        f"network.stablehlo expired on 2026-12-17: it was exported by jaxlib 0.10.1, and this is jaxlib "
        f"{version('jaxlib')}. Install jaxlib==0.10.1, or export the network again: python -m launch.export"
    )
    with pytest.raises(ValueError, match=expected):
        ExportedNetwork.load(other, EXPIRES)


def test_a_damaged_a_missing_and_an_undescribed_file_are_refused(static_folder, tmp_path):
    damaged = altered(static_folder, tmp_path)
    data = bytearray((damaged / FILE).read_bytes())
    data[len(data) // 2] ^= 1
    (damaged / FILE).write_bytes(data)
    with pytest.raises(ValueError, match="does not match its checksum in export.json: it is damaged or another file"):
        ExportedNetwork.load(damaged, TODAY)
    (damaged / SIDECAR).write_text("{}")
    with pytest.raises(ValueError, match="export.json does not describe network.stablehlo; export the network again"):
        ExportedNetwork.load(damaged, TODAY)
    (damaged / FILE).unlink()
    with pytest.raises(FileNotFoundError, match="holds no network.stablehlo; export the network again"):
        ExportedNetwork.load(damaged, TODAY)


def test_a_file_that_jax_does_not_open_is_refused_with_a_remedy(static_folder, tmp_path, monkeypatch):
    def refuse(data):
        raise ValueError("beyond the window")

    monkeypatch.setattr(export, "deserialize", refuse)
    with pytest.raises(ValueError, match=r"does not open it \(beyond the window\); export the network again"):
        ExportedNetwork.load(static_folder, TODAY)
