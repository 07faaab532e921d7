"""A writer that is killed at any moment is continued by the next: the store is that of one that was not."""

import os
import pathlib
import signal
import subprocess
import sys

import pytest
from noise import NoisyFaces

from affect_jax.data import store, store_shards, store_writing
from affect_jax.data.fingerprint import source_fingerprint
from affect_jax.data.store_report import REPORT_FILE, verify
from affect_jax.types import UnreadableImage

ROOT = pathlib.Path(__file__).parents[2]
FACES, SHARD = 60, 8

# Kills itself when it encodes the image, or just before or after the rename, whose number is given.
WRITER = """
import os
import signal
import sys

sys.path.insert(0, "tests/reference")
from noise import NoisyFaces
from affect_jax.data import store_writing

folder, what, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
calls = 0

def at(function, before):
    def counted(*arguments):
        global calls
        calls += 1
        if calls == number and before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*arguments)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return counted

source = NoisyFaces(60)
if what == "image":
    source.image = at(source.image, True)
else:
    os.replace = at(os.replace, what == "before")
store_writing.EXAMPLES_PER_SHARD = 8
store_writing.write(source, folder, fingerprint="mark", workers=1)
"""


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(store_writing, "EXAMPLES_PER_SHARD", SHARD)


def write(folder, source=None):
    store_writing.write(source or NoisyFaces(FACES), folder, fingerprint="mark", workers=1)


def contents(folder):
    stored = store.read(folder, "mark")
    names = sorted(path.name for path in folder.iterdir())
    return names, source_fingerprint(stored), [stored.image(index).tobytes() for index in range(len(stored.examples))]


@pytest.mark.parametrize(("what", "number"), [("image", 3), ("image", 30), ("before", 6), ("after", 6), ("after", 7)])
def test_a_killed_writer_is_continued(tmp_path, what, number):
    write(tmp_path / "whole")
    command = [sys.executable, "-W", "ignore", "-c", WRITER, str(tmp_path / "faces"), what, str(number)]
    killed = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "faces").exists()
    source, read = NoisyFaces(FACES), []
    image = source.image
    source.image = lambda index: read.append(index) or image(index)
    write(tmp_path / "faces", source)
    assert contents(tmp_path / "faces") == contents(tmp_path / "whole")
    assert len(read) <= FACES - {3: 0, 30: 3, 6: 2, 7: 3}[number] * SHARD  # complete shards are kept
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces", "whole"]
    stored = store.read(tmp_path / "faces", "mark")
    verify(tmp_path / "faces", len(stored.examples))
    assert [shard.records for shard in store_shards.read_shards(tmp_path / "faces")] == [8] * 7 + [4]


def test_an_error_keeps_what_was_complete_and_repaired_images_are_read(tmp_path):
    folder, partial = tmp_path / "faces", tmp_path / ".faces.partial"
    failing = NoisyFaces(FACES)
    image = failing.image

    def read(index):
        if index == 2:
            raise UnreadableImage("image 2 is truncated")
        if index == 20:
            raise OSError(28, "No space left on device")
        return image(index)

    failing.image = read
    with pytest.raises(OSError, match="No space left"):
        write(folder, failing)
    assert store_shards.find_shard(partial, 1) is not None and store_shards.find_shard(partial, 2) is None
    assert store_shards.find_shard(partial, 0) is None  # it lacks a face
    (partial / store_shards.shard_path(partial, 1).name).write_bytes(b"damaged")
    write(folder)
    assert len(store.read(folder).examples) == FACES


def test_what_was_begun_for_another_source_is_not_continued(tmp_path):
    partial = tmp_path / ".faces.partial"
    store_shards.begin(partial, {"fingerprint": "other"})
    (partial / "left").write_text("over")
    write(tmp_path / "faces")
    assert not (tmp_path / "faces" / "left").exists()


def test_the_report_and_the_checksums(tmp_path):
    folder = tmp_path / "faces"
    write(folder)
    text = (folder / REPORT_FILE).read_text()
    first = store_shards.read_shards(folder)[0]
    assert f"faces: {FACES}; 0 more were skipped" in text and "encoding: png" in text
    assert f"{first.file}  {SHARD}  {first.bytes:,}  {first.sha256}" in text
    verify(folder, FACES)
    with pytest.raises(ValueError, match=f"faces has {FACES} images for 5 rows of labels; remove .*faces and run"):
        verify(folder, 5)
    data = bytearray((folder / first.file).read_bytes())
    data[-1] ^= 1
    (folder / first.file).write_bytes(data)
    with pytest.raises(ValueError, match=f"{first.file} is damaged: its checksum is not that of what was written; rem"):
        verify(folder, FACES)
    (folder / first.file).unlink()
    with pytest.raises(ValueError, match=f"{first.file} is missing; remove .*faces and run the same command again"):
        verify(folder, FACES)
