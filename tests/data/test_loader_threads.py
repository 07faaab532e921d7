"""Loader threads import nothing: what they need is there before the first one starts."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from affect_jax.data import store_writing
from affect_jax.data.source import Table, unlabeled

ROOT = pathlib.Path(__file__).parents[2]
PROCESSES = 100

# Takes batches out of every kind of source, one part of a mixture each, and prints what other threads imported.
AUDIT = """
import pathlib, sys, threading

imported = []

def note(event, details):
    if event == "import" and threading.current_thread() is not threading.main_thread():
        imported.append((threading.current_thread().name, details[0]))

sys.addaudithook(note)

import numpy as np
from affect_jax.data import loader, store
from affect_jax.data.augment import AugmentConfig
from affect_jax.data.image_source import ImageFiles
from affect_jax.data.readers.lists import check_image_files
from affect_jax.data.recordings import VideoFrames
from affect_jax.data.source import Concatenated, Subset, Table, unlabeled
from affect_jax.train.fetch import Fetcher

assert "tensorflow_datasets" not in sys.modules, "slow to import, and only stores need it"


def table(count):
    numbers = np.arange(count, dtype=np.int64)
    names = [str(number) for number in numbers]
    labels = unlabeled(count, "emonet_5", ("valence_arousal", "emotion", "landmarks"))
    return Table(names, names, [""] * count, numbers, numbers / 25, labels)


class Film:
    label_set = "emonet_5"

    def __init__(self, path):
        self.video = VideoFrames(path)
        self.examples = table(len(self.video.numbers))

    def image(self, index):
        return self.video.image(index)


folder = pathlib.Path(sys.argv[1])
paths = [str(path) for path in sorted((folder / "images").iterdir())]
check_image_files(paths)
stored = store.read(folder / "store")
images = ImageFiles("emonet_5", table(len(paths)), paths, paths)
data = Concatenated([Subset(stored, np.arange(8)), images, Film(folder / "film.mp4")])
batches = iter(
    loader.training_batches(
        data, crop_px=32, batch=4, seed=0, augment=AugmentConfig(mixup_alpha=0.2), mixture=(1, 2, 1),
        max_skipped_fraction=1, skipped_csv=str(folder / "skipped.csv"), workers=int(sys.argv[2]),
    )
)
with Fetcher(batches) as fetcher:
    for _ in range(12):
        fetcher.next(lambda: False)
assert len(list(loader.evaluation_batches(data, crop_px=32, batch=4, max_skipped_fraction=1)))
assert len((folder / "skipped.csv").read_text().splitlines()) == 2  # the corrupt image was read
for thread, module in imported:
    print(f"{thread} imported {module}")
"""

# Forks processes that each take a first batch out of a store, three at a time on threads that are switched often, and
# prints how many did not finish. A fork is equivalent to a fresh start, because TFDS has not been imported yet.
FIRST_BATCHES = """
import faulthandler, os, sys, traceback

from affect_jax.data import loader, store
from affect_jax.data.augment import AugmentConfig


def take_first_batch():
    faulthandler.dump_traceback_later(20, exit=True)
    sys.setswitchinterval(1e-5)
    source = store.read(sys.argv[1])
    next(iter(loader.training_batches(source, crop_px=16, batch=2, seed=0, augment=AugmentConfig(), threads=2)))


def fork():
    if os.fork():
        return
    try:
        take_first_batch()
    except BaseException:
        traceback.print_exc()
        os._exit(2)
    os._exit(0)


def wait():
    return os.waitstatus_to_exitcode(os.wait()[1])


count, together, codes = int(sys.argv[2]), 3, []
for number in range(count):
    if number >= together:
        codes.append(wait())
    fork()
while len(codes) < count:
    codes.append(wait())
assert "tensorflow_datasets" not in sys.modules
print(codes.count(0), "came back,", codes.count(1), "hung,", codes.count(2), "failed")
"""


class Noise:
    """Random images without labels."""

    label_set = "emonet_5"

    def __init__(self, count):
        numbers = np.arange(count, dtype=np.int64)
        names = [str(number) for number in numbers]
        self.examples = Table(
            names,
            names,
            [""] * count,
            numbers,
            numbers / 25,
            unlabeled(count, "emonet_5", ("valence_arousal", "emotion", "landmarks")),
        )

    def image(self, index):
        return np.random.default_rng(index).integers(0, 256, (32, 32, 3), np.uint8)


def python(code, *arguments):
    call = [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)]
    return subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("workers", [0, 1])
def test_loader_threads_import_nothing(tmp_path, write_film, workers):
    store_writing.write(Noise(16), tmp_path / "store", workers=1)
    write_film(tmp_path / "film.mp4", [20 * level for level in range(8)])
    images = tmp_path / "images"
    images.mkdir()
    image = Image.fromarray(Noise(1).image(0))
    for suffix in ("jpg", "png", "bmp", "tif", "webp", "gif"):
        image.save(images / f"plain.{suffix}")
    turned = Image.Exif()
    turned[0x112] = 6
    image.save(images / "turned.jpg", exif=turned)
    image.convert("RGBA").save(images / "transparent.png")
    (images / "broken.jpg").write_bytes(b"\xff\xd8\xff and no more")
    done = python(AUDIT, tmp_path, workers)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_a_hundred_processes_get_their_first_batch_out_of_a_store(tmp_path):
    """With the import left to the loader's threads, 15 of 100 hung on Python 3.11 (two cores)."""
    store_writing.write(Noise(64), tmp_path / "store", workers=1)
    done = python(FIRST_BATCHES, tmp_path / "store", PROCESSES)
    assert done.stdout == f"{PROCESSES} came back, 0 hung, 0 failed\n", done.stdout + done.stderr
