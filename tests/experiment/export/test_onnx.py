"""ONNX files and the page that runs one, with the real environment of jax2onnx and the real runtime."""

import contextlib
import json
import subprocess

import chromium
import numpy as np
import pytest
from PIL import Image

from affect_jax.experiment.export import onnx_environment, onnx_web
from affect_jax.experiment.export.command import export_run
from affect_jax.experiment.predictor import predictor

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python():
    try:
        return onnx_environment.python()
    except FileNotFoundError as error:
        pytest.skip(str(error))


# Run in that environment, which has onnxruntime: [faces, 1, 32, 32, 3] frame by frame, by what export.json says alone.
FRAME_BY_FRAME = """
import json, sys, numpy as np, onnxruntime
folder, clip = sys.argv[1], np.load(sys.argv[2])
sidecar = json.load(open(f"{folder}/export.json"))
session = onnxruntime.InferenceSession(f"{folder}/network.onnx", providers=["CPUExecutionProvider"])
names = [each.name for each in session.get_outputs()]
sizes = lambda shape: [len(clip) if size == "batch" else size for size in shape]
state = {each["input"]: np.full(sizes(each["shape"]), each["start"], each["dtype"]) for each in sidecar["state"]}
found = []
for frame in range(clip.shape[1]):
    results = dict(zip(names, session.run(None, {"images": clip[:, frame : frame + 1], **state})))
    state = {each["input"]: results[each["output"]] for each in sidecar["state"]}
    found.append(results["valence_arousal"])
np.save(sys.argv[3], np.concatenate(found, 1))
"""


def test_a_causal_network_continues_from_its_state(python, causal_folder, tmp_path):
    export_run(causal_folder, tmp_path / "out", ["onnx"])
    files = json.loads((tmp_path / "out" / "export.json").read_text())["files"]
    for name in ("network.onnx", "network_1.onnx"):
        assert max(files[name]["parity"].values()) < 1e-5 and files[name]["opset"] == 21
    speed = files["network_1.onnx"]["speed"]
    assert speed["batch"] == 1 and speed["onnxruntime_processor_ms"] > 0 and "speed" not in files["network.onnx"]
    clip = np.random.default_rng(2).uniform(size=(2, 8, 32, 32, 3)).astype(np.float32)
    np.save(tmp_path / "clip.npy", clip)
    call = [python, "-c", FRAME_BY_FRAME, tmp_path / "out", tmp_path / "clip.npy", tmp_path / "found.npy"]
    subprocess.run(call, check=True)
    advance = predictor(causal_folder).follower(2)
    wanted = [np.asarray(advance(clip[:, frame : frame + 1])["valence_arousal"]) for frame in range(8)]
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), np.clip(np.concatenate(wanted, 1), -1, 1), atol=1e-5)


def test_clips_and_landmarks_are_converted(python, make_folder, tmp_path):
    clips = make_folder("clip", 5, head={"blocks": 1, "rank": 4}, time={"pool": 3})
    for folder, name in ((clips, "clips"), (make_folder("landmarks"), "landmarks")):
        export_run(folder, tmp_path / name, ["onnx"])
        assert (tmp_path / name / "network_1.onnx").is_file()


def test_the_page_shows_what_the_network_predicts_without_a_network(python, static_folder, tmp_path):
    if chromium.find_program() is None:
        pytest.skip(f"needs Chromium ({chromium.INSTALL})")
    try:
        onnx_web.files()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    export_run(static_folder, tmp_path / "out", ["web"])
    assert (tmp_path / "out" / "index.html").stat().st_size < 15_000_000
    image = np.random.default_rng(3).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(image).save(tmp_path / "crop.png")
    values = "Array.from(document.querySelectorAll('.row'), row => +row.dataset.value)"
    with contextlib.closing(chromium.Browser(tmp_path / "browser")) as browser:
        browser.open(tmp_path / "out" / "index.html")
        browser.wait("document.querySelector('#status').textContent == 'Ready.'")
        browser.choose_file("#file", tmp_path / "crop.png")
        browser.wait("document.querySelector('#status').textContent.endsWith('ms')")
        shown = browser.evaluate(values)
        assert not [address for address in browser.requests() if not address.startswith(("file:", "blob:"))]
    wanted = predictor(static_folder).values(np.float32(image)[None] / 255)
    expected = np.concatenate([wanted["valence_arousal"][0], wanted["emotion"][0]])
    np.testing.assert_allclose(shown, expected, atol=1e-5)
