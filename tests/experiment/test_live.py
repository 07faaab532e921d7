"""Sessions from the command's side: what is refused, what Ctrl-C leaves, and what is written only if asked for."""

import csv
import dataclasses
import logging as standard_logging
import os
import pathlib
import signal
import threading

import av
import numpy as np
import pytest
from adapted import featured, make_adapter, oracle

from affect_jax.experiment import live
from affect_jax.experiment.config.errors import UsageError
from affect_jax.experiment.live import LiveOptions, live_run
from affect_jax.experiment.persons import choose
from affect_jax.experiment.predict import Finding
from affect_jax.ops.geometry import CropConfig
from affect_jax.personal.adapter_file import write_adapter
from affect_jax.predict.predictor import Predictor
from affect_jax.types import Predictions


def brightness(images):
    level = images.mean((-3, -2, -1))
    return Predictions(valence_arousal=np.stack([level, -level], -1), emotion=np.stack([level] * 8, -1))


PREDICTOR = Predictor(
    brightness, 16, 4, None, ("valence_arousal", "emotion"), "affectnet_8", CropConfig(), name="brightness@7"
)


@pytest.fixture
def play(monkeypatch, write_film, tmp_path):
    """Plays two seconds of film; returns the path of the film."""
    film = write_film(tmp_path / "film.mp4", range(60, 110), rate=25)
    monkeypatch.setattr(live, "predictor", lambda *_: PREDICTOR)

    def play(**options):
        live_run(pathlib.Path("W"), film, LiveOptions(**options), finding=Finding("whole_frame"))

    return play


def test_ctrl_c_ends_a_session_with_a_summary_and_complete_files(play, tmp_path, caplog):
    before = signal.getsignal(signal.SIGINT)
    threading.Timer(0.6, os.kill, [os.getpid(), signal.SIGINT]).start()
    with caplog.at_level(standard_logging.INFO, logger="absl"):
        play(output=tmp_path / "out", video=True)
    assert signal.getsignal(signal.SIGINT) is before
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"film.csv", "film.schema.json", "film.mp4"}
    rows = (tmp_path / "out" / "film.csv").read_text().count("\n") - 1
    with av.open(str(tmp_path / "out" / "film.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == rows
    assert 1 <= rows < 40
    assert any(message.startswith(f"{rows} frames in ") for message in caplog.messages)
    assert f"wrote {tmp_path / 'out' / 'film.csv'}" in caplog.messages


def test_without_being_asked_nothing_is_written(play, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGTERM]).start()
    play(page=True)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_the_recording_of_another_session_is_not_replaced(play, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "film.csv").write_text("of yesterday")
    with pytest.raises(UsageError, match="film.csv exists; choose another --output, or move it away"):
        play(output=tmp_path / "out")
    with pytest.raises(UsageError, match="--video records into the folder of --output, which is missing"):
        play(video=True)


def test_a_session_uses_the_adapter_of_the_person_in_front_of_the_camera(
    monkeypatch, write_film, make_card, tmp_path, caplog
):
    film = write_film(tmp_path / "film.mp4", range(60, 80), rate=25)
    made = featured({}, brightness)
    network = dataclasses.replace(PREDICTOR, featured=made)
    monkeypatch.setattr(live, "predictor", lambda *asked: network if asked[-1] else PREDICTOR)
    write_adapter(tmp_path / "P" / "anna.safetensors", make_adapter(1), make_card("anna", made.network_sha256), 10**6)
    found = {}
    for name, persons in (("plain", choose(None, [])), ("anna", choose(str(tmp_path / "P"), ["anna"]))):
        options = LiveOptions(tmp_path / name)
        live_run(pathlib.Path("W"), film, options, finding=Finding("whole_frame"), persons=persons)
        rows = csv.DictReader((tmp_path / name / "film.csv").read_text().splitlines())
        found[name] = {row["frame"]: row for row in rows}
    both = sorted(set(found["plain"]) & set(found["anna"]))  # frames may be dropped
    assert both
    value = lambda row: [float(row["valence"]), float(row["arousal"])]
    for frame in both:
        expected = oracle(make_adapter(1), np.float32(value(found["plain"][frame])))
        np.testing.assert_allclose(value(found["anna"][frame]), np.clip(expected, -1, 1), atol=2e-6)
        assert (found["plain"][frame]["subject"], found["anna"][frame]["subject"]) == ("", "anna")
    with pytest.raises(UsageError, match="--persons knows anna, but no name of a file of --input="):
        by_name = choose(str(tmp_path / "P"), [])
        live_run(pathlib.Path("W"), film, LiveOptions(), finding=Finding("whole_frame"), persons=by_name)


def test_a_network_that_needs_later_frames_and_a_source_that_is_not_there(play, monkeypatch):
    monkeypatch.setattr(live, "predictor", lambda *_: dataclasses.replace(PREDICTOR, frames=16))
    with pytest.raises(UsageError, match="W: network 'brightness@7' looks at 16 frames.*a causal one"):
        play()
    with pytest.raises(UsageError, match="--input=/dev/video77 does not exist; give a camera such as /dev/video0"):
        live_run(pathlib.Path("W"), pathlib.Path("/dev/video77"), LiveOptions(), finding=Finding("whole_frame"))
