"""The command that draws the sheets: what it writes, and how it refuses."""

import subprocess
import sys

import av
import cv2
import numpy as np

from affect_jax.data.readers.rendered import RenderedConfig, rendered
from affect_jax.data.render import sheet
from affect_jax.ops.geometry import crop_matrix, landmark_crop
from affect_jax.ops.image import warp_image


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "launch.render_faces", *arguments], capture_output=True, text=True)


def test_writes_two_images_and_two_videos(tmp_path):
    done = run(f"--output={tmp_path}/new", "--size_px=32", "--seconds=0.4")
    assert done.returncode == 0, done.stderr
    written = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert written == ["action_units.png", "clip.mp4", "crops.mp4", "faces.png"]
    faces = cv2.imread(str(tmp_path / "new" / "faces.png"))
    assert faces.shape == (7 * (32 + 32), 8 * 32, 3)  # neutral and six emotions, each with two lines of text
    with av.open(str(tmp_path / "new" / "clip.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        assert float(container.streams.video[0].average_rate) == 12.5
        assert container.streams.video[0].codec_context.name == "h264"  # which browsers play
    assert len(frames) == 5
    source = rendered(RenderedConfig(kind="clips", subjects=1, per_subject=1, frames=5, size_px=64))
    assert np.abs(frames[3][:64].astype(float) - source.image(3)).mean() < 12  # coded, but the same image
    with av.open(str(tmp_path / "new" / "crops.mp4")) as container:
        crops = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    expected = warp_image(
        source.image(3), crop_matrix(landmark_crop(source.examples[3].labels["landmarks"].value), 32), 32
    )
    assert len(crops) == 5 and np.abs(crops[3].astype(float) - expected).mean() < 12


def test_trace_draws_the_values_at_their_height():
    values = np.stack([np.full(50, 0.5), np.full(50, -0.5)], axis=1)
    panel = sheet.trace(values, 0, 200, 100).astype(int)
    blue = (panel[:, 150, 2] - panel[:, 150, 0]) > 60
    orange = (panel[:, 150, 0] - panel[:, 150, 2]) > 60
    assert abs(np.flatnonzero(blue).mean() - 27) < 1.5  # (0.5 - 0.46 * 0.5) * 100
    assert abs(np.flatnonzero(orange).mean() - 73) < 1.5
