"""What the terminal shows, by hand."""

import io
import threading

import numpy as np
import pytest

from affect_jax.predict.live.latency import Latencies
from affect_jax.predict.live.newest import Newest
from affect_jax.predict.live.pace import Captured
from affect_jax.predict.live.status import CLEAR, UP, Status, describe_face
from affect_jax.predict.sighting import Row

VALUES = {"valence_arousal": np.array([0.31, -0.12]), "emotion": np.array([0.1, 0.7, 0.2])}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def make_status(clock):
    def make(stream):
        newest, latencies = Newest(threading.Event()), Latencies(clock)
        return Status(newest, latencies, clock, "tiny_3", stream), newest, latencies

    return make


def play(status, newest, latencies, clock, make_frame, frames):
    """A frame every 40 ms; each takes 10 ms, and every fourth one is dropped."""
    for index in range(frames):
        newest.put(Captured(make_frame(index, 0.04 * index), clock.now()))
        if index % 4 < 3:
            newest.take()
            latencies.add("total", 0.01)
            latencies.finish()
            status.add([Row("film.mp4", index, 0.04 * index, face=0, values=VALUES if index % 2 else None)])
        clock.time += 0.04


def test_a_terminal_shows_two_lines_in_place(make_status, clock, make_frame, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    stream = Terminal()
    status, *rest = make_status(stream)
    play(status, *rest, clock, make_frame, 28)  # 1.12 s
    status.close()
    # Shown with the first frame that comes 0.5 s or more after the first one: frame 13, at 0.52 s, the 11th of them.
    assert stream.getvalue().startswith(f"{CLEAR}1 s  19.2 frames/s  3 dropped (21.4%)  face 0: ")
    assert stream.getvalue().count(UP) == 1 and stream.getvalue().endswith(" ms\n")
    assert "face 0: valence +0.31 arousal -0.12 happy" in stream.getvalue()
    assert "median/95 %: total 10.0/10.0 ms" in stream.getvalue()


def test_the_summary_counts_everything(make_status, clock, make_frame):
    status, *rest = make_status(io.StringIO())
    play(status, *rest, clock, make_frame, 28)
    # 21 frames from 0 to 26 x 40 ms; with a face: 1, 5, ..., 25. A frame is dropped when the next one replaces it:
    # 3, 7, ..., 23; 27 still waits.
    assert status.summary() == [
        "21 frames in 1.0 s (19.2 frames/s), 7 with a face; 6 dropped (21.4%) of 28 that arrived",
        "latency, median/95 %: total 10.0/10.0 ms",
    ]


def test_a_session_without_a_frame(make_status):
    status, *_ = make_status(io.StringIO())
    assert status.summary() == ["no frame was predicted"]


def test_a_network_of_intensities_says_each_of_them():
    values = {"intensity_anger": np.float32([0.04]), "intensity_happy": np.float32([7.26])}
    assert describe_face(Row("film.mp4", 0, 0.0, face=2, values=values), "tiny_3") == "face 2: happy 7.3 anger 0.0"
