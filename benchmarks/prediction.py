"""Prediction of videos: frames per second, and whether memory and speed stay the same in a long one.

  python -m benchmarks.prediction --workdir=runs/quickstart/static --input=film.mp4
  python -m benchmarks.prediction --workdir=runs/quickstart/static --input=film.mp4 --frames=2000 --frames=20000

Without --frames, the video is predicted as it is. With it, its frames are repeated, 320 px wide, up to each length.
Each video is predicted in a process of its own: peak memory is that of the process, speed that of its first and last
thousand frames (processor time of all its threads, and wall time), without the first 100 frames, which compile.
"""

import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction

import av
from absl import flags

from affect_jax.experiment import cli

WORKDIR = flags.DEFINE_string("workdir", None, "Trained workdir.", required=True)
INPUT = flags.DEFINE_string("input", None, "Video.", required=True)
FRAMES = flags.DEFINE_multi_integer("frames", [], "Lengths of the long videos, in frames.")
CHILD = flags.DEFINE_bool("child", False, "Predict the video in this process and print one line of JSON.")
STARTING_FRAMES, PART_FRAMES = 100, 1000
WIDTH_PX = 320


def repeat(source: str, path: pathlib.Path, frames: int) -> None:
    """Writes a video of so many frames, those of `source` over and over."""
    with av.open(source) as container:
        rate = container.streams.video[0].average_rate
        shown = [frame.reformat(format="yuv420p") for frame in container.decode(video=0)]
    height = 2 * round(WIDTH_PX * shown[0].height / shown[0].width / 2)
    small = [frame.reformat(WIDTH_PX, height) for frame in shown]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, height, "yuv420p"
        for index in range(frames):
            place = index % (2 * len(small) - 2)  # forth and back, without a cut
            frame = small[place if place < len(small) else 2 * len(small) - 2 - place]
            frame.pts, frame.time_base = index, Fraction(1, 1) / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def predict(workdir: str, source: str) -> None:
    """Predicts a video and prints times and peak memory."""
    from affect_jax.experiment.predict import Finding
    from affect_jax.experiment.predictor import predictor
    from affect_jax.predict.files import predict_file
    from affect_jax.predict.options import Options

    marks = []  # (processor time, wall time) behind each frame

    def stopping() -> bool:
        marks.append((time.process_time(), time.perf_counter()))
        return False

    network = predictor(pathlib.Path(workdir))
    with tempfile.TemporaryDirectory() as output:
        options = Options(stopping=stopping)
        predict_file(network, pathlib.Path(source), pathlib.Path(output), Finding().make_tracks(), options)
    start, stop = min(STARTING_FRAMES, len(marks) // 4), len(marks) - 1
    part = min(PART_FRAMES, (stop - start) // 2)
    spans = {"all": (start, stop), "first": (start, start + part), "last": (stop - part, stop)}
    found = {"frames": len(marks), "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}
    for name, (first, last) in spans.items():
        for kind, clock in enumerate(("processor_ms", "wall_ms")):
            found[f"{name}_{clock}"] = 1000 * (marks[last][kind] - marks[first][kind]) / (last - first)
    print(json.dumps(found))


def measure(workdir: str, source: str) -> dict[str, float]:
    """Predicts a video in another process."""
    command = [sys.executable, "-m", "benchmarks.prediction", "--child", f"--workdir={workdir}", f"--input={source}"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    if CHILD.value:
        predict(WORKDIR.value, INPUT.value)
        return
    print("frames   peak MB   ms/frame of processor time: all, first, last   frames/s by the clock: all, first, last")
    with tempfile.TemporaryDirectory() as folder:
        for length in FRAMES.value or [0]:
            source = INPUT.value
            if length:
                source = str(pathlib.Path(folder) / f"{length}.mp4")
                repeat(INPUT.value, pathlib.Path(source), length)
            found = measure(WORKDIR.value, source)
            busy = ", ".join(f"{found[f'{name}_processor_ms']:.2f}" for name in ("all", "first", "last"))
            rates = ", ".join(f"{1000 / found[f'{name}_wall_ms']:.1f}" for name in ("all", "first", "last"))
            print(f"{found['frames']:6}  {found['peak_mb']:8.0f}   {busy:>48}   {rates}", flush=True)


if __name__ == "__main__":
    cli.run(main)
