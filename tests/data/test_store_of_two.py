"""Two processes that need the same store at once: one writes it, the other waits for it."""

import pathlib
import subprocess
import sys
import threading

import pytest
from noise import NoisyFaces

from affect_jax.data import store

ROOT = pathlib.Path(__file__).parents[2]

# Says when it makes the source, and waits for a line then.
WRITER = """
import sys

sys.path.insert(0, "tests/reference")
from noise import NoisyFaces
from affect_jax.data import store


def make():
    print("making", flush=True)
    sys.stdin.readline()
    return NoisyFaces(4)


print(len(store.materialize(make, sys.argv[1], "mark", workers=1).examples), "stored", flush=True)
"""


@pytest.mark.parametrize("killed", [False, True])
def test_the_second_waits_for_the_first_or_for_its_death(killed, tmp_path, caplog):
    made, found = [], []
    folder = tmp_path / "new" / "faces"
    make = lambda: made.append(True) or NoisyFaces(6)
    writer = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", WRITER, folder],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout.readline() == "making\n"
    materialize = lambda: found.append(store.materialize(make, folder, "mark", workers=1))
    second = threading.Thread(target=materialize, daemon=True)
    second.start()
    second.join(1.5)
    assert second.is_alive() and not made
    assert f"waiting for process {writer.pid} on " in caplog.text and ".faces.lock" in caplog.text
    if killed:
        writer.kill()
        writer.communicate()
    else:
        assert writer.communicate("\n")[0] == "4 stored\n"
    second.join(60)
    assert len(found[0].examples) == (6 if killed else 4) and len(made) == killed
    assert [entry.name for entry in folder.parent.iterdir()] == ["faces"]
