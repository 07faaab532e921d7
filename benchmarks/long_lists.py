"""Seconds and memory with which long lists are opened: AffectNet's with and without landmarks, Aff-Wild2's, a store.

  nice -n 10 python -m benchmarks.long_lists --rows=450000
  nice -n 10 python -m benchmarks.long_lists --rows=2800000

The lists are synthetic, and no images belong to them. Each is opened by a process of its own that may use one core, as
training does: reader, fingerprint, and the training batches of which none is read.
"""

import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
from absl import app, flags

ROWS = flags.DEFINE_integer("rows", 450_000, "Rows of the AffectNet lists, or lines of Aff-Wild2.")
KINDS = flags.DEFINE_list("kinds", ["landmarks", "boxes", "frames", "store"], "What is opened.")
OPEN = flags.DEFINE_string("open", "", "Used by the program itself: what this process opens.", short_name="o")
FOLDER = flags.DEFINE_string("folder", "", "Where the lists lie; by default a temporary folder.")

HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
FACES = 500  # different landmarks
VIDEO_LINES = 5000  # of a video of Aff-Wild2: 2.8 million frames are 560 videos


def write_affectnet(path: pathlib.Path, rows: int, with_landmarks: bool) -> None:
    """Writes a list in the form of AffectNet's, whose numbers are random."""
    rng = np.random.default_rng(0)
    points = rng.uniform(20, 400, (FACES, 136))
    texts = [";".join(f"{value:.2f}" for value in face) if with_landmarks else "" for face in points]
    with path.open("w") as file:
        file.write(f"{HEADER}\n")
        for start in range(0, rows, 10_000):
            numbers = np.arange(start, min(start + 10_000, rows))
            ratings = rng.uniform(-1, 1, (len(numbers), 2))
            for number, (valence, arousal) in zip(numbers, ratings, strict=True):
                image, box = f"{number % 1000}/{number * 2654435761:032x}.jpg", "134,134,899,899"
                label = f"{number % 8},{valence:.6f},{arousal:.6f}"
                file.write(f"{image},{box},{texts[number % FACES]},{label}\n")


def write_aff_wild2(folder: pathlib.Path, lines: int) -> None:
    """Writes label files in the form of Aff-Wild2's."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(-(-lines // VIDEO_LINES)):
        values = rng.uniform(-1, 1, (VIDEO_LINES, 2))
        rows = [f"{valence:.3f},{arousal:.3f}" for valence, arousal in values]
        (folder / f"video{number}.txt").write_text("\n".join(["valence,arousal", *rows]) + "\n")


def open_source(kind: str, folder: pathlib.Path):
    """Opens one of the lists as a source."""
    from affect_jax.data import store
    from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet

    if kind == "store":
        return store.read(folder / "store")
    options = {"check_images": False, "allow_whole_images": True, "images": str(folder), "split": kind}
    return affectnet(AffectNetConfig(str(folder), **options))


def measure(kind: str, folder: pathlib.Path) -> dict[str, float]:
    """Opens a list as training does; returns seconds of this process, its rows, and bytes a row at the end and most."""
    import affect_jax.data.store  # imports are not measured
    from affect_jax.data.augment import AugmentConfig
    from affect_jax.data.fingerprint import source_fingerprint
    from affect_jax.data.loader import training_batches
    from affect_jax.data.source import Concatenated

    del affect_jax
    before, start, wall = resident(), time.process_time(), time.perf_counter()
    if kind == "frames":
        rows = read_frames(folder)
        reader = time.process_time()
    else:
        source = Concatenated([open_source(kind, folder)])
        reader = time.process_time()
        source_fingerprint(source)
        batches = training_batches(source, crop_px=64, batch=32, seed=0, augment=AugmentConfig())
        rows = len(source.examples)
    found = {"rows": rows, "reader": reader - start, "seconds": time.process_time() - start}
    found |= {"wall": time.perf_counter() - wall, "bytes": (resident() - before) / rows}
    del batches
    return found | {"peak": (peak() - before) / rows}


def resident() -> int:
    """Bytes of this process in memory."""
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak() -> int:
    """Most bytes of this process in memory until now."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
