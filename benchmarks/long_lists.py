"""Seconds and memory with which long data sets are opened: AffectNet lists, Aff-Wild2, and stores.

  python -m benchmarks.long_lists --rows=450000
  python -m benchmarks.long_lists --rows=2800000

The lists are synthetic. Only the first image of those of AffectNet exists; those of Aff-Wild2 are links to one. Each
data set is opened as training does, by a process of its own: reader, fingerprint, and the batches, of which
none is read. Memory is that of the process beyond what the imports take.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
from absl import app, flags
from PIL import Image

from affect_jax.data import store_writing
from affect_jax.data.augment import AugmentConfig
from affect_jax.data.fingerprint import source_fingerprint
from affect_jax.data.loader import training_batches
from affect_jax.data.readers.aff_wild2 import AffWild2Config, aff_wild2
from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet
from affect_jax.data.source import Concatenated
from affect_jax.data.store import StoredFaces
from benchmarks.interleaved import markdown

ROWS = flags.DEFINE_integer("rows", 450_000, "Rows of a list, or frames of Aff-Wild2.")
KINDS = flags.DEFINE_list("kinds", ["boxes", "landmarks", "store", "frames"], "What is opened.")
OPENED = flags.DEFINE_string("opened", "", "Used by the program itself: the folder of the list that it opens.")

HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
FACES = 500  # different landmarks
VIDEO_FRAMES = 5000  # of Aff-Wild2, whose 2.8 million frames are in 564 videos


def write_affectnet(path: pathlib.Path, rows: int, with_landmarks: bool) -> None:
    """Writes a list in the form of AffectNet's, whose numbers are random and repeat after `FACES` rows."""
    rng = np.random.default_rng(0)
    faces = []
    for number, points in enumerate(rng.uniform(20, 400, (FACES, 136))):
        landmarks = ";".join(f"{value:.2f}" for value in points) if with_landmarks else ""
        valence, arousal = rng.uniform(-1, 1, 2)
        faces.append(f".jpg,134,134,899,899,{landmarks},{number % 8},{valence:.6f},{arousal:.6f}\n")
    with path.open("w") as file:
        file.write(f"{HEADER}\n")
        for number in range(rows):
            file.write(f"{number % 1000}/{number * 2654435761:032x}{faces[number % FACES]}")


def write_aff_wild2(root: pathlib.Path, frames: int) -> None:
    """Writes labels and images in the form of Aff-Wild2's; the images of a video are links to one."""
    rng = np.random.default_rng(0)
    labels = root / "VA_Estimation_Challenge" / "Train_Set"
    labels.mkdir(parents=True)
    for number in range(-(-frames // VIDEO_FRAMES)):
        values = rng.uniform(-1, 1, (VIDEO_FRAMES, 2))
        rows = [f"{valence:.3f},{arousal:.3f}" for valence, arousal in values]
        (labels / f"video{number}.txt").write_text("\n".join(["valence,arousal", *rows]) + "\n")
        images = root / "cropped_aligned" / f"video{number}"
        images.mkdir(parents=True)
        Image.new("RGB", (112, 112)).save(images / "00001.jpg")
        for frame in range(2, VIDEO_FRAMES + 1):
            os.link(images / "00001.jpg", images / f"{frame:05d}.jpg")


def write_store(folder: pathlib.Path, root: pathlib.Path) -> None:
    """Writes the labels of a store; its images are opened when they are read."""
    source = open_source("landmarks", root)
    folder.mkdir()
    store_writing.write_columns(folder / store_writing.COLUMNS_FILE, source.examples, source.label_set, "")


def open_source(kind: str, root: pathlib.Path):
    """Opens one of the data sets."""
    if kind == "store":
        return StoredFaces(root / "store")
    if kind == "frames":
        return aff_wild2(AffWild2Config(str(root), challenges=("VA",)))
    return affectnet(AffectNetConfig(str(root), split=kind, images=str(root), check_images=False))


def measure(kind: str, root: pathlib.Path) -> dict[str, float]:
    """Opens a data set as training does; returns rows, seconds of processor time, and bytes a row."""
    before, start, wall = resident(), time.process_time(), time.perf_counter()
    source = Concatenated([open_source(kind, root)])
    read = time.process_time()
    source_fingerprint(source)
    batches = training_batches(source, crop_px=64, batch=32, seed=0, augment=AugmentConfig())
    end, rows = time.process_time(), len(source.examples)
    found = {"rows": rows, "reader": read - start, "all": end - start, "wall": time.perf_counter() - wall}
    found |= {"kept": (resident() - before) / rows, "most": (peak() - before) / rows}
    del batches
    return found


def resident() -> int:
    """Bytes of this process in memory."""
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak() -> int:
    """Most bytes of this process in memory until now."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(_) -> None:
    if OPENED.value:
        print(json.dumps(measure(KINDS.value[0], pathlib.Path(OPENED.value))))
        return
    table = []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "0").mkdir()
        Image.new("RGB", (112, 112)).save(root / "0" / f"{0:032x}.jpg")
        for kind in KINDS.value:
            if kind == "frames":
                write_aff_wild2(root, ROWS.value)
            elif kind == "store":
                if not (root / "landmarks.csv").exists():
                    write_affectnet(root / "landmarks.csv", ROWS.value, with_landmarks=True)
                write_store(root / "store", root)
            else:
                write_affectnet(root / f"{kind}.csv", ROWS.value, with_landmarks=kind == "landmarks")
            command = [sys.executable, "-m", "benchmarks.long_lists", f"--kinds={kind}", f"--opened={root}"]
            lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
            found = json.loads(lines[-1])
            seconds = [f"{found[name]:.1f}" for name in ("reader", "all", "wall")]
            memory = [f"{found[name]:.0f}" for name in ("kept", "most")]
            table.append([kind, f"{found['rows']:,}", *seconds, *memory])
    header = ["opened", "rows", "reader, CPU s", "all, CPU s", "all, wall s", "bytes a row kept", "bytes a row, most"]
    print(markdown(f"{ROWS.value:,} rows", header, table))


if __name__ == "__main__":
    app.run(main)
