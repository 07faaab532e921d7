"""Images that the training loader builds in a second of processor time: this version and an older one, in turn.

  git worktree add /tmp/before e0b8b45  # or any other commit
  python -m benchmarks.loading --data=../shared/data/real_faces --before=/tmp/before

Each version has a process of its own, which waits while another one measures. The images are those of a data set in
AffectNet's form. --store adds stores of their crops, which are written first, and how far crops of those are from crops
of the images.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from absl import app, flags

from affect_jax.data import store, store_writing
from affect_jax.data.augment import AugmentConfig
from affect_jax.data.face_crops import prepare
from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet
from affect_jax.data.source import label_row
from affect_jax.data.stored_faces import CutFaces, StoredConfig
from affect_jax.files.image_files import ENCODINGS
from affect_jax.ops.geometry import DEFAULT_CROP
from affect_jax.types import Source
from benchmarks.interleaved import markdown

DATA = flags.DEFINE_string("data", "../shared/data/real_faces", "Folder with a training.csv in AffectNet's form.")
BEFORE = flags.DEFINE_string("before", "", "Folder of an older version; empty = only this one.")
STORE = flags.DEFINE_bool("store", True, "Also reads a store of crops.")
ROUNDS = flags.DEFINE_integer("rounds", 7, "Measurements of each.")
BATCHES = flags.DEFINE_integer("batches", 8, "Batches of a measurement.")
CROP_PX = flags.DEFINE_integer("crop_px", 256, "Side of the crops.")
BATCH = 32
EVERY = 10  # of the faces whose crops are compared
UNCHANGED = {"rotation_degrees": 0.0, "scale": 0.0, "shift": 0.0, "flip_probability": 0.0, "brightness": 0.0}
UNCHANGED |= {"contrast": 0.0, "saturation": 0.0, "tint": 0.0}

# Runs with the code of either version; only options that both know are used.
READER = """
import json, sys, time
from affect_jax.data import store
from affect_jax.data.augment import AugmentConfig
from affect_jax.data.loader import training_batches
from affect_jax.data.readers.affectnet import AffectNetConfig, affectnet

folder, kind, px, batch = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
source = store.read(folder) if kind == "store" else affectnet(AffectNetConfig(folder, check_images=False))
batches = training_batches(source, crop_px=px, batch=batch, seed=0, augment=AugmentConfig())
for line in sys.stdin:
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(int(line)):
        next(batches)
    print(json.dumps([time.perf_counter() - wall, time.process_time() - processor]), flush=True)
"""


def write_store(folder: pathlib.Path, encoding: str) -> Source:
    """Writes the crops of the data set; returns the data set."""
    source = affectnet(AffectNetConfig(DATA.value, check_images=False))
    form = StoredConfig(crop_px=CROP_PX.value, encoding=encoding)
    store_writing.write(CutFaces(source, form, DEFAULT_CROP), folder, encoding=encoding, workers=1)
    return source


def differences(source: Source, folder: pathlib.Path, augment: AugmentConfig) -> list[str]:
    """Gray levels between crops of images and those of a store: mean, 99 % and most."""
    stored, found = store.read(folder), []
    for index in range(0, len(source.examples), EVERY):
        crops = []
        for each in (source, stored):
            labels = label_row(each.examples.labels, index)
            rng = np.random.default_rng(index)
            crops.append(prepare(each.image(index), labels, CROP_PX.value, rng, augment)[0])
        found.append(255 * np.abs(crops[0] - crops[1]))
    every = np.concatenate([each.ravel() for each in found])
    return [f"{every.mean():.2f}", f"{np.quantile(every, 0.99):.1f}", f"{every.max():.0f}"]


def start(code: str, folder: str, kind: str) -> subprocess.Popen:
    """Starts a reader with the code in a folder."""
    command = [sys.executable, "-W", "ignore", "-c", READER, folder, kind, str(CROP_PX.value), str(BATCH)]
    environment = {**os.environ, "PYTHONPATH": code, "JAX_PLATFORMS": "cpu"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, cwd=code, **pipes)


def take(reader: subprocess.Popen, batches: int) -> tuple[float, float]:
    """Seconds by the clock and of processor time for some batches."""
    reader.stdin.write(f"{batches}\n")
    reader.stdin.flush()
    return tuple(json.loads(reader.stdout.readline()))


def main(_) -> None:
    data, here = str(pathlib.Path(DATA.value).resolve()), os.getcwd()
    compared = []
    with tempfile.TemporaryDirectory() as folder:
        readers = {"before": start(BEFORE.value, data, "list")} if BEFORE.value else {}
        readers["now"] = start(here, data, "list")
        for encoding in ENCODINGS if STORE.value else ():
            place = pathlib.Path(folder) / encoding
            source = write_store(place, encoding)
            readers[f"now, store of crops ({encoding})"] = start(here, str(place), "store")
            size = sum(path.stat().st_size for path in place.iterdir()) / len(source.examples) / 1e3
            for name, augment in (("evaluation", AugmentConfig(**UNCHANGED)), ("training", AugmentConfig())):
                compared.append([encoding, f"{size:.0f}", name, *differences(source, place, augment)])
        times = {name: [] for name in readers}
        for reader in readers.values():
            take(reader, BATCHES.value)  # with what was read ahead
        for _ in range(ROUNDS.value):
            for name, reader in readers.items():
                times[name].append(take(reader, BATCHES.value))
        for reader in readers.values():
            reader.stdin.close()
            reader.wait()
    images, rows = BATCH * BATCHES.value, []
    first = np.median([processor for _, processor in next(iter(times.values()))])
    for name, taken in times.items():
        wall, processor = np.array(taken).T
        rate = f"{images / np.median(processor):.0f} [{images / processor.max():.0f}, {images / processor.min():.0f}]"
        rows.append([name, rate, f"{first / np.median(processor):.2f}", f"{images / np.median(wall):.0f}"])
    header = ["version", "images a core-second (median, range)", "ratio", "images a second by the clock"]
    print(markdown(f"Crops of {CROP_PX.value} px, {ROUNDS.value} rounds of {images} images", header, rows))
    if compared:
        header = ["store", "kB a face", "crops", "mean", "99 %", "most"]
        print(markdown("Gray levels (of 255) from crops of the images", header, compared))


if __name__ == "__main__":
    app.run(main)
