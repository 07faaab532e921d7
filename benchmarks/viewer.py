"""Pages of long recordings: seconds to write, size, and in a headless Chromium seconds to open and to draw.

  python -m benchmarks.viewer --minutes=120
  python -m benchmarks.viewer --minutes=60 --landmarks

The table is random: 25 frames a second, two faces in each, valence and arousal with intervals, and eight emotions.
"""

import pathlib
import sys
import tempfile
import time

import numpy as np
import pyarrow as pa
import pyarrow.csv
from absl import app, flags

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "reference"))
from affect_jax.emotions import names
from affect_jax.experiment.view import view
from benchmarks.interleaved import markdown

MINUTES = flags.DEFINE_float("minutes", 120, "Length of the recording.")
LANDMARKS = flags.DEFINE_bool("landmarks", False, "Whether the table has the 68 landmarks of each face.")

FPS, FACES = 25, 2
ROUNDS = 41  # of which the median counts


def write_table(path: pathlib.Path, frames: int, landmarks: bool) -> None:
    """Writes a random table."""
    rng = np.random.default_rng(0)
    rows = frames * FACES
    columns = {"source": np.full(rows, "long.mp4"), "frame": np.repeat(np.arange(frames), FACES)}
    columns |= {"face": np.tile(np.arange(FACES), frames), "time_seconds": (columns["frame"] / FPS).round(3)}
    columns["success"] = np.ones(rows, int)
    columns |= {f"FaceRect{side}": rng.uniform(0, 300, rows).round(2) for side in ("X", "Y", "Width", "Height")}
    for name in ("valence", "arousal"):
        values = np.clip(0.01 * rng.normal(size=rows).cumsum(), -1, 1).astype(np.float32)
        columns |= {name: values, f"{name}_lo": values - np.float32(0.1), f"{name}_hi": values + np.float32(0.1)}
    columns |= {f"p_{name}": rng.uniform(0, 0.2, rows).astype(np.float32) for name in names("affectnet_8")}
    if landmarks:
        columns |= {f"{axis}_{n}": rng.uniform(0, 640, rows).round(2) for axis in "xy" for n in range(68)}
    pyarrow.csv.write_csv(pa.table(columns), path)


def measure_in_browser(page: pathlib.Path, folder: pathlib.Path) -> list[float]:
    """Seconds to open, then milliseconds to draw all curves, to draw a zoomed part, and to show one more frame."""
    from chromium import Browser

    browser = Browser(folder)
    browser.resize(1280, 900)
    start = time.perf_counter()
    browser.open(page)
    browser.wait("typeof keys !== 'undefined'")
    opened = time.perf_counter() - start
    timed = lambda work: browser.evaluate(
        f"Array.from({{length: {ROUNDS}}}, (_, n) => {{ const start = performance.now(); {work}; "
        f"return performance.now() - start; }}).sort((one, other) => one - other)[{ROUNDS // 2}]"
    )
    whole = timed("curves.draw()")
    frame = timed("onFrame(1000 + n)")
    browser.evaluate("curves.zoom(0.001, 60)")
    zoomed = timed("curves.draw()")
    browser.close()
    return [opened, whole, zoomed, frame]


def main(_: list[str]) -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        table = folder / "long.csv"
        write_table(table, round(MINUTES.value * 60 * FPS), LANDMARKS.value)
        start = time.process_time()
        (page,) = view(table)
        written = time.process_time() - start
        opened, whole, zoomed, frame = measure_in_browser(page, folder)
        sizes = [f"{path.stat().st_size / 1e6:.0f} MB" for path in (table, page)]
    header = ["minutes", "table", "page", "written, processor time", "opened", "all curves", "a part", "a frame"]
    times = [f"{written:.1f} s", f"{opened:.1f} s", f"{whole:.0f} ms", f"{zoomed:.1f} ms", f"{frame:.1f} ms"]
    print(markdown("Viewer, two faces", header, [[f"{MINUTES.value:g}", *sizes, *times]]))


if __name__ == "__main__":
    app.run(main)
